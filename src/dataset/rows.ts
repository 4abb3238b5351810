import type { DuckDBConnection } from '@duckdb/node-api';

import { fetchFor } from './remote/remote-manifest.ts';

export type Cell =
  | string
  | number
  | boolean
  | null
  | readonly Cell[]
  | { readonly [name: string]: Cell };

/** Rows of a query as JSON values: integers of 64 bits come as text, so nothing is rounded. */
export async function readRows(
  connection: DuckDBConnection,
  sql: string,
): Promise<readonly Readonly<Record<string, Cell>>[]> {
  await fetchFor(connection, sql);
  const reader = await connection.runAndReadAll(sql);
  const names = reader.deduplicatedColumnNames();
  return reader.getRowsJson().map((values) => rowOf(names, values));
}

/** A row by the names of its columns, whatever these are: assigning to a column called `__proto__` would lose it. */
export function rowOf<T>(
  names: readonly string[],
  values: readonly T[],
): Readonly<Record<string, T>> {
  const cells: [string, T][] = [];
  for (const [index, value] of values.entries()) {
    const name = names[index];
    if (name !== undefined) cells.push([name, value]);
  }
  return Object.fromEntries(cells);
}

export function textOf(cell: Cell | undefined): string {
  return typeof cell === 'string'
    ? cell
    : cell === null || cell === undefined
      ? ''
      : JSON.stringify(cell);
}

export function textsOf(cell: Cell | undefined): string[] {
  return Array.isArray(cell) ? cell.map((each: Cell) => textOf(each)) : [];
}

export function numberOf(cell: Cell | undefined): number {
  return cell === null || cell === undefined ? 0 : Number(cell);
}

/** The first line of an error of DuckDB or the file system, at most 500 characters. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').replaceAll(/\s+/g, ' ').slice(0, 500);
}

/** Why a shard cannot be read; an interruption and a lack of memory are the run's failures and go on. */
export function shardErrorText(error: unknown): string {
  const text = errorText(error);
  if (/^(INTERRUPT|Out of Memory)/.test(text)) throw error;
  return text;
}

/** Why a single shard or row group cannot be decoded: a value too large for the memory limit is its own fault. */
export function partErrorText(error: unknown): string {
  const text = errorText(error);
  return text.startsWith('Out of Memory')
    ? `a value needs more memory than the limit: ${text}`
    : shardErrorText(error);
}

/** For `.catch`: no rows where the data cannot be read; an interruption goes on. */
export function noRows(error: unknown): [] {
  shardErrorText(error);
  return [];
}
