import { type Database, textOf } from '../engine/database.ts';

/**
 * What the rule room lets a query do: read the tables that the rule declares, and nothing else.
 * DuckDB's own locks (`enable_external_access`, `lock_configuration`) stand behind this check, not in place of it.
 */
export type SqlCheck =
  | {
      readonly ok: true;
      readonly parameters: readonly string[];
      readonly qualifiers: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

/** Table functions that read nothing but their arguments. */
const HARMLESS_TABLE_FUNCTIONS = new Set(['unnest', 'range', 'generate_series']);

/** Scalar functions that look outside the tables or differ between two equal runs. */
const REFUSED_FUNCTIONS =
  /^(read_.*|glob|sniff_csv|getenv|getvariable|current_setting|set_config|nextval|currval|random|setseed|uuid|gen_random_uuid|uuidv\d|now|today|current_.*|get_current_.*|transaction_timestamp|txid_current|pg_.*|query|query_table|json_execute_serialized_sql|write_log|parse_duckdb_log_message|duckdb_.*|pragma_.*|which_secret|load_aws_credentials)$/;

/** Checks a whole SELECT against the tables that it may read. */
export async function checkSelect(
  database: Database,
  sql: string,
  tables: ReadonlySet<string>,
): Promise<SqlCheck> {
  const parsed = await parse(database, sql);
  if (!parsed.ok) return parsed;
  return walk(parsed.tree, tables);
}

/** Checks a row predicate: one boolean expression; sub-queries may read declared tables. */
export async function checkPredicate(
  database: Database,
  predicate: string,
  tables: ReadonlySet<string>,
): Promise<SqlCheck> {
  // Also without the parentheses, so that none can be closed and opened again from inside: `true) or (true`.
  const bare = await parse(database, `select ${predicate}\n`);
  if (!bare.ok) return bare;
  const parsed = await parse(database, `select (${predicate}\n)`);
  if (!parsed.ok) return parsed;
  const node = child(parsed.tree, 'node');
  const items = child(node, 'select_list');
  const from = child(node, 'from_table');
  if (child(node, 'type') !== 'SELECT_NODE' || !Array.isArray(items) || items.length !== 1) {
    return { ok: false, problem: 'a predicate is one boolean expression' };
  }
  if (child(from, 'type') !== 'EMPTY' || child(node, 'where_clause') !== null) {
    return { ok: false, problem: 'a predicate is an expression, not a query' };
  }
  return walk(parsed.tree, tables);
}

type Parsed =
  | { readonly ok: true; readonly tree: unknown }
  | { readonly ok: false; readonly problem: string };

async function parse(database: Database, sql: string): Promise<Parsed> {
  const row = await database.row('select json_serialize_sql($sql::varchar) as tree', { sql });
  const document: unknown = JSON.parse(textOf(row['tree']));
  if (child(document, 'error') === true) {
    return {
      ok: false,
      problem: `not a SELECT that DuckDB can parse: ${String(child(document, 'error_message'))}`,
    };
  }
  const statements = child(document, 'statements');
  if (!Array.isArray(statements) || statements.length !== 1) {
    return { ok: false, problem: 'exactly one statement is allowed' };
  }
  return { ok: true, tree: statements[0] };
}

function walk(tree: unknown, tables: ReadonlySet<string>): SqlCheck {
  const withNames = new Set<string>();
  const parameters = new Set<string>();
  const qualifiers = new Set<string>();
  const reads = new Set<string>();
  const problems: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const each of node) visit(each);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const kind = child(node, 'class');
    const type = child(node, 'type');
    if (type === 'BASE_TABLE') {
      if (child(node, 'catalog_name') !== '' || child(node, 'schema_name') !== '') {
        problems.push(
          `table ${String(child(node, 'table_name'))}: a catalog or schema is not allowed`,
        );
      }
      reads.add(String(child(node, 'table_name')).toLowerCase());
    }
    if (type === 'TABLE_FUNCTION' || type === 'FUNCTION_REF') {
      const name = functionName(child(node, 'function'));
      if (!HARMLESS_TABLE_FUNCTIONS.has(name))
        problems.push(`the table function ${name} is not allowed`);
    }
    if (type === 'SHOW_REF' || type === 'PIVOT') problems.push(`${type} is not allowed`);
    if (kind === 'FUNCTION') {
      const name = functionName(node);
      if (REFUSED_FUNCTIONS.test(name)) problems.push(`the function ${name} is not allowed`);
    }
    if (kind === 'PARAMETER') parameters.add(String(child(node, 'identifier')));
    if (kind === 'COLUMN_REF') {
      const names = child(node, 'column_names');
      if (Array.isArray(names) && names.length > 1) qualifiers.add(String(names[0]).toLowerCase());
    }
    const ctes = child(child(node, 'cte_map'), 'map');
    if (Array.isArray(ctes))
      for (const each of ctes) withNames.add(String(child(each, 'key')).toLowerCase());
    for (const value of Object.values(node)) visit(value);
  };
  visit(tree);
  for (const table of reads) {
    if (!withNames.has(table) && !tables.has(table)) {
      problems.push(`it reads ${table}, which needs: does not declare`);
    }
  }
  const [problem] = problems;
  if (problem !== undefined) return { ok: false, problem };
  return { ok: true, parameters: [...parameters], qualifiers: [...qualifiers] };
}

function functionName(node: unknown): string {
  return String(child(node, 'function_name')).toLowerCase();
}

function child(node: unknown, name: string): unknown {
  if (typeof node !== 'object' || node === null) return null;
  const entry = Object.entries(node).find(([key]) => key === name);
  return entry === undefined ? null : (entry[1] as unknown);
}

/**
 * Renames each `$name` parameter outside of strings, quoted identifiers and comments,
 * so that the predicates of many rules can stand in one statement.
 */
export function renameParameters(sql: string, rename: (name: string) => string): string {
  return sql.replaceAll(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)/g,
    (whole, name: string | undefined) => (name === undefined ? whole : `$${rename(name)}`),
  );
}
