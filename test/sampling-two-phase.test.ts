import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { finiteInterval } from '../src/sampling/binomial.ts';
import { estimateTwoPhase, type SamplePart } from '../src/sampling/two-phase.ts';
import { seededRandom } from '../src/selftest/seeded-random.ts';

type Row = { readonly isBad: boolean; readonly isSuspicious: boolean };

/** The first `size` of a shuffled copy. */
function draw<T>(items: readonly T[], size: number, random: () => number): readonly T[] {
  const pool = [...items];
  for (let i = 0; i < Math.min(size, pool.length); i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    const [a, b] = [pool[i], pool[j]];
    if (a === undefined || b === undefined) continue;
    pool[i] = b;
    pool[j] = a;
  }
  return pool.slice(0, size);
}

const count = (rows: readonly Row[]): number => rows.filter((row) => row.isBad).length;

/** One draw in two phases: all suspicious clips are looked at, and a share of the rest. */
function sampleTwice(
  rows: readonly Row[],
  drawn: number,
  share: number,
  random: () => number,
): { readonly parts: readonly SamplePart[]; readonly looked: number; readonly bad: number } {
  const first = draw(rows, drawn, random);
  const weight = rows.length / drawn;
  const suspicious = first.filter((row) => row.isSuspicious);
  const rest = first.filter((row) => !row.isSuspicious);
  const some = draw(rest, Math.max(1, Math.round(share * rest.length)), random);
  const part = (all: readonly Row[], seen: readonly Row[]): SamplePart => ({
    drawn: all.length * weight,
    measured: seen.length * weight,
    examined: seen.length * weight,
    affected: count(seen) * weight,
  });
  return {
    parts: [part(suspicious, suspicious), part(rest, some)],
    looked: suspicious.length + some.length,
    bad: count(suspicious) + count(some),
  };
}

describe('estimates of a sample in two phases', () => {
  it.each([
    { bad: 0.02, caught: 0.8, share: 0.2 },
    { bad: 0.2, caught: 0.3, share: 0.1 },
    { bad: 0.01, caught: 0, share: 0.5 },
  ])(
    'cover the true rate at least as often as they say, with $caught of $bad bad rows suspicious',
    ({ bad, caught, share }) => {
      const random = seededRandom(1000 * bad);
      const rows: Row[] = Array.from({ length: 4_000 }, (_, i) => {
        const isBad = i < bad * 4_000;
        return { isBad, isSuspicious: isBad ? random() < caught : random() < 0.05 };
      });
      const truth = count(rows) / rows.length;
      let covered = 0;
      let sum = 0;
      let naive = 0;
      const trials = 300;
      for (let trial = 0; trial < trials; trial++) {
        const { parts, looked, bad: found } = sampleTwice(rows, 400, share, random);
        const { rate, interval } = estimateTwoPhase(parts, 10);
        sum += rate ?? Number.NaN;
        naive += found / looked;
        if (interval !== null && interval.low <= truth && truth <= interval.high) covered++;
      }
      expect(covered / trials).toBeGreaterThanOrEqual(0.95);
      // Unbiased within four standard errors; looking more often at suspicious clips is not, unless nothing is caught.
      expect(Math.abs(sum / trials - truth)).toBeLessThan(0.15 * truth + 0.001);
      expect(naive / trials > 1.3 * truth).toBe(caught > 0);
    },
  );

  it('are those of a simple sample when all that was drawn was looked at', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (drawn, weight, rate) => {
          const affected = Math.round(rate * drawn);
          const rows = drawn * weight;
          const part = { drawn: rows, measured: rows, examined: rows, affected: affected * weight };
          const simple = finiteInterval(affected, drawn, rows);
          const estimate = estimateTwoPhase([part], weight);
          expect(estimate.rate).toBeCloseTo(affected / drawn);
          expect(estimate.interval?.low).toBeCloseTo(simple.low);
          expect(estimate.interval?.high).toBeCloseTo(simple.high);
        },
      ),
    );
  });

  it('hold the rate, and lie within 0 and 1', () => {
    const part = fc
      .tuple(fc.nat(200), fc.nat(200), fc.nat(200), fc.nat(200))
      .map(([a, b, c, d]) => ({
        drawn: a + b + c + d,
        measured: b + c + d,
        examined: c + d,
        affected: d,
      }));
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 9 }),
        (parts, weight) => {
          const weighted = parts.map((each) => ({
            drawn: each.drawn * weight,
            measured: each.measured * weight,
            examined: each.examined * weight,
            affected: each.affected * weight,
          }));
          const { rate, interval } = estimateTwoPhase(weighted, weight);
          if (rate === null || interval === null) return;
          expect(interval.low).toBeGreaterThanOrEqual(0);
          expect(interval.high).toBeLessThanOrEqual(1);
          expect(interval.high).toBeGreaterThanOrEqual(interval.low);
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('say that all may be bad where nothing of a part was looked at', () => {
    const parts = [
      { drawn: 100, measured: 100, examined: 100, affected: 0 },
      { drawn: 100, measured: 0, examined: 0, affected: 0 },
    ];
    expect(estimateTwoPhase(parts, 1).interval).toMatchObject({ low: 0, high: 0.5 });
  });

  it('count a stratum by its rows, not by its clips', () => {
    // 900 rows of which 10 were drawn, and 100 of which 10 were drawn and all are bad.
    const part = { drawn: 1000, measured: 1000, examined: 1000, affected: 100 };
    expect(estimateTwoPhase([part], 90).rate).toBeCloseTo(0.1);
  });
});
