import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { readRun } from '../run/read-run.ts';
import type { CommandContext } from './command-context.ts';
import type { ReportFlags } from './flags.ts';
import { parseOutputs } from './scan-flags.ts';
import { renderForStdout, writeReports } from './write-reports.ts';

/** Where `dailies scan` puts its runs, below the working directory. */
const RUNS = join('.dailies', 'runs');

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
  const folder = run === undefined ? await newestRun(context.cwd) : resolve(context.cwd, run);
  const report = await readRun(folder);
  await writeReports(report, outputs, context);
  if (flags.format !== 'none') {
    const page = relative(context.cwd, join(folder, 'report.html'));
    context.stdout.write(
      renderForStdout(report, { format: flags.format, color: flags.color }, page, context),
    );
  }
  return 0;
}

/** Run ids begin with the time, so the newest is the last by name; an interrupted run has no document. */
async function newestRun(cwd: string): Promise<string> {
  const folder = join(cwd, RUNS);
  const names = await readdir(folder).catch((): string[] => []);
  const newest = names.toSorted().findLast((name) => existsSync(join(folder, name, 'run.json')));
  if (newest === undefined) {
    throw new DailiesError('usage', `no run in ${RUNS}`, {
      hint: `name a run folder, or write one with 'dailies scan <dataset>'`,
    });
  }
  return join(folder, newest);
}
