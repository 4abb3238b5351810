import type { Engine } from './engine.ts';
import { runPool } from './pool.ts';
import { DUCKDB } from './shuffles/dialect.ts';

/** Child processes and DuckDB, on this machine. */
export function localEngine(workers: number): Engine {
  return {
    name: 'local',
    map: (tasks, { signal }) => runPool(tasks, { workers, signal }),
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
