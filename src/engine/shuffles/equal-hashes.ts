/**
 * Members of groups that share a hash, null never with null: a row each, with the size of the group and its first id.
 *
 * @param hashes - Relation with unique `id BIGINT` and `hash BIGINT`.
 */
export function equalHashesSql(hashes: string): string {
  return `select hashed.id, hashed.hash, grouped.members, grouped.first_id
    from ${hashes} as hashed
    join (select hash, count(*) as members, min(id) as first_id from ${hashes}
          where hash is not null group by hash having count(*) > 1) as grouped on grouped.hash = hashed.hash`;
}
