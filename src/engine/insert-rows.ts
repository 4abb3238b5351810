import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { type TableColumns, typedColumns } from '../dataset/table-columns.ts';
import type { Database, SqlParameters } from './database.ts';
import { toJsonLine } from './json-line.ts';

/** Rows by column name; what a row does not have is null, and so is a number that is not finite. */
export type PlainRow = Readonly<Record<string, unknown>>;

/** Inserts rows by name, in one statement whatever their number. */
export async function insertRows(
  database: Database,
  table: string,
  columns: TableColumns,
  rows: readonly PlainRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await database.run(
    `insert into ${quoteIdentifier(table)} by name ${selectRows(columns)}`,
    bindRows(rows),
  );
}

/** A query over the rows that {@link bindRows} binds. */
export function selectRows(columns: TableColumns): string {
  const values = typedColumns(columns).map(({ name, type }) => {
    const value = `(row ->> ${quoteLiteral(name)})`;
    // Text of a list is a list only by way of JSON.
    return `${value}${type.endsWith('[]') ? '::json' : ''}::${type} as ${quoteIdentifier(name)}`;
  });
  return `select ${values.join(', ')} from (select unnest(from_json($rows::json, '["json"]')) as row)`;
}

/** The parameter of {@link selectRows}; integers beyond 2^53 keep their digits. */
export function bindRows(rows: readonly PlainRow[]): SqlParameters {
  return { rows: toJsonLine(rows) };
}
