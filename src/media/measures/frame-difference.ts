/** Mean absolute difference of two gray planes of one size, in grey levels 0–255. */
export function meanAbsoluteDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}

/**
 * How much each frame looks like the first of a new shot: min(d, |d − d before|) of the differences, and of the first
 * difference against the one after it. Steady motion has large d but little change of d; a cut stands alone. The first
 * element is null.
 */
export function sceneScores(difference: readonly (number | null)[]): (number | null)[] {
  return difference.map((d, i) => {
    const beside = (i < 2 ? difference[i + 1] : difference[i - 1]) ?? 0;
    return d === null ? null : Math.min(d, Math.abs(d - beside));
  });
}
