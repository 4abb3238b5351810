import { readFile, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';

import type { Config } from '../config/config.ts';
import { addSuppressions, pruneSuppressions } from '../judge/edit-suppressions.ts';
import { SUPPRESSIONS_FILE } from '../judge/suppressions.ts';
import type { ReportInput } from '../run/document.ts';
import type { CommandContext } from './command-context.ts';
import type { ScanFlags } from './scan-flags.ts';

/** What `--prune` and `--update-suppressions` do to the suppression file after a scan; told on stderr. */
export async function keepSuppressions(
  report: ReportInput,
  config: Config,
  flags: ScanFlags,
  context: CommandContext,
): Promise<void> {
  if (flags.prune !== true && flags.updateSuppressions !== true) return;
  const file = resolve(context.cwd, config.gate.suppressions ?? SUPPRESSIONS_FILE);
  const name = relative(context.cwd, file);
  let text = await readFile(file, 'utf8').catch(() => '');
  if (flags.prune === true && report.run.suppressions !== undefined) {
    const pruned = pruneSuppressions(text, report.run.suppressions.entries);
    text = pruned.text;
    context.stderr.write(`${name}: ${pruned.removed} expired or useless removed\n`);
  }
  if (flags.updateSuppressions === true) {
    const updated = addSuppressions(
      text,
      { rules: report.run.rules, findings: report.findings },
      {
        reason: flags.reason ?? `accepted as known on ${report.run.run.startedAt.slice(0, 10)}`,
        owner: flags.owner ?? null,
      },
    );
    text = updated.text;
    context.stderr.write(`${name}: ${updated.added} added\n`);
    if (updated.leftOut.length > 0) {
      context.stderr.write(
        `note: too many findings to name them one by one: ${updated.leftOut.join(', ')}; set a budget in dailies.yaml\n`,
      );
    }
  }
  await writeFile(file, text);
}
