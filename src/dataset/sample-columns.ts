import type { DuckDBConnection } from '@duckdb/node-api';

import type { SampledColumn } from './role-expression.ts';
import { noRows, readRows, textOf } from './rows.ts';
import type { NamedType } from './source.ts';
import { quoteIdentifier } from './sql-quote.ts';

/** Types of columns whose values say what they are. */
export const SAMPLED_TYPE = /^(VARCHAR|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|UUID)$/;

/** Rows that names and types are checked against. */
export const SAMPLE_ROWS = 200;

/** The first values of each column as text, for those that are asked what they are. */
export async function sampleColumns(
  connection: DuckDBConnection,
  columns: readonly NamedType[],
  without: ReadonlySet<string>,
): Promise<SampledColumn[]> {
  const wanted = columns.filter(({ name, type }) => SAMPLED_TYPE.test(type) && !without.has(name));
  if (wanted.length === 0) return columns.map((column) => ({ ...column, samples: [] }));
  const values = wanted.map(
    ({ name }, i) => `left(${quoteIdentifier(name)}::varchar, 2000) as v${i}`,
  );
  const rows = await readRows(
    connection,
    `select ${values.join(', ')} from manifest limit ${SAMPLE_ROWS}`,
  ).catch(noRows);
  return columns.map((column) => {
    const at = wanted.indexOf(column);
    return {
      ...column,
      samples:
        at < 0 ? [] : rows.map((row) => (row[`v${at}`] === null ? null : textOf(row[`v${at}`]))),
    };
  });
}
