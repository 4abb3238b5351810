import { ratio, type Ratio } from './codec-facts.ts';

/** Distances of neighbouring presentation times, in ticks, ascending; empty for fewer than two packets. */
export function sortedIntervals(sortedPts: Float64Array): Float64Array {
  const intervals = new Float64Array(Math.max(0, sortedPts.length - 1));
  for (let i = 0; i < intervals.length; i++) {
    intervals[i] = (sortedPts[i + 1] ?? 0) - (sortedPts[i] ?? 0);
  }
  return intervals.toSorted();
}

/** Whether no value is below the one before it. */
export function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) < (values[i - 1] ?? 0)) return false;
  return true;
}

/** The value at that share (0-1) of ascending numbers, nearest rank; null if there are none. */
export function quantile(ascending: Float64Array, share: number): number | null {
  const at = Math.round((ascending.length - 1) * share);
  return ascending[at] ?? null;
}

/** A clock coarser than this is no rounding but a pattern of frames. */
const COARSEST_CLOCK_S = 0.002;

/**
 * The tick that times were rounded to, in ticks of the track: more than one where a coarser clock was carried over,
 * as milliseconds are from Matroska into an MP4 of 16,000 ticks a second.
 */
export function clockTick(intervals: Float64Array, ticksPerSecond: number): number {
  let divisor = 0;
  for (const interval of intervals) {
    if (!Number.isInteger(interval)) return 1;
    let a = divisor;
    let b = interval;
    while (b > 0) [a, b] = [b, a % b];
    divisor = a;
    if (divisor === 1) return 1;
  }
  return divisor === 0 || divisor > COARSEST_CLOCK_S * ticksPerSecond ? 1 : divisor;
}

/** Intervals this much apart (relative) count as the same where clocks jitter. */
const SAME_INTERVAL = 0.05;

/**
 * The most common interval in ticks, null if there are none.
 *
 * Intervals within a tick or 5 % of each other count together and are averaged: 41, 42, 42 ms stand for 41.67 ms.
 */
export function commonInterval(ascending: Float64Array): number | null {
  let best = 0;
  let bestCount = 0;
  let start = 0;
  let sum = 0;
  for (let end = 0; end < ascending.length; end++) {
    const interval = ascending[end] ?? 0;
    sum += interval;
    while (
      interval - (ascending[start] ?? 0) >
      Math.max(1, (ascending[start] ?? 0) * SAME_INTERVAL)
    ) {
      sum -= ascending[start] ?? 0;
      start += 1;
    }
    if (sum > 0 && end - start + 1 > bestCount) {
      bestCount = end - start + 1;
      best = sum / bestCount;
    }
  }
  return bestCount === 0 ? null : best;
}

/** The largest distance of an interval from the median, in ticks. */
export function intervalDeviation(ascending: Float64Array): number {
  const median = quantile(ascending, 0.5);
  if (median === null) return 0;
  return Math.max(median - (ascending[0] ?? 0), (ascending.at(-1) ?? 0) - median);
}

/** Slope of the least-squares line through ascending times by position: the interval behind rounded times, in ticks. */
export function fittedInterval(ascendingPts: Float64Array): number {
  const count = ascendingPts.length;
  const middle = (count - 1) / 2;
  const first = ascendingPts[0] ?? 0;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (i - middle) * ((ascendingPts[i] ?? 0) - first);
  return (sum * 12) / (count * (count * count - 1));
}

/** Rates that cameras and editors make; NTSC's are 1000/1001 of a whole number. */
const COMMON_RATES: readonly Ratio[] = [
  ...[5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 29, 30, 48, 50, 60, 72, 90, 100, 120, 144, 240].map(
    (num) => ({ num, den: 1 }),
  ),
  ...[12, 15, 24, 30, 48, 60, 120, 240].map((num) => ({ num: num * 1000, den: 1001 })),
];

/**
 * A rational frame rate for a measured one: the common rate within `tolerance` (relative) that is nearest, else a
 * fraction of thousandths.
 */
export function rationalRate(fps: number, tolerance: number): Ratio | null {
  let best: Ratio | null = null;
  let bestError = tolerance;
  for (const rate of COMMON_RATES) {
    const error = Math.abs(fps / (rate.num / rate.den) - 1);
    if (error <= bestError) {
      best = rate;
      bestError = error;
    }
  }
  if (best !== null) return best;
  return ratio(Math.round(fps * 1000), 1000);
}
