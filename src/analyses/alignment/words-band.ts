import { weighWords, type WordVector } from './caption-words.ts';
import { OFFSET_REACH, type OffsetBand, similarityAt } from './offset-band.ts';
import { blockTest, testPartShift } from './offset-tests.ts';
import { principalScores } from './principal-axes.ts';
import { applyMap, RidgeSums } from './ridge-map.ts';

/** Clips of one shard with features of their pictures, and the captions of the rows around. */
export type FeaturedShard = {
  readonly shardId: number;
  /** Rows that have features, ascending. */
  readonly rows: readonly number[];
  /** `rows x dimension`; rows that are not finite count as missing. */
  readonly features: Float64Array;
  /** Captions by row: of all rows within reach of those with features. */
  readonly captions: ReadonlyMap<number, string>;
};

/** Rows that go into one fold together: neighbours resemble each other. */
const BLOCK_ROWS = 20;
const FOLDS = 5;
/** Penalty of the map, in captions: a word seen less often than this is hardly believed. */
const PENALTY = 2;
const MOST_AXES = 32;
/** Rows that share a caption because they are copies; more of them share a template. */
const MOST_COPIES = 4;
/** Learnt in place, at the scouted offset, by parts; and one more for what the choice among them favours. */
const CHANCES = 4;
/** Unrelated captions drawn for each clip. */
const FAR_PAIRS = 24;

type Pair = {
  readonly shard: number;
  readonly row: number;
  readonly fold: number;
  readonly scores: Float64Array;
};

/**
 * Bands of shards whose features share no space with text: a map from words to features is learnt on other rows, and says of each
 * caption which features it promises. No pair is judged by a map that has seen it, its neighbours within reach, or their captions.
 */
export function bandsFromWords(
  shards: readonly FeaturedShard[],
  dimension: number,
): readonly OffsetBand[] {
  const pairsTotal = shards.reduce((sum, shard) => sum + shard.rows.length, 0);
  const q = Math.max(1, Math.min(MOST_AXES, dimension, Math.floor(pairsTotal / 8)));
  const all = new Float64Array(pairsTotal * dimension);
  let start = 0;
  for (const { features } of shards) {
    all.set(features, start);
    start += features.length;
  }
  const scores = principalScores(all, dimension, q);
  const words = wordsByRow(shards);
  let index = 0;
  const pairs: Pair[] = shards.flatMap((shard, at) =>
    shard.rows.map((row): Pair => {
      const own = scores.subarray(index * q, (index + 1) * q);
      index += 1;
      return { shard: at, row, fold: foldOf(at, row), scores: own };
    }),
  );
  const wordsAt = (pair: Pair, offset: number): WordVector | null =>
    words.vectors[pair.shard]?.get(pair.row + offset) ?? null;
  const textAt = (pair: Pair, offset: number): string | undefined =>
    shards[pair.shard]?.captions.get(pair.row + offset);
  const seen = foldsOfCopies(pairs, textAt);
  const bandsAt = (pairing: Pairing): readonly OffsetBand[] => {
    const maps = Array.from({ length: FOLDS }, (_, fold) => {
      const sums = new RidgeSums(words.vocabulary, q);
      for (const pair of pairs) {
        const offset = pairing(pair);
        if (touches(pair, fold, offset)) continue;
        if (seen.hasPicture(pair, fold) || seen.hasText(textAt(pair, offset), fold)) continue;
        const own = wordsAt(pair, offset);
        if (own !== null) sums.add({ words: own, scores: pair.scores });
      }
      return sums.solve(PENALTY);
    });
    return shards.map((_, at) =>
      bandOf(
        pairs.filter((pair) => pair.shard === at),
        wordsAt,
        maps,
        q,
      ),
    );
  };
  const inPlace = bandsAt(() => 0);
  const scouted = scout(pairs, wordsAt, words.vocabulary, q);
  let best = inPlace;
  // Learnt elsewhere a map says what it was taught; it must also foretell more than one that was learnt in place.
  const tryPairing = (pairing: Pairing): void => {
    const bands = bandsAt(pairing);
    if (foretellsMore(bands, inPlace, shards, pairing)) best = bands;
  };
  if (scouted !== 0) tryPairing(() => scouted);
  // Where only a part of a shard seems to stand elsewhere, a map learnt of both parts as they seem to stand sees it clearer.
  const parts = best.map((band) => testPartShift(band));
  if (parts.some((part) => part.from > 0 && part.p < PLAUSIBLE)) {
    tryPairing((pair) => {
      const part = parts[pair.shard];
      if (part === undefined || part.p >= PLAUSIBLE) return best === inPlace ? 0 : scouted;
      const first = shards[pair.shard]?.rows[part.from] ?? 0;
      return pair.row >= first ? part.offset : 0;
    });
  }
  return best;
}

