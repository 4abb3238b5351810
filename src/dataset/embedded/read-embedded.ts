import { open } from 'node:fs/promises';

import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBBlobValue } from '@duckdb/node-api';

import type { RowSource, ShardReading } from '../source.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID } from '../source.ts';
import { type EmbeddedColumn, valueSql } from './embedded-columns.ts';
import { type Cell, findLeaf, readCells } from './parquet-cells.ts';
import { type CellFooter, readCellFooter } from './parquet-footer.ts';

/** Rows whose bytes are asked for in one query, where pages cannot be read one by one. */
const ROWS_PER_QUERY = 16;

/** Footers by path, kept by the caller: a sample comes back to each shard for each column. */
export type Footers = Map<string, CellFooter>;

const MOST_FOOTERS = 64;

/** Of a store, this much is asked for at once where the length of a value is wanted: the next values may lie in it too. */
const STORE_WINDOW_BYTES = 256 * 1024;

/**
 * Bytes of some rows of one shard, in the order of rows. Parquet pages are read one by one, so that memory holds one page;
 * other formats and rare encodings are asked of DuckDB, a few rows at a time. Throws what a damaged shard makes its reader throw.
 */
export async function* readEmbedded(
  connection: DuckDBConnection,
  source: RowSource,
  shard: ShardReading,
  column: EmbeddedColumn,
  rows: readonly number[],
  footers: Footers = new Map(),
): AsyncGenerator<Cell, void, undefined> {
  const sorted = [...new Set(rows)].toSorted((a, b) => a - b);
  if (source.cells !== undefined) {
    yield* source.cells(shard, column, sorted);
    return;
  }
  const done = new Set<number>();
  if (source.parquet !== undefined) {
    try {
      for await (const cell of readParquetCells(shard.file, column, sorted, footers)) {
        done.add(cell.row);
        yield column.isBase64 ? fromBase64(cell) : cell;
      }
    } catch (error) {
      // Delta-coded values, rare codecs: DuckDB knows them all, at the price of whole vectors of values.
      if (!(error instanceof Error && /not read one by one/.test(error.message))) throw error;
    }
  }
  const rest = sorted.filter((row) => !done.has(row));
  for (let at = 0; at < rest.length; at += ROWS_PER_QUERY)
    yield* queryCells(connection, source.from, shard, column, rest.slice(at, at + ROWS_PER_QUERY));
}

async function* readParquetCells(
  shard: ShardReading['file'],
  column: EmbeddedColumn,
  rows: readonly number[],
  footers: Footers,
): AsyncGenerator<Cell, void, undefined> {
  const { path, twin } = shard;
  const file = await open(path, 'r');
  try {
    const readFile = async (start: number, length: number): Promise<Uint8Array> => {
      const bytes = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(bytes, 0, length, start);
      return bytes.subarray(0, bytesRead);
    };
    // Pages of a shard in a store are asked for one by one too: its file here has holes.
    const read = twin?.read ?? readFile;
    let footer = footers.get(path);
    if (footer === undefined) {
      footer = await readCellFooter(read, twin?.sizeBytes ?? (await file.stat()).size);
      if (footers.size >= MOST_FOOTERS) footers.clear();
      footers.set(path, footer);
    }
    const leaf = findLeaf(footer, column.source, column.field);
    // A shard without the column has nulls.
    if (leaf < 0) return;
    const window_bytes = twin === undefined ? 4 : STORE_WINDOW_BYTES;
    const names = new Map<number, string | null>();
    const nameLeaf =
      column.isList && column.pathField !== null
        ? findLeaf(footer, column.source, column.pathField)
        : -1;
    if (nameLeaf >= 0)
      for await (const { row, bytes } of readCells(read, footer, nameLeaf, rows, window_bytes))
        names.set(row, bytes === null ? null : Buffer.from(bytes).toString('utf8'));
    for await (const cell of readCells(read, footer, leaf, rows, window_bytes))
      yield { ...cell, name: names.get(cell.row) ?? null };
  } finally {
    await file.close();
  }
}

async function* queryCells(
  connection: DuckDBConnection,
  from: string,
  shard: ShardReading,
  column: EmbeddedColumn,
  rows: readonly number[],
): AsyncGenerator<Cell, void, undefined> {
  const value = column.isBase64
    ? `try(from_base64(regexp_replace(regexp_replace(${valueSql(column)}, '^data:[^,]{0,100},', ''), '\\s+', '', 'g')))`
    : valueSql(column);
  const reader = await connection.runAndReadAll(
    `select ${SOURCE_ROW_NUMBER}::bigint as n, ${value} as bytes from ${from}
     where ${SOURCE_SHARD_ID} = ${shard.file.index} and ${SOURCE_ROW_NUMBER} in (${rows.join(', ')}) order by n`,
  );
  for (const [row, bytes] of reader.getRows())
    yield { row: Number(row), bytes: bytes instanceof DuckDBBlobValue ? bytes.bytes : null };
}

/** The same as {@link queryCells} asks of DuckDB: lines may be broken, and what is no base64 is no bytes. */
function fromBase64(cell: Cell): Cell {
  if (cell.bytes === null) return cell;
  const text = Buffer.from(cell.bytes)
    .toString('latin1')
    .replace(/^data:[^,]{0,100},/, '')
    .replaceAll(/\s+/g, '');
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return { ...cell, bytes: isBase64 ? Buffer.from(text, 'base64') : null };
}
