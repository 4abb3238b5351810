import { join, relative, resolve } from 'node:path';

import { renderSelftest } from '../../reports/selftest-text.ts';
import { DailiesError } from '../dailies-error.ts';
import { createProgress, SILENT } from '../progress.ts';
import { scan } from '../scan.ts';
import { selftest } from '../selftest/selftest.ts';
import { shownUrl } from '../stores/store-url.ts';
import type { CommandContext } from './command-context.ts';
import { readScanConfig } from './scan-config.ts';
import type { ScanFlags } from './scan-flags.ts';

/** Clips whose media a self-test looks at, where the sample is not given. */
const MEDIA = '200';

/**
 * `dailies selftest`: puts every rule's faults into copies of the dataset, and prints what the rules find. Resolves to 0:
 * the table is the result.
 *
 * @throws {DailiesError} usage, for `--redact`.
 */
export async function runSelftest(
  paths: readonly string[],
  flags: ScanFlags,
  context: CommandContext,
): Promise<number> {
  const config = await readScanConfig(paths, flags, context.cwd);
  if (config.isRedacted) {
    throw new DailiesError(
      'usage',
      'a self-test keeps keys and what was measured in its run folder, which --redact forbids',
    );
  }
  const progress = flags.quiet === true ? SILENT : createProgress(context.stderr);
  const scanned = await scan(
    {
      config: { ...config, sample: flags.sample ?? MEDIA, strata: [] },
      cwd: context.cwd,
      runFolder: flags.runDir === undefined ? null : resolve(context.cwd, flags.runDir),
      command: ['dailies', 'selftest', ...paths.map(shownUrl)],
    },
    { signal: context.signal, progress },
  );
  const document = await selftest(
    {
      config,
      cwd: context.cwd,
      runFolder: scanned.runFolder,
      report: scanned.report,
      configuredSample: config.sample,
    },
    { signal: context.signal, progress },
  );
  const file = relative(context.cwd, join(scanned.runFolder, 'selftest.json'));
  context.stdout.write(
    flags.format === 'json'
      ? `${JSON.stringify(document, null, 2)}\n`
      : `${renderSelftest(document, { markdown: flags.format === 'markdown' })}${flags.format === 'text' ? `\n${file}\n` : ''}`,
  );
  return 0;
}
