import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { NO_VALUES, typesOfText } from './column-of-text.ts';
import type { Dialect } from './delimited-dialect.ts';
import { detectDialect } from './delimited-dialect.ts';
import type { ShardFile } from './shard-file.ts';
import { hasMixedLineEnds, normaliseLineEnds } from './normalise-line-ends.ts';
import { REJECT_SETTINGS, countRejectsIn, dropRejects, readRejects } from './rejected-lines.ts';
import { errorText, numberOf, readRows, textOf, shardErrorText } from './rows.ts';
import type { NamedType, RowSource, ShardReading } from './source.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID, readShard, unreadShard } from './source.ts';
import { escapeGlob, quoteIdentifier, quoteLiteral } from './sql-quote.ts';
import { linesFrom } from './text-lines.ts';
import { openRowStore } from './row-store.ts';
import { hasQuotedFields } from './tsv-quotes.ts';
import { widenSchemas } from './widen-types.ts';

const TEXT_TABLE = 'manifest_text';
const TABLE = 'manifest_rows';

/** CSV has columns by its first line alone; more is a wrong delimiter or a transposed table. */
const MOST_COLUMNS = 2_000;

const LONGEST_RECORD_BYTES = 16 * 1024 * 1024;

/** What DuckDB says of records that end in CRLF, LF and CR by turns. */
const MIXED_LINE_ENDS = 'state machine reached an invalid state';

/** Lines that the dialect is judged by. */
const HEAD_LINES = 200;

/**
 * CSV and TSV shards, parsed once into a table: first all as text, so that no value is lost to a guess, then typed by
 * all values. Unquoted nothing is null, `""` is the empty text. A malformed record costs itself alone.
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
      unread.push(unreadShard(file, shardErrorText(error)));
    }
  }
  const schemas = dialects.map(({ dialect }) =>
    dialect.names.map((name) => ({ name, type: 'VARCHAR' })),
  );
  const names = await widenSchemas(connection, schemas);
  const store = await openRowStore(connection, files);
  const text = `${store}${TEXT_TABLE}`;
  await createTextTable(connection, text, names);
  const read: ShardReading[] = [];
  const warnings: string[] = [];
  for (const { file, dialect } of dialects) {
    try {
      read.push(await readFile(connection, file, dialect, names, text));
      if (!dialect.hasHeader)
        warnings.push(
          `${file.name} has no header: its columns are called ${dialect.names.slice(0, 3).join(', ')}…`,
        );
    } catch (error) {
      unread.push(unreadShard(file, shardErrorText(error)));
    }
  }
  const widened = await widenSchemas(
    connection,
    read.map((shard) => shard.schema),
  );
  const columns = widened.map(({ name, type }) => ({
    name,
    type: type === NO_VALUES ? 'VARCHAR' : type,
  }));
  const table = `${store}${TABLE}`;
  await createTypedTable(connection, text, table, columns);
  const types = new Map(columns.map(({ name, type }) => [name.toLowerCase(), type]));
  const shards = read.map((shard) => ({ ...shard, schema: fillTypes(shard.schema, types) }));
  return {
    from: table,
    columns,
    shards: [...shards, ...unread].toSorted((a, b) => a.file.index - b.file.index),
    files: [],
    warnings,
  };
}

/** A column without values has the type that the other shards give it, so that it is no drift of the schema. */
function fillTypes(schema: readonly NamedType[], types: ReadonlyMap<string, string>): NamedType[] {
  return schema.map(({ name, type }) => ({
    name,
    type: type === NO_VALUES ? (types.get(name.toLowerCase()) ?? 'VARCHAR') : type,
  }));
}

async function readDialect(connection: DuckDBConnection, file: ShardFile): Promise<Dialect> {
  if (file.bytes === 0) throw new Error('the file has 0 bytes');
  const lines = await readRows(
    connection,
    `select line, overflow from ${linesFrom(file)} limit ${HEAD_LINES}`,
  );
  await dropRejects(connection);
  const head = lines.map((row) => textOf(row['line']) + textOf(row['overflow'])).join('\n');
  if (lines.length === 0 || head.split('\0').length > head.length / 4)
    throw new Error('the file is no UTF-8 text');
  const format = file.format === 'tsv' ? 'tsv' : 'csv';
  const isQuoted = format === 'csv' || (await hasQuotedFields(connection, linesFrom(file)));
  const dialect = detectDialect(head, format, isQuoted);
  if (dialect === null) throw new Error('the first line is blank');
  if (dialect.names.length > MOST_COLUMNS)
    throw new Error(
      `the first line has ${dialect.names.length} fields, at most ${MOST_COLUMNS} can be columns`,
    );
  return dialect;
}

