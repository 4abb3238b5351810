import type { DuckDBConnection } from '@duckdb/node-api';

import { numberOf, readRows, partErrorText } from './rows.ts';
import { ScratchDatabase } from './scratch-database.ts';
import type { ShardReading } from './source.ts';
import { plainReason } from './tell-shard-error.ts';
import { quoteIdentifier, quoteLiteral, quotePathList } from './sql-quote.ts';
import { createTableSql } from './table-columns.ts';

/** A row group of a Parquet shard of which a column cannot be decoded. Its rows are left out of `clips`. */
export type PageFault = {
  readonly shardId: number;
  readonly shard: string;
  readonly rowGroup: number;
  /** Null: every column can be read by itself, together they can't. */
  readonly columnName: string | null;
  /** First row of the row group, 0-based in the shard. */
  readonly firstRow: number;
  readonly rows: number;
  readonly error: string;
  /** Whether its store did not give it: nobody knows whether it is good, so it is left out and no fault of the data. */
  readonly isUnreachable?: boolean;
};

/** Columns of the table `page_faults`: one row for each row group and column that cannot be decoded. */
export const PAGE_FAULT_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  row_group: 'BIGINT',
  column_name: 'VARCHAR',
  first_row: 'BIGINT',
  rows: 'BIGINT',
  error: 'VARCHAR',
} as const;

/** Rows of a shard, half-open. */
type RowRange = { readonly firstRow: number; readonly endRow: number };

/**
 * Decodes Parquet shards whole, then the row groups of those that fail, then the columns of the row groups that fail.
 * Costs a full read; only asked for once a query over the shards has failed.
 */
