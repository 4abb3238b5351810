import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from './shard-file.ts';
import { jsonDocumentFrom } from './json-document.ts';
import { IS_OBJECT, inferJson, pointerTo } from './infer-json.ts';
import { jsonColumns } from './json-columns.ts';
import type { JsonColumn } from './json-columns.ts';
import { MEDIA_RECORDS } from './media-directory.ts';
import { countRejectsIn, dropRejects, readRejects } from './rejected-lines.ts';
import { errorText, shardErrorText } from './rows.ts';
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';
import type { NamedType, RowSource, ShardReading } from './source.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID, readShard, unreadShard } from './source.ts';
import { openRowStore } from './row-store.ts';
import { linesFrom } from './text-lines.ts';

const TABLE = 'manifest_rows';

/** Records of a shard: a relation with `line` and `overflow`, and whether it fills the table of rejected lines. */
type Records = { readonly from: string; readonly hasRejects: boolean };

type Inferred = Records & {
  readonly file: ShardFile;
  readonly rows: number;
  readonly badRows: number;
  readonly structure: Readonly<Record<string, unknown>>;
  readonly rejects: readonly number[];
  readonly schema: readonly NamedType[];
};

/**
 * JSON shards (lines, documents, or records made of a media directory), parsed once into a table. A malformed line
 * costs that line alone.
 */
export async function openJson(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
): Promise<RowSource> {
  const readings: Inferred[] = [];
  const unread: ShardReading[] = [];
  for (const file of files) {
    try {
      readings.push(await inferShard(connection, file, await recordsOf(connection, file)));
    } catch (error) {
      unread.push(unreadShard(file, shardErrorText(error)));
    }
  }
  const columns = jsonColumns(
    readings.map((reading) => reading.structure),
    'the dataset',
  );
  const table = `${await openRowStore(connection, files)}${TABLE}`;
  await createRowTable(connection, table, columns);
  const read: ShardReading[] = [];
  let isWide = false;
  for (const reading of readings) {
    try {
      try {
        await insertShard(connection, table, reading, columns, isWide);
      } catch (error) {
        if (isWide || !errorText(error).startsWith('Conversion Error')) throw error;
        await widenTable(connection, table, columns);
        isWide = true;
        await insertShard(connection, table, reading, columns, isWide);
      }
    } catch (error) {
      unread.push(unreadShard(reading.file, shardErrorText(error)));
      continue;
    }
    read.push(readShard(reading.file, reading.rows, reading.badRows, reading.schema));
  }
  return {
    from: table,
    columns: columns.map(({ name, type, wideType }) => ({ name, type: isWide ? wideType : type })),
    shards: [...read, ...unread].toSorted((a, b) => a.file.index - b.file.index),
    files: [],
    warnings: [],
  };
}

async function recordsOf(connection: DuckDBConnection, file: ShardFile): Promise<Records> {
  if (file.format === 'media')
    return { from: `(from ${MEDIA_RECORDS} order by rowid)`, hasRejects: false };
  if (file.bytes === 0) throw new Error('the file has 0 bytes');
  const lines = repairedLines(linesFrom(file));
  if (file.format === 'jsonl') return { from: lines, hasRejects: true };
  const document = await jsonDocumentFrom(connection, file);
  return document === null
    ? { from: lines, hasRejects: true }
    : { from: document, hasRejects: false };
}

/**
 * Lines in which half a surrogate pair (`\ud83d` alone), which is no valid JSON, is replaced by U+FFFD: whole pairs are
 * hidden behind U+0002, what is left is replaced, and the pairs are put back. Columns in `more` are passed on.
 */
export function repairedLines(from: string, more: readonly string[] = []): string {
  const half = String.raw`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`;
  const pair = String.raw`\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})`;
  const hidden = String.raw`regexp_replace(line, '${pair}', chr(2) || '\1' || chr(2) || '\2', 'g')`;
  const repaired = String.raw`replace(regexp_replace(${hidden}, '${half}', '\\ufffd', 'g'), chr(2), '\u')`;
  const isBroken = String.raw`(contains(line, '\ud') or contains(line, '\uD')) and not json_valid(line)`;
  const kept = ['overflow', ...more].join(', ');
  return `(select case when ${isBroken} then ${repaired} else line end as line, ${kept} from ${from})`;
}

