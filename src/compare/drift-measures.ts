/** How far two distributions over the same bins lie apart. */
type DriftMeasures = {
  /** Population stability index, less what chance alone gives at these counts. */
  readonly psi: number;
  /** Jensen-Shannon divergence, base 2, 0-1. */
  readonly js: number;
  /** Kolmogorov-Smirnov effect size: largest difference of the cumulative shares, 0-1. */
  readonly ks: number;
  /** First Wasserstein distance in units of reference quantiles: mean difference of the cumulative shares, 0-1. */
  readonly wasserstein: number;
};

/** Added to each bin, so that an empty bin has a finite logarithm. */
const PSEUDO_COUNT = 0.5;

/**
 * Measures drift between counts of the reference and of the newer version in the same ordered bins.
 * None of them depends on values, only on shares, so that an outlier weighs one count.
 *
 * Under no drift PSI has the mean (bins - 1)(1/n + 1/m) (Yurdakul, Statistical Properties of Population Stability Index, 2018);
 * that is taken off, so that the same threshold holds for a thousand rows and for a hundred million.
 */
export function measureDrift(before: readonly number[], after: readonly number[]): DriftMeasures {
  const [n, m] = [sum(before), sum(after)];
  const bins = before.length;
  if (n === 0 || m === 0 || bins === 0) return { psi: 0, js: 0, ks: 0, wasserstein: 0 };
  const p = before.map((count) => (count + PSEUDO_COUNT) / (n + PSEUDO_COUNT * bins));
  const q = before.map((_, i) => ((after[i] ?? 0) + PSEUDO_COUNT) / (m + PSEUDO_COUNT * bins));
  let psi = 0;
  let js = 0;
  let ks = 0;
  let wasserstein = 0;
  let gap = 0;
  for (const [i, own] of p.entries()) {
    const other = q[i] ?? 0;
    psi += (own - other) * Math.log(own / other);
    const middle = (own + other) / 2;
    js += (own * Math.log2(own / middle) + other * Math.log2(other / middle)) / 2;
    gap += (before[i] ?? 0) / n - (after[i] ?? 0) / m;
    ks = Math.max(ks, Math.abs(gap));
    wasserstein += (Math.abs(gap) * (before[i] ?? 0)) / n;
  }
  const chance = (bins - 1) * (1 / n + 1 / m);
  return { psi: Math.max(0, psi - chance), js: Math.max(0, js), ks, wasserstein };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
