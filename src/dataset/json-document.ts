import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from './shard-file.ts';
import { dropRejects } from './rejected-lines.ts';
import { noRows, readRows, textOf } from './rows.ts';
import { escapeGlob, quoteLiteral } from './sql-quote.ts';
import { linesFrom } from './text-lines.ts';

/** Longest value of a JSON document, and longest document that is one object. */
const LONGEST_VALUE_BYTES = 256 * 1024 * 1024;

/**
 * A relation (`line`, `overflow`) over the records of a `.json` document: an array of objects, an object that holds one
 * array of objects, or an object of objects, whose names become `key`. Null if the file is JSON Lines.
 */
export async function jsonDocumentFrom(
  connection: DuckDBConnection,
  file: ShardFile,
): Promise<string | null> {
  const compression = file.compression === 'none' ? 'uncompressed' : file.compression;
  const head = await readRows(
    connection,
    `select left(line, 100000000) as line, json_valid(line) as is_json from ${linesFrom(file)} where trim(line) <> '' limit 2`,
  ).catch(noRows);
  await dropRejects(connection);
  const first = textOf(head[0]?.['line'])
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (head.length === 0 || first.startsWith('['))
    return `(select json::varchar as line, null::varchar as overflow from read_json_objects(${quoteLiteral(escapeGlob(file.path))}, format = 'array', compression = '${compression}', maximum_object_size = ${LONGEST_VALUE_BYTES}))`;
  if (head[0]?.['is_json'] === true && head.length > 1) return null;
  const document = `(select json as document from read_json_objects(${quoteLiteral(escapeGlob(file.path))}, format = 'unstructured', compression = '${compression}', maximum_object_size = ${LONGEST_VALUE_BYTES}))`;
  const members = `(select unnest(json_keys(document)) as name, unnest(json_extract(document, '$.*')) as value from ${document})`;
  const kinds = await readRows(
    connection,
    `select name, json_type(value) as kind, json_type(value -> 0) as element from ${members} limit 100001`,
  );
  const arrays = kinds.filter((row) => row['kind'] === 'ARRAY' && row['element'] === 'OBJECT');
  const [only] = arrays;
  if (only !== undefined && arrays.length === 1)
    return `(select unnest(json_extract(value, '$[*]'))::varchar as line, null::varchar as overflow from ${members} where name = ${quoteLiteral(textOf(only['name']))})`;
  if (kinds.length > 0 && kinds.every((row) => row['kind'] === 'OBJECT'))
    return `(select case when (value -> 'key') is not null then value::varchar
        when value::varchar = '{}' then json_object('key', name)::varchar
        else '{"key":' || to_json(name)::varchar || ',' || substr(value::varchar, 2) end as line, null::varchar as overflow from ${members})`;
  return null;
}
