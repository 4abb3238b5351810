import { describe, expect, it } from 'vitest';

import { alignSeries, hashDistances, type LumaSeries } from '../src/analyses/align-series.ts';

/** A clip of 25 frames a second whose brightness and hash follow a function of time. */
function clipOf(from_s: number, length_s: number, luma: (time_s: number) => number): LumaSeries {
  const times_s = Array.from({ length: Math.round(length_s * 25) }, (_, index) => index / 25);
  return {
    times_s,
    luma: times_s.map((time_s) => luma(time_s + from_s)),
    hashes: times_s.map((time_s) => (1n << BigInt(Math.round(4 * (time_s + from_s)) % 60)) - 1n),
  };
}

const film = (time_s: number): number =>
  100 + 20 * Math.sin(3 * time_s) + 9 * Math.sin(17 * time_s + 1) + 4 * Math.sin(31 * time_s);
const other = (time_s: number): number =>
  100 + 20 * Math.sin(5 * time_s + 2) + 9 * Math.sin(13 * time_s) + 4 * Math.sin(29 * time_s + 2);

describe('alignSeries', () => {
  it('finds where a clip lies in a longer one of the same film', () => {
    const aligned = alignSeries(clipOf(0, 6, film), clipOf(1.5, 3, film), 1.4, 0.25);

    expect(aligned?.offset_s).toBeCloseTo(1.5, 1);
    expect(aligned?.correlation).toBeGreaterThan(0.95);
    expect(aligned?.overlap_s).toBeGreaterThan(2.5);
  });

  it('forgives a copy that is brighter and has more contrast', () => {
    const bright = clipOf(0.5, 4, (time_s) => 20 + 1.2 * film(time_s));

    expect(alignSeries(clipOf(0, 5, film), bright, 0.5, 0.1)).not.toBeNull();
  });

  it('does not take two takes for one', () => {
    expect(alignSeries(clipOf(0, 6, film), clipOf(0, 6, other), 0, 0.25)).toBeNull();
  });

  it('does not judge clips in which nothing changes', () => {
    const still = clipOf(0, 4, () => 80);

    expect(alignSeries(still, still, 0, 0.25)).toBeNull();
  });
});

describe('hashDistances', () => {
  it('is small where an offset puts equal frames side by side, and large elsewhere', () => {
    const bits = hashDistances(clipOf(0, 6, film), clipOf(1.5, 3, film), 1.5);

    expect(bits?.aligned).toBeLessThan(0.5);
    expect(bits?.strange).toBeGreaterThan(4);
  });
});
