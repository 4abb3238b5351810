import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { OpenDataset } from './opened-dataset.ts';
import { readRows, textOf } from './rows.ts';
import { ScratchDatabase } from './scratch-database.ts';
import { quotePathList } from './sql-quote.ts';
import { createTableSql } from './table-columns.ts';

/** Columns of the table `declared_columns`: those that a schema beside the manifest names. */
export const DECLARED_COLUMN_COLUMNS = {
  file: 'VARCHAR',
  name: 'VARCHAR',
  type: 'VARCHAR',
} as const;

/** Files beside Parquet shards that are a footer alone: pyarrow, Dask and Spark take the schema of all shards from them. */
const SUMMARY_FILES = ['_common_metadata', '_metadata'];

/** Fills `declared_columns` with the schemas of `_common_metadata` and `_metadata`, partition columns left out. */
export async function readDeclaredColumns(
  connection: DuckDBConnection,
  dataset: OpenDataset,
): Promise<void> {
  await connection.run(createTableSql('declared_columns', DECLARED_COLUMN_COLUMNS));
  const [first] = dataset.shards;
  if (first === undefined || dataset.format !== 'parquet' || dataset.remote !== null) return;
  const root = first.path.slice(0, first.path.length - first.name.length - 1) || '/';
  const folders = [root, ...(basename(root) === 'data' ? [dirname(root)] : [])];
  const partitions = new Set(
    dataset.source.shards.flatMap(({ file }) => Object.keys(file.partitions)),
  );
  const appender = await connection.createAppender('declared_columns');
  const scratch = await ScratchDatabase.like(connection);
  try {
    for (const path of folders.flatMap((folder) => SUMMARY_FILES.map((name) => join(folder, name))))
      for (const { name, type } of await schemaOf(scratch, path)) {
        if (partitions.has(name)) continue;
        appender.appendVarchar(basename(path));
        appender.appendVarchar(name);
        appender.appendVarchar(type);
        appender.endRow();
      }
  } finally {
    appender.closeSync();
    scratch.close();
  }
}

/** Columns of a footer; none if the file is not there or is no Parquet. */
async function schemaOf(
  scratch: ScratchDatabase,
  path: string,
): Promise<readonly { readonly name: string; readonly type: string }[]> {
  if ((await stat(path).catch(() => null))?.isFile() !== true) return [];
  const rows = await scratch
    .use((room) =>
      readRows(
        room,
        `describe select * from read_parquet(${quotePathList([path])}, hive_partitioning = false)`,
      ),
    )
    .catch(() => []);
  return rows.map((row) => ({
    name: textOf(row['column_name']),
    type: textOf(row['column_type']),
  }));
}
