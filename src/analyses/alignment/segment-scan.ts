import { localContrast, type OffsetBand } from './offset-band.ts';

/** Rows of a shard whose captions stand at one offset (null: at none within reach). */
export type Segment = {
  /** First and last + 1 index into the rows of the band. */
  readonly from: number;
  readonly to: number;
  readonly offset: number | null;
  /** Evidence against "captions stand with their clips", nats. */
  readonly gain: number;
  /** Where its first row may lie at 95 %, first and last index; the whole shard has none. */
  readonly start?: readonly [number, number];
  /** How likely it is by chance, where that was tested for this segment alone. */
  readonly p?: number;
};

/** Log-likelihood ratios of each offset against "no relation", `[i * width + k + reach]`; NaN where nothing is known. */
type OffsetEvidence = {
  readonly rows: number;
  readonly reach: number;
  readonly ratios: Float32Array;
};

/** Neighbours resemble each other, so evidence counts half. Estimated from the shard it would swallow what it should find. */
const DEPENDENCE = 2;
/** Chance of a false segment in a shard (Ville's inequality over rows and states). */
const ALPHA = 0.01;
/** Nats it costs to come back to captions that stand right. */
const RETURN_COST = 2;
/** Nats by which a later or earlier first row may be less likely: half the 95 % quantile of chi-squared with one degree of freedom. */
const PLACE_DROP = 1.92;
/** Rows looked at on either side of a change. */
const MOST_PLACE = 500;
/** Below this, standard deviations, single rows say nothing and the scan has no power. */
const LEAST_CONTRAST = 0.3;

/** What a scan saw. */
type SegmentScan = {
  /** All rows, by the offset at which their captions stand; empty where single rows say nothing. */
  readonly path: readonly Segment[];
  /** By how much captions fit their own clips better than the clips around, standard deviations of unrelated pairs. */
  readonly strength: number;
};

/**
 * Where captions stand at another offset, or at none: the most likely path through offsets row by row (Viterbi), with a price on
 * each change that holds false segments to 1 % of shards. `start` is an offset at which a relation was seen.
 */
export function scanSegments(band: OffsetBand, start: number): SegmentScan {
  const contrast = localContrast(band);
  const width = 2 * band.reach + 1;
  let strength = meanContrast(
    contrast,
    width,
    [{ from: 0, to: band.rows.length, offset: start, gain: 0 }],
    band.reach,
  );
  let segments: readonly Segment[] = [];
  for (let round = 0; round < 4; round += 1) {
    if (strength < LEAST_CONTRAST) return { path: [], strength };
    const ratios = contrast.map(
      (value) => (strength * value - (strength * strength) / 2) / DEPENDENCE,
    );
    segments = findPath({ rows: band.rows.length, reach: band.reach, ratios });
    const next = meanContrast(contrast, width, segments, band.reach);
    if (Number.isNaN(next) || Math.abs(next - strength) < 0.01) break;
    strength = next;
  }
  return { path: segments, strength };
}

/**
 * Rows that a shifted stretch needs to be seen nearly always at this strength of the relation: what it brings in, less two
 * standard deviations, must pay for leaving and coming back. A lost order needs twice as many. Infinite where single rows say nothing.
 */
export function leastStretch(rows: number, reach: number, strength: number): number {
  if (!(strength >= LEAST_CONTRAST)) return Number.POSITIVE_INFINITY;
  const cost = Math.log((rows * (2 * reach + 2)) / ALPHA) + RETURN_COST;
  const gain = (strength * strength) / DEPENDENCE;
  // Each row brings `gain`, with the spread of a difference of two similarities; n * gain - 2 * sqrt(n) * spread = cost.
  const spread = (Math.SQRT2 * strength) / DEPENDENCE;
  const root = (spread + Math.sqrt(spread * spread + gain * cost)) / gain;
  return Math.ceil(root * root);
}

/** The most likely path through offsets, as segments; {@link scanSegments} for any kind of evidence. */
export function findPath(evidence: OffsetEvidence): readonly Segment[] {
  const { rows, reach, ratios } = evidence;
  const width = 2 * reach + 1;
  const states = width + 1;
  const unaligned = width;
  const away = Math.log((rows * states) / ALPHA);
  const ratioAt = (row: number, state: number): number => {
    const value = state === unaligned ? 0 : (ratios[row * width + state] ?? 0);
    return Number.isNaN(value) ? 0 : value;
  };
  let scores = Float64Array.from({ length: states }, (_, state) => (state === reach ? 0 : -away));
  const origin = new Uint8Array(rows * states);
  for (let row = 0; row < rows; row += 1) {
    let best = 0;
    for (let state = 1; state < states; state += 1)
      if ((scores[state] ?? 0) > (scores[best] ?? 0)) best = state;
    const next = new Float64Array(states);
    for (let state = 0; state < states; state += 1) {
      const stay = scores[state] ?? 0;
      const come =
        row === 0
          ? Number.NEGATIVE_INFINITY
          : (scores[best] ?? 0) - (state === reach ? RETURN_COST : away);
      // Of equal paths the one that leaves later: rows that fit both ways are not blamed.
      const comes = come >= stay - 1e-9;
      origin[row * states + state] = comes ? best : state;
      next[state] = (comes ? come : stay) + ratioAt(row, state);
    }
    scores = next;
  }
  /** Rows between which the change from state `before` to `after` may lie, given that it lies near `at`. */
  const placeStart = (
    at: number,
    end: number,
    after: number,
    before: number,
  ): readonly [number, number] => {
    const walk = (step: number, limit: number): number => {
      let loss = 0;
      let farthest = at;
      for (let row = at; row !== limit; row += step) {
        const moved = step > 0 ? row : row - 1;
        loss += step * (ratioAt(moved, after) - ratioAt(moved, before));
        if (loss > 4 * PLACE_DROP) break;
        if (loss <= PLACE_DROP) farthest = row + step;
      }
      return farthest;
    };
    return [walk(-1, Math.max(0, at - MOST_PLACE)), walk(1, Math.min(end, at + MOST_PLACE))];
  };
  let state = 0;
  for (let each = 1; each < states; each += 1)
    if ((scores[each] ?? 0) > (scores[state] ?? 0)) state = each;
  const segments: Segment[] = [];
  let to = rows;
  let gain = 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    gain += ratioAt(row, state) - ratioAt(row, reach);
    const before = origin[row * states + state] ?? state;
    if (before !== state || row === 0) {
      const start = row === 0 ? ([0, 0] as const) : placeStart(row, to, state, before);
      segments.push({
        from: row,
        to,
        offset: state === unaligned ? null : state - reach,
        gain,
        start,
      });
      to = row;
      gain = 0;
      state = before;
    }
  }
  return segments.toReversed();
}

/** Mean contrast over the rows that stand at some offset. */
function meanContrast(
  contrast: Float32Array,
  width: number,
  segments: readonly Segment[],
  reach: number,
): number {
  let sum = 0;
  let count = 0;
  for (const { from, to, offset } of segments) {
    if (offset === null) continue;
    for (let row = from; row < to; row += 1) {
      const value = contrast[row * width + offset + reach] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
  }
  return count === 0 ? Number.NaN : sum / count;
}
