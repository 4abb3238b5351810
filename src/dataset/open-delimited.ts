import type { DuckDBConnection } from '@duckdb/node-api';

import type { Dialect } from './delimited-dialect.ts';
import { detectDialect } from './delimited-dialect.ts';
import type { ShardFile } from './discover-shards.ts';
import { errorText, numberOf, readRows, textOf } from './rows.ts';
import { escapeGlob, quoteIdentifier, quoteLiteral } from './sql-quote.ts';
import type { NamedType, RowSource, ShardReading } from './source.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID, readShard, unreadShard } from './source.ts';
import { linesFrom } from './text-lines.ts';
import { widenSchemas } from './widen-types.ts';

const TEXT_TABLE = 'manifest_text';
const TABLE = 'manifest_rows';
const REJECTS = 'dailies_rejects';

/** CSV has columns by the header alone; more is a wrong delimiter or a transposed table. */
const MOST_COLUMNS = 2_000;

/** Lines that the dialect is judged by. */
const HEAD_LINES = 200;

/**
 * CSV and TSV shards, parsed once into a table: first all as text, so that no value is lost to a guess, then typed by
 * all values. A number with leading zeros stays text. Unquoted nothing is null, `""` is the empty text.
 */
export async function openDelimited(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
): Promise<RowSource> {
  const dialects: { file: ShardFile; dialect: Dialect }[] = [];
  const unread: ShardReading[] = [];
  for (const file of files) {
    try {
      dialects.push({ file, dialect: await readDialect(connection, file) });
    } catch (error) {
      unread.push(unreadShard(file, errorText(error)));
    }
  }
  const names = await widenSchemas(
    connection,
    dialects.map(({ dialect }) => dialect.names.map((name) => ({ name, type: 'VARCHAR' }))),
  );
  const numbering = [`${SOURCE_SHARD_ID} integer`, `${SOURCE_ROW_NUMBER} bigint`];
  await connection.run(
    `create or replace table ${TEXT_TABLE} (${[...names.map(({ name }) => `${quoteIdentifier(name)} varchar`), ...numbering].join(', ')})`,
  );
  const read: ShardReading[] = [];
  const warnings: string[] = [];
  for (const { file, dialect } of dialects) {
    try {
      const badRows = await insertShard(connection, file, dialect, names);
      const [counted] = await readRows(
        connection,
        `select count(*) as n from ${TEXT_TABLE} where ${SOURCE_SHARD_ID} = ${file.index}`,
      );
      const own = new Set(dialect.names.map((name) => name.toLowerCase()));
      read.push(
        readShard(
          file,
          numberOf(counted?.['n']),
          badRows,
          await columnTypes(
            connection,
            names.filter(({ name }) => own.has(name.toLowerCase())),
            file.index,
          ),
        ),
      );
      if (!dialect.hasHeader)
        warnings.push(
          `${file.name} has no header: its columns are called ${dialect.names.slice(0, 3).join(', ')}…`,
        );
    } catch (error) {
      unread.push(unreadShard(file, errorText(error)));
    }
  }
  const columns = (
    await widenSchemas(
      connection,
      read.map((shard) => shard.schema),
    )
  ).map((column) => column);
  const casts = columns.map(({ name, type }) =>
    type === 'VARCHAR'
      ? quoteIdentifier(name)
      : `trim(${quoteIdentifier(name)})::${type} as ${quoteIdentifier(name)}`,
  );
  await connection.run(
    `create or replace table ${TABLE} as select ${[...casts, SOURCE_SHARD_ID, SOURCE_ROW_NUMBER].join(', ')} from ${TEXT_TABLE}`,
  );
  await connection.run(`drop table ${TEXT_TABLE}`);
  return {
    from: TABLE,
    columns,
    shards: [...read, ...unread].toSorted((a, b) => a.file.index - b.file.index),
    files: [],
    warnings,
  };
}

