import { beatOf, type Beat } from './repeat-beat.ts';
import { interpolate, median, quantile, quantileOfSorted } from './quantile.ts';
import { runsOf } from './runs.ts';

/** What the differences of neighbouring frames say about repeated frames. */
export type DuplicateFrames = Beat & {
  /** Share of the differences outside of still stretches that are repeats, 0–1. */
  readonly share: number | null;
  /** Differences outside of still stretches: what all here but the last measure is taken of. */
  readonly among: number;
  /** Their median without the repeats, grey levels. */
  readonly moving_median: number | null;
  /** Period (frames) with the lowest phase statistic, 2–12. */
  readonly period: number | null;
  /** The phase statistic at that period; under 0.35 the repeats are periodic, clean clips stay above 0.7. */
  readonly score: number | null;
  /** Mean distance of one repeat from the next, frames; conversions between odd rates have no whole period. */
  readonly spacing: number | null;
  /** Share of those distances that are within one frame of their median, 0–1; null of fewer than five. */
  readonly evenness: number | null;
  /** Median difference of frames that are no repeats, grey levels. */
  readonly motion_median: number | null;
};

/** Frames on either side that a difference is compared with. */
const NEIGHBOURHOOD = 12;
/** A repeat differs by less than this share of its neighbourhood's 60th percentile… */
const REPEAT_SHARE = 0.2;
/** …and never by more than one grey level: compression noise is below, motion is not. */
const REPEAT_CAP = 1;
/** A phase with fewer differences than this is chance. */
const LEAST_CYCLES = 4;

/**
 * Measures repeated frames in differences of neighbours (grey levels of 64x64 gray, first frame left out).
 *
 * A repeat is told by its neighbourhood, because noise and motion differ from clip to clip; a clip without any motion
 * has no repeats here (it is a freeze). The phase statistic at period p is the smallest ratio between the median
 * difference at one phase and the median of all others, either way round: one repeat in p (24 → 30 frames a second)
 * and one new frame in p (8 → 24) both stand out.
 */
export function measureDuplicates(difference: readonly number[]): DuplicateFrames {
  if (difference.length === 0)
    return {
      share: null,
      among: 0,
      moving_median: null,
      period: null,
      score: null,
      spacing: null,
      evenness: null,
      motion_median: null,
      beat: null,
      beat_contrast: null,
    };
  const isStill = stillStretches(difference);
  const phase = bestPhase(difference, isStill);
  const flags = flagRepeats(difference, phase);
  const among = difference.filter((_, i) => isStill[i] !== true).length;
  const repeats = flags.filter((isRepeat, i) => isRepeat && isStill[i] !== true).length;
  const moving = difference.filter((_, i) => flags[i] !== true);
  const lively = difference.filter((_, i) => flags[i] !== true && isStill[i] !== true);
  return {
    share: among === 0 ? 0 : repeats / among,
    among,
    moving_median: lively.length === 0 ? null : median(lively),
    period: phase?.period ?? null,
    score: phase?.score ?? null,
    ...spacingOf(flags),
    ...beatOf(difference.filter((_, i) => isStill[i] !== true)),
    motion_median: moving.length === 0 ? null : median(moving),
  };
}

/** Longer than any period: a stretch of so many differences without motion is a pause, no pattern of repeats. */
const STILL_STRETCH = 13;
/** No motion: under this, grey levels, and under this share of the clip's 90th percentile. */
const STILL_LEVEL = 0.25;
const STILL_SHARE = 0.1;

/** Which differences lie in a stretch in which nothing moves; none where nothing ever does. */
function stillStretches(difference: readonly number[]): readonly boolean[] {
  const level = Math.min(STILL_LEVEL, STILL_SHARE * quantile(difference, 0.9));
  const isStill = difference.map(() => false);
  for (const { start, end } of runsOf(difference.map((d) => d < level)))
    if (end - start >= STILL_STRETCH) isStill.fill(true, start, end);
  return isStill;
}

/** Distances of repeats that a spacing is told from. */
const LEAST_SPACINGS = 5;

function spacingOf(flags: readonly boolean[]): Pick<DuplicateFrames, 'spacing' | 'evenness'> {
  const places = [...flags.keys()].filter((i) => flags[i] === true);
  const steps = places.slice(1).map((place, i) => place - (places[i] ?? place));
  if (steps.length < LEAST_SPACINGS) return { spacing: null, evenness: null };
  const spacing = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  // A repeat that was missed, or one too many, moves the mean: the median is of the distances that are usual.
  const usual = median(steps);
  const even = steps.filter((step) => Math.abs(step - usual) <= 1).length;
  return { spacing, evenness: even / steps.length };
}

/** Which of the differences are repeats: the frame after is the one before. */
export function findRepeats(difference: readonly number[]): readonly boolean[] {
  return flagRepeats(difference, bestPhase(difference, stillStretches(difference)));
}

