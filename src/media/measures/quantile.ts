/**
 * The q-quantile (0–1) of numbers in any order, interpolated linearly between order statistics
 * (Hyndman & Fan's type 7); NaN for an empty list.
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  return quantileOfSorted(Float64Array.from(values).toSorted(), q);
}

/** The same of numbers in ascending order, of which the first `count` are meant. */
export function quantileOfSorted(
  sorted: ArrayLike<number>,
  q: number,
  count: number = sorted.length,
): number {
  if (count === 0) return Number.NaN;
  const position = (count - 1) * q;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The middle of numbers in any order; NaN for an empty list. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
