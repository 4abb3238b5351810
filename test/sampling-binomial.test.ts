import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cleanUpperBound,
  exactInterval,
  finiteInterval,
  ruleOfThree,
  sampleSizeFor,
} from '../src/sampling/binomial.ts';
import { samplePromise } from '../src/sampling/draw-sample.ts';

/** A hit count in a sample of at most `most`. */
function counts(most: number) {
  return fc
    .integer({ min: 1, max: most })
    .chain((examined) => fc.tuple(fc.integer({ min: 0, max: examined }), fc.constant(examined)));
}

/** n over k by multiplication: exact enough for small numbers, and shares no code with what it checks. */
function choose(items: number, chosen: number): number {
  let value = 1;
  for (let i = 0; i < chosen; i += 1) value = (value * (items - i)) / (i + 1);
  return value;
}

function binomialCdf(hits: number, draws: number, rate: number): number {
  let sum = 0;
  for (let i = 0; i <= hits; i += 1)
    sum += choose(draws, i) * rate ** i * (1 - rate) ** (draws - i);
  return sum;
}

function hypergeometricPmf(hits: number, draws: number, bad: number, population: number): number {
  return (choose(bad, hits) * choose(population - bad, draws - hits)) / choose(population, draws);
}

describe('exact interval', () => {
  it.each([
    // Published Clopper–Pearson limits at 95 % (R: binom.test(x, n)$conf.int).
    [0, 10, 0, 0.3084971],
    [1, 10, 0.002528579, 0.4450161],
    [5, 10, 0.187086, 0.812914],
    [10, 10, 0.6915029, 1],
    [7, 21, 0.1458769, 0.5696755],
  ])('gives the published limits for %i of %i', (affected, examined, low, high) => {
    const interval = exactInterval(affected, examined);
    expect(interval.low).toBeCloseTo(low, 6);
    expect(interval.high).toBeCloseTo(high, 6);
  });

  it('holds the observed rate, narrows with the sample and mirrors for the clean rows', () => {
    fc.assert(
      fc.property(counts(5_000), ([affected, examined]) => {
        const { low, high } = exactInterval(affected, examined);
        expect(low).toBeLessThanOrEqual(affected / examined);
        expect(high).toBeGreaterThanOrEqual(affected / examined);
        const tenfold = exactInterval(affected * 10, examined * 10);
        expect(tenfold.high - tenfold.low).toBeLessThan(high - low);
        const mirror = exactInterval(examined - affected, examined);
        expect(1 - mirror.high).toBeCloseTo(low, 9);
      }),
    );
  });

  it('rises with the hits and with the confidence', () => {
    fc.assert(
      fc.property(counts(2_000), ([affected, examined]) => {
        fc.pre(affected < examined);
        const here = exactInterval(affected, examined);
        const more = exactInterval(affected + 1, examined);
        expect(more.low).toBeGreaterThan(here.low);
        expect(more.high).toBeGreaterThan(here.high);
        const surer = exactInterval(affected, examined, 0.99);
        expect(surer.low).toBeLessThanOrEqual(here.low);
        expect(surer.high).toBeGreaterThanOrEqual(here.high);
      }),
    );
  });

  it('leaves exactly half of the doubt on each side, by direct summation', () => {
    fc.assert(
      fc.property(counts(40), ([affected, examined]) => {
        const { low, high } = exactInterval(affected, examined);
        const above = affected === examined ? 0.025 : binomialCdf(affected, examined, high);
        const below = affected === 0 ? 0.025 : 1 - binomialCdf(affected - 1, examined, low);
        expect(above).toBeCloseTo(0.025, 8);
        expect(below).toBeCloseTo(0.025, 8);
      }),
    );
  });

  it.each([0.01, 0.2, 0.5])('covers a true rate of %f at least 95 % of the time', (rate) => {
    const draws = 40;
    let covered = 0;
    for (let hits = 0; hits <= draws; hits += 1) {
      const { low, high } = exactInterval(hits, draws);
      if (low <= rate && rate <= high) {
        covered += binomialCdf(hits, draws, rate) - binomialCdf(hits - 1, draws, rate);
      }
    }
    expect(covered).toBeGreaterThanOrEqual(0.95);
  });

  it('stays finite and ordered for a hundred million rows', () => {
    const { low, high } = exactInterval(50_000_000, 100_000_000);
    expect(low).toBeCloseTo(0.499902, 5);
    expect(high).toBeCloseTo(0.500098, 5);
  });

  it.each([
    [3, 2],
    [-1, 2],
    [Number.NaN, 2],
  ])('refuses %d of %d', (affected, examined) => {
    expect(() => exactInterval(affected, examined)).toThrow(RangeError);
  });
});

