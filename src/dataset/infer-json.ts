import type { DuckDBConnection } from '@duckdb/node-api';

import { MOST_JSON_COLUMNS } from './json-columns.ts';
import { numberOf, readRows, textOf } from './rows.ts';
import { quoteLiteral } from './sql-quote.ts';

/** A line that is one JSON object; every other line is a bad row. */
export const IS_OBJECT = `case when overflow is null and json_valid(line) then json_type(line) = 'OBJECT' else false end`;

const LINE_OBJECT = `case when ${IS_OBJECT} then line end`;

const INTEGERS: ReadonlySet<string> = new Set(['UBIGINT', 'BIGINT', 'HUGEINT']);

/** What a shard of JSON objects holds: good and bad rows, and the structure of each key as `json_structure` writes it. */
type JsonInference = {
  readonly rows: number;
  readonly badRows: number;
  readonly structure: Readonly<Record<string, unknown>>;
};

/**
 * Structure of all objects of a relation with `line` and `overflow`. Types of scalars come from `json_type`, and only
 * nested keys go through `json_group_structure`, which takes ten times as long.
 */
export async function inferJson(
  connection: DuckDBConnection,
  from: string,
): Promise<JsonInference> {
  const [counts] = await readRows(
    connection,
    `select count(*) filter (where is_row) as good,
       count(*) filter (where case when is_row then false else overflow is not null or trim(line) <> '' end) as bad
     from (select line, overflow, ${IS_OBJECT} as is_row from ${from})`,
  );
  const keys = await readRows(
    connection,
    `select k from (
       select k, min(n) as first, min(p) as place
       from (select unnest(ks) as k, unnest(range(len(ks))) as p, n from (select json_keys(${LINE_OBJECT}) as ks, row_number() over () as n from ${from}))
       group by k)
     order by first, place, k limit ${MOST_JSON_COLUMNS + 1}`,
  );
  const names = keys.map((row) => textOf(row['k']));
  if (names.length > MOST_JSON_COLUMNS)
    throw new Error(
      `its JSON rows have more than ${MOST_JSON_COLUMNS.toLocaleString('en')} different keys: put the changing ones inside one nested object`,
    );
  const structure = names.length === 0 ? {} : await structureOf(connection, from, names);
  return { rows: numberOf(counts?.['good']), badRows: numberOf(counts?.['bad']), structure };
}

/** A JSON pointer to a key of the object. */
export function pointerTo(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

async function structureOf(
  connection: DuckDBConnection,
  from: string,
  keys: readonly string[],
): Promise<Record<string, unknown>> {
  const pointers = keys.map((key) => quoteLiteral(pointerTo(key))).join(', ');
  const rows = await readRows(
    connection,
    `select k, t from (select unnest(range(${keys.length})) as k, unnest(json_type(${LINE_OBJECT}, [${pointers}])) as t from ${from})
     where t is not null and t <> 'NULL' group by k, t`,
  );
  const types = new Map<number, string[]>();
  for (const row of rows)
    types.set(numberOf(row['k']), [...(types.get(numberOf(row['k'])) ?? []), textOf(row['t'])]);
  const nested = keys.filter((_, i) => {
    const [only, ...more] = types.get(i) ?? [];
    return more.length === 0 && (only === 'OBJECT' || only === 'ARRAY');
  });
  const structures = await nestedStructures(connection, from, nested);
  const entries = keys.map((key, i): [string, unknown] => [
    key,
    structures.get(key) ?? scalarType(types.get(i) ?? []),
  ]);
  return Object.fromEntries(entries);
}

/** Structures of nested keys, as `json_group_structure` writes them. */
export async function nestedStructures(
  connection: DuckDBConnection,
  from: string,
  keys: readonly string[],
): Promise<Map<string, unknown>> {
  if (keys.length === 0) return new Map();
  const selected = keys.map(
    (key, i) => `json_group_structure(o -> ${quoteLiteral(pointerTo(key))})::varchar as s${i}`,
  );
  const [row] = await readRows(
    connection,
    `select ${selected.join(', ')} from (select ${LINE_OBJECT}::json as o from ${from})`,
  );
  return new Map(
    keys.map((key, i): [string, unknown] => [key, JSON.parse(textOf(row?.[`s${i}`])) as unknown]),
  );
}

/** What holds values of these JSON types. */
export function scalarType(types: readonly string[]): string {
  const [only = 'NULL', ...more] = types;
  if (more.length === 0) return only;
  if (types.every((type) => INTEGERS.has(type))) return 'HUGEINT';
  return types.every((type) => INTEGERS.has(type) || type === 'DOUBLE') ? 'DOUBLE' : 'JSON';
}
