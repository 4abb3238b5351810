/** Rows looked at and hits among them, in one slice of the data. */
export type CellCount = { readonly examined: number; readonly affected: number };

/** How far hits are from lying at random over cells. */
export type ScatterTest = {
  /** Pearson's chi-square of the hits over the cells against one common rate. */
  readonly chiSquare: number;
  readonly cells: number;
  /** Chance of a chi-square as large if the hits lay at random, each row equally likely. */
  readonly p: number;
  /** Share of the hits that would have to move to make them lie at random, beyond what chance moves; 0 to 1. */
  readonly excess: number;
};

/** Up to this many hits the chance is simulated; above, chi-square's exact moments are matched by a gamma. */
const SIMULATED_HITS = 300;
const SIMULATIONS = 1_999;
/** Simulations stop once this many were as extreme: the chance is plainly not small. */
const ENOUGH_EXTREME = 25;

/** Tests whether hits lie over cells as if drawn at random from the examined rows. Deterministic. */
export function testScatter(counts: readonly CellCount[]): ScatterTest {
  const cells = counts.filter((each) => each.examined > 0);
  const rows = sum(cells.map((each) => each.examined));
  const hits = sum(cells.map((each) => each.affected));
  if (cells.length < 2 || hits === 0 || hits === rows)
    return { chiSquare: 0, cells: cells.length, p: 1, excess: 0 };
  const sizes = cells.map((each) => each.examined);
  const found = cells.map((each) => each.affected);
  const statistic = chiSquare(sizes, found, rows, hits);
  const isSmall = Math.min(hits, rows - hits) <= SIMULATED_HITS;
  return {
    chiSquare: statistic,
    cells: cells.length,
    p: isSmall
      ? simulatedChance(sizes, rows, hits, statistic)
      : gammaChance(sizes, rows, hits, statistic),
    excess: excessDistance(sizes, found, rows, hits),
  };
}

function chiSquare(
  sizes: readonly number[],
  found: readonly number[],
  rows: number,
  hits: number,
): number {
  const rate = hits / rows;
  return sum(
    sizes.map((size, i) => ((found[i] ?? 0) - size * rate) ** 2 / (size * rate * (1 - rate))),
  );
}

/** Monte Carlo test of Besag and Clifford (1991): draws without replacement, stopped early where nothing is extreme. */
function simulatedChance(
  sizes: readonly number[],
  rows: number,
  hits: number,
  statistic: number,
): number {
  const drawn = Math.min(hits, rows - hits);
  const random = mulberry32(drawn * 7919 + sizes.length);
  const ends: number[] = [];
  let end = 0;
  for (const size of sizes) ends.push((end += size));
  // Chi-square is the same for hits and for the others, so the rarer kind is drawn: over the cells that got any,
  // sum(h²/n) decides.
  const factor = rows / (drawn * (1 - drawn / rows));
  const offset = (drawn * drawn) / rows;
  let extreme = 0;
  for (let done = 1; done <= SIMULATIONS; done++) {
    const taken = new Set<number>();
    const counts = new Map<number, number>();
    while (taken.size < drawn) {
      const row = Math.floor(random() * rows);
      if (taken.has(row)) continue;
      taken.add(row);
      const cell = cellOf(ends, row);
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    let squares = 0;
    for (const [cell, count] of counts) squares += count ** 2 / (sizes[cell] ?? 1);
    if ((squares - offset) * factor >= statistic - 1e-9) extreme += 1;
    if (extreme === ENOUGH_EXTREME) return extreme / done;
  }
  return (extreme + 1) / (SIMULATIONS + 1);
}

/** The first cell that ends beyond `row`. */
function cellOf(ends: readonly number[], row: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row < (ends[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Upper tail of a gamma with the exact mean and variance of chi-square when the margins are fixed
 * (Lewis, Saunders and Westcott 1984), by Wilson and Hilferty's cube root.
 */
function gammaChance(
  sizes: readonly number[],
  rows: number,
  hits: number,
  statistic: number,
): number {
  const n = rows;
  const spread = (totals: readonly number[]): { readonly v: number; readonly w: number } => ({
    v: ((totals.length - 1) * (n - totals.length)) / (n - 1),
    w: (sum(totals.map((each) => n / each)) - totals.length ** 2) / (n - 2),
  });
  const a = spread(sizes);
  const b = spread([hits, n - hits]);
  const mean = ((sizes.length - 1) * n) / (n - 1);
  const variance =
    ((2 * n) / (n - 3)) * (a.v - a.w) * (b.v - b.w) + ((n * n) / (n - 1)) * a.w * b.w;
  if (!(variance > 0)) return 1;
  // A gamma with this mean and variance is `scale` times a chi-square with `freedom` degrees.
  const scale = variance / (2 * mean);
  const freedom = mean / scale;
  const share = 2 / (9 * freedom);
  const z = (Math.cbrt(statistic / scale / freedom) - (1 - share)) / Math.sqrt(share);
  return upperNormal(z);
}

/** Upper tail of the standard normal: Numerical Recipes' erfc, relative error below 1.2e-7. */
function upperNormal(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ];
  const series = coefficients.reduceRight((total, each) => total * t + each, 0);
  const erfc = t * Math.exp(-x * x + series);
  return z >= 0 ? erfc / 2 : 1 - erfc / 2;
}

/** Total variation distance of hits from rows, beyond what Poisson counts would show by chance alone. */
function excessDistance(
  sizes: readonly number[],
  found: readonly number[],
  rows: number,
  hits: number,
): number {
  let distance = 0;
  let byChance = 0;
  sizes.forEach((size, i) => {
    const expected = (size * hits) / rows;
    distance += Math.abs((found[i] ?? 0) - expected) / 2;
    byChance += Math.min(meanDeviation(expected), expected * 2 * (1 - size / rows)) / 2;
  });
  const [was, chance] = [distance / hits, byChance / hits];
  return chance >= 1 ? 0 : Math.max(0, (was - chance) / (1 - chance));
}

/** Mean absolute deviation of a Poisson count (Crow 1958): exact below 30, √(2λ/π) above. */
function meanDeviation(mean: number): number {
  if (mean > 30) return Math.sqrt((2 * mean) / Math.PI);
  let term = 2 * mean * Math.exp(-mean);
  for (let k = 1; k <= Math.floor(mean); k++) term *= mean / k;
  return term;
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
