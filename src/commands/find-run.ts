import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { DailiesError } from '../dailies-error.ts';

/** Where `dailies scan` puts its runs, below the working directory. */
const RUNS = join('.dailies', 'runs');

/**
 * The run folder that was named, or the newest below `.dailies/runs`: run ids begin with the time, so it is the last by
 * name; an interrupted run has no document.
 *
 * @throws {DailiesError} usage, if there is none.
 */
export async function findRun(named: string | undefined, cwd: string): Promise<string> {
  if (named !== undefined) return resolve(cwd, named);
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
