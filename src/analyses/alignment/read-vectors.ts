import {
  type DuckDBDataChunk,
  DuckDBFloatVector,
  DuckDBListVector,
  type DuckDBVector,
} from '@duckdb/node-api';

import { quoteIdentifier } from '../../dataset/sql-quote.ts';
import { type Database, maybe, numberOf, textOf } from '../../engine/database.ts';
import type { VectorSlice } from './similarity-band.ts';

/** A row of two columns, in manifest order. */
export type VectorRow = {
  readonly shardId: number;
  readonly row: number;
  readonly left: VectorSlice;
  readonly right: VectorSlice;
};

/** Rows of one query, and of what may wait for rows before it. */
const ROWS_PER_QUERY = 32_768;

/** Rows that one query reads: some shards, or a part of one. */
type Range = {
  readonly first: number;
  readonly last: number;
  readonly rows: { readonly from: number; readonly to: number } | null;
};

/** A piece of a result, in memory of DuckDB. */
type Piece = {
  readonly shards: Int32Array;
  readonly rows: Float64Array;
  readonly left: (index: number) => VectorSlice;
  readonly right: (index: number) => VectorSlice;
};

/**
 * Both columns of every row, shard by shard in row order; `visit` must copy what it keeps, because vectors lie in DuckDB's
 * memory. Nothing is sorted: a query reads whole row groups, whose pieces come in order but for those of another thread.
 */
export async function readVectors(
  database: Database,
  columns: { readonly left: string; readonly right: string },
  visit: (row: VectorRow) => void,
): Promise<void> {
  for (const range of await planRanges(database)) await readRange(database, columns, range, visit);
}

async function readRange(
  database: Database,
  columns: { readonly left: string; readonly right: string },
  range: Range,
  visit: (row: VectorRow) => void,
): Promise<void> {
  const part =
    range.rows === null
      ? ''
      : `and row_number >= ${range.rows.from} and row_number < ${range.rows.to}`;
  const sql = `select shard_id::integer, row_number::double, ${quoteIdentifier(columns.left)}, ${quoteIdentifier(columns.right)},
       len(${quoteIdentifier(columns.left)}), len(${quoteIdentifier(columns.right)})
     from clips
     where shard_id between ${range.first} and ${range.last} ${part}`;
  await database.fetchFor(sql);
  const result = await database.connection.stream(sql);
  const waiting: Piece[] = [];
  let waitingRows = 0;
  let next = range.rows?.from ?? 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    waiting.push(pieceOf(chunk));
    waitingRows += chunk.rowCount;
    if (range.rows === null) continue;
    for (;;) {
      const at = waiting.findIndex(({ rows }) => isRun(rows, next));
      const [piece] = at < 0 ? [] : waiting.splice(at, 1);
      if (piece === undefined) break;
      visitRows([piece], visit);
      next += piece.rows.length;
      waitingRows -= piece.rows.length;
    }
    if (waitingRows > ROWS_PER_QUERY && range.rows.to - next > ROWS_PER_QUERY) {
      // Row groups of other lengths than the footer's longest, or gaps in the rows: shorter steps need less memory.
      waiting.length = 0;
      for (const rows of stepsOf(next, range.rows.to, ROWS_PER_QUERY))
        await readRange(database, columns, { ...range, rows }, visit);
      return;
    }
  }
  visitRows(waiting, visit);
}

function pieceOf(chunk: DuckDBDataChunk): Piece {
  const shards = chunk.getColumnVector(0);
  const rows = chunk.getColumnVector(1);
  return {
    shards: Int32Array.from({ length: chunk.rowCount }, (_, at) => Number(shards.getItem(at))),
    rows: Float64Array.from({ length: chunk.rowCount }, (_, at) => Number(rows.getItem(at))),
    left: sliceReader(chunk.getColumnVector(2), chunk.getColumnVector(4)),
    right: sliceReader(chunk.getColumnVector(3), chunk.getColumnVector(5)),
  };
}

/** Whether the rows are those from `first` on, one after the other. */
function isRun(rows: Float64Array, first: number): boolean {
  return rows[0] === first && rows.every((row, at) => row === first + at);
}

function visitRows(pieces: readonly Piece[], visit: (row: VectorRow) => void): void {
  const places = pieces.flatMap((piece) =>
    Array.from(piece.rows, (row, index) => ({
      piece,
      index,
      row,
      shardId: piece.shards[index] ?? 0,
    })),
  );
  for (const { piece, index, row, shardId } of places.toSorted(
    (a, b) => a.shardId - b.shardId || a.row - b.row,
  ))
    visit({ shardId, row, left: piece.left(index), right: piece.right(index) });
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

/** Small shards several at a time, large ones by row groups, large row groups alone: one thread reads those, in order. */
async function planRanges(database: Database): Promise<readonly Range[]> {
  const shards = await database.rows(
    `select ledger.shard_id, ledger.n, ledger.last, shards.row_group_rows_max as length
     from (
       select shard_id, count(*) as n, max(row_number) as last from ledger group by shard_id
     ) as ledger left join shards using (shard_id)
     order by ledger.shard_id`,
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
    const length = Math.max(1, maybe(shard['length'], numberOf) ?? 1);
    const step = Math.max(1, Math.floor(ROWS_PER_QUERY / length)) * length;
    for (const rows of stepsOf(0, numberOf(shard['last']) + 1, step))
      ranges.push({ first: id, last: id, rows });
  }
  close();
  return ranges;
}

function stepsOf(
  from: number,
  to: number,
  step: number,
): readonly { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => ({
    from: from + index * step,
    to: Math.min(to, from + (index + 1) * step),
  }));
}

/** The list of row `index` as a slice of the chunk's flat array, without copying; `lengths` are null where lists are. */
function sliceReader(vector: DuckDBVector, lengths: DuckDBVector): (index: number) => VectorSlice {
  if (!(vector instanceof DuckDBListVector)) return () => null;
  const values = flatFloats(vector.childVector);
  return (index) =>
    lengths.getItem(index) === null
      ? null
      : { values, start: vector.getEntryOffset(index), length: vector.getEntryLength(index) };
}

/** The typed array behind the vector, as DuckDB wrote it; only where a list holds nulls a copy, with NaN for them. */
function flatFloats(vector: DuckDBVector): Float32Array {
  const items: unknown = vector instanceof DuckDBFloatVector ? Reflect.get(vector, 'items') : null;
  if (items instanceof Float32Array && isWhole(Reflect.get(vector, 'validity'), items.length))
    return items;
  return Float32Array.from({ length: vector.itemCount }, (_, index) =>
    Number(vector.getItem(index) ?? Number.NaN),
  );
}

/** Whether none of `length` values is null: by a mask of a bit each, left out by DuckDB where all are there. */
function isWhole(validity: unknown, length: number): boolean {
  const mask: unknown =
    typeof validity === 'object' && validity !== null ? Reflect.get(validity, 'data') : undefined;
  if (mask === null) return true;
  if (!(mask instanceof BigUint64Array)) return false;
  const words = Math.floor(length / 64);
  for (let word = 0; word < words; word += 1) if (mask[word] !== 0xffffffffffffffffn) return false;
  const rest = (1n << BigInt(length % 64)) - 1n;
  return ((mask[words] ?? 0n) & rest) === rest;
}
