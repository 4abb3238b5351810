import type { Engine } from './engine.ts';
import { runPool } from './pool.ts';
import { DUCKDB } from './shuffles/dialect.ts';
import type { ProbeTask } from './task.ts';

/** Child processes and DuckDB, on this machine. */
export function localEngine(workers: number): Engine {
  return {
    name: 'local',
    map: (tasks, { signal, isWanted }) =>
      runPool(isWanted === undefined ? tasks : wantedOf(tasks, isWanted), { workers, signal }),
    query: async (database, shuffles) => {
      for (const { name, inputs, sql } of shuffles) {
        const relations = Object.entries(inputs).map(([input, query]) => `${input} as (${query})`);
        await database.run(
          `create or replace temp table ${name} as with ${relations.join(', ')} select * from (${sql(DUCKDB)})`,
        );
      }
    },
  };
}

/** Asks about each task when a worker is free for it. */
function* wantedOf(
  tasks: readonly ProbeTask[],
  isWanted: (task: ProbeTask) => boolean,
): Generator<ProbeTask, void, undefined> {
  for (const task of tasks) if (isWanted(task)) yield task;
}
