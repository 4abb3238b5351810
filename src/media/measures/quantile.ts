/**
 * The q-quantile (0–1) of numbers in any order, interpolated linearly between order statistics
 * (Hyndman & Fan's type 7); NaN for an empty list.
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  return quantileOfSorted(Float64Array.from(values).toSorted(), q);
}

/** The same of numbers in ascending order. */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  return interpolate((rank) => sorted[rank] ?? Number.NaN, sorted.length, q);
}

/** The same of `count` numbers that are told by rank. */
export function interpolate(valueAt: (rank: number) => number, count: number, q: number): number {
  if (count === 0) return Number.NaN;
  const position = (count - 1) * q;
  const below = valueAt(Math.floor(position));
  const above = valueAt(Math.ceil(position));
  return below + (above - below) * (position - Math.floor(position));
}

/** The middle of numbers in any order; NaN for an empty list. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
