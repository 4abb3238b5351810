import { isAscending, quantile } from './headers/frame-rate.ts';

/** Sizes of the packets of one track in presentation order, with what the measures need to know of them. */
export type PacketSeries = {
  readonly sizes_bytes: Float64Array;
  readonly isKeyframe: Uint8Array;
  /** Presentation times in seconds, ascending. */
  readonly pts_s: Float64Array;
};

/** Packet sizes and times put into presentation order. */
export function presentationOrder(
  sizes: Int32Array,
  pts_s: Float64Array,
  keyframes: Int32Array | null,
): PacketSeries {
  const isKeyframe = new Uint8Array(sizes.length).fill(keyframes === null ? 1 : 0);
  for (const index of keyframes ?? []) isKeyframe[index] = 1;
  const order = orderByTime(pts_s);
  if (order === null) return { sizes_bytes: Float64Array.from(sizes), isKeyframe, pts_s };
  const series = {
    sizes_bytes: new Float64Array(sizes.length),
    isKeyframe: new Uint8Array(sizes.length),
    pts_s: new Float64Array(sizes.length),
  };
  for (let i = 0; i < order.length; i++) {
    const index = order[i] ?? 0;
    series.sizes_bytes[i] = sizes[index] ?? 0;
    series.isKeyframe[i] = isKeyframe[index] ?? 0;
    series.pts_s[i] = pts_s[index] ?? 0;
  }
  return series;
}

/** Steps per packet that reordering may take before it counts as wild: B-frame pyramids need a few. */
const MAX_SHIFT = 64;

/** Positions by ascending time, equal times in decode order; null if they are in order already. */
function orderByTime(pts_s: Float64Array): Uint32Array | null {
  if (isAscending(pts_s)) return null;
  const order = new Uint32Array(pts_s.length);
  let shifts = 0;
  for (let i = 1; i < order.length; i++) {
    const time = pts_s[i] ?? 0;
    let at = i;
    for (; at > 0 && (pts_s[order[at - 1] ?? 0] ?? 0) > time; at--) {
      order[at] = order[at - 1] ?? 0;
      shifts += 1;
    }
    order[at] = i;
    if (shifts > MAX_SHIFT * order.length) {
      return Uint32Array.from(pts_s, (_, index) => index).toSorted(
        (a, b) => (pts_s[a] ?? 0) - (pts_s[b] ?? 0) || a - b,
      );
    }
  }
  return order;
}

/** (p95 - p5) of intervals over their median, one tick forgiven; seconds in, null without intervals. */
export function vfrSpread(ascending_s: Float64Array, tick_s: number): number | null {
  const median = quantile(ascending_s, 0.5);
  const low = quantile(ascending_s, 0.05);
  const high = quantile(ascending_s, 0.95);
  if (median === null || low === null || high === null || median <= 0) return null;
  const spread = high - low;
  return spread <= tick_s * 1.001 ? 0 : (spread - tick_s) / median;
}

/** Share of intervals that lie off the median by more than one tick and one percent. */
export function irregularShare(ascending_s: Float64Array, tick_s: number): number | null {
  const median = quantile(ascending_s, 0.5);
  if (median === null) return null;
  const tolerance = Math.max(tick_s * 1.001, median * 0.01);
  return share(ascending_s, (interval) => Math.abs(interval - median) > tolerance);
}

/** Packets whose presentation time another packet before them has already. */
export function countDuplicateTimes(ascending_s: Float64Array): number {
  let count = 0;
  for (let i = 1; i < ascending_s.length; i++)
    if (ascending_s[i] === ascending_s[i - 1]) count += 1;
  return count;
}

/** Longest time from one keyframe to the next or to the end, in seconds. */
export function longestKeyframeInterval(series: PacketSeries, end_s: number): number | null {
  let longest: number | null = null;
  let previous: number | null = null;
  series.isKeyframe.forEach((isKey, index) => {
    if (isKey === 0) return;
    const time = series.pts_s[index] ?? 0;
    if (previous !== null) longest = Math.max(longest ?? 0, time - previous);
    previous = time;
  });
  return previous === null ? null : Math.max(longest ?? 0, end_s - previous);
}

/** Share of non-key packets under a tenth of the 75th percentile of non-key sizes. */
export function tinyShare(series: PacketSeries): number | null {
  const sizes = nonKeySizes(series);
  const level = quantile(sizes.toSorted(), 0.75);
  return level === null ? null : share(sizes, (size) => size < level / 10);
}

/** Odd periods of frame-rate conversions; even ones are the B-frame pyramid's own. */
const PERIODS = [3, 5, 7, 9] as const;
/** Fewer packets at a phase than this make no median. */
const MIN_AT_PHASE = 4;

/** Packets that the pattern is looked for in: more do not change a median. */
const MAX_PATTERN_PACKETS = 20_000;

/**
 * The period at which small packets recur: for each odd period the least, over its phases, of
 * median(size at the phase) / median(size elsewhere), keyframes left out; the period where that is smallest.
 */
export function duplicatePattern({
  sizes_bytes,
  isKeyframe,
}: PacketSeries): { readonly period: number; readonly score: number } | null {
  const count = Math.min(sizes_bytes.length, MAX_PATTERN_PACKETS);
  const bySize = positionsBySize(sizes_bytes, isKeyframe, count);
  let best: { readonly period: number; readonly score: number } | null = null;
  for (const period of PERIODS) {
    const score = count < period * MIN_AT_PHASE ? null : phaseScore(sizes_bytes, bySize, period);
    if (score !== null && (best === null || score < best.score)) best = { period, score };
  }
  return best;
}

