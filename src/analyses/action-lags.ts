import { createTableSql } from '../dataset/table-columns.ts';
import { type Database, numberOf, type SqlRow, textOf } from '../engine/database.ts';
import { upperTailOfT } from './alignment/student-t.ts';

/** What the analysis writes, for rules to read. */
const COLUMNS = {
  shard: 'VARCHAR',
  clips: 'BIGINT',
  lag: 'INTEGER',
  correlation: 'DOUBLE',
  correlation_in_place: 'DOUBLE',
  p: 'DOUBLE',
  reason: 'VARCHAR',
} as const;

/** Frames tried on either side. */
const REACH = 8;
/** A shorter stream says nothing about a lag. */
const LEAST_STEPS = 24;
/** Clips that a statement about a shard rests on. */
const LEAST_CLIPS = 8;
/** A step of the picture this large is a cut, not an effect of an action: medians of its clip. */
const MOST_TIMES_MEDIAN = 12;

/** Correlation of action and motion of one clip at each lag, -REACH to REACH; NaN where nothing varies. */
type Clip = { readonly shard: string; readonly correlations: readonly number[] };

/**
 * Fills `action_lags (shard, clips, lag, correlation, correlation_in_place, p, reason)`: at how many frames' distance the
 * size of actions and the motion of frames go together best. Clips count as one observation each, because steps of one clip
 * resemble each other. Needs `sampled_clips.actions` and `frames`.
 */
export async function measureActionLags(database: Database, hasActions: boolean): Promise<void> {
  await database.run(createTableSql('action_lags', COLUMNS, 'temp table'));
  if (!hasActions) return;
  const rows = await database.rows(
    `select sampled.shard, sampled.actions, frames.difference
     from sampled_clips as sampled join frames using (clip_id)
     where len(sampled.actions) >= ${LEAST_STEPS} and len(frames.difference) >= ${LEAST_STEPS}
     order by clip_id, medium`,
  );
  const clips = rows.flatMap((row) => readClip(row));
  const shards = [...new Set(clips.map((clip) => clip.shard))].toSorted();
  for (const shard of shards) {
    const own = clips.filter((clip) => clip.shard === shard);
    const found = bestLag(own.map((clip) => clip.correlations));
    await database.run(
      `insert into action_lags values ($shard, $clips, $lag, $correlation, $place, $p, $reason)`,
      {
        shard,
        clips: own.length,
        lag: found.lag,
        correlation: found.correlation,
        place: found.inPlace,
        p: Math.min(1, found.p * shards.length),
        reason: found.reason,
      },
    );
  }
}

function readClip(row: SqlRow): readonly Clip[] {
  const actions = numbersOf(row['actions']);
  const motion = numbersOf(row['difference']);
  // The motion of frame t is what changed since frame t - 1: the effect of the action before it.
  const effect = withoutCuts(motion.slice(1));
  const steps = resample(actions, effect.length);
  const correlations = Array.from({ length: 2 * REACH + 1 }, (_, at) =>
    correlationAt(steps, effect, at - REACH),
  );
  return correlations.some(Number.isNaN) ? [] : [{ shard: textOf(row['shard']), correlations }];
}

/**
 * The lag at which motion follows actions best over several clips, and the p-value that it does so no better than in place:
 * a paired t-test over clips, one-sided, times the lags tried.
 */
function bestLag(clips: readonly (readonly number[])[]): {
  readonly lag: number;
  readonly correlation: number;
  readonly inPlace: number;
  readonly p: number;
  readonly reason: string | null;
} {
  const meanAt = (at: number): number =>
    clips.reduce((sum, clip) => sum + (clip[at] ?? 0), 0) / Math.max(1, clips.length);
  let best = REACH;
  for (let at = 0; at <= 2 * REACH; at += 1) if (meanAt(at) > meanAt(best)) best = at;
  const found = { lag: best - REACH, correlation: meanAt(best), inPlace: meanAt(REACH) };
  if (clips.length < LEAST_CLIPS)
    return {
      ...found,
      p: 1,
      reason: `${clips.length} clips whose actions and motion both vary are too few: at least ${LEAST_CLIPS} are needed`,
    };
  const test = (value: (clip: readonly number[]) => number): number => {
    const values = clips.map(value);
    const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
    const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
    const error = Math.sqrt(squares / (values.length - 1) / values.length);
    return error === 0 ? (mean > 0 ? 0 : 1) : upperTailOfT(mean / error, values.length - 1);
  };
  const tried = 2 * REACH;
  if (Math.min(1, test((clip) => clip[best] ?? 0) * (tried + 1)) > 0.01)
    return {
      ...found,
      p: 1,
      reason: `actions and motion have nothing to do with each other in ${clips.length} clips`,
    };
  const p =
    best === REACH
      ? 1
      : Math.min(1, test((clip) => (clip[best] ?? 0) - (clip[REACH] ?? 0)) * tried);
  return { ...found, p, reason: null };
}

/** Correlation of `actions[t]` with `motion[t + lag]`. */
function correlationAt(actions: readonly number[], motion: readonly number[], lag: number): number {
  const from = Math.max(0, -lag);
  const to = Math.min(actions.length, motion.length - lag);
  if (to - from < LEAST_STEPS - REACH) return Number.NaN;
  let sumA = 0;
  let sumM = 0;
  for (let t = from; t < to; t += 1) {
    sumA += actions[t] ?? 0;
    sumM += motion[t + lag] ?? 0;
  }
  const meanA = sumA / (to - from);
  const meanM = sumM / (to - from);
  let cross = 0;
  let squareA = 0;
  let squareM = 0;
  for (let t = from; t < to; t += 1) {
    const a = (actions[t] ?? 0) - meanA;
    const m = (motion[t + lag] ?? 0) - meanM;
    cross += a * m;
    squareA += a * a;
    squareM += m * m;
  }
  return squareA > 1e-12 && squareM > 1e-12 ? cross / Math.sqrt(squareA * squareM) : Number.NaN;
}

/** One action for each frame, where a stream has another rate. */
function resample(values: readonly number[], length: number): readonly number[] {
  if (Math.abs(values.length - length) <= 2) return values;
  return Array.from(
    { length },
    (_, at) =>
      values[Math.min(values.length - 1, Math.floor(((at + 0.5) * values.length) / length))] ?? 0,
  );
}

function withoutCuts(motion: readonly number[]): readonly number[] {
  const sorted = motion.toSorted((a, b) => a - b);
  const most = MOST_TIMES_MEDIAN * (sorted[Math.floor(sorted.length / 2)] ?? 0);
  return most > 0 ? motion.map((each) => Math.min(each, most)) : motion;
}

function numbersOf(value: unknown): readonly number[] {
  return Array.isArray(value)
    ? value.map((each: unknown) => (each === null ? 0 : numberOf(Number(each))))
    : [];
}
