import type { Database } from '../engine/database.ts';

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
export async function findRepeats(database: Database): Promise<void> {
  for (const [table, column] of Object.entries(REPEAT_TABLES)) {
    await database.run(
      `create or replace temp table ${table} as
       select ${column} from ledger where ${column} is not null group by ${column} having count(*) > 1`,
    );
  }
}
