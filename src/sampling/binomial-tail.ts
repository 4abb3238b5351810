/** Terms after which the continued fraction counts as converged; it needs about the square root of the sample size. */
const MOST_TERMS = 100_000;

/**
 * P(at least `hits` of `draws`) at the given rate: the regularised incomplete beta function I_rate(hits, draws - hits + 1).
 *
 * Source: Abramowitz and Stegun 26.5.8 and 26.5.24; the continued fraction is evaluated by Lentz's method.
 */
export function binomialTail(hits: number, draws: number, rate: number): number {
  if (hits <= 0) return 1;
  if (hits > draws || rate <= 0) return 0;
  if (rate >= 1) return 1;
  const a = hits;
  const b = draws - hits + 1;
  const front = Math.exp(
    logFactorial(a + b - 1) -
      logFactorial(a - 1) -
      logFactorial(b - 1) +
      a * Math.log(rate) +
      b * Math.log1p(-rate),
  );
  // The fraction converges fast below the mean of the beta distribution; above it, use the mirror image.
  const value =
    rate < (a + 1) / (a + b + 2)
      ? (front * betaFraction(a, b, rate)) / a
      : 1 - (front * betaFraction(b, a, 1 - rate)) / b;
  return Math.min(1, Math.max(0, value));
}

function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MOST_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return value;
}

/** Lentz's guard against a division by zero. */
function awayFromZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

const SMALL_LOG_FACTORIALS = [0];
for (let n = 1; n < 64; n += 1) {
  SMALL_LOG_FACTORIALS.push((SMALL_LOG_FACTORIALS[n - 1] ?? 0) + Math.log(n));
}

/** ln(n!) of a whole number: summed below 64, Stirling's series above (next term under 1e-16 there). */
export function logFactorial(n: number): number {
  const small = SMALL_LOG_FACTORIALS[n];
  if (small !== undefined) return small;
  const inverse = 1 / n;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + series;
}
