import { type Database, numberOf, textOf } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';
import type { Cause } from './diff-document.ts';

const MOST_CAUSES = 8;
/** Sets of columns that are looked at, most rows first; with one column more or less each, hundreds are common. */
const MOST_PATTERNS = 5_000;
/** Overlap of the changed rows of two columns (Jaccard) from which they change together. */
const LEAST_OVERLAP = 0.9;
/** Share of a group's rows in which a column changed too that belongs to its cause, though it changed elsewhere as well. */
const LEAST_SHARE = 0.95;
/** How much more often than elsewhere; what changed in most rows anyway belongs to no cause. */
const LEAST_LIFT = 2;

/** Which columns changed (`1`) in how many rows. */
type Pattern = { readonly flags: string; readonly rows: number };

/**
 * Columns that changed together, the trace of one step of a pipeline: groups of columns whose changed rows are nearly the same, and
 * the columns that changed wherever the group did but hardly elsewhere. Most rows first.
 */
export async function findCauses(
  database: Database,
  after: Side,
  pairs: readonly ColumnPair[],
): Promise<readonly Cause[]> {
  if (pairs.length === 0) return [];
  const flags = `concat(${pairs.map((pair) => `if(c${pair.index}, '1', '0')`).join(', ')})`;
  const rows = await database.rows(
    `select flags, count(*) as n
     from (select ${flags} as flags from compared where before_clip is not null and after_clip is not null)
     where contains(flags, '1') group by flags order by n desc, flags limit ${MOST_PATTERNS}`,
  );
  const patterns = rows.map((row) => ({ flags: textOf(row['flags']), rows: numberOf(row['n']) }));
  const total = countRows(patterns, []);
  const groups = groupColumns(patterns, pairs.length)
    .map((columns) => ({ columns, rows: countRows(patterns, columns) }))
    .toSorted((a, b) => b.rows - a.rows || (a.columns[0] ?? 0) - (b.columns[0] ?? 0))
    .slice(0, MOST_CAUSES);
  const causes: Cause[] = [];
  for (const group of groups) {
    const columns = new Set([
      ...group.columns,
      ...companionsOf(patterns, group, pairs.length, total),
    ]);
    causes.push({
      columns: pairs.filter((_, i) => columns.has(i)).map((pair) => pair.name),
      rows: group.rows,
      share: group.rows / total,
      shards: await findShards(
        database,
        after,
        group.columns.map((i) => `c${pairs[i]?.index ?? 0}`),
        group.rows,
      ),
    });
  }
  return causes;
}

/** Rows in which all of these columns changed. */
function countRows(patterns: readonly Pattern[], columns: readonly number[]): number {
  return patterns
    .filter(({ flags }) => columns.every((i) => flags[i] === '1'))
    .reduce((sum, { rows }) => sum + rows, 0);
}

function groupColumns(
  patterns: readonly Pattern[],
  columns: number,
): readonly (readonly number[])[] {
  const changed = Array.from({ length: columns }, (_, i) => countRows(patterns, [i]));
  const groups: number[][] = [];
  for (const [i, own] of changed.entries()) {
    if (own === 0) continue;
    const home = groups.find(([first = 0]) => {
      const both = countRows(patterns, [first, i]);
      return both >= LEAST_OVERLAP * (own + (changed[first] ?? 0) - both);
    });
    if (home === undefined) groups.push([i]);
    else home.push(i);
  }
  return groups;
}

/** Columns outside the group that changed in nearly all of its rows, and far less often elsewhere. */
function companionsOf(
  patterns: readonly Pattern[],
  group: { readonly columns: readonly number[]; readonly rows: number },
  columns: number,
  total: number,
): readonly number[] {
  return Array.from({ length: columns }, (_, i) => i).filter((i) => {
    if (group.columns.includes(i)) return false;
    const share = countRows(patterns, [...group.columns, i]) / group.rows;
    const elsewhere =
      (countRows(patterns, [i]) - share * group.rows) / Math.max(1, total - group.rows);
    return share >= LEAST_SHARE && share >= LEAST_LIFT * elsewhere;
  });
}

/** Where in the newer version the rows lie in which these columns changed. */
async function findShards(
  database: Database,
  after: Side,
  columns: readonly string[],
  rows: number,
): Promise<Cause['shards']> {
  const row = await database.row(
    `with hit as (
       select distinct (after_clip >> 40)::integer as shard from compared
       where before_clip is not null and after_clip is not null and ${columns.join(' and ')}),
     sizes as (select (clip_id >> 40)::integer as shard, count(*) as size from after_rows group by 1)
     select count(*) as hit, min(shard) as first, max(shard) as last, sum(size)::bigint as size,
       (select count(*) from sizes) as shards
     from hit join sizes using (shard)`,
  );
  const name = (index: number): string =>
    after.shards.find((shard) => shard.index === index)?.name ?? String(index);
  const [first, last] = [numberOf(row['first']), numberOf(row['last'])];
  return {
    hit: numberOf(row['hit']),
    of: numberOf(row['shards']),
    first: name(first),
    last: name(last),
    isRun: last - first + 1 === numberOf(row['hit']),
    density: rows / Math.max(1, numberOf(row['size'])),
  };
}
