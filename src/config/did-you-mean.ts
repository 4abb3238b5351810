/** Edits up to which a word counts as a slip of the pen. */
const MOST_EDITS = 2;

/**
 * The candidate that was probably meant, or null: at most two edits away (one for words of up to three letters),
 * letter case and the choice of `-` or `_` set aside; ties go to the first.
 */
export function closestWord(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word);
  let best: string | null = null;
  let fewest = (wanted.length <= 3 ? 1 : MOST_EDITS) + 1;
  for (const candidate of candidates) {
    const other = plain(candidate);
    if (Math.abs(other.length - wanted.length) >= fewest) continue;
    const edits = countEdits(wanted, other);
    if (edits < fewest && edits < other.length) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

/** `; did you mean 'x'?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = closestWord(word, candidates);
  return meant === null ? '' : `; did you mean '${meant}'?`;
}

/**
 * Damerau–Levenshtein distance, restricted to one swap of neighbours: insertions, deletions, replacements and swaps
 * that turn one word into the other. Source: Damerau, CACM 7 (1964).
 */
export function countEdits(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      let edits = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        edits = Math.min(edits, at(beforeLast, j - 2) + 1);
      }
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll('_', '-');
}
