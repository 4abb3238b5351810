import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { filePathOf } from '../media/medium-text.ts';
import { resolveMediaPath } from './media-path.ts';
import type { OpenDataset } from './opened-dataset.ts';
import { readRows, textOf } from './rows.ts';
import { isMediaName } from './shard-format.ts';
import { textHash } from './text-hash.ts';
import { createTableSql } from './table-columns.ts';
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';

/** Columns of the table `unnamed_files`: folders that hold media beside those that rows name, one row a folder. */
export const UNNAMED_FILE_COLUMNS = {
  folder: 'VARCHAR',
  files: 'BIGINT',
  unnamed: 'BIGINT',
  bytes: 'BIGINT',
  first: 'VARCHAR',
} as const;

/** Folders and files that are listed at most: a listing of more takes minutes on a network disk. */
const MOST_FOLDERS = 50_000;
const MOST_FILES = 2_000_000;

/** Unnamed files of a folder whose sizes are asked for; the rest is taken to be as large on average. */
const SIZED_FILES = 100;

const LISTED = 'listed_media';

/**
 * Fills `unnamed_files`, once the ledger is written: media that lie beside the media of the manifest and that no row names. Only folders in which a row
 * names a file that is there are listed, without those below, and only files whose extension the manifest uses there: so
 * neither other datasets below one root, nor thumbnails and sidecars count.
 */
export async function findUnnamedFiles(
  connection: DuckDBConnection,
  dataset: OpenDataset,
  signal?: AbortSignal,
): Promise<void> {
  await connection.run(createTableSql('unnamed_files', UNNAMED_FILE_COLUMNS));
  const isAllNamed = dataset.format === 'media' || dataset.format === 'tar';
  if (isAllNamed || dataset.mediaColumns.length === 0) return;
  await connection.run(
    `create or replace temp table ${LISTED} (folder varchar, name varchar, extension varchar)`,
  );
  await listFolders(connection, dataset, signal);
  // Rows spell a folder in their own ways (`./a.mp4`, an absolute path), so each spelling of a listed file is looked up by hash.
  const others = dataset.mediaColumns
    .filter((column) => column !== 'path')
    .map(
      (column) => `union all select ${textHash(`${quoteIdentifier(column)}::varchar`)} from clips`,
    );
  await connection.run(
    `create or replace temp table named_listed as
     select distinct l.folder, l.name from ${LISTED} l join spelt_folders s using (folder)
     where ${textHash('s.spelling || l.name')} in (select path_hash from ledger ${others.join(' ')})`,
  );
  const rows = await readRows(
    connection,
    `with used as (
       select distinct l.folder, l.extension from ${LISTED} l join named_listed n using (folder, name)
     ), beside as (
       select l.folder, l.name, n.name is not null as is_named
       from ${LISTED} l join used using (folder, extension) left join named_listed n using (folder, name)
     )
     select folder, count(*) as files, count(*) filter (where not is_named) as unnamed,
       min(name) filter (where not is_named) as first, list(name order by name) filter (where not is_named)[1:${SIZED_FILES}] as names
     from beside group by folder having unnamed > 0 order by folder`,
  );
  for (const row of rows) {
    const folder = textOf(row['folder']);
    const names = Array.isArray(row['names']) ? row['names'].map((name) => textOf(name)) : [];
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(join(folder, name)).catch(() => null))?.size ?? 0),
    );
    const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
    const shown = relative(dataset.mediaRoot, folder).split(sep).join('/');
    await connection.run(
      `insert into unnamed_files values (${quoteLiteral(shown === '' ? '.' : shown)}, ${textOf(row['files'])}, ${textOf(row['unnamed'])},
         ${Math.round(mean * Number(row['unnamed']))}, ${quoteLiteral(textOf(row['first']))})`,
    );
  }
  for (const table of [LISTED, 'named_listed', 'spelt_folders'])
    await connection.run(`drop table if exists ${table}`);
}

/** The folder of a path as it is spelt, with the last `/`. */
function folderOf(column: string): string {
  return `regexp_replace(${quoteIdentifier(column)}::varchar, '[^/]*$', '')`;
}

async function listFolders(
  connection: DuckDBConnection,
  dataset: OpenDataset,
  signal?: AbortSignal,
): Promise<void> {
  await connection.run(
    'create or replace temp table spelt_folders (spelling varchar, folder varchar)',
  );
  const spellings = await readRows(
    connection,
    `select distinct folder from (${dataset.mediaColumns
      .map(
        (column) =>
          `select ${folderOf(column)} as folder from clips where ${quoteIdentifier(column)} is not null`,
      )
      .join(' union all ')}) order by folder limit ${MOST_FOLDERS}`,
  );
  const listed = new Set<string>();
  const spelt = await connection.createAppender('spelt_folders');
  const files = await connection.createAppender(LISTED);
  let left = MOST_FILES;
  for (const row of spellings) {
    signal?.throwIfAborted();
    const spelling = textOf(row['folder']);
    const resolved = resolveMediaPath(dataset.mediaRoot, `${spelling}.`);
    const folder = resolved.ok ? filePathOf(resolved.medium) : null;
    if (folder === null) continue;
    spelt.appendVarchar(spelling);
    spelt.appendVarchar(folder);
    spelt.endRow();
    if (listed.has(folder) || left <= 0) continue;
    listed.add(folder);
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((each) => isMedium(each)).slice(0, left)) {
      files.appendVarchar(folder);
      files.appendVarchar(entry.name);
      files.appendVarchar(extname(entry.name).toLowerCase());
      files.endRow();
      left--;
    }
  }
  spelt.closeSync();
  files.closeSync();
}

function isMedium(entry: Dirent): boolean {
  return !entry.isDirectory() && !entry.name.startsWith('.') && isMediaName(entry.name);
}
