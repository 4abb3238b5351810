import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from './shard-file.ts';
import { readRows, textOf } from './rows.ts';
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';

/** Rows of text and Arrow shards up to this size stay in memory: a file costs more than it saves. */
const IN_MEMORY_BYTES = 32 * 1024 * 1024;

/** What gzip and zstd make of text, at most. */
const COMPRESSION_RATIO = 8;

/**
 * Rows that are compressed together, each thread holding several such groups outside of the memory limit: of DuckDB's 122,880
 * captions of 100 words they take 190 MB beside a limit of 300 MB, of these 50 MB.
 */
const ROW_GROUP_ROWS = 30_720;

/** Files of each room, so that closing it can remove them. */
const STORES = new WeakMap<DuckDBConnection, string[]>();

/** Names of the database files that are attached for each room. */
const ATTACHED = new WeakMap<DuckDBConnection, Set<string>>();

/** Takes rows value by value: the fast way into a table. */
export type RowAppender = Awaited<ReturnType<DuckDBConnection['createAppender']>>;

/**
 * Where rows that are parsed once are kept: in memory, or for large shards in a compressed database file in the folder that
 * DuckDB spills to. Gives what table names begin with; {@link removeRowStores} takes the file away.
 */
export async function openRowStore(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
): Promise<string> {
  const bytes = files.reduce(
    (sum, file) => sum + file.bytes * (file.compression === 'none' ? 1 : COMPRESSION_RATIO),
    0,
  );
  if (bytes <= IN_MEMORY_BYTES) return '';
  const [row] = await readRows(
    connection,
    `select current_setting('temp_directory') as folder, current_schema() as schema`,
  );
  const folder = textOf(row?.['folder']);
  if (folder === '') return '';
  mkdirSync(folder, { recursive: true });
  // Two versions of a dataset are opened in two schemas of one room.
  const name = `dailies_rows_${textOf(row?.['schema'])}`;
  const attached = ATTACHED.get(connection) ?? new Set();
  ATTACHED.set(connection, attached);
  if (attached.has(name)) return prefixOf(name);
  attached.add(name);
  const path = join(folder, `${name}-${randomBytes(4).toString('hex')}.duckdb`);
  STORES.set(connection, [...(STORES.get(connection) ?? []), path]);
  await connection.run(
    `attach ${quoteLiteral(path)} as ${quoteIdentifier(name)} (row_group_size ${ROW_GROUP_ROWS})`,
  );
  return prefixOf(name);
}

function prefixOf(name: string): string {
  return `${quoteIdentifier(name)}.main.`;
}

/** Opens a table behind a prefix that {@link openRowStore} gave for appending. */
export async function appendTo(
  connection: DuckDBConnection,
  prefix: string,
  table: string,
): Promise<RowAppender> {
  if (prefix !== '') {
    const name = [...(ATTACHED.get(connection) ?? [])].find((each) => prefixOf(each) === prefix);
    return connection.createAppender(table, 'main', name);
  }
  const [row] = await readRows(connection, 'select current_schema() as schema');
  return connection.createAppender(table, textOf(row?.['schema']));
}

/** A path for a file or folder of the room's own, beside what DuckDB spills; {@link removeRowStores} takes it away. */
export async function scratchFile(
  connection: DuckDBConnection,
  extension: string,
): Promise<string> {
  const [row] = await readRows(connection, `select current_setting('temp_directory') as folder`);
  const wanted = textOf(row?.['folder']);
  const folder = isAbsolute(wanted) ? wanted : tmpdir();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `dailies-${randomBytes(6).toString('hex')}.${extension}`);
  STORES.set(connection, [...(STORES.get(connection) ?? []), path]);
  return path;
}

/** Removes what {@link openRowStore} and {@link scratchFile} left on disk. Call it when the database is closed. */
export function removeRowStores(connection: DuckDBConnection): void {
  for (const path of STORES.get(connection) ?? [])
    for (const suffix of ['', '.wal']) rmSync(`${path}${suffix}`, { force: true, recursive: true });
}
