import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

import { renderHtml } from '../../reports/html/page.ts';
import { renderJson } from '../../reports/json.ts';
import { renderText } from '../../reports/text.ts';
import type { OutputFormat } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { CANONICAL_COLUMNS } from '../dataset/canonical-columns.ts';
import { createProgress, SILENT } from '../progress.ts';
import type { ReportInput } from '../run/document.ts';
import { scan } from '../scan.ts';
import { type CommandContext, wantsColor } from './command-context.ts';
import { applyScanFlags, type ScanFlags } from './scan-flags.ts';

/** `dailies scan`: audits a dataset, writes the run folder with its report, prints the verdict. Resolves to the exit code. */
export async function runScan(
  paths: readonly string[],
  flags: ScanFlags,
  context: CommandContext,
): Promise<number> {
  const config = applyScanFlags(
    await loadConfig(flags.config ?? null, context.cwd),
    paths,
    flags,
    context.cwd,
    Object.keys(CANONICAL_COLUMNS),
  );
  const progress = flags.quiet === true ? SILENT : createProgress(context.stderr);
  const { runFolder, report } = await scan(
    {
      config,
      cwd: context.cwd,
      runFolder: flags.runDir === undefined ? null : resolve(context.cwd, flags.runDir),
      ...(flags.against === undefined ? {} : { against: flags.against }),
      command: ['dailies', 'scan', ...paths],
    },
    { signal: context.signal, progress },
  );
  await writeFile(join(runFolder, 'report.html'), renderHtml(report));
  await writeReports(report, config.output, context);
  context.stdout.write(
    flags.format === 'json'
      ? renderJson(report.run)
      : renderText(report.run, {
          colour: wantsColor(context, context.stdout, flags.color),
          width: context.stdout.columns,
          findings: report.findings,
          reports: [
            { name: 'report', path: relative(context.cwd, join(runFolder, 'report.html')) },
          ],
        }),
  );
  return report.run.verdict.exitCode;
}

/** Writes a report in each format that was asked for; the path decides nothing, the format does. */
export async function writeReports(
  report: ReportInput,
  outputs: Readonly<Partial<Record<OutputFormat, string>>>,
  context: CommandContext,
): Promise<void> {
  const render = {
    html: renderHtml,
    json: (input: ReportInput) => renderJson(input.run),
    text: (input: ReportInput) =>
      renderText(input.run, { colour: false, width: 100, findings: input.findings }),
  } as const satisfies Record<OutputFormat, (input: ReportInput) => string>;
  for (const format of ['html', 'json', 'text'] as const) {
    const file = outputs[format];
    if (file === undefined) continue;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, render[format](report));
    context.stderr.write(`wrote ${relative(context.cwd, file)}\n`);
  }
}
