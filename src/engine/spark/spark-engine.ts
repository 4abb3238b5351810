import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { quoteLiteral } from '../../dataset/sql-quote.ts';
import { DailiesError } from '../../dailies-error.ts';
import { PACKAGE_ROOT, VERSION } from '../../package-root.ts';
import type { Database } from '../database.ts';
import type { Engine, EngineContext } from '../engine.ts';
import { toJsonLine } from '../json-line.ts';
import type { Shuffle } from '../shuffles/shuffle.ts';
import type { ProbeTask, ProbeVerdict } from '../task.ts';
import { checkSparkPath, shellWord } from './quoting.ts';
import type { SparkSettings } from './settings.ts';
import { runSparkSql, type StageProgress } from './spark-sql.ts';
import { answerSql, inputSql, waveSql } from './statements.ts';
import {
  forgetWave,
  isCommitted,
  isComplete,
  listForgotten,
  listWaves,
  readTaskLines,
  readVerdicts,
  tasksFileOf,
  verdictsFolderOf,
  type Wave,
  writeWaves,
} from './waves.ts';

/** How often committed waves are looked for while Spark works. */
const WATCH_MS = 300;

/**
 * The same filter and the same statements on a cluster, driven by its own `spark-sql`. Tasks are committed wave by wave
 * below the work directory; what an earlier run committed there and never collected is taken over, and only the rest
 * is done. Nothing that Spark says about its own success counts: verdicts do.
 *
 * @throws {DailiesError} usage, for a work directory that Spark cannot name.
 */
export function sparkEngine(settings: SparkSettings, workDirectory: string): Engine {
  const folder = checkSparkPath(workDirectory);
  const wavesFolder = join(folder, `waves-${VERSION}`);
  return {
    name: 'spark',
    map: (tasks, context) => mapOnSpark(settings, wavesFolder, tasks, context),
    query: (database, shuffles, context) =>
      queryOnSpark(settings, join(folder, `query-${stamp()}`), database, shuffles, context),
  };
}

async function* mapOnSpark(
  settings: SparkSettings,
  folder: string,
  tasks: readonly ProbeTask[],
  context: EngineContext,
): AsyncGenerator<ProbeVerdict, void, undefined> {
  await mkdir(folder, { recursive: true });
  const todo = new Map(tasks.map((task) => [toJsonLine(task), task]));
  const collected: Wave[] = [];
  for (const wave of await listWaves(folder)) {
    const kept = await committedOf(wave, todo);
    if (kept === null) continue;
    collected.push(wave);
    for await (const verdict of readVerdicts(wave)) {
      const line = kept.get(verdict.id);
      // What the tool failed at is worth another try.
      if (line === undefined || verdict.outcome === 'bad' || !todo.delete(line)) continue;
      yield verdict;
    }
  }
  const waves = await writeWaves(folder, stamp(), [...todo.values()], settings.clipsPerWave);
  yield* runWaves(settings, folder, waves, context);
  for (const wave of [...collected, ...waves, ...(await listForgotten(folder))]) {
    await forgetWave(wave);
  }
}

/** Task lines of a committed wave that are still to be done, by id; null if it holds none, or never was committed. */
async function committedOf(
  wave: Wave,
  todo: ReadonlyMap<string, ProbeTask>,
): Promise<ReadonlyMap<string, string> | null> {
  if (!(await isCommitted(wave))) return null;
  const lines = new Map<string, string>();
  for await (const line of readTaskLines(wave)) {
    const task = todo.get(line);
    if (task !== undefined) lines.set(task.id, line);
  }
  return lines.size === 0 ? null : lines;
}

/** One driver for all waves; verdicts come as soon as their wave is committed. */
async function* runWaves(
  settings: SparkSettings,
  folder: string,
  waves: readonly Wave[],
  context: EngineContext,
): AsyncGenerator<ProbeVerdict, void, undefined> {
  if (waves.length === 0) return;
  const total = waves.reduce((sum, wave) => sum + wave.size, 0);
  const file = join(folder, `${stamp()}.sql`);
  await writeFile(
    file,
    waves
      .map((wave) =>
        waveSql({
          tasks: tasksFileOf(wave),
          verdicts: verdictsFolderOf(wave),
          filter: filterOf(settings),
          partitions: Math.max(1, Math.ceil(wave.size / settings.clipsPerTask)),
        }),
      )
      .join('\n'),
  );
  let committed = 0;
  let current = waves[0];
  const onProgress = ({ done, of }: StageProgress): void =>
    context.onAdvance?.(committed + Math.floor(((current?.size ?? 0) * done) / of), total);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  context.signal.addEventListener('abort', onAbort, { once: true });
  if (context.signal.aborted) stop.abort();
  const driver = new Driver(runSparkSql(settings, file, { signal: stop.signal, onProgress }));
  try {
    for (const wave of waves) {
      current = wave;
      while (!driver.hasEnded && !(await isCommitted(wave))) await driver.endsWithin(WATCH_MS);
      if (!(await isCommitted(wave))) break;
      committed += wave.size;
      context.onAdvance?.(committed, total);
      yield* readVerdicts(wave);
    }
    await driver.result();
  } finally {
    stop.abort();
    await driver.end();
    context.signal.removeEventListener('abort', onAbort);
    await rm(file, { force: true });
  }
}

/** A driver under way, whose failure waits until somebody asks for it. */
class Driver {
  readonly #end: Promise<unknown>;
  readonly #result: Promise<void>;
  #hasEnded = false;

  constructor(run: Promise<void>) {
    this.#result = run;
    this.#end = run
      .catch(() => undefined)
      .then(() => {
        this.#hasEnded = true;
      });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async endsWithin(ms: number): Promise<void> {
    await Promise.race([this.#end, new Promise((resolve) => setTimeout(resolve, ms))]);
  }

  /** Returns when it is gone, however it ended. */
  async end(): Promise<void> {
    await this.#end;
  }

  /** Throws what it failed of. */
  async result(): Promise<void> {
    await this.#result;
  }
}

async function queryOnSpark(
  settings: SparkSettings,
  folder: string,
  database: Database,
  shuffles: readonly Shuffle[],
  context: EngineContext,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  try {
    const statements: string[] = [];
    for (const shuffle of shuffles) {
      for (const [input, query] of Object.entries(shuffle.inputs)) {
        const path = join(folder, `${shuffle.name}-${input}.parquet`);
        await database.run(`copy (${query}) to ${quoteLiteral(path)} (format parquet)`);
        statements.push(inputSql(input, path));
      }
      statements.push(answerSql(shuffle, join(folder, shuffle.name)));
    }
    const file = join(folder, 'run.sql');
    await writeFile(file, statements.join('\n'));
    await runSparkSql(settings, file, { signal: context.signal });
    for (const { name } of shuffles) {
      if (!(await isComplete(join(folder, name)))) {
        throw new DailiesError('engine', `Spark committed no answer for ${name}`);
      }
      await database.run(
        `create or replace temp table ${name} as select * from read_parquet(${quoteLiteral(join(folder, name, '*.parquet'))})`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The filter as an executor starts it: from the archive that came along, or from the same place as here. */
function filterOf(settings: SparkSettings): string {
  if (settings.archive !== null) return './dailies/bin/dailies-worker --workers 1';
  const words = [
    process.execPath,
    join(PACKAGE_ROOT, 'dist/src/cli.js'),
    'worker',
    '--workers',
    '1',
  ];
  return words.map(shellWord).join(' ');
}

function stamp(): string {
  return `${new Date().toISOString().slice(0, 19).replaceAll(/\D/g, '')}-${randomBytes(3).toString('hex')}`;
}
