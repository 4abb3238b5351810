import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';

/** What a statement reads of Parquet files: columns, and texts of filters in which others are named. */
type StatementReads = {
  readonly columns: readonly string[];
  readonly filters: readonly string[];
};

/** Values and types that are bound to the parameters of a statement. */
export type Bound = {
  readonly values: Record<string, DuckDBValue>;
  readonly types: Record<string, DuckDBType>;
};

/** Statements that can read rows; all others are not looked into. */
const READS = /\b(select|from|copy|pivot|summarize)\b/i;

/**
 * What a statement will read of Parquet files, as DuckDB plans it: null if it cannot be told, because it is none that can be
 * explained, or several.
 */
export async function explainReads(
  connection: DuckDBConnection,
  sql: string,
  bound: Bound,
): Promise<StatementReads | null> {
  const nothing = { columns: [], filters: [] };
  if (!READS.test(sql)) return nothing;
  const statements = await connection.extractStatements(sql).catch(() => null);
  // What DuckDB cannot parse it will not run either.
  if (statements === null) return nothing;
  if (statements.count > 1) return null;
  const planned = await connection
    .runAndReadAll(`explain (format json) ${sql}`, bound.values, bound.types)
    .catch(() => null);
  if (planned === null) return nothing;
  const reads: { columns: string[]; filters: string[] } = { columns: [], filters: [] };
  for (const row of planned.getRowsJson()) {
    const plan = row[1];
    if (typeof plan === 'string' && plan.startsWith('[')) collect(JSON.parse(plan), reads);
  }
  return reads;
}

function collect(node: unknown, into: { columns: string[]; filters: string[] }): void {
  if (Array.isArray(node)) {
    for (const each of node) collect(each, into);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const name: unknown = Reflect.get(node, 'name');
  const info: unknown = Reflect.get(node, 'extra_info');
  if (
    typeof name === 'string' &&
    /PARQUET/.test(name) &&
    typeof info === 'object' &&
    info !== null
  ) {
    into.columns.push(...textsAt(info, 'Projections'));
    for (const each of Object.keys(info).filter((key) => /filter/i.test(key)))
      into.filters.push(...textsAt(info, each));
  }
  collect(Reflect.get(node, 'children'), into);
}

function textsAt(info: object, name: string): string[] {
  const value: unknown = Reflect.get(info, name);
  const values = Array.isArray(value) ? value : [value];
  return values.filter((each): each is string => typeof each === 'string' && each !== '');
}

/** Which leaves of a file a statement reads; a name in a filter counts wherever it could be meant. */
export function leavesRead(reads: StatementReads, leaves: Iterable<string>): Set<string> {
  const all = [...leaves].map((leaf) => ({ leaf, own: leaf.toLowerCase() }));
  const filters = reads.filters.map((each) => each.toLowerCase());
  const wanted = new Set<string>();
  for (const column of reads.columns) {
    let steps = column.toLowerCase();
    // `s.a` is a field of a structure; of one in a list the leaf has more steps, and all of `s` is taken.
    while (steps !== '' && !all.some(({ own }) => isAt(own, steps)))
      steps = steps.slice(0, Math.max(0, steps.lastIndexOf('.')));
    for (const { leaf, own } of all) if (steps !== '' && isAt(own, steps)) wanted.add(leaf);
  }
  for (const { leaf, own } of all) {
    const top = own.split('.')[0] ?? own;
    if (filters.some((filter) => isNamedIn(own, filter) || isNamedIn(top, filter)))
      wanted.add(leaf);
  }
  return wanted;
}

function isAt(leaf: string, steps: string): boolean {
  return leaf === steps || leaf.startsWith(`${steps}.`);
}

function isNamedIn(name: string, text: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + name.length] ?? ' '];
    if (!/\w/.test(before) && !/\w/.test(after)) return true;
  }
  return false;
}
