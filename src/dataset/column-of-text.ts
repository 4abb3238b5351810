import type { DuckDBConnection } from '@duckdb/node-api';

import { numberOf, readRows } from './rows.ts';
import type { NamedType } from './source.ts';
import { SOURCE_SHARD_ID } from './source.ts';
import { quoteIdentifier } from './sql-quote.ts';

/** Type of a column without a value in a shard, until another shard tells. */
export const NO_VALUES = '"NULL"';

const INTEGER = '-?(0|[1-9][0-9]*)';
const NUMBER = String.raw`[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:nan|inf|infinity)`;

/** More digits than this and a DOUBLE would round the number. */
const LONG_NUMBER = '[+-]?[0-9]{16,}';

/** Columns judged by one query. */
const COLUMNS_PER_QUERY = 100;

/**
 * The narrowest of BIGINT, DOUBLE, BOOLEAN and VARCHAR that keeps every value of a text column as it is: leading zeros,
 * blanks and numbers too long for their type stay text.
 */
export async function typesOfText(
  connection: DuckDBConnection,
  table: string,
  columns: readonly NamedType[],
  shard: number,
): Promise<NamedType[]> {
  const typed: NamedType[] = [];
  const texts = await findTexts(connection, table, columns, shard);
  for (let at = 0; at < columns.length; at += COLUMNS_PER_QUERY) {
    const part = columns.slice(at, at + COLUMNS_PER_QUERY);
    const asked = part.flatMap(({ name }, i) =>
      texts.has(name) ? [] : checks(quoteIdentifier(name), i),
    );
    const [row = {}] =
      asked.length === 0
        ? []
        : await readRows(
            connection,
            `select ${asked.join(', ')} from ${table} where ${SOURCE_SHARD_ID} = ${shard}`,
          );
    for (const [i, { name }] of part.entries()) {
      const is = (check: string): boolean => row[`${check}${i}`] === true;
      if (texts.has(name)) typed.push({ name, type: 'VARCHAR' });
      else if (numberOf(row[`filled${i}`]) === 0) typed.push({ name, type: NO_VALUES });
      else if (numberOf(row[`blank${i}`]) > 0) typed.push({ name, type: 'VARCHAR' });
      else if (is('is_integer') && is('is_bigint')) typed.push({ name, type: 'BIGINT' });
      else if (is('is_number') && !is('is_long')) typed.push({ name, type: 'DOUBLE' });
      else typed.push({ name, type: is('is_boolean') ? 'BOOLEAN' : 'VARCHAR' });
    }
  }
  return typed;
}

/** Rows that show most texts to be texts, so that long captions are not all held against the patterns of numbers. */
const FIRST_ROWS = 2_000;

/** Columns with a value among the first rows that is no number and no boolean. */
async function findTexts(
  connection: DuckDBConnection,
  table: string,
  columns: readonly NamedType[],
  shard: number,
): Promise<ReadonlySet<string>> {
  const tests = columns.map(({ name }, i) => {
    const id = quoteIdentifier(name);
    return `bool_or(trim(${id}) <> '' and not regexp_full_match(${id}, '${NUMBER}') and lower(${id}) not in ('true', 'false')) as is_text${i}`;
  });
  const [row = {}] = await readRows(
    connection,
    `select ${tests.join(', ')}
     from (select * from ${table} where ${SOURCE_SHARD_ID} = ${shard} limit ${FIRST_ROWS})`,
  );
  return new Set(columns.flatMap(({ name }, i) => (row[`is_text${i}`] === true ? [name] : [])));
}

function checks(id: string, i: number): string[] {
  const every = (check: string, name: string): string =>
    `bool_and(${check}) filter (where trim(${id}) <> '') as ${name}${i}`;
  return [
    `count(${id}) as filled${i}`,
    `count(*) filter (where trim(${id}) = '') as blank${i}`,
    every(`regexp_full_match(${id}, '${INTEGER}')`, 'is_integer'),
    every(`try_cast(${id} as bigint) is not null`, 'is_bigint'),
    every(
      `regexp_full_match(${id}, '${NUMBER}') and try_cast(${id} as double) is not null`,
      'is_number',
    ),
    `bool_or(regexp_full_match(${id}, '${LONG_NUMBER}')) as is_long${i}`,
    every(`lower(${id}) in ('true', 'false')`, 'is_boolean'),
  ];
}
