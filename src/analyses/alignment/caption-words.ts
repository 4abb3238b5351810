import { readWordTable } from './word-table.ts';

/** Weighted words of one caption: places in the vocabulary and weights, of unit length. */
export type WordVector = { readonly places: Int32Array; readonly weights: Float64Array };

/** Words kept: the commonest after those that nearly every caption has. */
const MOST_WORDS = 500;
/** Captions that must share a word for it to say anything about others. */
const LEAST_CAPTIONS = 3;
/** Words in more captions than this say nothing. */
const MOST_SHARE = 0.5;

// oxlint-disable-next-line no-control-regex -- the range is what ASCII is
const IS_ASCII = /^[\u0000-\u007f]*$/;

/** Lower-case words of a caption, each once; scripts without spaces by pairs of characters. */
export function wordsOf(caption: string): ReadonlySet<string> {
  return new Set(listWords(caption));
}

/** The same in the order of the caption, repeated ones as often as it says them. */
export function listWords(caption: string): readonly string[] {
  const text = caption.slice(0, 4000).toLowerCase();
  // Plain English needs no table of Unicode, which takes three times as long.
  if (IS_ASCII.test(text)) return text.match(/[a-z0-9]+/g) ?? [];
  const words: string[] = [];
  for (const word of text.match(/[\p{L}\p{N}]+/gu) ?? []) {
    if (/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u.test(word)) {
      for (let at = 0; at + 1 < word.length; at += 1) words.push(word.slice(at, at + 2));
    } else words.push(word);
  }
  return words;
}

/**
 * Captions as vectors of unit length: words that several of them have (rare ones weigh more), and beside them what all their
 * words mean, by a table of word vectors. Null for captions that share no word with others and have none that the table knows.
 */
export function weighWords(captions: readonly (string | null)[]): {
  /** Places in all. */
  readonly vocabulary: number;
  readonly vectors: readonly (WordVector | null)[];
} {
  const sets = captions.map((caption) => (caption === null ? null : wordsOf(caption)));
  const counts = new Map<string, number>();
  let total = 0;
  for (const set of sets) {
    if (set === null) continue;
    total += 1;
    for (const word of set) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const kept = [...counts]
    .filter(([, count]) => count >= LEAST_CAPTIONS && count <= MOST_SHARE * total)
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, Math.min(MOST_WORDS, Math.floor(total / 2)));
  const places = new Map(kept.map(([word], place) => [word, place]));
  const weightOf = (word: string): number => Math.log(total / (counts.get(word) ?? total));
  const meanings = meaningsOf(sets, weightOf);
  return {
    vocabulary: kept.length + readWordTable().axes,
    vectors: sets.map((set, index) => {
      if (set === null) return null;
      const own = [...set].flatMap((word) => {
        const place = places.get(word);
        return place === undefined ? [] : [{ place, weight: weightOf(word) }];
      });
      const meaning = meanings[index] ?? null;
      const length = Math.hypot(...own.map((each) => each.weight));
      if (length === 0 && meaning === null) return null;
      const both = length > 0 && meaning !== null ? Math.SQRT1_2 : 1;
      const sorted = own.toSorted((a, b) => a.place - b.place);
      return {
        places: Int32Array.from([
          ...sorted.map((each) => each.place),
          ...(meaning ?? []).map((_, axis) => kept.length + axis),
        ]),
        weights: Float64Array.from([
          ...sorted.map((each) => (both * each.weight) / (length || 1)),
          ...(meaning ?? []).map((value) => both * value),
        ]),
      };
    }),
  };
}

/** Weighted sums of the vectors of their words, less what all captions have in common, of unit length. */
function meaningsOf(
  sets: readonly (ReadonlySet<string> | null)[],
  weightOf: (word: string) => number,
): readonly (readonly number[] | null)[] {
  const { axes, placeOf, values } = readWordTable();
  const sums = sets.map((set) => {
    const sum = new Float64Array(axes);
    let isKnown = false;
    for (const word of set ?? []) {
      const place = placeOf(word);
      const weight = weightOf(word);
      if (place === undefined || weight === 0) continue;
      isKnown = true;
      for (let axis = 0; axis < axes; axis += 1)
        sum[axis] = (sum[axis] ?? 0) + (weight * (values[place * axes + axis] ?? 0)) / 127;
    }
    return isKnown ? unit(sum) : null;
  });
  const mean = new Float64Array(axes);
  const known = sums.filter((sum) => sum !== null);
  for (const sum of known)
    for (let axis = 0; axis < axes; axis += 1)
      mean[axis] = (mean[axis] ?? 0) + (sum[axis] ?? 0) / known.length;
  return sums.map((sum) => {
    if (sum === null) return null;
    const centred = unit(sum.map((value, axis) => value - (mean[axis] ?? 0)));
    return centred === null ? null : [...centred];
  });
}

function unit(vector: Float64Array): Float64Array | null {
  const length = Math.hypot(...vector);
  return length > 1e-9 ? vector.map((each) => each / length) : null;
}