async function readDialect(connection: DuckDBConnection, file: ShardFile): Promise<Dialect> {
  if (file.bytes === 0) throw new Error('the file has 0 bytes');
  const lines = await readRows(
    connection,
    `select line from ${linesFrom(file)} limit ${HEAD_LINES}`,
  );
  const dialect = detectDialect(
    lines.map((row) => textOf(row['line'])).join('\n'),
    file.format === 'tsv' ? 'tsv' : 'csv',
  );
  if (dialect === null) throw new Error('the first line is blank');
  if (dialect.names.length > MOST_COLUMNS)
    throw new Error(
      `the first line has ${dialect.names.length} fields, at most ${MOST_COLUMNS} can be columns`,
    );
  return dialect;
}

async function insertShard(
  connection: DuckDBConnection,
  file: ShardFile,
  dialect: Dialect,
  names: readonly NamedType[],
): Promise<number> {
  const fields = dialect.names.map((_, i) => `f${i}`);
  const settings = [
    `header = ${dialect.hasHeader}`,
    'auto_detect = false',
    `columns = {${fields.map((field) => `${field}: 'VARCHAR'`).join(', ')}}`,
    `delim = ${quoteLiteral(dialect.delimiter)}`,
    `quote = ${quoteLiteral(dialect.quote)}`,
    `escape = ${quoteLiteral(dialect.quote)}`,
    `comment = ''`,
    `nullstr = ''`,
    'allow_quoted_nulls = false',
    `compression = '${file.compression}'`,
    'max_line_size = 16777216',
    'hive_partitioning = false',
    'store_rejects = true',
    'rejects_limit = 0',
    `rejects_table = '${REJECTS}'`,
    `rejects_scan = '${REJECTS}_scans'`,
  ];
  const position = new Map(dialect.names.map((name, i) => [name.toLowerCase(), i]));
  const selected = names.map(({ name }) => {
    const at = position.get(name.toLowerCase());
    return at === undefined ? 'null' : `f${at}`;
  });
  try {
    await connection.run(
      `insert into ${TEXT_TABLE} select ${[...selected, `${file.index}`, 'row_number() over () - 1'].join(', ')}
       from read_csv(${quoteLiteral(escapeGlob(file.path))}, ${settings.join(', ')})`,
    );
    const [row] = await readRows(connection, `select count(distinct line) as n from ${REJECTS}`);
    return numberOf(row?.['n']);
  } finally {
    await connection.run(`drop table if exists ${REJECTS}`);
    await connection.run(`drop table if exists ${REJECTS}_scans`);
  }
}

/** The narrowest type that every value of a column has, by all rows of a shard. */
async function columnTypes(
  connection: DuckDBConnection,
  columns: readonly NamedType[],
  shard: number,
): Promise<NamedType[]> {
  const checks = columns.flatMap(({ name }, i) => {
    const id = quoteIdentifier(name);
    const filled = `${id} is not null and trim(${id}) <> ''`;
    return [
      `count(*) filter (where ${id} is not null) as filled${i}`,
      `count(*) filter (where ${id} is not null and not (${filled})) as blank${i}`,
      `bool_and(regexp_full_match(trim(${id}), '-?(0|[1-9][0-9]{0,17})')) filter (where ${filled}) as is_integer${i}`,
      `bool_and(regexp_full_match(trim(${id}), '[+-]?((0|[1-9][0-9]*)(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:nan|inf|infinity)') and try_cast(trim(${id}) as double) is not null) filter (where ${filled}) as is_number${i}`,
      `bool_and(lower(trim(${id})) in ('true', 'false')) filter (where ${filled}) as is_boolean${i}`,
    ];
  });
  if (checks.length === 0) return [];
  const [row] = await readRows(
    connection,
    `select ${checks.join(', ')} from ${TEXT_TABLE} where ${SOURCE_SHARD_ID} = ${shard}`,
  );
  return columns.map(({ name }, i) => {
    const isClean = numberOf(row?.[`filled${i}`]) > 0 && numberOf(row?.[`blank${i}`]) === 0;
    if (isClean && row?.[`is_integer${i}`] === true) return { name, type: 'BIGINT' };
    if (isClean && row?.[`is_number${i}`] === true) return { name, type: 'DOUBLE' };
    if (isClean && row?.[`is_boolean${i}`] === true) return { name, type: 'BOOLEAN' };
    return { name, type: numberOf(row?.[`filled${i}`]) === 0 ? '"NULL"' : 'VARCHAR' };
  });
}
