import type { Drift } from './diff-document.ts';
import { measureDrift } from './drift-measures.ts';

/** A column whose values were counted in bins. */
export type BinnedColumn = Pick<Drift, 'name' | 'kind'> & { readonly labels: readonly string[] };

/** Drift of one column from the rows in each of its bins, in both versions. */
export function toDrift(
  { name, kind, labels }: BinnedColumn,
  was: readonly number[],
  is: readonly number[],
): Drift {
  const [n = 0, m = 0] = [was, is].map((each) => each.reduce((sum, value) => sum + value, 0));
  const used = labels.map((_, k) => (was[k] ?? 0) + (is[k] ?? 0) > 0);
  const bins = labels
    .map((label, k) => ({
      label,
      before: (was[k] ?? 0) / Math.max(1, n),
      after: (is[k] ?? 0) / Math.max(1, m),
    }))
    .filter((_, k) => used[k]);
  const biggest = bins.toSorted(
    (x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before),
  )[0];
  return {
    name,
    kind,
    beforeValues: n,
    afterValues: m,
    ...measureDrift(
      was.filter((_, k) => used[k]),
      is.filter((_, k) => used[k]),
    ),
    biggest:
      biggest === undefined
        ? ''
        : `${biggest.label}: ${share(biggest.before)} → ${share(biggest.after)}`,
    bins,
  };
}

function share(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}
