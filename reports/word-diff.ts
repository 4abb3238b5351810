/** A run of words that both texts have, or only one of them. */
export type WordRun = { readonly kind: 'same' | 'removed' | 'added'; readonly text: string };

/** Longer texts are compared by their first words; the rest is one removed and one added run. */
const WORDS_MAX = 400;

/** Which words went and which came, by the longest common subsequence of words. */
export function diffWords(before: string, after: string): readonly WordRun[] {
  const [was, wasRest] = splitWords(before);
  const [is, isRest] = splitWords(after);
  const common = commonLengths(was, is);
  const runs: WordRun[] = [];
  const push = (kind: WordRun['kind'], text: string): void => {
    const last = runs.at(-1);
    if (text === '') return;
    if (last?.kind === kind) runs[runs.length - 1] = { kind, text: last.text + text };
    else runs.push({ kind, text });
  };
  let old = 0;
  let now = 0;
  while (old < was.length || now < is.length) {
    const isSame = old < was.length && now < is.length && was[old]?.trim() === is[now]?.trim();
    const keepsOld = common[old]?.[now + 1] ?? -1;
    const keepsNew = common[old + 1]?.[now] ?? -1;
    if (isSame) {
      push('same', is[now] ?? '');
      old += 1;
      now += 1;
    } else if (now >= is.length || (old < was.length && keepsNew >= keepsOld)) {
      push('removed', was[old] ?? '');
      old += 1;
    } else {
      push('added', is[now] ?? '');
      now += 1;
    }
  }
  push('removed', wasRest);
  push('added', isRest);
  return runs;
}

/** Words with the white space after them, the last one with a space too, and what is beyond the most that are compared. */
function splitWords(text: string): readonly [readonly string[], string] {
  const words = (text.match(/\s*\S+\s*/g) ?? []).map((word) =>
    /\s$/.test(word) ? word : `${word} `,
  );
  return [words.slice(0, WORDS_MAX), words.slice(WORDS_MAX).join('')];
}

/** Length of the longest common subsequence from each pair of places on. */
function commonLengths(was: readonly string[], is: readonly string[]): readonly Uint16Array[] {
  const lengths = Array.from({ length: was.length + 1 }, () => new Uint16Array(is.length + 1));
  for (let old = was.length - 1; old >= 0; old -= 1)
    for (let now = is.length - 1; now >= 0; now -= 1) {
      const row = lengths[old];
      if (row === undefined) continue;
      row[now] =
        was[old]?.trim() === is[now]?.trim()
          ? (lengths[old + 1]?.[now + 1] ?? 0) + 1
          : Math.max(lengths[old + 1]?.[now] ?? 0, row[now + 1] ?? 0);
    }
  return lengths;
}