async function inferShard(
  connection: DuckDBConnection,
  file: ShardFile,
  records: Records,
): Promise<Inferred> {
  try {
    const { rows, badRows, structure } = await inferJson(connection, records.from);
    const rejects = records.hasRejects ? await readRejects(connection, false) : [];
    const schema = jsonColumns([structure], file.name).map(({ name, type }) => ({ name, type }));
    return {
      ...records,
      file,
      rows,
      badRows: badRows + rejects.length,
      rejects,
      structure,
      schema,
    };
  } finally {
    await dropRejects(connection);
  }
}

/** Creates the table that rows of JSON are kept in. */
export async function createRowTable(
  connection: DuckDBConnection,
  table: string,
  columns: readonly JsonColumn[],
): Promise<void> {
  const list = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`);
  await connection.run(
    `create or replace table ${table} (${[...list, `${SOURCE_SHARD_ID} integer`, `${SOURCE_ROW_NUMBER} bigint`].join(', ')})`,
  );
}

/** Integers beyond 64 signed bits turned up: they get the type that holds them. */
export async function widenTable(
  connection: DuckDBConnection,
  table: string,
  columns: readonly JsonColumn[],
): Promise<void> {
  for (const column of columns)
    if (column.type !== column.wideType)
      await connection.run(
        `alter table ${table} alter ${quoteIdentifier(column.name)} type ${column.wideType}`,
      );
}

async function insertShard(
  connection: DuckDBConnection,
  table: string,
  reading: Inferred,
  columns: readonly JsonColumn[],
  isWide: boolean,
): Promise<void> {
  const { values, object } = parseSql(columns, isWide);
  try {
    await connection.run(
      `insert into ${table}
       select ${[...values, `${reading.file.index}`, 'n'].join(', ')}
       from (
         select n, is_row, case when is_row then line end as line, ${object} as o
         from (
           select line, ${IS_OBJECT} as is_row, row_number() over () - 1 as n
           from ${reading.from}
           where starts_with(line, '{') or overflow is not null or trim(line) <> ''
         )
       )
       where is_row`,
    );
    await countRejectsIn(connection, table, reading.file.index, reading.rejects);
  } finally {
    await dropRejects(connection);
  }
}

/**
 * Expressions for the values of columns, over `line` (JSON, or null where `is_row` is false) and `o`; `object` gives `o`, what is
 * parsed at once.
 */
export function parseSql(
  columns: readonly JsonColumn[],
  isWide: boolean,
): { readonly values: readonly string[]; readonly object: string } {
  const folded = columns.map((column) => column.key.toLowerCase());
  const isSingle = (column: JsonColumn): boolean =>
    folded.indexOf(column.key.toLowerCase()) === folded.lastIndexOf(column.key.toLowerCase());
  const structure = JSON.stringify(
    Object.fromEntries(
      columns
        .filter((column) => isSingle(column) && column.key !== '')
        .map((column) => [column.key, column.structure]),
    ),
  );
  const values = columns.map((column) => {
    const pointer = quoteLiteral(pointerTo(column.key));
    const isField = isSingle(column) && column.key !== '';
    if (!isField && !column.isUnquoted)
      return `json_transform(line::json -> ${pointer}, ${quoteLiteral(JSON.stringify(column.structure))})::${isWide ? column.wideType : column.type}`;
    const field = isField
      ? `struct_extract(o, ${quoteLiteral(column.key)})`
      : `(line::json -> ${pointer})`;
    return column.isUnquoted
      ? `(${field} ->> '$')`
      : `${field}::${isWide ? column.wideType : column.type}`;
  });
  const object =
    structure === '{}'
      ? 'null'
      : `json_transform(case when is_row then line end, ${quoteLiteral(structure)})`;
  return { values, object };
}