describe('finite interval', () => {
  it('is the rate itself when all rows were examined', () => {
    expect(finiteInterval(7, 50, 50)).toEqual({ low: 0.14, high: 0.14, confidence: 0.95 });
  });

  it('lies inside the endless one up to a row, holds the point and ends on whole rows', () => {
    fc.assert(
      fc.property(counts(300), fc.integer({ min: 0, max: 5_000 }), ([affected, examined], more) => {
        const population = examined + more;
        const finite = finiteInterval(affected, examined, population);
        const endless = exactInterval(affected, examined);
        expect(finite.low).toBeLessThanOrEqual(affected / examined + 1e-12);
        expect(finite.high).toBeGreaterThanOrEqual(affected / examined - 1e-12);
        expect(finite.low).toBeGreaterThanOrEqual(endless.low - 1 / population);
        expect(finite.high).toBeLessThanOrEqual(endless.high + 1 / population);
        expect(finite.low * population).toBeCloseTo(Math.round(finite.low * population), 6);
      }),
    );
  });

  it.each([1, 9, 50, 99])('covers %i bad rows of 120 at least 95 per cent of the time', (bad) => {
    const [population, draws] = [120, 30];
    let covered = 0;
    for (
      let hits = Math.max(0, draws - population + bad);
      hits <= Math.min(draws, bad);
      hits += 1
    ) {
      const { low, high } = finiteInterval(hits, draws, population);
      if (low * population <= bad + 1e-9 && bad <= high * population + 1e-9) {
        covered += hypergeometricPmf(hits, draws, bad, population);
      }
    }
    expect(covered).toBeGreaterThanOrEqual(0.95);
  });

  it('approaches the endless one in a large population', () => {
    const finite = finiteInterval(12, 3_000, 900_000_000);
    const endless = exactInterval(12, 3_000);
    expect(finite.low).toBeCloseTo(endless.low, 7);
    expect(finite.high).toBeCloseTo(endless.high, 7);
  });

  it('refuses a sample larger than its population', () => {
    expect(() => finiteInterval(0, 10, 9)).toThrow(RangeError);
  });
});

describe('what a clean sample proves', () => {
  it('agrees with the rule of three for 3,000 rows', () => {
    expect(ruleOfThree(0.001)).toBe(3_000);
    expect(cleanUpperBound(3_000)).toBeCloseTo(0.000998, 6);
    expect(samplePromise(3_000, 2_000_000)).toBe('0 of 3,000: below 0.1 % at 95 %');
  });

  it('proves everything about a dataset read whole, and nothing without a look', () => {
    expect(samplePromise(3_000, 3_000)).toBe('all 3,000 looked at');
    expect(cleanUpperBound(3_000, 3_000)).toBe(0);
    expect(cleanUpperBound(0, 100)).toBe(1);
    expect(cleanUpperBound(0)).toBe(1);
  });

  it('asks for the fewest rows that show a bug once', () => {
    expect(sampleSizeFor(0.001)).toBe(2_995);
    fc.assert(
      fc.property(
        fc.double({ min: 0.0005, max: 0.5, noNaN: true }),
        fc.integer({ min: 10, max: 20_000 }),
        (rate, population) => {
          const size = sampleSizeFor(rate, 0.95, population);
          expect(size).toBeLessThanOrEqual(sampleSizeFor(rate, 0.95));
          // A clean sample of that size excludes the rate; one row fewer does not.
          const bad = Math.max(1, Math.ceil(rate * population)) / population;
          expect(cleanUpperBound(size, population)).toBeLessThan(bad);
          expect(cleanUpperBound(size - 1, population)).toBeGreaterThanOrEqual(bad);
        },
      ),
    );
  });
});
