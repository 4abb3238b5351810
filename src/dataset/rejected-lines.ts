import type { DuckDBConnection } from '@duckdb/node-api';

import { numberOf, readRows } from './rows.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID } from './source.ts';

/** Table that the CSV reader notes rejected records in. */
const REJECTS = 'dailies_rejects';

/** Settings of `read_csv` that count bad records instead of failing. */
export const REJECT_SETTINGS = [
  'store_rejects = true',
  'rejects_limit = 0',
  `rejects_table = '${REJECTS}'`,
  `rejects_scan = '${REJECTS}_scans'`,
];

/** More rejected records than this, and row numbers count good rows only. */
const MOST_NUMBERED = 10_000;

/** Records that the last read rejected, as 0-based positions among all records of the file, sorted. */
export async function readRejects(
  connection: DuckDBConnection,
  hasHeader: boolean,
): Promise<number[]> {
  const rows = await readRows(connection, `select distinct line from ${REJECTS} order by line`);
  return rows.map((row) => numberOf(row['line']) - (hasHeader ? 2 : 1));
}

export async function dropRejects(connection: DuckDBConnection): Promise<void> {
  await connection.run(`drop table if exists ${REJECTS}`);
  await connection.run(`drop table if exists ${REJECTS}_scans`);
}

/** Makes row numbers of a shard, which count good rows, count the rejected records in front of them too. */
export async function countRejectsIn(
  connection: DuckDBConnection,
  table: string,
  shard: number,
  rejects: readonly number[],
): Promise<void> {
  if (rejects.length === 0 || rejects.length > MOST_NUMBERED) return;
  // The j-th bad record, at position b, lies in front of every good row from the (b - j)-th on.
  const thresholds = rejects.map((position, j) => Math.max(0, position - j));
  await connection.run(
    `update ${table}
     set ${SOURCE_ROW_NUMBER} = ${SOURCE_ROW_NUMBER} + len(list_filter([${thresholds.join(', ')}], lambda t: t <= ${SOURCE_ROW_NUMBER}))
     where ${SOURCE_SHARD_ID} = ${shard}`,
  );
}