/** How many rows further down the caption of a pair is thought to stand. */
type Pairing = (pair: { readonly shard: number; readonly row: number }) => number;

/** A shift of a part that is likelier than this to be chance is not looked into. */
const PLAUSIBLE = 0.2;

/** Equal pictures have equal scores. */
function pictureOf(pair: Pair): string {
  return pair.scores.subarray(0, 6).join();
}

/** Whether clips fit better where one set of bands has learnt that captions stand than in place by the other. */
function foretellsMore(
  bands: readonly OffsetBand[],
  inPlace: readonly OffsetBand[],
  shards: readonly FeaturedShard[],
  pairing: Pairing,
): boolean {
  const gains = bands.flatMap((band, shard) => {
    const other = inPlace[shard];
    return Array.from(band.rows, (_, index) => {
      const offset = pairing({ shard, row: shards[shard]?.rows[index] ?? 0 });
      return other === undefined || offset === 0
        ? Number.NaN
        : similarityAt(band, index, offset) - similarityAt(other, index, 0);
    });
  });
  return blockTest(gains.length, (index) => gains[index] ?? Number.NaN).p < 0.01;
}

/**
 * Folds in which a picture or a caption lies: a copy of it elsewhere in the dataset must not teach a map that judges the
 * fold, or the map repeats by heart whatever pairing it was taught.
 */
function foldsOfCopies(
  pairs: readonly Pair[],
  textAt: (pair: Pair, offset: number) => string | undefined,
): {
  readonly hasPicture: (pair: Pair, fold: number) => boolean;
  readonly hasText: (text: string | undefined, fold: number) => boolean;
} {
  const pictures = new Map<string, number>();
  const texts = new Map<string, { folds: number; count: number }>();
  for (const pair of pairs) {
    const bit = 1 << pair.fold;
    const picture = pictureOf(pair);
    pictures.set(picture, (pictures.get(picture) ?? 0) | bit);
    for (let offset = -OFFSET_REACH; offset <= OFFSET_REACH; offset += 1) {
      const text = textAt(pair, offset)?.trim().toLowerCase();
      if (text === undefined) continue;
      const found = texts.get(text) ?? { folds: 0, count: 0 };
      texts.set(text, found);
      found.folds |= bit;
      if (offset === 0) found.count += 1;
    }
  }
  return {
    hasPicture: (pair, fold) => ((pictures.get(pictureOf(pair)) ?? 0) & (1 << fold)) !== 0,
    hasText: (text, fold) => {
      const found = texts.get(text?.trim().toLowerCase() ?? '');
      // Words that many rows share name a kind of clip, not a copy of one.
      return found !== undefined && found.count <= MOST_COPIES && (found.folds & (1 << fold)) !== 0;
    },
  };
}

/** Blocks of neighbouring rows stay together. */
function foldOf(shard: number, row: number): number {
  return (Math.floor(row / BLOCK_ROWS) + shard) % FOLDS;
}

/** Whether a map for `fold` must not see the pair: clip or caption lie within reach of a row of the fold. */
function touches(pair: Pair, fold: number, offset: number): boolean {
  return [pair.row, pair.row + offset].some((row) =>
    [-OFFSET_REACH, 0, OFFSET_REACH].some(
      (by) => foldOf(pair.shard, Math.max(0, row + by)) === fold,
    ),
  );
}

function wordsByRow(shards: readonly FeaturedShard[]): {
  readonly vocabulary: number;
  readonly vectors: readonly ReadonlyMap<number, WordVector>[];
} {
  const places = shards.flatMap((shard, at) =>
    [...shard.captions].map(([row, caption]) => ({ at, row, caption })),
  );
  const { vocabulary, vectors } = weighWords(places.map((place) => place.caption));
  const found = shards.map(() => new Map<number, WordVector>());
  places.forEach(({ at, row }, index) => {
    const vector = vectors[index];
    if (vector !== null && vector !== undefined) found[at]?.set(row, vector);
  });
  return { vocabulary, vectors: found };
}

