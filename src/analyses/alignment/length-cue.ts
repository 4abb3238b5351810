import { type Database, numberOf } from '../../engine/database.ts';
import { lastShardOf, upToShard } from './first-shards.ts';
import { OFFSET_REACH, type OffsetBand } from './offset-band.ts';

/** Rows looked at in all, and in one shard. */
const MOST_ROWS = 60_000;
const MOST_SHARD_ROWS = 20_000;
/** Unrelated pairs drawn for each clip. */
const FAR_PAIRS = 8;

/**
 * Long clips have long transcripts: bands of how words of the caption and duration of the clip go together by rank (0.86 on
 * clips of spoken films at the own caption, at most 0.16 at any other).
 */
export async function bandsOfLengths(
  database: Database,
): Promise<readonly { readonly shardId: number; readonly band: OffsetBand }[]> {
  const last = await lastShardOf(
    database,
    `select shard_id, greatest(n - coalesce(mute, 0), 0) as n
     from (select shard_id, count(*) as n from clips
       where row_number < ${MOST_SHARD_ROWS} and coalesce(duration_s, end_s - start_s) > 0 group by shard_id)
     left join (select shard_id, count(*) as mute from ledger
       where row_number < ${MOST_SHARD_ROWS} and caption_bytes is null group by shard_id) using (shard_id)`,
    MOST_ROWS,
  );
  const rows = await database.rows(
    `select shard_id, row_number, coalesce(duration_s, end_s - start_s)::double as duration,
       (length(spaced) - length(replace(spaced, ' ', '')))::double as words
     from (select *, replace(trim(caption::varchar), chr(10), ' ') as spaced from clips where ${upToShard(last)} and row_number < ${MOST_SHARD_ROWS})
     where caption is not null and coalesce(duration_s, end_s - start_s) > 0
     order by shard_id, row_number limit ${MOST_ROWS}`,
  );
  const shards = new Map<number, { row: number; duration: number; words: number }[]>();
  for (const row of rows) {
    const shardId = numberOf(row['shard_id']);
    const shard = shards.get(shardId) ?? [];
    shards.set(shardId, shard);
    shard.push({
      row: numberOf(row['row_number']),
      duration: numberOf(row['duration']),
      words: numberOf(row['words']),
    });
  }
  return [...shards].map(([shardId, own]) => ({
    shardId,
    band: bandOfDurations(own),
  }));
}

/** The band of one shard: seconds of clips against words of captions, by rank. */
export function bandOfDurations(
  own: readonly { readonly row: number; readonly duration: number; readonly words: number }[],
): OffsetBand {
  return bandOf(
    own.map((each) => each.row),
    ranksOf(own.map((each) => each.duration)),
    ranksOf(own.map((each) => each.words)),
  );
}

function bandOf(
  rows: readonly number[],
  durations: readonly number[],
  lengths: readonly number[],
): OffsetBand {
  const width = 2 * OFFSET_REACH + 1;
  const z = new Float32Array(rows.length * width).fill(Number.NaN);
  const far: number[] = [];
  rows.forEach((row, index) => {
    for (let offset = -OFFSET_REACH; offset <= OFFSET_REACH; offset += 1) {
      if (rows[index + offset] !== row + offset) continue;
      z[index * width + offset + OFFSET_REACH] =
        (durations[index] ?? 0) * (lengths[index + offset] ?? 0);
    }
    for (let draw = 1; draw <= FAR_PAIRS; draw += 1) {
      // Steps that share no factor with each other reach all over the shard.
      const other = (index + 2 * OFFSET_REACH + draw * 7919) % rows.length;
      if (Math.abs(other - index) > 2 * OFFSET_REACH)
        far.push((durations[index] ?? 0) * (lengths[other] ?? 0));
    }
  });
  return {
    rows: Float64Array.from(rows),
    reach: OFFSET_REACH,
    z,
    far: Float32Array.from(far).toSorted(),
  };
}

/** Ranks, equal ones shared, with zero mean and unit spread. */
function ranksOf(values: readonly number[]): readonly number[] {
  const order = values
    .map((value, index) => ({ value, index }))
    .toSorted((a, b) => a.value - b.value);
  const ranks = values.map(() => 0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && order[to]?.value === order[from]?.value) to += 1;
    for (let at = from; at < to; at += 1) ranks[order[at]?.index ?? 0] = (from + to - 1) / 2;
    from = to;
  }
  const mean = (values.length - 1) / 2;
  const squares = ranks.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const spread = Math.sqrt(squares / Math.max(1, values.length));
  return ranks.map((each) => (spread > 0 ? (each - mean) / spread : 0));
}
