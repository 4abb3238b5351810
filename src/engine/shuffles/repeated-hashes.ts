/**
 * The hashes that stand in more than one row, a row each in the column `hash`; null is no hash.
 *
 * @param hashes - Relation with `hash BIGINT`.
 */
export function repeatedHashesSql(hashes: string): string {
  return `select hash from ${hashes} where hash is not null group by hash having count(*) > 1`;
}
