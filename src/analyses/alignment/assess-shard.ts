import { type LagProfile, profileLags } from './lag-profile.ts';
import { boundMismatch, type MismatchShare } from './mismatch-share.ts';
import { OFFSET_REACH, type OffsetBand, pairCount, similarityAt } from './offset-band.ts';
import { blockTest, testDistinctNeighbours, testPartShift, testRelation } from './offset-tests.ts';
import { chanceOfLess, testParts } from './part-tests.ts';
import { leastStretch, scanSegments, type Segment } from './segment-scan.ts';

/** What one shard says about its pairs, before shards are compared with each other. */
export type ShardReading = {
  readonly pairs: number;
  /** Offset with the clearest relation, null if none was seen. */
  readonly relation: number | null;
  /** Of the whole shard or of its later part; `from` is an index into the rows of the band. */
  readonly shift: { readonly offset: number; readonly p: number; readonly from: number };
  /** Segments at another offset than 0. */
  readonly segments: readonly Segment[];
  /** Mean similarity of clips with their own captions, standard deviations of unrelated pairs. */
  readonly contrast: number;
  readonly contrastError: number;
  /** The same at the offset where the captions stand. */
  readonly dPrime: number;
  readonly mismatch: MismatchShare | null;
  /** p-value that captions one row beside fit as well: large where neighbours are too alike. */
  readonly neighboursAlike: number;
  /** Rows that a misplaced stretch must have to be seen; infinite: only parts of the shard as a whole are compared. */
  readonly leastStretch: number;
  /** Rows of the shard in which captions fit their own clips no better than those around, although elsewhere they do. */
  readonly unknown: { readonly from: number; readonly to: number } | null;
  /** How well captions around fit: over the whole shard, and over each segment in turn. */
  readonly profiles: readonly [LagProfile, ...LagProfile[]];
};

/** How a shard ends. */
type ShardVerdict = 'aligned' | 'shifted' | 'unaligned-block' | 'unrelated' | 'not-assessable';

export type ShardAssessment = {
  readonly verdict: ShardVerdict;
  readonly segments: readonly Segment[];
  readonly shiftP: number;
  readonly reason: string | null;
};

/** Fewer pairs than this say nothing at any strength of the relation. */
const LEAST_PAIRS = 20;
const ALPHA = 0.01;
/** Weakest relation whose mismatch share means something; below it bad pairs and good ones overlap. */
const LEAST_D_PRIME_FOR_SHARE = 1.5;
const LEAST_ROWS_TO_COMPARE = 50;

/** Reads one shard: relation, shift, segments, share of mismatches. */
export function readShard(band: OffsetBand): ShardReading {
  const pairs = pairCount(band);
  const own = blockTest(band.rows.length, (index) => similarityAt(band, index, 0));
  const empty: ShardReading = {
    pairs,
    relation: null,
    shift: { offset: 0, p: 1, from: 0 },
    leastStretch: Number.POSITIVE_INFINITY,
    segments: [],
    contrast: own.mean,
    contrastError: own.standardError,
    dPrime: 0,
    mismatch: null,
    neighboursAlike: 1,
    unknown: null,
    profiles: [profileLags(band, 0, band.rows.length, 1)],
  };
  if (pairs < LEAST_PAIRS) return empty;
  const relation = testRelation(band);
  const chances = band.chances ?? 1;
  if (relation.p * chances > ALPHA) return empty;
  const { path, strength } = scanSegments(band, relation.offset);
  const scanned = path.filter((segment) => segment.offset !== 0).map(fromTheStart);
  const right = similaritiesOnPath(band, path, relation.offset);
  const dPrime = right.reduce((sum, each) => sum + each, 0) / Math.max(1, right.length);
  const found = testPartShift(band);
  const shift = { ...found, p: Math.min(1, found.p * chances) };
  const parts = testParts(band, relation.offset);
  const segments =
    scanned.length === 0 && shift.p > ALPHA && parts.lost !== null ? [parts.lost] : scanned;
  return {
    ...empty,
    relation: relation.offset,
    shift,
    unknown: parts.unknown,
    profiles: [
      profileLags(band, 0, band.rows.length, shift.p < ALPHA ? shift.offset : 1),
      ...segments.map(({ from, to, offset }) => profileLags(band, from, to, offset ?? 1)),
      ...(segments.length === 0 && shift.from > 0
        ? [profileLags(band, shift.from, band.rows.length, shift.offset)]
        : []),
    ],
    segments,
    dPrime,
    mismatch:
      dPrime >= LEAST_D_PRIME_FOR_SHARE
        ? boundMismatch(right, band.far, inflationOf(band, right))
        : null,
    leastStretch: leastStretch(pairs, band.reach, strength),
    neighboursAlike: testDistinctNeighbours(band, relation.offset),
  };
}

