import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

import { renderHtml } from '../../reports/html/page.ts';
import { DailiesError } from '../dailies-error.ts';
import { MOST_KEYS } from '../judge/edit-suppressions.ts';
import { createProgress, SILENT } from '../progress.ts';
import { scan } from '../scan.ts';
import type { CommandContext } from './command-context.ts';
import { keepSuppressions } from './keep-suppressions.ts';
import { shownUrl } from '../stores/store-url.ts';
import { readScanConfig } from './scan-config.ts';
import type { ScanFlags } from './scan-flags.ts';
import { renderForStdout, writeReports } from './write-reports.ts';

/** `dailies scan`: audits a dataset, writes the run folder with its report, prints the verdict. Resolves to the exit code. */
export async function runScan(
  paths: readonly string[],
  flags: ScanFlags,
  context: CommandContext,
): Promise<number> {
  const config = await readScanConfig(paths, flags, context.cwd);
  if (config.isRedacted && flags.updateSuppressions === true) {
    throw new DailiesError('usage', '--update-suppressions names keys, which --redact forbids');
  }
  const progress = flags.quiet === true ? SILENT : createProgress(context.stderr);
  const { runFolder, report } = await scan(
    {
      config,
      cwd: context.cwd,
      runFolder: flags.runDir === undefined ? null : resolve(context.cwd, flags.runDir),
      ...(flags.against === undefined ? {} : { against: flags.against }),
      ...(flags.quarantine === undefined
        ? {}
        : { quarantine: resolve(context.cwd, flags.quarantine) }),
      ...(flags.allowList === undefined
        ? {}
        : { allowList: resolve(context.cwd, flags.allowList) }),
      ...(flags.updateSuppressions === true ? { maxFindings: MOST_KEYS } : {}),
      command: ['dailies', 'scan', ...paths.map(shownUrl)],
    },
    { signal: context.signal, progress },
  );
  await writeFile(join(runFolder, 'report.html'), renderHtml(report));
  await keepSuppressions(report, config, flags, context);
  await writeReports(report, runFolder, config.output, config.stores, context);
  const page = relative(context.cwd, join(runFolder, 'report.html'));
  context.stdout.write(renderForStdout(report, flags, page, context));
  return report.run.verdict.exitCode;
}
