import type { Database } from '../engine/database.ts';
import type { Engine, EngineContext } from '../engine/engine.ts';
import { signed, unsigned } from '../engine/shuffles/dialect.ts';
import { repeatedHashesSql } from '../engine/shuffles/repeated-hashes.ts';

/**
 * Tables of the hashes that stand in more than one row of the ledger, by the ledger column they are of. Rules about
 * repetition start from them, so that the whole ledger is grouped once for each column and not once for each rule.
 */
export const REPEAT_TABLES = {
  repeated_keys: 'key_hash',
  repeated_paths: 'path_hash',
  repeated_captions: 'caption_hash',
  repeated_contents: 'content_hash_hash',
} as const satisfies Readonly<Record<string, string>>;

/** Fills the {@link REPEAT_TABLES}, each with one column named as in the ledger. */
export async function findRepeats(
  database: Database,
  engine: Engine,
  context: EngineContext,
): Promise<void> {
  const tables = Object.entries(REPEAT_TABLES);
  await engine.query(
    database,
    tables.map(([table, column]) => ({
      name: `answer_${table}`,
      inputs: { [`hashes_of_${column}`]: `select ${signed(column)} as hash from ledger` },
      sql: () => repeatedHashesSql(`hashes_of_${column}`),
    })),
    context,
  );
  for (const [table, column] of tables) {
    await database.run(
      `create or replace temp table ${table} as select ${unsigned('hash')} as ${column} from answer_${table}`,
    );
    await database.run(`drop table answer_${table}`);
  }
}
