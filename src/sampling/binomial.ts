import { binomialTail, logFactorial } from './binomial-tail.ts';

/** A two-sided confidence interval for a rate, both ends 0–1. */
export type Interval = {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
};

/** Halvings of [0, 1] after which a double cannot get closer. */
const BISECTIONS = 60;

/** Above this, log-factorials lose the digits that the finite correction would need; the binomial is then the wider one. */
const LARGEST_FINITE_POPULATION = 1e9;

/**
 * Exact (Clopper–Pearson) interval for the rate behind `affected` of `examined` independent draws.
 *
 * Source: Clopper and Pearson, Biometrika 26 (1934). It covers the true rate at least `confidence` of the time.
 */
export function exactInterval(affected: number, examined: number, confidence = 0.95): Interval {
  checkCounts(affected, examined, confidence);
  const tail = (1 - confidence) / 2;
  return {
    low: affected === 0 ? 0 : solveRate((rate) => binomialTail(affected, examined, rate) < tail),
    high:
      affected === examined
        ? 1
        : solveRate((rate) => 1 - binomialTail(affected + 1, examined, rate) > tail),
    confidence,
  };
}

/**
 * Exact interval for the rate in a population of `population` rows of which `examined` were drawn without replacement.
 *
 * Inverts the hypergeometric tails, so both ends are whole rows over the population, and if all rows were examined the
 * interval is the rate itself. Source: Konijn, Statistical Theory of Sample Survey Design (1973); Wright (1991).
 */
export function finiteInterval(
  affected: number,
  examined: number,
  population: number,
  confidence = 0.95,
): Interval {
  checkCounts(affected, examined, confidence);
  if (population < examined) {
    throw new RangeError(`${examined} rows examined in a population of ${population}`);
  }
  if (examined === population) {
    return { low: affected / population, high: affected / population, confidence };
  }
  if (examined === 0) return { low: 0, high: 1, confidence };
  if (population > LARGEST_FINITE_POPULATION) return exactInterval(affected, examined, confidence);
  const tail = (1 - confidence) / 2;
  const fewest = affected;
  const most = population - (examined - affected);
  const low = firstWhole(
    fewest,
    most,
    (bad) => 1 - hypergeometricCdf(affected - 1, examined, bad, population) > tail,
  );
  const high =
    firstWhole(
      fewest,
      most + 1,
      (bad) => bad > most || hypergeometricCdf(affected, examined, bad, population) <= tail,
    ) - 1;
  // With few rows unseen the limits may exclude the observed rate, which is then no whole number of rows: widen to it.
  const point = (affected / examined) * population;
  return {
    low: Math.min(low, Math.floor(point)) / population,
    high: Math.max(high, low, Math.ceil(point)) / population,
    confidence,
  };
}

/**
 * One-sided upper bound of the rate after a clean sample: the exact form of the rule of three.
 * Pass the population to count its rows instead of assuming an endless one.
 */
export function cleanUpperBound(
  examined: number,
  population = Infinity,
  confidence = 0.95,
): number {
  checkCounts(0, examined, confidence);
  if (examined >= population) return 0;
  if (population > LARGEST_FINITE_POPULATION) {
    return examined === 0 ? 1 : -Math.expm1(Math.log1p(-confidence) / examined);
  }
  const miss = (bad: number): number => hypergeometricCdf(0, examined, bad, population);
  const tooMany = firstWhole(
    0,
    population - examined + 1,
    (bad) => bad > population - examined || miss(bad) <= 1 - confidence,
  );
  return Math.min(1, (tooMany - 1) / population);
}

/** The rule of three: draws without a hit after which a rate lies below `rate` at about 95 %. */
export function ruleOfThree(rate: number): number {
  return Math.ceil(3 / rate);
}

/** Fewest clips to look at so that a bug in `rate` of the rows shows at least once with probability `confidence`. */
export function sampleSizeFor(rate: number, confidence = 0.95, population = Infinity): number {
  if (!(rate > 0 && rate <= 1)) throw new RangeError(`a rate lies in (0, 1], got ${rate}`);
  checkCounts(0, 1, confidence);
  if (population > LARGEST_FINITE_POPULATION) {
    return rate === 1 ? 1 : Math.max(1, Math.ceil(Math.log1p(-confidence) / Math.log1p(-rate)));
  }
  const bad = Math.max(1, Math.ceil(rate * population));
  return firstWhole(
    1,
    population,
    (size) => hypergeometricCdf(0, size, bad, population) <= 1 - confidence,
  );
}

/** P(at most `hits` bad rows in a draw of `size` from `population` rows of which `bad` are bad). */
function hypergeometricCdf(hits: number, size: number, bad: number, population: number): number {
  const least = Math.max(0, size - (population - bad));
  const greatest = Math.min(size, bad);
  if (hits < least) return 0;
  if (hits >= greatest) return 1;
  const mode = Math.floor(((size + 1) * (bad + 1)) / (population + 2));
  // Sum on the side where terms shrink: the other side is the complement.
  const isLowSide = hits < mode;
  let hit = isLowSide ? hits : hits + 1;
  let term = Math.exp(
    logChoose(bad, hit) + logChoose(population - bad, size - hit) - logChoose(population, size),
  );
  let sum = 0;
  while (hit >= least && hit <= greatest && term > sum * 1e-17) {
    sum += term;
    term *= isLowSide
      ? (hit * (population - bad - size + hit)) / ((bad - hit + 1) * (size - hit + 1))
      : ((bad - hit) * (size - hit)) / ((hit + 1) * (population - bad - size + hit + 1));
    hit += isLowSide ? -1 : 1;
  }
  return Math.min(1, Math.max(0, isLowSide ? sum : 1 - sum));
}

function logChoose(items: number, chosen: number): number {
  return logFactorial(items) - logFactorial(chosen) - logFactorial(items - chosen);
}

/** The least rate at which `isBelow` stops holding; it must hold at 0 and not at 1. */
function solveRate(isBelow: (rate: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The first whole number in [from, to] for which a monotone test holds; `to` if none before it does. */
function firstWhole(from: number, to: number, holds: (value: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function checkCounts(affected: number, examined: number, confidence: number): void {
  if (!(affected >= 0 && affected <= examined)) {
    throw new RangeError(`${affected} of ${examined} is no count of hits`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`a confidence lies in (0, 1), got ${confidence}`);
  }
}
