/**
 * Row flow between two versions: a row for each key that is not the same on both sides. A key that stands more than once
 * on a side is compared as a whole (members and sum of hashes), so that duplicates never multiply.
 *
 * @param before - Relation with `key BIGINT` (hash of the key) and `row BIGINT` (hash of all other columns), not null.
 * @param after - The same of the newer version.
 */
export function keyedDiffSql(before: string, after: string): string {
  return `select coalesce(older.key, newer.key) as key,
      case when older.key is null then 'added' when newer.key is null then 'removed' else 'changed' end as flow,
      coalesce(older.members, 0) as before_members, coalesce(newer.members, 0) as after_members
    from (${side(before)}) as older full outer join (${side(after)}) as newer on older.key = newer.key
    where older.key is null or newer.key is null
      or older.members <> newer.members or older.content <> newer.content`;
}

function side(name: string): string {
  return `select key, count(*) as members, sum(cast(row as decimal(38, 0))) as content from ${name} group by key`;
}