export async function findPageFaults(
  like: DuckDBConnection,
  shards: readonly ShardReading[],
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly PageFault[]> {
  const scratch = await ScratchDatabase.like(like);
  const found: PageFault[] = [];
  try {
    for (const shard of shards.filter((each) => each.error === null)) {
      const { twin } = shard.file;
      if (twin !== undefined && twin.fault !== null) {
        const { message, isUnreachable } = twin.fault;
        const lost = await loseAll(scratch, shard, message);
        found.push(...lost.map((fault) => ({ ...fault, isUnreachable })));
        continue;
      }
      const error = await decode(scratch, shard, allColumns(shard), null, signal);
      if (error !== null) found.push(...(await lookInside(scratch, shard, error, signal)));
    }
    return found;
  } finally {
    scratch.close();
  }
}

async function lookInside(
  scratch: ScratchDatabase,
  shard: ShardReading,
  wholeError: string,
  signal: AbortSignal,
): Promise<readonly PageFault[]> {
  const base = { shardId: shard.file.index, shard: shard.file.name };
  const faults: PageFault[] = [];
  const groups = await rowGroups(scratch, shard);
  for (const [rowGroup, range] of groups.entries()) {
    const error = await decode(scratch, shard, allColumns(shard), range, signal);
    if (error === null) continue;
    const place = {
      ...base,
      rowGroup,
      firstRow: range.firstRow,
      rows: range.endRow - range.firstRow,
    };
    const columns: PageFault[] = [];
    for (const { name } of columnsHere(shard)) {
      const own = await decode(scratch, shard, quoteIdentifier(name), range, signal);
      if (own !== null) columns.push({ ...place, columnName: name, error: own });
    }
    faults.push(...(columns.length > 0 ? columns : [{ ...place, columnName: null, error }]));
  }
  if (faults.length > 0) return faults;
  // Each row group can be read, all of them together can't: nothing of the shard is to be trusted.
  return loseAll(scratch, shard, wholeError);
}

/** All row groups of a shard, for one reason. */
async function loseAll(
  scratch: ScratchDatabase,
  shard: ShardReading,
  error: string,
): Promise<readonly PageFault[]> {
  const groups = await rowGroups(scratch, shard);
  return groups.map((range, rowGroup) => ({
    shardId: shard.file.index,
    shard: shard.file.name,
    rowGroup,
    columnName: null,
    firstRow: range.firstRow,
    rows: range.endRow - range.firstRow,
    error,
  }));
}

/** Columns whose bytes are here: of a shard in a store those that were read so far. */
function columnsHere({ file, schema }: ShardReading): ShardReading['schema'] {
  return schema.filter(({ name }) => file.twin === undefined || file.twin.has(name));
}

function allColumns(shard: ShardReading): string {
  const here = columnsHere(shard);
  if (here.length === shard.schema.length) return '*columns(*)';
  return here.length === 0 ? '1' : here.map(({ name }) => quoteIdentifier(name)).join(', ');
}

async function rowGroups(
  scratch: ScratchDatabase,
  shard: ShardReading,
): Promise<readonly RowRange[]> {
  const rows = await scratch.use((connection) =>
    readRows(
      connection,
      `select row_group_id, any_value(row_group_num_rows) as n from parquet_metadata(${quotePathList([shard.file.path])})
       group by row_group_id order by row_group_id`,
    ),
  );
  let firstRow = 0;
  return rows.map((row) => {
    const range = { firstRow, endRow: firstRow + numberOf(row['n']) };
    firstRow = range.endRow;
    return range;
  });
}

/** The error that decoding brings up, null if there is none. */
async function decode(
  scratch: ScratchDatabase,
  shard: ShardReading,
  columns: string,
  range: RowRange | null,
  signal: AbortSignal,
): Promise<string | null> {
  const only = range === null ? '' : ` where ${rowsWithin(range)}`;
  try {
    await scratch.use(async (connection) => {
      signal.throwIfAborted();
      const stop = (): void => connection.interrupt();
      signal.addEventListener('abort', stop);
      try {
        await readRows(
          connection,
          `select bit_xor(hash(${columns}))::varchar as digest
           from read_parquet(${quotePathList([shard.file.path])}, hive_partitioning = false)${only}`,
        );
      } finally {
        signal.removeEventListener('abort', stop);
      }
    });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return plainReason(partErrorText(error));
  }
}

/** A predicate by which DuckDB skips whole row groups. */
export function rowsWithin({ firstRow, endRow }: RowRange): string {
  return `file_row_number >= ${firstRow} and file_row_number < ${endRow}`;
}

/** A predicate for the rows of a shard outside of the row groups with faults; null if none is left out. */
export function rowsOutside(faults: readonly PageFault[]): string | null {
  const firsts = new Map(faults.map((fault) => [fault.firstRow, fault.firstRow + fault.rows]));
  if (firsts.size === 0) return null;
  return [...firsts]
    .toSorted(([a], [b]) => a - b)
    .map(([firstRow, endRow]) => `(file_row_number < ${firstRow} or file_row_number >= ${endRow})`)
    .join(' and ');
}

/** Rows that faults leave out; a row group counts once however many of its columns are damaged. */
export function countFaultyRows(faults: readonly PageFault[]): number {
  const groups = new Map(
    faults.map((fault) => [`${fault.shardId}/${fault.rowGroup}`, fault.rows] as const),
  );
  return [...groups.values()].reduce((sum, rows) => sum + rows, 0);
}

/** Creates and fills the table `page_faults`. */
export async function createPageFaultsTable(
  connection: DuckDBConnection,
  faults: readonly PageFault[],
): Promise<void> {
  await connection.run(createTableSql('page_faults', PAGE_FAULT_COLUMNS));
  for (const fault of faults.filter((each) => each.isUnreachable !== true)) {
    const name = fault.columnName === null ? 'null' : quoteLiteral(fault.columnName);
    await connection.run(
      `insert into page_faults values (${fault.shardId}, ${quoteLiteral(fault.shard)}, ${fault.rowGroup}, ${name},
         ${fault.firstRow}, ${fault.rows}, ${quoteLiteral(fault.error)})`,
    );
  }
}

/** What a shard lost, for people: `row group 3 (rows 61440–81919), column caption: Out of buffer`. */
export function tellFaults(faults: readonly PageFault[]): string {
  const [first] = faults;
  if (first === undefined) return '';
  if (first.isUnreachable === true) return first.error;
  const column = first.columnName === null ? '' : `, column ${first.columnName}`;
  const more = faults.length > 1 ? `; and ${faults.length - 1} more` : '';
  return `row group ${first.rowGroup} (rows ${first.firstRow}–${first.firstRow + first.rows - 1})${column}: ${first.error}${more}`;
}
