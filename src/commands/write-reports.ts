import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

import { renderGithub } from '../../reports/github.ts';
import { renderGitlab } from '../../reports/gitlab.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { renderJson } from '../../reports/json.ts';
import { renderJunit } from '../../reports/junit.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { renderSarif } from '../../reports/sarif.ts';
import { renderText } from '../../reports/text.ts';
import { OUTPUT_FORMATS, type OutputFormat, type StdoutFormat } from '../config/config.ts';
import type { ReportInput } from '../run/document.ts';
import type { StoreAccess } from '../stores/access.ts';
import { writeReportFolder } from '../serve/write-report-folder.ts';
import { type CommandContext, wantsColor } from './command-context.ts';

/** Every format a run can be told in, each a pure function of the run folder. */
export const RENDERERS = {
  html: renderHtml,
  json: (input: ReportInput) => renderJson(input.run),
  text: (input: ReportInput) =>
    renderText(input.run, { colour: false, width: 100, findings: input.findings }),
  markdown: renderMarkdown,
  sarif: renderSarif,
  junit: renderJunit,
  github: renderGithub,
  gitlab: renderGitlab,
} as const satisfies Record<Exclude<OutputFormat, 'html-dir'>, (input: ReportInput) => string>;

/** Writes a report in each format that was asked for; the path decides nothing, the format does. */
export async function writeReports(
  report: ReportInput,
  runFolder: string,
  outputs: Readonly<Partial<Record<OutputFormat, string>>>,
  stores: StoreAccess,
  context: CommandContext,
): Promise<void> {
  for (const format of OUTPUT_FORMATS) {
    const file = outputs[format];
    if (file === undefined) continue;
    await mkdir(dirname(file), { recursive: true });
    if (format === 'html-dir') await writeReportFolder(report, runFolder, file, stores);
    else await writeFile(file, RENDERERS[format](report));
    context.stderr.write(`wrote ${relative(context.cwd, file)}\n`);
  }
}

/** What stdout carries; text is fitted to the terminal and names the page at `page`. */
export function renderForStdout(
  report: ReportInput,
  flags: { readonly format: StdoutFormat; readonly color: boolean },
  page: string,
  context: CommandContext,
): string {
  if (flags.format !== 'text') return RENDERERS[flags.format](report);
  return renderText(report.run, {
    colour: wantsColor(context, context.stdout, flags.color),
    width: context.stdout.columns,
    findings: report.findings,
    reports: [{ name: 'report', path: page }],
  });
}
