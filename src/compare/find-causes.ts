import { type Database, numberOf, textOf } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';
import type { Cause } from './diff-document.ts';

const MOST_CAUSES = 8;

/** Groups changed rows by the set of columns that changed, most rows first. */
export async function findCauses(
  database: Database,
  after: Side,
  pairs: readonly ColumnPair[],
): Promise<readonly Cause[]> {
  if (pairs.length === 0) return [];
  const pattern = `concat(${pairs.map((pair) => `if(c${pair.index}, '1', '0')`).join(', ')})`;
  const rows = await database.rows(
    `with patterns as (
       select ${pattern} as pattern, (after_clip >> 40)::integer as shard
       from compared where before_clip is not null and after_clip is not null),
     top as (
       select pattern, count(*) as n, sum(count(*)) over () as total
       from patterns where contains(pattern, '1') group by pattern order by n desc, pattern limit ${MOST_CAUSES}),
     sizes as (select (clip_id >> 40)::integer as shard, count(*) as size from after_rows group by 1),
     spread as (
       select pattern, count(*) as hit, min(shard) as first, max(shard) as last, sum(size)::bigint as size
       from (select distinct pattern, shard from patterns) join sizes using (shard) group by pattern)
     select top.pattern, top.n, top.total::bigint as total, spread.* exclude (pattern), (select count(*) from sizes) as shards
     from top join spread using (pattern) order by n desc, pattern`,
  );
  const name = (index: number): string =>
    after.shards.find((shard) => shard.index === index)?.name ?? String(index);
  return rows.map((row) => {
    const flags = textOf(row['pattern']);
    const [first, last] = [numberOf(row['first']), numberOf(row['last'])];
    return {
      columns: pairs.filter((_pair, i) => flags[i] === '1').map((pair) => pair.name),
      rows: numberOf(row['n']),
      share: numberOf(row['n']) / numberOf(row['total']),
      shards: {
        hit: numberOf(row['hit']),
        of: numberOf(row['shards']),
        first: name(first),
        last: name(last),
        isRun: last - first + 1 === numberOf(row['hit']),
        density: numberOf(row['n']) / numberOf(row['size']),
      },
    };
  });
}
