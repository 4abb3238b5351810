import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from './shard-file.ts';
import { readRows, partErrorText } from './rows.ts';
import { ScratchDatabase } from './scratch-database.ts';
import { quotePathList } from './sql-quote.ts';

/**
 * Decodes every value of Parquet shards and gives the error of each that cannot be decoded, by shard number. Costs a full
 * read; the shards are read together, and one by one only if something is wrong.
 */
export async function verifyParquetShards(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
): Promise<Map<number, string>> {
  const errors = new Map<number, string>();
  const scratch = await ScratchDatabase.like(connection);
  try {
    if (files.length === 0 || (await decode(scratch, files)) === null) return errors;
    for (const file of files) {
      const error = await decode(scratch, [file]);
      if (error !== null) errors.set(file.index, error);
    }
    return errors;
  } finally {
    scratch.close();
  }
}

async function decode(
  scratch: ScratchDatabase,
  files: readonly ShardFile[],
): Promise<string | null> {
  const list = quotePathList(files.map((file) => file.path));
  try {
    await scratch.use((connection) =>
      readRows(
        connection,
        `select bit_xor(hash(*columns(*)))::varchar as digest from read_parquet(${list}, hive_partitioning = false)`,
      ),
    );
    return null;
  } catch (error) {
    return partErrorText(error);
  }
}
