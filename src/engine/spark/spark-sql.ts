import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DailiesError } from '../../dailies-error.ts';
import { killGroupOf } from '../../media/decoders/killable-child.ts';
import type { SparkSettings } from './settings.ts';

/** What dailies asks of Spark unless the settings say otherwise. */
const PROPERTIES: Readonly<Record<string, string>> = {
  // No metastore: nothing is kept in one.
  'spark.sql.catalogImplementation': 'in-memory',
  // The filter answers for every medium, so a failed task is a lost machine and worth another try.
  'spark.task.maxFailures': '8',
  'spark.task.reaper.enabled': 'true',
  // A second copy of a task would decode all its media again.
  'spark.speculation': 'false',
};

/** Time that a cancelled driver gets to say good-bye. */
const GOODBYE_MS = 1_000;
const STDERR_CHARACTERS = 20_000;
const POLL_MS = 500;
const REST_TIMEOUT_MS = 2_000;

/** Tasks of the stages that run now: done, of how many. */
export type StageProgress = { readonly done: number; readonly of: number };

/**
 * Runs a file of statements with the `spark-sql` of the cluster, in a process group of its own.
 *
 * @throws {DailiesError} interrupted, when the signal aborts: the driver is gone then; engine, with Spark's own words.
 */
export async function runSparkSql(
  settings: SparkSettings,
  file: string,
  context: SparkContext,
): Promise<void> {
  // Spark makes a warehouse even if nothing goes there; by default in the working directory.
  const warehouse = await mkdtemp(join(tmpdir(), 'dailies-warehouse-'));
  try {
    await runDriver(settings, argumentsOf(settings, file, warehouse), context);
  } finally {
    await rm(warehouse, { recursive: true, force: true });
  }
}

type SparkContext = {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: StageProgress) => void;
};

async function runDriver(
  settings: SparkSettings,
  args: readonly string[],
  context: SparkContext,
): Promise<void> {
  context.signal.throwIfAborted();
  const program = sparkSqlOf(settings);
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...(settings.home === null ? {} : { SPARK_HOME: settings.home }) },
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-STDERR_CHARACTERS);
  });
  const onAbort = (): void => void stop(child);
  context.signal.addEventListener('abort', onAbort, { once: true });
  const watch = watchStages(() => words, context.onProgress);
  try {
    const code = await new Promise<number | NodeJS.Signals | Error>((resolve) => {
      child.once('error', resolve);
      child.once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 1));
    });
    if (context.signal.aborted)
      throw new DailiesError('interrupted', 'interrupted while Spark was working');
    if (code instanceof Error) {
      throw new DailiesError('engine', `${program} does not start: ${code.message}`, {
        hint: 'set SPARK_HOME or spark.home in dailies.yaml to the folder that holds bin/spark-sql',
      });
    }
    if (code !== 0) {
      throw new DailiesError('engine', `spark-sql ended with ${code}: ${causeIn(words)}`, {
        hint: 'what was committed is kept: the same command goes on from there',
      });
    }
  } finally {
    watch.stop();
    context.signal.removeEventListener('abort', onAbort);
    killGroupOf(child.pid);
  }
}

function sparkSqlOf(settings: SparkSettings): string {
  const home = settings.home ?? process.env['SPARK_HOME'];
  return home === undefined || home === '' ? 'spark-sql' : join(home, 'bin', 'spark-sql');
}

function argumentsOf(settings: SparkSettings, file: string, warehouse: string): readonly string[] {
  const conf = {
    ...PROPERTIES,
    'spark.sql.warehouse.dir': warehouse,
    ...settings.conf,
  };
  return [
    ...(settings.master === null ? [] : ['--master', settings.master]),
    ...(settings.archive === null
      ? []
      : ['--archives', `${pathToFileURL(settings.archive).href}#dailies`]),
    '--name',
    'dailies',
    ...Object.entries(conf).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
    '-f',
    file,
  ];
}

/** SIGTERM lets Spark tell its master; what is still there after a second is killed with all it started. */
async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, GOODBYE_MS));
  killGroupOf(child.pid);
}

/** The lines that tell why: errors and causes, else the last one. */
function causeIn(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('at '));
  const causes = lines.filter((line) =>
    /(^Caused by|Exception|Error\b|error:|^\[[A-Z_.]+\])/.test(line),
  );
  return (causes.length > 0 ? causes.slice(-3) : lines.slice(-1)).join(' · ').slice(0, 1_000);
}

/** Asks the driver's REST interface how far its stages are; a driver without one just says nothing. */
function watchStages(
  words: () => string,
  onProgress: ((progress: StageProgress) => void) | undefined,
): { readonly stop: () => void } {
  if (onProgress === undefined) return { stop: () => {} };
  let isAsking = false;
  const ask = async (): Promise<void> => {
    const ui = /Spark Web UI available at (\S+)/.exec(words())?.[1];
    const id = /Application Id: (\S+)/.exec(words())?.[1];
    if (ui === undefined || id === undefined) return;
    const answer = await fetch(`${ui}/api/v1/applications/${id}/stages?status=active`, {
      signal: AbortSignal.timeout(REST_TIMEOUT_MS),
    });
    const progress = sumStages(await answer.json());
    if (progress.of > 0) onProgress(progress);
  };
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    // No answer is no news: the driver may be busy, or its interface off.
    void ask()
      .catch(() => undefined)
      .finally(() => {
        isAsking = false;
      });
  }, POLL_MS);
  return { stop: () => clearInterval(timer) };
}

function sumStages(stages: unknown): StageProgress {
  let done = 0;
  let of = 0;
  for (const stage of Array.isArray(stages) ? stages : []) {
    if (typeof stage !== 'object' || stage === null) continue;
    done += Number(stage.numCompleteTasks ?? 0);
    of += Number(stage.numTasks ?? 0);
  }
  return { done, of };
}
