import type { DuckDBConnection } from '@duckdb/node-api';

import { dropRejects } from './rejected-lines.ts';
import { numberOf, readRows } from './rows.ts';

/**
 * Whether a TSV file is quoted as CSV is, judged by every field with a quote in it. Writers that quote double the quotes
 * inside and wrap each field that has one; writers that don't leave quotes where they stand in the text. A field that
 * is wrapped and holds no other quote could be either, and counts as quoted only if no field speaks against it.
 *
 * @param from relation of lines: column `line`.
 */
export async function hasQuotedFields(
  connection: DuckDBConnection,
  from: string,
): Promise<boolean> {
  const [row = {}] = await readRows(
    connection,
    `with fields as (
       select unnest(string_split(rtrim(line, chr(13)), chr(9))) as field
       from ${from}
       where contains(line, '"')
     ), kinds as (
       select
         regexp_full_match(field, '"(?:[^"]|"")*"') as is_wrapped,
         starts_with(field, '"') as is_opened,
         contains(substring(field, 2, length(field) - 2), '""') as has_doubled
       from fields
       where contains(field, '"')
     )
     select
       count(*) filter (where is_wrapped and has_doubled) as doubled,
       count(*) filter (where is_wrapped and not has_doubled) as wrapped,
       count(*) filter (where not is_wrapped) as loose,
       count(*) filter (where is_opened and not is_wrapped) as opened
     from kinds`,
  );
  await dropRejects(connection);
  const doubled = numberOf(row['doubled']);
  if (doubled > 0) return doubled > numberOf(row['opened']);
  return numberOf(row['wrapped']) > 0 && numberOf(row['loose']) === 0;
}
