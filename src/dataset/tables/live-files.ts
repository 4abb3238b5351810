import { basename, dirname } from 'node:path';

import { DailiesError } from '../../dailies-error.ts';
import type { Found } from '../choose-shards.ts';
import type { Discovery } from '../shard-file.ts';
import { type LiveFile, readDeltaLog } from './delta-log.ts';
import { findTable, TABLE_NAMES, type TableKind } from './find-table.ts';
import { readIcebergSnapshot } from './iceberg-snapshot.ts';
import { requireExtension } from './table-extension.ts';

/** Parquet files of the current version of a table; null if an extension of DuckDB has to read it. */
export async function liveFiles(
  folder: string,
  kind: TableKind,
  warnings: string[],
): Promise<readonly Found[] | null> {
  const table = await readTable(folder, kind);
  if (!table.ok) {
    await requireExtension(kind, folder, table.reason);
    return null;
  }
  const name = `${TABLE_NAMES[kind]} table`;
  if (table.files.length === 0)
    throw new DailiesError('dataset', `the ${name} ${folder} is empty at ${table.version}`);
  warnings.push(
    `${folder} is ${kind === 'iceberg' ? 'an' : 'a'} ${name}: its ${table.version} is read, ${table.files.length} ${table.files.length === 1 ? 'file' : 'files'}`,
  );
  return table.files.map((file) => ({ ...file, isExplicit: true }));
}

/** The live files of a table at its newest version, or why they cannot stand for its rows. */
async function readTable(
  folder: string,
  kind: TableKind,
): Promise<
  | { readonly ok: true; readonly version: string; readonly files: readonly LiveFile[] }
  | { readonly ok: false; readonly reason: string | null }
> {
  if (kind === 'delta') {
    const table = await readDeltaLog(folder);
    return table.ok ? { ...table, version: `version ${table.version}` } : table;
  }
  if (kind !== 'iceberg') return { ok: false, reason: null };
  const table = await readIcebergSnapshot(folder);
  return table.ok ? { ...table, version: `snapshot ${table.snapshot}` } : table;
}

/** A table as one shard that an extension of DuckDB reads. */
export function tableOf(folder: string, kind: TableKind): Discovery {
  const format = kind === 'hudi' ? 'parquet' : kind;
  const shard = { index: 0, name: basename(folder), path: folder, bytes: 0, format } as const;
  const shards = [{ ...shard, compression: 'none' as const, partitions: {}, error: null }];
  return { format, root: folder, shards, media: [], warnings: [] };
}

/** Named files of a table are read as they lie there, whether they are live or not: worth a word. */
export async function warnOfTables(paths: readonly string[]): Promise<readonly string[]> {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    // Data files lie in the table's folder, or below it by partitions or in data/.
    let folder = dirname(path);
    for (let steps = 0; steps < 4 && !seen.has(folder); steps++, folder = dirname(folder)) {
      seen.add(folder);
      const kind = await findTable(folder);
      if (kind === null) continue;
      warnings.push(
        `${folder} is a table of ${TABLE_NAMES[kind]}: files of it that are named one by one are read even where they are no part of its current version; name the folder instead`,
      );
    }
  }
  return warnings;
}