/** The offset at which words and features move together most. Only a place to learn from: it is no test. */
function scout(
  pairs: readonly Pair[],
  wordsAt: (pair: Pair, offset: number) => WordVector | null,
  vocabulary: number,
  q: number,
): number {
  let best = { offset: 0, strength: Number.NEGATIVE_INFINITY };
  for (const offset of [
    0,
    ...Array.from({ length: OFFSET_REACH }, (_, k) => [k + 1, -k - 1]).flat(),
  ]) {
    const sums = new Float64Array(vocabulary * q);
    let count = 0;
    for (const pair of pairs) {
      const words = wordsAt(pair, offset);
      if (words === null) continue;
      count += 1;
      for (let a = 0; a < words.places.length; a += 1) {
        const row = words.places[a] ?? 0;
        const weight = words.weights[a] ?? 0;
        for (let o = 0; o < q; o += 1)
          sums[row * q + o] = (sums[row * q + o] ?? 0) + weight * (pair.scores[o] ?? 0);
      }
    }
    const strength = sums.reduce((sum, each) => sum + each * each, 0) / Math.max(1, count) ** 2;
    if (strength > best.strength * 1.0001) best = { offset, strength };
  }
  return best.offset;
}

function bandOf(
  pairs: readonly Pair[],
  wordsAt: (pair: Pair, offset: number) => WordVector | null,
  maps: readonly Float64Array[],
  q: number,
): OffsetBand {
  const width = 2 * OFFSET_REACH + 1;
  const raw = new Float32Array(pairs.length * width).fill(Number.NaN);
  const far: number[] = [];
  const promised = pairs.map((pair) => {
    const map = maps[pair.fold];
    return Array.from({ length: width }, (_, place) => {
      const words = wordsAt(pair, place - OFFSET_REACH);
      return words === null || map === undefined ? null : applyMap(map, words, q);
    });
  });
  const means = maps.map((_, fold) =>
    meanOf(
      promised.filter((__, at) => pairs[at]?.fold === fold),
      q,
    ),
  );
  let state = 77_777;
  const byFold = maps.map((_, fold) =>
    pairs.flatMap((pair, at) => (pair.fold === fold ? [at] : [])),
  );
  pairs.forEach((pair, index) => {
    const mean = means[pair.fold] ?? new Float64Array(q);
    for (let place = 0; place < width; place += 1)
      raw[index * width + place] = cosine(pair.scores, promised[index]?.[place] ?? null, mean);
    const others = byFold[pair.fold] ?? [];
    for (let draw = 0; draw < FAR_PAIRS; draw += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      const other = others[(state >>> 8) % others.length] ?? index;
      if (Math.abs((pairs[other]?.row ?? 0) - pair.row) <= 2 * OFFSET_REACH) continue;
      const value = cosine(pair.scores, promised[other]?.[OFFSET_REACH] ?? null, mean);
      if (!Number.isNaN(value)) far.push(value);
    }
  });
  const mean = far.reduce((sum, each) => sum + each, 0) / Math.max(1, far.length);
  const squares = far.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const spread = Math.sqrt(squares / Math.max(1, far.length)) || 1;
  return {
    rows: Float64Array.from(pairs, (pair) => pair.row),
    reach: OFFSET_REACH,
    z: raw.map((each) => (each - mean) / spread),
    far: Float32Array.from(far, (each) => (each - mean) / spread).toSorted(),
    chances: CHANCES,
  };
}

function meanOf(promised: readonly (readonly (Float64Array | null)[])[], q: number): Float64Array {
  const mean = new Float64Array(q);
  let count = 0;
  for (const row of promised) {
    const own = row[OFFSET_REACH];
    if (own === null || own === undefined) continue;
    count += 1;
    for (let o = 0; o < q; o += 1) mean[o] = (mean[o] ?? 0) + (own[o] ?? 0);
  }
  return mean.map((each) => each / Math.max(1, count));
}

function cosine(scores: Float64Array, promised: Float64Array | null, mean: Float64Array): number {
  if (promised === null) return Number.NaN;
  let dot = 0;
  let left = 0;
  let right = 0;
  for (let o = 0; o < scores.length; o += 1) {
    const a = scores[o] ?? 0;
    const b = (promised[o] ?? 0) - (mean[o] ?? 0);
    dot += a * b;
    left += a * a;
    right += b * b;
  }
  return left > 1e-12 && right > 1e-12 ? dot / Math.sqrt(left * right) : Number.NaN;
}
