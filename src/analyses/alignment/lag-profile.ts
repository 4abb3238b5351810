import type { AlignmentSummary } from '../../run/document.ts';
import { offsetsOf, type OffsetBand, similarityAt } from './offset-band.ts';
import { blockTest } from './offset-tests.ts';

/** How well clips fit the captions around them, over a stretch of rows. */
export type LagProfile = Pick<AlignmentSummary, 'lags' | 'histogram'>;

/** Quantile of the normal distribution that leaves 2.5 % above. */
const TWO_SIDED_95 = 1.96;
const BINS = 40;
const START = -4;
const WIDTH = 0.35;

/** The profile of rows `from` to `to` of the band, beside the captions `shifted` rows further down. */
export function profileLags(
  band: OffsetBand,
  from: number,
  to: number,
  shifted: number,
): LagProfile {
  const end = Math.min(to, band.rows.length);
  return {
    lags: offsetsOf(band).map((offset) => {
      const test = blockTest(end - from, (index) => similarityAt(band, from + index, offset));
      const half = Number.isFinite(test.standardError) ? TWO_SIDED_95 * test.standardError : 0;
      return {
        offset,
        mean: round(test.mean),
        low: round(test.mean - half),
        high: round(test.mean + half),
      };
    }),
    histogram: {
      offset: shifted,
      start: START,
      width: WIDTH,
      own: countBins(end - from, (index) => similarityAt(band, from + index, 0)),
      shifted: countBins(end - from, (index) => similarityAt(band, from + index, shifted)),
      unrelated: countBins(band.far.length, (index) => band.far[index] ?? Number.NaN),
    },
  };
}

/** Values by bin; those beyond the ends count in the last bins. */
function countBins(count: number, value: (index: number) => number): readonly number[] {
  const bins = Array.from({ length: BINS }, () => 0);
  for (let index = 0; index < count; index += 1) {
    const each = value(index);
    if (Number.isNaN(each)) continue;
    const bin = Math.max(0, Math.min(BINS - 1, Math.floor((each - START) / WIDTH)));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
