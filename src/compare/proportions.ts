/**
 * One-sided p-value that the second of two proportions is larger: z test with pooled variance
 * (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3). 1 where nothing was examined.
 */
export function riseProbability(
  before: { readonly affected: number; readonly examined: number },
  after: { readonly affected: number; readonly examined: number },
): number {
  if (before.examined === 0 || after.examined === 0) return 1;
  const pooled = (before.affected + after.affected) / (before.examined + after.examined);
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / before.examined + 1 / after.examined));
  const rise = after.affected / after.examined - before.affected / before.examined;
  if (deviation === 0) return rise > 0 ? 0 : 1;
  return upperTail(rise / deviation);
}

/** Upper tail of the normal distribution, relative error under 1.2e-7 (Numerical Recipes, erfc by Chebyshev fit). */
function upperTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ];
  const sum = coefficients.reduceRight((total, coefficient) => total * t + coefficient, 0);
  const tail = (t * Math.exp(-x * x + sum)) / 2;
  return z >= 0 ? tail : 1 - tail;
}
