import type { DuckDBConnection } from '@duckdb/node-api';

import { DailiesError } from '../../dailies-error.ts';
import { errorText } from '../rows.ts';
import { scratchFile } from '../row-store.ts';
import { ScratchDatabase } from '../scratch-database.ts';
import { quoteLiteral } from '../sql-quote.ts';
import { newestIcebergMetadata, TABLE_NAMES, type TableKind } from './find-table.ts';

/** What to do where the table cannot be read, by kind. */
const ALTERNATIVES: Readonly<Record<TableKind, string>> = {
  delta:
    'write the rows out as plain Parquet (REORG TABLE … APPLY (PURGE) drops deletion vectors), or install the extension: duckdb -c "install delta"',
  iceberg:
    'write the rows out as plain Parquet, or install the extension: duckdb -c "install iceberg"',
  lance: 'write the rows out as Parquet, or install the extension: duckdb -c "install lance"',
  hudi: 'write a snapshot of the rows out as plain Parquet',
};

/** Extensions are loaded if they are installed, and never fetched. */
const NO_FETCHING = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
};

/** A table that only an extension of DuckDB can read, and none is installed: DailiesError `dataset` with the alternative. */
export async function requireExtension(
  kind: TableKind,
  folder: string,
  reason: string | null,
): Promise<void> {
  const missing = await whyNotLoadable(kind);
  if (missing === null) return;
  throw new DailiesError(
    'dataset',
    `${folder} is a table of ${TABLE_NAMES[kind]}${reason === null ? '' : `, and ${reason}`}: its files are not its rows, so they are not read as they lie there (${missing})`,
    { hint: ALTERNATIVES[kind] },
  );
}

async function whyNotLoadable(kind: TableKind): Promise<string | null> {
  if (kind === 'hudi') return 'no extension reads it';
  const room = new ScratchDatabase({ threads: '1', memory_limit: '256MB', ...NO_FETCHING });
  try {
    await room.use((connection) => connection.run(`load ${kind}`));
    return null;
  } catch (error) {
    return `DuckDB's extension ${kind} is not installed: ${errorText(error).slice(0, 120)}`;
  } finally {
    room.close();
  }
}

/**
 * The rows of a table as they are now, written by DuckDB's extension into a Parquet file beside what the room spills.
 * Gives its path. Throws DailiesError `dataset` if the extension refuses the table.
 */
export async function copyTable(
  connection: DuckDBConnection,
  kind: TableKind,
  folder: string,
): Promise<string> {
  const path = await scratchFile(connection, 'parquet');
  const room = await ScratchDatabase.like(connection, NO_FETCHING);
  try {
    const from = await relationOf(kind, folder);
    await room.use(async (scratch) => {
      await scratch.run(`load ${kind}`);
      await scratch.run(`copy (select * from ${from}) to ${quoteLiteral(path)} (format parquet)`);
    });
    return path;
  } catch (error) {
    throw new DailiesError(
      'dataset',
      `DuckDB's extension ${kind} cannot read ${folder}: ${errorText(error)}`,
      {
        hint: ALTERNATIVES[kind],
      },
    );
  } finally {
    room.close();
  }
}

async function relationOf(kind: TableKind, folder: string): Promise<string> {
  if (kind === 'delta') return `delta_scan(${quoteLiteral(folder)})`;
  if (kind !== 'iceberg') return quoteLiteral(folder);
  const metadata = (await newestIcebergMetadata(folder)) ?? folder;
  return `iceberg_scan(${quoteLiteral(metadata)}, allow_moved_paths = true)`;
}
