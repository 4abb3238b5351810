import { DailiesError } from '../dailies-error.ts';
import { runWorker } from '../engine/worker.ts';
import type { CommandContext } from './command-context.ts';
import type { WorkerFlags } from './flags.ts';

/**
 * Runs as a filter on the standard streams.
 *
 * @throws {DailiesError} engine, if a task got no answer, so that whoever started the worker does not count it as done.
 */
export async function runWorkerCommand(
  flags: WorkerFlags,
  context: CommandContext,
): Promise<number> {
  const count = await runWorker(process.stdin, process.stdout, {
    signal: context.signal,
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
  });
  if (count.answered < count.tasks && !context.signal.aborted) {
    throw new DailiesError(
      'engine',
      `${count.tasks - count.answered} of ${count.tasks} tasks got no answer`,
    );
  }
  if (context.signal.aborted) throw new DailiesError('interrupted', 'interrupted');
  return 0;
}
