/** Bounds of the share of pairs whose similarity is that of unrelated pairs. */
export type MismatchShare = { readonly low: number; readonly high: number };

/** Width of the bins that similarities are counted in, standard deviations of unrelated pairs. */
const BIN = 0.05;
const LOWEST = -6;
const HIGHEST = 18;
/**
 * Drop of the log-likelihood at the ends of an interval: half the 95 % quantile of chi-squared with one degree of freedom,
 * 3.2 times that, calibrated: neighbours resemble each other, and real matches are not Gaussian.
 */
const DROP = 3.2 * 1.92;

/**
 * Share of pairs at chance level among the similarities of clips with their own captions. `low` is the lower end of a 95 %
 * profile-likelihood interval of a mixture of unrelated pairs, N(0, 1), and matched ones, N(m, s); it is biased downwards, because
 * real matches are not Gaussian; `inflation`, how much more the mean varies than among independent pairs, widens it. `high` counts pairs so low that hardly any match gets there (Storey 2002), biased upwards.
 */
export function boundMismatch(
  similarities: readonly number[],
  far: Float32Array,
  inflation = 1,
): MismatchShare | null {
  if (similarities.length < 100 || far.length < 100) return null;
  const mean = similarities.reduce((sum, each) => sum + each, 0) / similarities.length;
  const cut = mean > 2.5 ? 0 : -0.5;
  const below = similarities.filter((each) => each < cut).length;
  const farBelow = far.reduce((count, each) => count + (each < cut ? 1 : 0), 0) / far.length;
  const noise = 1.645 * Math.sqrt((below + 1) * Math.max(1, inflation));
  const high = Math.min(1, (below + noise) / (similarities.length * farBelow));
  return {
    low: Math.min(high, mixtureLow(histogram(similarities), DROP * Math.max(1, inflation))),
    high,
  };
}

type Bin = { readonly at: number; readonly count: number };

function histogram(similarities: readonly number[]): readonly Bin[] {
  const counts = new Map<number, number>();
  for (const each of similarities) {
    const bin = Math.floor((Math.min(HIGHEST, Math.max(LOWEST, each)) - LOWEST) / BIN);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  return [...counts].map(([bin, count]) => ({ at: LOWEST + (bin + 0.5) * BIN, count }));
}

function mixtureLow(bins: readonly Bin[], drop: number): number {
  const grid = [0, 0.001, 0.002, 0.004, 0.007, 0.01, 0.015];
  for (let share = 0.02; share < 0.9; share += share < 0.1 ? 0.005 : 0.02) grid.push(share);
  const profile = grid.map((share) => ({ share, fit: bestFit(bins, share) }));
  const top = Math.max(...profile.map((each) => each.fit));
  return profile.find((each) => each.fit >= top - drop)?.share ?? 0;
}

/** Log-likelihood of the mixture with the given share of unrelated pairs, maximised over the matched component. */
function bestFit(bins: readonly Bin[], share: number): number {
  const upper = bins.filter((bin) => bin.at > 0);
  const start = moments(upper.length === 0 ? bins : upper);
  let { mean, spread } = start;
  let fit = Number.NEGATIVE_INFINITY;
  for (let round = 0; round < 60; round += 1) {
    let weight = 0;
    let sum = 0;
    let squares = 0;
    let next = 0;
    for (const { at, count } of bins) {
      const unrelated = share * density(at, 0, 1);
      const matched = (1 - share) * density(at, mean, spread);
      const total = unrelated + matched + 1e-300;
      const part = (count * matched) / total;
      next += count * Math.log(total);
      weight += part;
      sum += part * at;
      squares += part * at * at;
    }
    if (weight < 1) return next;
    mean = sum / weight;
    spread = Math.max(0.3, Math.sqrt(Math.max(0, squares / weight - mean * mean)));
    if (Math.abs(next - fit) < 1e-6) return next;
    fit = next;
  }
  return fit;
}

function moments(bins: readonly Bin[]): { readonly mean: number; readonly spread: number } {
  const weight = bins.reduce((total, each) => total + each.count, 0);
  const mean = bins.reduce((total, each) => total + each.count * each.at, 0) / weight;
  const squares = bins.reduce((total, each) => total + each.count * (each.at - mean) ** 2, 0);
  return { mean, spread: Math.max(0.3, Math.sqrt(squares / weight)) };
}

function density(x: number, mean: number, spread: number): number {
  const away = (x - mean) / spread;
  return Math.exp(-0.5 * away * away) / (spread * Math.sqrt(2 * Math.PI));
}
