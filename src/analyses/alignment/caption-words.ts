/** Weighted words of one caption: places in the vocabulary and weights, of unit length. */
export type WordVector = { readonly places: Int32Array; readonly weights: Float64Array };

/** Words kept: the commonest after those that nearly every caption has. */
const MOST_WORDS = 500;
/** Captions that must share a word for it to say anything about others. */
const LEAST_CAPTIONS = 3;
/** Words in more captions than this say nothing. */
const MOST_SHARE = 0.5;

/** Lower-case words of a caption, each once; scripts without spaces by pairs of characters. */
export function wordsOf(caption: string): ReadonlySet<string> {
  const words = new Set<string>();
  for (const word of caption
    .toLowerCase()
    .slice(0, 4000)
    .match(/[\p{L}\p{N}]+/gu) ?? []) {
    if (/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u.test(word)) {
      for (let at = 0; at + 1 < word.length; at += 1) words.add(word.slice(at, at + 2));
    } else words.add(word);
  }
  return words;
}

/** Rare words weigh more (inverse document frequency); null for captions that share no word with others. */
export function weighWords(captions: readonly (string | null)[]): {
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
  const weights = kept.map(([, count]) => Math.log(total / count));
  return {
    vocabulary: kept.length,
    vectors: sets.map((set) => {
      if (set === null) return null;
      const own = [...set].flatMap((word) => places.get(word) ?? []).toSorted((a, b) => a - b);
      if (own.length === 0) return null;
      const raw = own.map((place) => weights[place] ?? 0);
      const length = Math.hypot(...raw);
      return {
        places: Int32Array.from(own),
        weights: Float64Array.from(raw, (weight) => weight / length),
      };
    }),
  };
}
