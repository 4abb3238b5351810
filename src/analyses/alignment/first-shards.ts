import { type Database, numberOf } from '../../engine/database.ts';

/**
 * The last shard that is needed for `rows` rows in the order of shards: to sort the rows of all shards and keep the first takes
 * memory by the number of shards. `counts` is SQL for (shard_id, n), `n` being rows that each shard has at the least. Infinity
 * if all shards together have no more.
 */
export async function lastShardOf(
  database: Database,
  counts: string,
  rows: number,
): Promise<number> {
  const found = await database.rows(
    `select shard_id from (
       select shard_id, sum(n) over (order by shard_id) as so_far from (${counts}) as counted
     ) where so_far >= ${rows} order by shard_id limit 1`,
  );
  const [first] = found;
  return first === undefined ? Number.POSITIVE_INFINITY : numberOf(first['shard_id']);
}

/** The condition on `clips` that a shard is not behind `last`. */
export function upToShard(last: number): string {
  return Number.isFinite(last) ? `shard_id <= ${last}` : 'true';
}
