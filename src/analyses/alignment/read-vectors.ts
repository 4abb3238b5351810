import { DuckDBFloatVector, DuckDBListVector, type DuckDBVector } from '@duckdb/node-api';

import { quoteIdentifier } from '../../dataset/sql-quote.ts';
import { type Database, numberOf, textOf } from '../../engine/database.ts';
import type { VectorSlice } from './similarity-band.ts';

/** A row of two columns, in manifest order. */
export type VectorRow = {
  readonly shardId: number;
  readonly row: number;
  readonly left: VectorSlice;
  readonly right: VectorSlice;
};

/** Rows of one query: their vectors are sorted by DuckDB and held in memory. */
const ROWS_PER_QUERY = 32_768;

type Range = {
  readonly first: number;
  readonly last: number;
  readonly rows: readonly [number, number] | null;
};

/**
 * Both columns of every row, shard by shard in row order; `visit` must copy what it keeps, because vectors lie in DuckDB's
 * memory. Large shards are read in ranges of rows, small ones several at a time.
 */
export async function readVectors(
  database: Database,
  columns: { readonly left: string; readonly right: string },
  visit: (row: VectorRow) => void,
): Promise<void> {
  for (const range of await planRanges(database)) {
    const rows =
      range.rows === null ? '' : `and row_number between ${range.rows[0]} and ${range.rows[1]}`;
    const result = await database.connection.stream(
      `select shard_id::integer, row_number::double, ${quoteIdentifier(columns.left)}, ${quoteIdentifier(columns.right)}
       from clips
       where shard_id between ${range.first} and ${range.last} ${rows}
       order by shard_id, row_number`,
    );
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      const shards = chunk.getColumnVector(0);
      const numbers = chunk.getColumnVector(1);
      const left = sliceReader(chunk.getColumnVector(2));
      const right = sliceReader(chunk.getColumnVector(3));
      for (let index = 0; index < chunk.rowCount; index += 1) {
        visit({
          shardId: Number(shards.getItem(index)),
          row: Number(numbers.getItem(index)),
          left: left(index),
          right: right(index),
        });
      }
    }
  }
}

/** Names of the shards that have rows. */
export async function readShardNames(database: Database): Promise<ReadonlyMap<number, string>> {
  const rows = await database.rows('select shard_id, shard from shards');
  return new Map(rows.map((row) => [numberOf(row['shard_id']), textOf(row['shard'])]));
}

/** Rows of each shard. */
export async function readShardSizes(database: Database): Promise<ReadonlyMap<number, number>> {
  const rows = await database.rows('select shard_id, count(*) as n from ledger group by shard_id');
  return new Map(rows.map((row) => [numberOf(row['shard_id']), numberOf(row['n'])]));
}

async function planRanges(database: Database): Promise<readonly Range[]> {
  const shards = await database.rows(
    'select shard_id, count(*) as n, max(row_number) as last from ledger group by shard_id order by shard_id',
  );
  const ranges: Range[] = [];
  let open: readonly { readonly id: number; readonly n: number }[] = [];
  const close = (): void => {
    const [first] = open;
    const last = open.at(-1);
    if (first !== undefined && last !== undefined)
      ranges.push({ first: first.id, last: last.id, rows: null });
    open = [];
  };
  for (const shard of shards) {
    const id = numberOf(shard['shard_id']);
    const n = numberOf(shard['n']);
    if (open.reduce((sum, each) => sum + each.n, n) > ROWS_PER_QUERY) close();
    if (n <= ROWS_PER_QUERY) {
      open = [...open, { id, n }];
      continue;
    }
    for (let from = 0; from <= numberOf(shard['last']); from += ROWS_PER_QUERY)
      ranges.push({ first: id, last: id, rows: [from, from + ROWS_PER_QUERY - 1] });
  }
  close();
  return ranges;
}

/** The list of row `index` as a slice of the chunk's flat array, without copying. */
function sliceReader(vector: DuckDBVector): (index: number) => VectorSlice {
  if (!(vector instanceof DuckDBListVector)) return () => null;
  const child = vector.childVector;
  const values = flatFloats(child);
  return (index) =>
    vector.getItemVector(index) === null
      ? null
      : { values, start: vector.getEntryOffset(index), length: vector.getEntryLength(index) };
}

function flatFloats(vector: DuckDBVector): Float32Array {
  // The typed array behind the vector, as DuckDB wrote it; nulls inside a list read as whatever stands there.
  const items: unknown = vector instanceof DuckDBFloatVector ? Reflect.get(vector, 'items') : null;
  if (items instanceof Float32Array) return items;
  return Float32Array.from({ length: vector.itemCount }, (_, index) =>
    Number(vector.getItem(index) ?? Number.NaN),
  );
}
