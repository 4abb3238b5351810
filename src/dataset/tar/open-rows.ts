import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from '../shard-file.ts';
import { IS_OBJECT, nestedStructures, pointerTo, scalarType } from '../infer-json.ts';
import { jsonColumns, MOST_JSON_COLUMNS } from '../json-columns.ts';
import { createRowTable, parseSql, repairedLines, widenTable } from '../open-json.ts';
import { errorText, numberOf, readRows, textOf } from '../rows.ts';
import { type RowSource, type ShardReading, readShard } from '../source.ts';
import { quoteLiteral } from '../sql-quote.ts';

const TABLE = 'manifest_rows';

const LINE_OBJECT = `case when ${IS_OBJECT} then line end`;

/** JSON types of a key in one shard. */
type ShardTypes = Map<number, Map<string, string[]>>;

/**
 * Rows of JSON objects of many shards that lie in one relation (`shard_id, sample, line`), inferred and parsed by one query each:
 * a data set has thousands of tars, and a few queries for each of them take longer than reading them. A line that is no object
 * costs its row.
 */
export async function openRows(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
  lines: string,
  prefix: string,
): Promise<RowSource> {
  // `overflow` stands for what only lines of files have.
  const from = repairedLines(
    `(select shard_id, sample, line, null::varchar as overflow from ${lines})`,
    ['shard_id', 'sample'],
  );
  const met = await readKeys(connection, from);
  const keys = met.slice(0, MOST_JSON_COLUMNS);
  const types = await readTypes(connection, from, keys);
  const structure = await structureOf(connection, from, keys, types);
  const columns = jsonColumns([structure], 'the dataset');
  const table = `${prefix}${TABLE}`;
  await createRowTable(connection, table, columns);
  const insert = async (isWide: boolean): Promise<void> => {
    const { values, object } = parseSql(columns, isWide);
    await connection.run(
      `insert into ${table}
       select ${[...values, 'shard_id', 'n'].join(', ')}
       from (
         select shard_id, n, is_row, case when is_row then line end as line, ${object} as o
         from (select shard_id, sample as n, line, ${IS_OBJECT} as is_row from ${from})
       )
       where is_row
       order by shard_id, n`,
    );
  };
  let isWide = false;
  try {
    await insert(isWide);
  } catch (error) {
    if (!errorText(error).startsWith('Conversion Error')) throw error;
    await widenTable(connection, table, columns);
    isWide = true;
    await insert(isWide);
  }
  return {
    from: table,
    columns: columns.map(({ name, type, wideType }) => ({ name, type: isWide ? wideType : type })),
    shards: await readShards(connection, files, from, structure, types),
    files: [],
    warnings:
      met.length === keys.length
        ? []
        : [
            `the .json of samples has more than ${MOST_JSON_COLUMNS.toLocaleString('en')} different keys, which are data where they change: those met last are left out`,
          ],
  };
}

/** All keys of the objects, in the order in which they are met. */
async function readKeys(connection: DuckDBConnection, from: string): Promise<readonly string[]> {
  const rows = await readRows(
    connection,
    `select k from (
       select k, min(shard_id * 1000000000000 + sample) as first, min(p) as place
       from (select unnest(ks) as k, unnest(range(len(ks))) as p, shard_id::hugeint as shard_id, sample
             from (select json_keys(${LINE_OBJECT}) as ks, shard_id, sample from ${from}))
       group by k)
     order by first, place, k limit ${MOST_JSON_COLUMNS + 1}`,
  );
  return rows.map((row) => textOf(row['k']));
}

async function readTypes(
  connection: DuckDBConnection,
  from: string,
  keys: readonly string[],
): Promise<ShardTypes> {
  const types: ShardTypes = new Map();
  if (keys.length === 0) return types;
  const pointers = keys.map((key) => quoteLiteral(pointerTo(key))).join(', ');
  const rows = await readRows(
    connection,
    `select shard_id, k, t
     from (select shard_id, unnest(range(${keys.length})) as k, unnest(json_type(${LINE_OBJECT}, [${pointers}])) as t from ${from})
     where t is not null
     group by shard_id, k, t order by shard_id, k, t`,
  );
  for (const row of rows) {
    const shard = numberOf(row['shard_id']);
    const key = keys[numberOf(row['k'])] ?? '';
    const own = types.get(shard) ?? new Map<string, string[]>();
    types.set(shard, own.set(key, [...(own.get(key) ?? []), textOf(row['t'])]));
  }
  return types;
}

async function structureOf(
  connection: DuckDBConnection,
  from: string,
  keys: readonly string[],
  types: ShardTypes,
): Promise<Readonly<Record<string, unknown>>> {
  const all = new Map(
    keys.map((key) => {
      const found = [...types.values()].flatMap((shard) => shard.get(key) ?? []);
      return [key, [...new Set(found)].filter((type) => type !== 'NULL')] as const;
    }),
  );
  const nested = keys.filter((key) => isNested(all.get(key) ?? []));
  const structures = await nestedStructures(connection, from, nested);
  return Object.fromEntries(
    keys.map((key): [string, unknown] => [
      key,
      structures.get(key) ?? scalarType(all.get(key) ?? []),
    ]),
  );
}

function isNested(types: readonly string[]): boolean {
  const [only, ...more] = types;
  return more.length === 0 && (only === 'OBJECT' || only === 'ARRAY');
}

/** What each shard holds: its rows, and the types that its own values have. */
async function readShards(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
  from: string,
  structure: Readonly<Record<string, unknown>>,
  types: ShardTypes,
): Promise<readonly ShardReading[]> {
  const counts = await readRows(
    connection,
    `select shard_id, count(*) filter (where is_row) as good, count(*) filter (where not is_row) as bad
     from (select shard_id, ${IS_OBJECT} as is_row from ${from}) group by shard_id`,
  );
  const byShard = new Map(counts.map((row) => [numberOf(row['shard_id']), row]));
  return files.map((file) => {
    const own = types.get(file.index) ?? new Map<string, string[]>();
    const found = Object.fromEntries(
      [...own].map(([key, each]): [string, unknown] => {
        const known = each.filter((type) => type !== 'NULL');
        return [key, isNested(known) ? structure[key] : scalarType(known)];
      }),
    );
    const schema = jsonColumns([found], file.name).map(({ name, type }) => ({ name, type }));
    const row = byShard.get(file.index);
    return readShard(file, numberOf(row?.['good']), numberOf(row?.['bad']), schema);
  });
}
