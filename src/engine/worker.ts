import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { DailiesError } from '../dailies-error.ts';
import { toJsonLine } from './json-line.ts';
import { parseTask } from './parse-task.ts';
import { runPool } from './pool.ts';
import type { ProbeTask, ProbeVerdict } from './task.ts';

type WorkerOptions = {
  readonly workers?: number;
  readonly signal?: AbortSignal;
};

/** What a filter did: it kept its promise if both are equal. */
type WorkerCount = { readonly tasks: number; readonly answered: number };

/** How often the filter looks whether whoever started it is still there. */
const PARENT_WATCH_MS = 250;

/**
 * The filter that any engine runs: task lines in, exactly one verdict line out for each, whatever a line or its medium
 * holds. Ends early, leaving no process, when the output is closed, the parent is gone or the signal aborts; then
 * `answered` is less than `tasks`, and the caller must exit with a failure.
 */
export async function runWorker(
  input: Readable,
  output: Writable,
  options: WorkerOptions = {},
): Promise<WorkerCount> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) stop.abort();
  }, PARENT_WATCH_MS);
  let tasks = 0;
  let answered = 0;
  const refused: ProbeVerdict[] = [];
  output.on('error', onAbort);
  output.on('close', onAbort);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();
  const lines = createInterface({ input, crlfDelay: Infinity });
  // A reader that waits for a line can't see an abort: close it.
  stop.signal.addEventListener('abort', () => lines.close(), { once: true });

  async function* readTasks(): AsyncGenerator<ProbeTask, void, undefined> {
    for await (const line of lines) {
      if (stop.signal.aborted) return;
      if (line.trim() === '') continue;
      tasks++;
      const task = taskOf(line);
      if (typeof task !== 'string') {
        yield task;
        continue;
      }
      refused.push({
        id: idOf(line) ?? `line:${tasks}`,
        outcome: 'bad',
        evidence: {},
        reason: task,
      });
      await writeRefused();
    }
  }
  const write = async (verdict: ProbeVerdict): Promise<void> => {
    if (stop.signal.aborted) return;
    const isRoomy = output.write(`${toJsonLine(verdict)}\n`);
    answered++;
    if (!isRoomy) await drained(output, stop.signal);
  };
  const writeRefused = async (): Promise<void> => {
    for (;;) {
      const verdict = refused.shift();
      if (verdict === undefined) return;
      await write(verdict);
    }
  };
  try {
    const workers = options.workers === undefined ? {} : { workers: options.workers };
    for await (const verdict of runPool(readTasks(), { ...workers, signal: stop.signal }))
      await write(verdict);
  } catch (error) {
    if (!(error instanceof DailiesError && error.code === 'interrupted')) throw error;
  } finally {
    clearInterval(watch);
    options.signal?.removeEventListener('abort', onAbort);
    output.off('close', onAbort);
    lines.close();
  }
  return { tasks, answered };
}

function drained(output: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      output.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    output.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

function taskOf(line: string): ProbeTask | string {
  try {
    return parseTask(JSON.parse(line));
  } catch (error) {
    return `no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The id of a task that is wrong otherwise. */
function idOf(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('id' in value)) return null;
    return typeof value.id === 'string' ? value.id : null;
  } catch {
    return null;
  }
}
