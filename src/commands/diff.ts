import { renderDiffText } from '../../reports/diff-text.ts';
import { compareVersions } from '../compare/compare-versions.ts';
import { loadConfig } from '../config/load-config.ts';
import { CANONICAL_COLUMNS } from '../dataset/canonical-columns.ts';
import { createProgress, SILENT } from '../progress.ts';
import { type CommandContext, wantsColor } from './command-context.ts';
import type { DiffFlags } from './diff-flags.ts';
import { applyScanFlags } from './scan-flags.ts';

/** `dailies diff`: compares two versions of a dataset and prints what changed. Resolves to the exit code. */
export async function runDiff(
  before: string,
  after: string,
  flags: DiffFlags,
  context: CommandContext,
): Promise<number> {
  const { sample, ...withoutSample } = flags;
  const config = applyScanFlags(
    await loadConfig(flags.config ?? null, context.cwd),
    [before, after],
    { ...withoutSample, output: [] },
    context.cwd,
    Object.keys(CANONICAL_COLUMNS),
  );
  const progress = flags.quiet === true ? SILENT : createProgress(context.stderr);
  const diff = await compareVersions(
    {
      before,
      after,
      config,
      cwd: context.cwd,
      mediaSample: sample ?? null,
      command: ['dailies', 'diff', before, after],
    },
    { signal: context.signal, progress },
  );
  context.stdout.write(
    flags.format === 'json'
      ? `${JSON.stringify(diff, null, 2)}\n`
      : renderDiffText(diff, {
          colour: wantsColor(context, context.stdout, flags.color),
          width: context.stdout.columns,
        }),
  );
  return diff.verdict.exitCode;
}
