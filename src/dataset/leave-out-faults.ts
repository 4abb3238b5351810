import type { DuckDBConnection } from '@duckdb/node-api';

import { SOURCE_ROWS } from './clip-views.ts';
import type { OpenDataset, OpenShard } from './opened-dataset.ts';
import {
  countFaultyRows,
  createPageFaultsTable,
  findPageFaults,
  type PageFault,
  tellFaults,
} from './page-faults.ts';
import { partErrorText, readRows } from './rows.ts';
import { SAMPLE_ROWS } from './sample-columns.ts';
import type { RowSource, ShardReading } from './source.ts';
import { quoteLiteral } from './sql-quote.ts';

/** Damage that shows before anything else is asked: everywhere in small shards, in the first rows of large ones. */
export async function findEarlyFaults(
  connection: DuckDBConnection,
  source: RowSource,
): Promise<readonly PageFault[]> {
  if (source.parquet === undefined) return [];
  try {
    await readRows(
      connection,
      source.parquet.isDoubtful
        ? 'select bit_xor(hash(*columns(*)))::varchar as digest from manifest'
        : `select bit_xor(hash(*columns(*)))::varchar as digest from (select * from manifest limit ${SAMPLE_ROWS})`,
    );
    return [];
  } catch (error) {
    partErrorText(error);
    return leaveOutFaults(connection, source);
  }
}

/** Finds the row groups that cannot be decoded and leaves them out of `manifest` and `clips`. */
async function leaveOutFaults(
  connection: DuckDBConnection,
  source: RowSource,
  signal?: AbortSignal,
): Promise<readonly PageFault[]> {
  const { parquet } = source;
  if (parquet === undefined) return [];
  const faults = await findPageFaults(connection, source.shards, signal);
  await createPageFaultsTable(connection, faults);
  await connection.run(
    `create or replace view ${SOURCE_ROWS} as select * from ${parquet.without(faults)}`,
  );
  for (const shard of source.shards) {
    const own = faults.filter((fault) => fault.shardId === shard.file.index);
    if (own.length === 0 || countFaultyRows(own) < shard.rows) continue;
    await connection.run(
      `update shards set state = ${own[0]?.isUnreachable === true ? `'unreachable'` : `'unread'`}, rows = null, error = ${quoteLiteral(tellFaults(own))} where shard_id = ${shard.file.index}`,
    );
  }
  return faults;
}

/**
 * After a query over `clips` has failed: finds the row groups of Parquet shards that cannot be decoded, and leaves them out of
 * `manifest` and `clips`; the table `page_faults` lists them. Works in a closed room. Gives the dataset as it is now, or null
 * if no damage was found that was not known before: then the query failed for another reason.
 */
export async function leaveOutPageFaults(
  connection: DuckDBConnection,
  dataset: OpenDataset,
  signal?: AbortSignal,
): Promise<OpenDataset | null> {
  const faults = await leaveOutFaults(connection, dataset.source, signal);
  if (faults.length <= dataset.pageFaults.length) return null;
  const shards = dataset.source.shards.map((shard) => summariseShard(shard, faults));
  return { ...dataset, shards, rows: countRows(shards), pageFaults: faults };
}

/** Rows of `clips`. */
export function countRows(shards: readonly OpenShard[]): number {
  return shards.reduce((sum, shard) => sum + shard.rows - shard.faultyRows, 0);
}

/** A shard as the run tells of it, without the rows that cannot be decoded. */
export function summariseShard(shard: ShardReading, faults: readonly PageFault[]): OpenShard {
  const own = faults.filter((fault) => fault.shardId === shard.file.index);
  const faultyRows = countFaultyRows(own);
  const isLost = own.length > 0 && faultyRows >= shard.rows;
  return {
    index: shard.file.index,
    name: shard.file.name,
    path: shard.file.path,
    rows: isLost ? 0 : shard.rows,
    badRows: shard.badRows,
    faultyRows: isLost ? 0 : faultyRows,
    bytes: shard.file.bytes,
    format: shard.file.format,
    state: shard.error === null && !isLost ? 'read' : 'unread',
    error: shard.error ?? (own.length === 0 ? null : tellFaults(own)),
    schema: shard.schema,
    cutOff: shard.cutOff,
  };
}
