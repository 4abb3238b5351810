import type { Dialect } from './dialect.ts';

/** What the row hashes of the newer version are mixed with, so that a row and its equal leave just this. */
const MARK = '6148914691236517205';

/**
 * Keys whose rows are not one and the same on both sides: `key`, and how many rows it has on either, `nb` and `na`. One
 * aggregation over both versions, which takes a third of the time of a full join, and in which duplicates never multiply.
 *
 * @param before - Relation with `key BIGINT` (hash of the key) and `row BIGINT` (hash of all other columns), not null.
 * @param after - The same of the newer version.
 */
export function differingKeysSql(dialect: Dialect, before: string, after: string): string {
  const mark = `cast(${MARK} as bigint)`;
  return `select key, count(older) as nb, count(*) - count(older) as na
    from (
      select key, row, 1 as older from ${before}
      union all
      select key, ${dialect.xor('row', mark)} as row, null as older from ${after}) as versions
    group by key having count(*) <> 2 or bit_xor(row) <> ${mark}`;
}