function flagRepeats(difference: readonly number[], phase: Phase | null): readonly boolean[] {
  const level =
    phase !== null && phase.isNewFramePhase && phase.score < 0.35 ? 1 - 0.5 / phase.period : 0.6;
  // The neighbourhood moves along, sorted.
  const around = difference.slice(0, NEIGHBOURHOOD).toSorted((a, b) => a - b);
  return difference.map((d, i) => {
    const next = difference[i + NEIGHBOURHOOD];
    const last = difference[i - NEIGHBOURHOOD - 1];
    if (next !== undefined) around.splice(placeOf(around, next), 0, next);
    if (last !== undefined) around.splice(placeOf(around, last), 1);
    return d < Math.min(REPEAT_CAP, REPEAT_SHARE * quantileOfSorted(around, level));
  });
}

/** Index of the first number that is not smaller. */
function placeOf(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The upper quartile of the repeats at a phase (or the lower one of new frames) is apart from the others by this factor. */
const LEAST_CONTRAST = 0.7;

type Phase = { readonly period: number; readonly score: number; readonly isNewFramePhase: boolean };

/** Multiples and parts of the true period score like it but for the noise of the encoder, which is this much. */
const MULTIPLE_NOISE = 0.15;

function bestPhase(difference: readonly number[], isStill: readonly boolean[]): Phase | null {
  let best: Phase | null = null;
  // Sorted once: what stands at a phase, and what does not, are then picked by rank.
  const order = Int32Array.from(
    [...difference.keys()]
      .filter((i) => isStill[i] !== true)
      .toSorted((a, b) => (difference[a] ?? 0) - (difference[b] ?? 0)),
  );
  const sorted = Float64Array.from(order, (i) => difference[i] ?? 0);
  const regular = new Map<number, Phase>();
  for (let period = 2; period <= 12 && order.length >= LEAST_CYCLES * period; period++) {
    for (const ranks of ranksByPhase(order, period)) {
      const ownAt = (rank: number): number => sorted[ranks[rank] ?? 0] ?? Number.NaN;
      const restAt = (rank: number): number => sorted[rankAmongOthers(ranks, rank)] ?? Number.NaN;
      const at = interpolate(ownAt, ranks.length, 0.5);
      const others = interpolate(restAt, order.length - ranks.length, 0.5);
      const high = Math.max(at, others);
      const upper = interpolate(ownAt, ranks.length, 0.75);
      // By chance a phase of few differences has a small median; in a pattern nearly all of them are small (or large).
      const worst = at <= others ? upper : interpolate(ownAt, ranks.length, 0.25);
      if (Math.min(worst, others) > LEAST_CONTRAST * Math.max(worst, others)) continue;
      // Where all is still, both medians are nothing but noise of the encoder.
      if (high < 0.05) continue;
      const found = { period, score: Math.min(at, others) / high, isNewFramePhase: at > others };
      // A longer period must be clearly better; of the phases of one, the new frame's is better by little.
      const isSame = best?.period === period;
      const least = isSame && found.isNewFramePhase ? -Number.EPSILON : isSame ? 0 : 0.02;
      if (best === null || found.score < best.score - least) best = found;
      // At a part of the true period only every other difference repeats: the upper quartile tells.
      const isRegular = at <= others && upper < 0.35 * others;
      if (isRegular && found.score < (regular.get(period)?.score ?? 1)) regular.set(period, found);
    }
  }
  if (best === null || best.isNewFramePhase) return best;
  const { period, score } = best;
  const alike = [...regular.values()].filter((other) => other.score <= score + MULTIPLE_NOISE);
  return (
    alike.find((other) => period % other.period === 0) ??
    alike.find((other) => other.period % period === 0) ??
    best
  );
}

/** Ranks of what stands at each phase of a period, ascending; `order` are places by rank. */
function ranksByPhase(order: Int32Array, period: number): readonly Int32Array[] {
  const phases = new Int32Array(order.length);
  const counts = new Int32Array(period);
  for (let rank = 0; rank < order.length; rank++) {
    const phase = (order[rank] ?? 0) % period;
    phases[rank] = phase;
    counts[phase] = (counts[phase] ?? 0) + 1;
  }
  const ranks = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (let rank = 0; rank < order.length; rank++) {
    const phase = phases[rank] ?? 0;
    const own = ranks[phase];
    const place = counts[phase] ?? 0;
    if (own !== undefined) own[place] = rank;
    counts[phase] = place + 1;
  }
  return ranks;
}

/** The rank of the `index`-th of all that are not among these ranks, which ascend. */
function rankAmongOthers(ranks: Int32Array, index: number): number {
  let low = 0;
  let high = ranks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranks[middle] ?? 0) - middle > index) high = middle;
    else low = middle + 1;
  }
  return index + low;
}