/** The verdict of every shard, with false discoveries held to 1 % over all of them (Benjamini and Hochberg 1995). */
export function assessShards(readings: readonly ShardReading[]): readonly ShardAssessment[] {
  const adjusted = adjustForMany(readings.map((each) => each.shift.p));
  const weak = weakShards(readings);
  return readings.map((each, index) => {
    const reading = { ...each, segments: isSure(each, readings.length) ? each.segments : [] };
    const shiftP = adjusted[index] ?? 1;
    if (reading.segments.some((segment) => segment.offset !== null))
      return { verdict: 'shifted', segments: reading.segments, shiftP, reason: null };
    if (shiftP < ALPHA)
      return {
        verdict: 'shifted',
        segments: wholeShard(reading.shift.offset, reading.shift.from),
        shiftP,
        reason: null,
      };
    if (weak.has(index))
      return {
        verdict: 'unrelated',
        segments: wholeShard(null).map((segment) => ({ ...segment, p: weak.get(index) ?? 1 })),
        shiftP,
        reason: 'keeps less than half of the relation that other shards show',
      };
    if (reading.segments.length > 0)
      return { verdict: 'unaligned-block', segments: reading.segments, shiftP, reason: null };
    const reason = whyNotAssessable(reading);
    return {
      verdict: reason === null ? 'aligned' : 'not-assessable',
      segments: [],
      shiftP,
      reason: reason ?? describePower(reading),
    };
  });
}

/** Whether the plainest segment of a shard outweighs that so many shards were scanned (Bonferroni). */
function isSure({ segments, pairs }: ShardReading, shards: number): boolean {
  if (shards === 1) return true;
  const price = Math.log((pairs * (2 * OFFSET_REACH + 2) * shards) / ALPHA);
  return segments.some(({ gain, p }) => (p === undefined ? gain > price : p * shards < ALPHA));
}

function wholeShard(offset: number | null, from = 0): readonly Segment[] {
  return [{ from, to: Number.POSITIVE_INFINITY, offset, gain: 0 }];
}

function rows(value: number): string {
  return value.toLocaleString('en-US');
}

/** What would not have been seen in an aligned shard. */
function describePower({ leastStretch: least, pairs, unknown }: ShardReading): string | null {
  const part =
    unknown === null
      ? []
      : [
          `from row ${rows(unknown.from)} to ${rows(unknown.to - 1)} captions fit their clips no better than the clips around: whether their order is lost there cannot be told`,
        ];
  if (least * 2 > pairs)
    part.push(
      'the relation is weak: a shift of less than a quarter of the shard, or a lost order of less than half of it, may go unseen',
    );
  else if (least > 20)
    part.push(
      `a shift of fewer than about ${rows(least)} rows, or a lost order of fewer than ${rows(2 * least)}, may go unseen`,
    );
  return part.length === 0 ? null : part.join('; ');
}

/** A stretch that may begin with the shard does: its first rows have no caption at the offset. */
function fromTheStart(segment: Segment): Segment {
  const { offset, start } = segment;
  return offset !== null && start !== undefined && start[0] <= Math.abs(offset)
    ? { ...segment, from: 0, start: [0, start[1]] }
    : segment;
}

function whyNotAssessable(reading: ShardReading): string | null {
  if (reading.pairs < LEAST_PAIRS)
    return `${reading.pairs} pairs are too few: at least ${LEAST_PAIRS} are needed`;
  if (reading.relation === null)
    return `no relation between clips and captions could be measured in ${reading.pairs} pairs`;
  if (reading.neighboursAlike > ALPHA)
    return `neighbouring rows are too alike to tell a shift by one row in ${reading.pairs} pairs`;
  return null;
}

/** Shards that provably keep less than half of the usual contrast, with the chance of it. */
function weakShards(readings: readonly ShardReading[]): ReadonlyMap<number, number> {
  const usual = readings.filter((each) => each.pairs >= LEAST_ROWS_TO_COMPARE);
  const related = usual.filter((each) => each.relation !== null);
  if (usual.length < 4 || related.length * 2 <= usual.length) return new Map();
  const contrast = median(usual.map((each) => each.contrast));
  const error = median(usual.map((each) => each.contrastError));
  return new Map(
    readings.flatMap((each, index) => {
      const spread = Math.max(each.contrastError, error);
      const chance = chanceOfLess(contrast / 2, each.contrast, spread);
      return each.pairs >= LEAST_ROWS_TO_COMPARE && chance !== null
        ? [[index, Math.min(1, readings.length * chance)] as const]
        : [];
    }),
  );
}

function similaritiesOnPath(
  band: OffsetBand,
  path: readonly Segment[],
  fallback: number,
): readonly number[] {
  const segments =
    path.length > 0 ? path : [{ from: 0, to: band.rows.length, offset: fallback, gain: 0 }];
  const found: number[] = [];
  for (const { from, to, offset } of segments) {
    if (offset === null) continue;
    for (let index = from; index < to; index += 1) {
      const value = similarityAt(band, index, offset);
      if (!Number.isNaN(value)) found.push(value);
    }
  }
  return found;
}

/** Variance of the mean by blocks over that of independent pairs. */
function inflationOf(band: OffsetBand, similarities: readonly number[]): number {
  const mean = similarities.reduce((sum, each) => sum + each, 0) / similarities.length;
  const squares = similarities.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const { standardError } = blockTest(band.rows.length, (index) => similarityAt(band, index, 0));
  return squares === 0 ? 1 : (standardError * similarities.length) ** 2 / squares;
}

/** p-values adjusted so that a cut at q keeps the share of false discoveries below q. */
export function adjustForMany(values: readonly number[]): readonly number[] {
  const order = values.map((p, index) => ({ p, index })).toSorted((a, b) => b.p - a.p);
  const adjusted = values.map(() => 1);
  let least = 1;
  order.forEach(({ p, index }, place) => {
    least = Math.min(least, p * (values.length / (values.length - place)));
    adjusted[index] = least;
  });
  return adjusted;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
