import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { renderHtml } from '../../reports/html/page.ts';
import { loadConfig } from '../config/load-config.ts';
import { readRun } from '../run/read-run.ts';
import type { CommandContext } from './command-context.ts';
import { findRun } from './find-run.ts';
import type { ReportFlags } from './flags.ts';
import { openInBrowser } from './open-in-browser.ts';
import { parseOutputs } from './scan-flags.ts';
import { applyStoreFlags } from './store-flags.ts';
import { renderForStdout, writeReports } from './write-reports.ts';

/**
 * Renders a run folder again; without one named, the newest below `.dailies/runs`. Ends with 0 whatever the verdict was:
 * the gate is `dailies scan`.
 *
 * @throws {DailiesError} usage, if there is no such run.
 */
export async function runReport(
  run: string | undefined,
  flags: ReportFlags,
  context: CommandContext,
): Promise<number> {
  const outputs = parseOutputs(flags.output, context.cwd);
  const folder = await findRun(run, context.cwd);
  const report = await readRun(folder);
  const { stores } = await loadConfig(null, context.cwd);
  await writeReports(report, folder, outputs, applyStoreFlags(stores, flags), context);
  if (flags.format !== 'none') {
    const page = relative(context.cwd, join(folder, 'report.html'));
    context.stdout.write(
      renderForStdout(report, { format: flags.format, color: flags.color }, page, context),
    );
  }
  if (flags.open === true) {
    const page =
      outputs.html ??
      (outputs['html-dir'] === undefined ? null : join(outputs['html-dir'], 'index.html')) ??
      join(folder, 'report.html');
    if (page === join(folder, 'report.html')) await writeFile(page, renderHtml(report));
    await openInBrowser(page, context);
  }
  return 0;
}