/** Positions of the packets that are no keyframes, smallest packet first, of equal ones the first. */
function positionsBySize(
  sizes_bytes: Float64Array,
  isKeyframe: Uint8Array,
  count: number,
): Uint32Array {
  // Size and position in one number (sizes are whole bytes), so that numbers are sorted without a call for each pair.
  const keys = new Float64Array(count);
  let others = 0;
  for (let i = 0; i < count; i++)
    if (isKeyframe[i] === 0) keys[others++] = (sizes_bytes[i] ?? 0) * MAX_PATTERN_PACKETS + i;
  const bySize = new Uint32Array(others);
  const sorted = keys.subarray(0, others).toSorted();
  for (let i = 0; i < others; i++) bySize[i] = (sorted[i] ?? 0) % MAX_PATTERN_PACKETS;
  return bySize;
}

/** `bySize` are positions of packets, smallest packet first. */
function phaseScore(sizes_bytes: Float64Array, bySize: Uint32Array, period: number): number | null {
  const counts = new Uint32Array(period);
  for (let rank = 0; rank < bySize.length; rank++) {
    const phase = (bySize[rank] ?? 0) % period;
    counts[phase] = (counts[phase] ?? 0) + 1;
  }
  const sizeAt = (rank: number): number => sizes_bytes[bySize[rank] ?? 0] ?? 0;
  let least: number | null = null;
  for (let phase = 0; phase < period; phase++) {
    const own = counts[phase] ?? 0;
    const others = bySize.length - own;
    if (own < MIN_AT_PHASE || others === 0) continue;
    let ownLeft = (own - 1) >> 1;
    let othersLeft = (others - 1) >> 1;
    let here = -1;
    let elsewhere = -1;
    for (let rank = 0; here < 0 || elsewhere < 0; rank++) {
      const isOwn = (bySize[rank] ?? 0) % period === phase;
      if (isOwn && ownLeft-- === 0) here = sizeAt(rank);
      if (!isOwn && othersLeft-- === 0) elsewhere = sizeAt(rank);
    }
    if (elsewhere > 0) least = Math.min(least ?? Number.POSITIVE_INFINITY, here / elsewhere);
  }
  return least;
}

/** The one-second window that holds least, and how little that is beside the median of such windows. */
type FrozenWindow = { readonly score: number; readonly start_s: number };

/**
 * Least bytes per packet in a window of one second, keyframes left out, over the median of all such windows; null for
 * clips under two seconds and where windows are mostly keyframes.
 */
export function frozenWindow({
  sizes_bytes,
  isKeyframe,
  pts_s,
}: PacketSeries): FrozenWindow | null {
  const first = pts_s[0];
  const last = pts_s.at(-1);
  if (first === undefined || last === undefined || last - first < 2) return null;
  const means: number[] = [];
  const starts: number[] = [];
  let bytes = 0;
  let packets = 0;
  let keys = 0;
  let tail = 0;
  for (let head = 0; head < pts_s.length; head++) {
    const time = pts_s[head] ?? 0;
    const isKey = isKeyframe[head] === 1;
    if (isKey) keys += 1;
    else bytes += sizes_bytes[head] ?? 0;
    packets += 1;
    let isFull = false;
    while (time - (pts_s[tail] ?? 0) >= 1) {
      if (isKeyframe[tail] === 1) keys -= 1;
      else bytes -= sizes_bytes[tail] ?? 0;
      packets -= 1;
      tail += 1;
      isFull = true;
    }
    if (isFull && packets - keys >= 3 && keys <= packets / 4) {
      means.push(bytes / (packets - keys));
      starts.push(pts_s[tail] ?? 0);
    }
  }
  const median = quantile(Float64Array.from(means).toSorted(), 0.5);
  if (median === null || median <= 0) return null;
  let least = 0;
  means.forEach((mean, index) => {
    if (mean < (means[least] ?? 0)) least = index;
  });
  return { score: (means[least] ?? 0) / median, start_s: starts[least] ?? 0 };
}

/** Bytes of all other packets over bytes of keyframes; null if there are no others or no keyframes. */
export function afterKeyShare({ sizes_bytes, isKeyframe }: PacketSeries): number | null {
  let keys = 0;
  let others = 0;
  let otherCount = 0;
  sizes_bytes.forEach((size, index) => {
    if (isKeyframe[index] === 1) keys += size;
    else {
      others += size;
      otherCount += 1;
    }
  });
  return otherCount === 0 || keys === 0 ? null : others / keys;
}

function nonKeySizes({ sizes_bytes, isKeyframe }: PacketSeries): Float64Array {
  const sizes = new Float64Array(sizes_bytes.length);
  let count = 0;
  for (let i = 0; i < sizes.length; i++)
    if (isKeyframe[i] === 0) sizes[count++] = sizes_bytes[i] ?? 0;
  return sizes.subarray(0, count);
}

function share(values: Float64Array, matches: (value: number) => boolean): number | null {
  if (values.length === 0) return null;
  let count = 0;
  for (const value of values) if (matches(value)) count += 1;
  return count / values.length;
}
