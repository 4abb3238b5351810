import type { Database } from './database.ts';
import type { Shuffle } from './shuffles/shuffle.ts';
import type { ProbeTask, ProbeVerdict } from './task.ts';

/** Who does the work of a run: processes on this machine and DuckDB, or a cluster. */
export type Engine = {
  readonly name: 'local' | 'spark';
  /**
   * Probes media: verdicts in any order. An engine may lose a task or answer it twice; whoever asked counts.
   *
   * @throws {DailiesError} interrupted, when the signal aborts; engine, when the work can't be started.
   */
  readonly map: (
    tasks: readonly ProbeTask[],
    context: EngineContext,
  ) => AsyncIterable<ProbeVerdict>;
  /**
   * Answers each shuffle over tables of the room, in a temporary table of its name.
   *
   * @throws {DailiesError} engine or interrupted, as above.
   */
  readonly query: (
    database: Database,
    shuffles: readonly Shuffle[],
    context: EngineContext,
  ) => Promise<void>;
};

export type EngineContext = {
  readonly signal: AbortSignal;
  /** Asked before a task begins: one that is not wanted any more is left out. Engines that hand out all at once need not ask. */
  readonly isWanted?: (task: ProbeTask) => boolean;
  /** Told how much of the current work is done where verdicts come in bulk: tasks, of how many. */
  readonly onAdvance?: (done: number, of: number) => void;
};
