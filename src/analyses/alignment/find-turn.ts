/** The row from which on the vectors of a shard point elsewhere than before. */
export type Turn = {
  readonly row: number;
  /** Of the mean vectors before and after it. */
  readonly cosine: number;
  /** The smaller one of those between the two halves before it, and of those after it: how steady a direction is. */
  readonly within: number;
};

/** Marks on either side of a turn, without which nothing is known of how steady a direction is. */
const LEAST_MARKS = 2;

/**
 * Where the mean vectors before and after a row are least alike. A model gives all its vectors a common direction, so vectors of
 * another model in the same column turn it at once. `sums` are those of all vectors before each of `places`, rows; null with
 * too few of them.
 */
export function findTurn(sums: readonly Float32Array[], places: readonly number[]): Turn | null {
  let best: { readonly at: number; readonly cosine: number } | null = null;
  const last = sums.length - 1;
  for (let at = LEAST_MARKS - 1; at <= last - LEAST_MARKS; at += 1) {
    const cosine = cosineOf(between(sums, -1, at), between(sums, at, last));
    if (cosine !== null && (best === null || cosine < best.cosine)) best = { at, cosine };
  }
  if (best === null) return null;
  const { at, cosine } = best;
  const halves = (from: number, to: number): number => {
    const middle = Math.floor((from + to) / 2);
    return cosineOf(between(sums, from, middle), between(sums, middle, to)) ?? -1;
  };
  return { row: places[at] ?? 0, cosine, within: Math.min(halves(-1, at), halves(at, last)) };
}

/** Sum of the vectors after one mark up to another; -1 is the start. */
function between(sums: readonly Float32Array[], from: number, to: number): Float32Array {
  const end = sums[to] ?? new Float32Array();
  const start = sums[from];
  return start === undefined ? end : end.map((value, i) => value - (start[i] ?? 0));
}

function cosineOf(a: Float32Array, b: Float32Array): number | null {
  let cross = 0;
  let left = 0;
  let right = 0;
  for (let i = 0; i < a.length; i += 1) {
    cross += (a[i] ?? 0) * (b[i] ?? 0);
    left += (a[i] ?? 0) ** 2;
    right += (b[i] ?? 0) ** 2;
  }
  return left > 0 && right > 0 ? cross / Math.sqrt(left * right) : null;
}
