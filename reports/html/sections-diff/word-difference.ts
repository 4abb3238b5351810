export type WordPiece = {
  readonly state: 'same' | 'removed' | 'added';
  readonly text: string;
};

/** Words compared one by one on each side; longer texts are cut, so that the work stays bounded. */
const MOST_WORDS = 400;

/** Words that went, came and stayed, by the longest common subsequence; neighbours of one state are one piece. */
export function wordDifference(before: string, after: string): readonly WordPiece[] {
  const b = wordsOf(before);
  const a = wordsOf(after);
  const lengths: Uint16Array[] = Array.from(
    { length: b.length + 1 },
    () => new Uint16Array(a.length + 1),
  );
  for (let i = b.length - 1; i >= 0; i--) {
    for (let j = a.length - 1; j >= 0; j--) {
      const own = lengths[i];
      if (own === undefined) continue;
      own[j] =
        b[i] === a[j]
          ? (lengths[i + 1]?.[j + 1] ?? 0) + 1
          : Math.max(lengths[i + 1]?.[j] ?? 0, own[j + 1] ?? 0);
    }
  }
  const pieces: { state: WordPiece['state']; words: string[] }[] = [];
  const add = (state: WordPiece['state'], word: string): void => {
    const last = pieces.at(-1);
    if (last?.state === state) last.words.push(word);
    else pieces.push({ state, words: [word] });
  };
  let i = 0;
  let j = 0;
  while (i < b.length || j < a.length) {
    const [own, other] = [b[i], a[j]];
    if (own !== undefined && own === other) {
      add('same', own);
      i++;
      j++;
    } else if (
      own !== undefined &&
      (other === undefined || (lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0))
    ) {
      add('removed', own);
      i++;
    } else if (other !== undefined) {
      add('added', other);
      j++;
    }
  }
  return pieces.map(({ state, words }) => ({ state, text: words.join(' ') }));
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, MOST_WORDS);
}
