import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll } from 'vitest';

import { discoverShards } from '../src/dataset/discover-shards.ts';
import type { OpenDataset, OpenOptions } from '../src/dataset/opened-dataset.ts';
import { openDataset } from '../src/dataset/open-dataset.ts';
import type { Cell } from '../src/dataset/rows.ts';
import { removeRowStores } from '../src/dataset/row-store.ts';
import { readRows } from '../src/dataset/rows.ts';
import { quoteLiteral } from '../src/dataset/sql-quote.ts';

/** What the tests of a file leave behind; a hook that a test itself registers would never run. */
const leftovers: (() => void)[] = [];
afterAll(() => {
  for (const remove of leftovers.splice(0).toReversed()) remove();
});

/** A folder with the given files (text, bytes, or null for an empty folder), removed after the tests of the file. */
export function makeFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-dataset-'));
  leftovers.push(() => rmSync(folder, { recursive: true, force: true }));
  addFiles(folder, files);
  return folder;
}

export function addFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

export async function connect(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  leftovers.push(() => {
    connection.closeSync();
    removeRowStores(connection);
  });
  return connection;
}

/** Runs one statement in a room of its own: to write files with DuckDB. */
export async function runAlone(sql: string): Promise<void> {
  await (await connect()).run(sql);
}

export type Opened = {
  readonly dataset: OpenDataset;
  readonly connection: DuckDBConnection;
  readonly query: (sql: string) => Promise<readonly Readonly<Record<string, Cell>>[]>;
};

/** Opens inputs and closes the room, as a scan does: from then on only the listed files can be read. */
export async function open(
  inputs: string | readonly string[],
  options: OpenOptions = {},
): Promise<Opened> {
  const connection = await connect();
  const list = typeof inputs === 'string' ? [inputs] : inputs;
  const dataset = await openDataset(
    connection,
    await discoverShards(list, { cwd: tmpdir() }),
    options,
  );
  await connection.run(
    `set allowed_paths = [${dataset.files.map((file) => quoteLiteral(file)).join(', ')}]`,
  );
  await connection.run('set enable_external_access = false');
  await connection.run('set lock_configuration = true');
  return { dataset, connection, query: (sql) => readRows(connection, sql) };
}