async function createTextTable(
  connection: DuckDBConnection,
  text: string,
  names: readonly NamedType[],
): Promise<void> {
  const columns = names.map(({ name }) => `${quoteIdentifier(name)} varchar`);
  const numbering = [`${SOURCE_SHARD_ID} integer`, `${SOURCE_ROW_NUMBER} bigint`];
  await connection.run(
    `create or replace table ${text} (${[...columns, ...numbering].join(', ')})`,
  );
}

async function readFile(
  connection: DuckDBConnection,
  file: ShardFile,
  dialect: Dialect,
  names: readonly NamedType[],
  text: string,
): Promise<ShardReading> {
  const badRows = (await hasMixedLineEnds(file))
    ? await insertNormalised(connection, file, dialect, names, text)
    : await insertShard(connection, file, dialect, names, text).catch(async (error: unknown) => {
        if (!errorText(error).includes(MIXED_LINE_ENDS)) throw error;
        return insertNormalised(connection, file, dialect, names, text);
      });
  const [counted] = await readRows(
    connection,
    `select count(*) as n from ${text} where ${SOURCE_SHARD_ID} = ${file.index}`,
  );
  const own = new Set(dialect.names.map((name) => name.toLowerCase()));
  const mine = names.filter(({ name }) => own.has(name.toLowerCase()));
  const schema = await typesOfText(connection, text, mine, file.index);
  return readShard(file, numberOf(counted?.['n']), badRows, schema);
}

/** Reads a copy of the file whose records all end alike. */
async function insertNormalised(
  connection: DuckDBConnection,
  file: ShardFile,
  dialect: Dialect,
  names: readonly NamedType[],
  text: string,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-lines-'));
  const path = join(folder, 'lines.csv');
  try {
    await normaliseLineEnds(file, dialect, path);
    return await insertShard(
      connection,
      { ...file, path, compression: 'none' },
      dialect,
      names,
      text,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function insertShard(
  connection: DuckDBConnection,
  file: ShardFile,
  dialect: Dialect,
  names: readonly NamedType[],
  text: string,
): Promise<number> {
  const settings = [
    `header = ${dialect.hasHeader}`,
    'auto_detect = false',
    `columns = {${dialect.names.map((_, i) => `f${i}: 'VARCHAR'`).join(', ')}}`,
    `delim = ${quoteLiteral(dialect.delimiter)}`,
    `quote = ${quoteLiteral(dialect.quote)}`,
    `escape = ${quoteLiteral(dialect.quote)}`,
    `comment = ''`,
    `nullstr = ''`,
    'allow_quoted_nulls = false',
    `compression = '${file.compression}'`,
    `max_line_size = ${LONGEST_RECORD_BYTES}`,
    `buffer_size = ${2 * LONGEST_RECORD_BYTES}`,
    'hive_partitioning = false',
    ...REJECT_SETTINGS,
  ];
  const position = new Map(dialect.names.map((name, i) => [name.toLowerCase(), i]));
  const selected = names.map(({ name }) => {
    const at = position.get(name.toLowerCase());
    return at === undefined ? 'null' : `f${at}`;
  });
  try {
    await connection.run(
      `insert into ${text} select ${[...selected, `${file.index}`, 'row_number() over () - 1'].join(', ')}
       from read_csv(${quoteLiteral(escapeGlob(file.path))}, ${settings.join(', ')})`,
    );
    const rejects = await readRejects(connection, dialect.hasHeader);
    await countRejectsIn(connection, text, file.index, rejects);
    return rejects.length;
  } finally {
    await dropRejects(connection);
  }
}

async function createTypedTable(
  connection: DuckDBConnection,
  text: string,
  table: string,
  columns: readonly NamedType[],
): Promise<void> {
  const casts = columns.map(({ name, type }) => {
    const id = quoteIdentifier(name);
    return type === 'VARCHAR' ? id : `${id}::${type} as ${id}`;
  });
  await connection.run(
    `create or replace table ${table} as
     select ${[...casts, SOURCE_SHARD_ID, SOURCE_ROW_NUMBER].join(', ')} from ${text}`,
  );
  await connection.run(`drop table ${text}`);
}
