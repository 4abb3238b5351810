import type { ShardAssessment } from './assess-shard.ts';
import { type LagProfile, profileLags } from './lag-profile.ts';
import { OFFSET_REACH } from './offset-band.ts';
import { findPath, type Segment } from './segment-scan.ts';

/** Places of a row in a table of matches: one for each offset. */
export const WIDTH = 2 * OFFSET_REACH + 1;

/**
 * What fits exactly or not at all: `matches[i * WIDTH + k + OFFSET_REACH]` is 1 where the value `k` rows further down is
 * that of clip `i`, 0 where not, NaN where nothing is known.
 */
export type Matches = {
  readonly rowNumbers: Float64Array;
  readonly matches: Float32Array;
  /** 1 where the value of a row is known to be that of some other clip; left out where values say nothing of whose they are. */
  readonly isElsewhere?: Uint8Array;
};

/** Share of clips whose values match where they stand. */
const USUAL_MATCH = 0.95;
/** Values that match fewer clips than this at every offset mean something else. */
const LEAST_MATCH = 0.3;
/** Chance matches above which neighbours are too alike. */
const MOST_CHANCE = 0.9;
/** Rows that match at the offset and not in place, without which a segment is no finding. */
const LEAST_WITNESSES = 5;

/** The verdict on one shard of matches; `what` names what is compared, in words, plural. */
export function assessMatches(
  { rowNumbers, matches, isElsewhere }: Matches,
  what: string,
): { readonly assessment: ShardAssessment; readonly profiles: readonly LagProfile[] } {
  const best = bestOffset(matches);
  const chance = chanceRate(matches, best);
  if (chance > MOST_CHANCE) return silent(`${what} alike in neighbouring rows`);
  if (bestRate(matches) < LEAST_MATCH && isElsewhere === undefined)
    return silent(`${what} match no row nearby`);
  const base = Math.max(0.02, chance);
  const hit = Math.log(USUAL_MATCH / base);
  const miss = Math.log((1 - USUAL_MATCH) / (1 - base));
  const ratios = matches.map((each) => (Number.isNaN(each) ? Number.NaN : each === 1 ? hit : miss));
  const path = findPath({ rows: rowNumbers.length, reach: OFFSET_REACH, ratios });
  const segments = path.filter((segment) => isWitnessed(matches, segment, isElsewhere));
  if (segments.length === 0 && bestRate(matches) < LEAST_MATCH)
    return silent(`${what} match no row nearby`);
  const band = { rows: rowNumbers, reach: OFFSET_REACH, z: matches, far: new Float32Array() };
  const profile = (from: number, to: number): LagProfile => ({
    lags: profileLags(band, from, to, 1).lags,
    histogram: null,
  });
  return {
    assessment: {
      verdict: segments.some((segment) => segment.offset !== null)
        ? 'shifted'
        : segments.length > 0
          ? 'unaligned-block'
          : 'aligned',
      segments,
      shiftP: 1,
      reason: null,
    },
    profiles: [
      profile(0, rowNumbers.length),
      ...segments.map((segment) => profile(segment.from, segment.to)),
    ],
  };
}

function rateAt(table: Float32Array, place: number): number {
  let sum = 0;
  let count = 0;
  for (let at = place; at < table.length; at += WIDTH) {
    const each = table[at] ?? Number.NaN;
    if (Number.isNaN(each)) continue;
    sum += each;
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}

function bestOffset(table: Float32Array): number {
  let best = OFFSET_REACH;
  for (let place = 0; place < WIDTH; place += 1)
    if (rateAt(table, place) > rateAt(table, best)) best = place;
  return best;
}

/** Share of rows that match at the offset where most do. */
export function bestRate(table: Float32Array | undefined): number {
  return table === undefined ? 0 : rateAt(table, bestOffset(table));
}

/** How often a row matches by chance: the mean rate at offsets other than the best one and those beside it. */
function chanceRate(table: Float32Array, best: number): number {
  const others = Array.from({ length: WIDTH }, (_, place) => place).filter(
    (place) => Math.abs(place - best) > 1,
  );
  return others.reduce((sum, place) => sum + rateAt(table, place), 0) / others.length;
}

function isWitnessed(
  matches: Float32Array,
  { from, to, offset }: Segment,
  isElsewhere: Uint8Array | undefined,
): boolean {
  if (offset === 0) return false;
  let witnesses = 0;
  let against = 0;
  for (let index = from; index < to; index += 1) {
    const there =
      offset === null ? isElsewhere?.[index] : matches[index * WIDTH + offset + OFFSET_REACH];
    const here = matches[index * WIDTH + OFFSET_REACH];
    if (there === 1 && here === 0) witnesses += 1;
    if (there === 0 && here === 1) against += 1;
  }
  return witnesses >= LEAST_WITNESSES && witnesses > 4 * against;
}

function silent(reason: string): ReturnType<typeof assessMatches> {
  return {
    assessment: { verdict: 'not-assessable', segments: [], shiftP: 1, reason },
    profiles: [],
  };
}
