import { quantileOfSorted } from './quantile.ts';

/** A period at which frames change less than those around them. */
export type Beat = {
  /** Period (frames, 2–6) with the least contrast; null where none fits ten times. */
  readonly beat: number | null;
  /**
   * Difference at the beat over the median of those around it, the mean of its median and upper quartile over the clip:
   * near 0 for exact repeats, near 1 without a pattern.
   */
  readonly beat_contrast: number | null;
};

/** Rates that are doubled, or converted by one repeat in three to six, have these periods. */
const LONGEST = 6;
/** Times that a period must fit: of fewer, one phase has small differences by chance. */
const LEAST_TIMES = 10;
/** Less than this is no change, grey levels: a ratio to it would say nothing. */
const FLOOR = 0.05;

/**
 * Finds repeats that an encoder of few bits did not copy exactly. Each difference is compared with those next to it, so
 * that neither the clip's motion nor the noise of the encoder needs to be the same all along.
 */
export function beatOf(difference: readonly number[]): Beat {
  let best: Beat = { beat: null, beat_contrast: null };
  for (let period = 2; period <= LONGEST && difference.length >= LEAST_TIMES * period; period++) {
    const ratios = Array.from({ length: period }, (): number[] => []);
    for (const [i, d] of difference.entries())
      ratios[i % period]?.push(d / Math.max(FLOOR, medianAround(difference, i, period)));
    for (const own of ratios) {
      const sorted = own.toSorted((a, b) => a - b);
      const contrast = (quantileOfSorted(sorted, 0.5) + quantileOfSorted(sorted, 0.75)) / 2;
      if (best.beat_contrast === null || contrast < best.beat_contrast)
        best = { beat: period, beat_contrast: contrast };
    }
  }
  return best;
}

/** Median of the differences nearer than a period, this one left out. */
function medianAround(difference: readonly number[], i: number, period: number): number {
  const around: number[] = [];
  for (let j = i - period + 1; j < i + period; j++) {
    const d = difference[j];
    if (j !== i && d !== undefined) around.push(d);
  }
  return quantileOfSorted(
    around.toSorted((a, b) => a - b),
    0.5,
  );
}
