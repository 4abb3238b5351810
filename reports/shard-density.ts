import type { Localisation, ShardSummary } from '../src/run/document.ts';

/** Neighbouring shards drawn as one cell. */
export type ShardCell = {
  /** Half-open range of positions in the dataset's list of shards. */
  readonly from: number;
  readonly to: number;
  readonly affected: number;
  readonly examined: number;
  /** affected / examined, 0 where nothing was examined. */
  readonly rate: number;
  /** A shard of the cell could not be read. */
  readonly isUnread: boolean;
};

/** Hits by shard in manifest order, neighbours joined so that at most `cells` remain. */
export function densityByShard(
  shards: readonly ShardSummary[],
  hits: Localisation['shards'],
  cells: number,
): readonly ShardCell[] {
  const byIndex = new Map(hits.map((hit) => [hit.shard, hit]));
  const count = Math.min(cells, shards.length);
  return Array.from({ length: count }, (_, cell) => {
    const from = Math.floor((cell * shards.length) / count);
    const to = Math.floor(((cell + 1) * shards.length) / count);
    let affected = 0;
    let examined = 0;
    let isUnread = false;
    for (const shard of shards.slice(from, to)) {
      const hit = byIndex.get(shard.index);
      affected += hit?.affected ?? 0;
      examined += hit?.examined ?? 0;
      isUnread ||= shard.state === 'unread';
    }
    return { from, to, affected, examined, rate: examined > 0 ? affected / examined : 0, isUnread };
  });
}
