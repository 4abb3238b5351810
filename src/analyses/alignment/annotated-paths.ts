import { createTableSql } from '../../dataset/table-columns.ts';
import type { Database } from '../../engine/database.ts';
import { ANNOTATED_PATH_COLUMNS } from './row-tables.ts';

/** Name of the file behind a path: without folders, a range of bytes or what a URL asks for; in lower case. */
const nameOf = (path: string): string =>
  `lower(regexp_extract(regexp_replace(${path}, '(#\\d+\\+\\d+|[?#].*)$', ''), '[^/\\\\]*$'))`;

/**
 * Fills `annotated_paths (clip_id, path, annotated, belongs_to)`: rows whose file is, in the table that captions came from, that of
 * another key. Files are told by their names, because folders move. Empty where either table lacks keys or paths.
 */
export async function compareAnnotatedPaths(
  database: Database,
  clipColumns: ReadonlySet<string>,
  annotations: ReadonlySet<string> | null,
): Promise<void> {
  await database.run(createTableSql('annotated_paths', ANNOTATED_PATH_COLUMNS, 'temp table'));
  const isTold = ['key', 'path'].every(
    (name) => annotations?.has(name) === true && clipColumns.has(name),
  );
  if (!isTold) return;
  await database.run(
    `insert into annotated_paths
     with told as (
       select key, any_value(path) as path, ${nameOf('any_value(path)')} as name
       from annotations where key is not null and path is not null group by key having count(distinct path) = 1
     )
     select clips.clip_id, clips.path, told.path as annotated, other.key as belongs_to
     from (select clip_id, key::varchar as key, path, ${nameOf('path')} as name from clips) as clips
     join told using (key)
     join (select name, any_value(key) as key from told group by name having count(*) = 1) as other on other.name = clips.name
     where clips.name <> told.name and other.key <> clips.key`,
  );
}
