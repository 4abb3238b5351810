import { quoteIdentifier } from './sql-quote.ts';

/** Columns of a table in their order: the DuckDB type of each, alone or beside what else is known of it. */
export type TableColumns = Readonly<Record<string, string | { readonly type: string }>>;

/** Name and DuckDB type of each column. */
export function typedColumns(
  columns: TableColumns,
): readonly { readonly name: string; readonly type: string }[] {
  return Object.entries(columns).map(([name, column]) => ({
    name,
    type: typeof column === 'string' ? column : column.type,
  }));
}

/** The statement that makes a table anew, without rows. */
export function createTableSql(
  table: string,
  columns: TableColumns,
  kind: 'table' | 'temp table' = 'table',
): string {
  const list = typedColumns(columns).map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
  return `create or replace ${kind} ${quoteIdentifier(table)} (${list.join(', ')})`;
}

/** Whether a dictionary of tables knows one of this name. */
export function hasTable<T extends object>(
  tables: T,
  name: string,
): name is Extract<keyof T, string> {
  return Object.hasOwn(tables, name);
}
