/** Mean brightness (0–255) of a clip's frames at their times from the first, seconds, ascending. */
export type LumaSeries = {
  readonly times_s: readonly number[];
  readonly luma: readonly number[];
  /** 64-bit difference hashes of the same frames. */
  readonly hashes: readonly bigint[];
};

/** Where two clips show the same: `offset_s` is the time in the first at which the second begins. */
type Alignment = {
  readonly offset_s: number;
  readonly overlap_s: number;
  /** Of the changes of brightness, 0–1. */
  readonly correlation: number;
};

/** Step of the common clock, seconds. */
const STEP_S = 0.08;
/** Fine offsets that are tried around the coarse one. */
const FINE_STEP_S = 0.02;
/** Changes of brightness that a correlation needs, and their least standard deviation in grey levels. */
const LEAST_CHANGES = 16;
const LEAST_CHANGE = 0.05;
/** Codings of one film are above 0.95, two takes in one room between -0.4 and 0.6. */
const LEAST_CORRELATION = 0.9;

/**
 * Whether the brightness of two clips changes alike at about an offset (`coarse_s` ± `slack_s`); null if it does not, or
 * if too little changes to tell.
 */
export function alignSeries(
  a: LumaSeries,
  b: LumaSeries,
  coarse_s: number,
  slack_s: number,
): Alignment | null {
  let best: Alignment | null = null;
  for (let fine_s = -slack_s; fine_s <= slack_s + 1e-9; fine_s += FINE_STEP_S) {
    const offset_s = coarse_s + fine_s;
    const start_s = Math.max(0, offset_s);
    const end_s = Math.min(a.times_s.at(-1) ?? 0, (b.times_s.at(-1) ?? 0) + offset_s);
    const steps = Math.floor((end_s - start_s) / STEP_S);
    if (steps < LEAST_CHANGES) continue;
    const correlation = correlate(
      changes(a, start_s, steps),
      changes(b, start_s - offset_s, steps),
    );
    if (correlation === null || correlation < LEAST_CORRELATION) continue;
    if (best === null || correlation > best.correlation)
      best = { offset_s, overlap_s: end_s - start_s, correlation };
  }
  return best;
}

/** Frames of one clip that are compared at most: an even choice. */
const MOST_COMPARED = 60;
/** Two frames this far from the alignment are strangers, seconds. */
const STRANGE_S = 0.6;

/**
 * How unlike the frames of two clips are, in differing bits of 64: `aligned` those that an offset puts side by side,
 * `strange` all others. In one room strangers are alike too, and only the alignment of copies stands out.
 */
export function hashDistances(
  a: LumaSeries,
  b: LumaSeries,
  offset_s: number,
): { readonly aligned: number; readonly strange: number } | null {
  const every = Math.max(1, Math.ceil(b.times_s.length / MOST_COMPARED));
  const everyA = Math.max(1, Math.ceil(a.times_s.length / MOST_COMPARED));
  const own: number[] = [];
  const others: number[] = [];
  for (let j = 0; j < b.times_s.length; j += every) {
    const time_s = (b.times_s[j] ?? 0) + offset_s;
    const hash = b.hashes[j];
    if (hash === undefined) continue;
    let nearest = 0;
    for (let i = 0; i < a.times_s.length; i++) {
      const away_s = Math.abs((a.times_s[i] ?? 0) - time_s);
      if (away_s < Math.abs((a.times_s[nearest] ?? 0) - time_s)) nearest = i;
      if (i % everyA === 0 && away_s >= STRANGE_S)
        others.push(hammingDistance(hash, a.hashes[i] ?? 0n));
    }
    const isInside = Math.abs((a.times_s[nearest] ?? 0) - time_s) <= STEP_S;
    if (isInside) own.push(hammingDistance(hash, a.hashes[nearest] ?? 0n));
  }
  if (own.length < 4 || others.length < 4) return null;
  return { aligned: meanOf(own), strange: meanOf(others) };
}

function hammingDistance(a: bigint, b: bigint): number {
  let bits = 0;
  for (let rest = BigInt.asUintN(64, a ^ b); rest !== 0n; rest &= rest - 1n) bits++;
  return bits;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function changes(series: LumaSeries, start_s: number, steps: number): readonly number[] {
  const values: number[] = [];
  let at = 0;
  let before = Number.NaN;
  for (let step = 0; step <= steps; step++) {
    const time_s = start_s + step * STEP_S;
    while (at + 2 < series.times_s.length && (series.times_s[at + 1] ?? 0) <= time_s) at++;
    const left_s = series.times_s[at] ?? 0;
    const right_s = series.times_s[at + 1] ?? left_s;
    const share =
      right_s > left_s ? Math.min(1, Math.max(0, (time_s - left_s) / (right_s - left_s))) : 0;
    const left = series.luma[at] ?? 0;
    const value = left + share * ((series.luma[at + 1] ?? left) - left);
    if (step > 0) values.push(value - before);
    before = value;
  }
  return values;
}

/** Pearson's correlation; null where either hardly changes. */
function correlate(a: readonly number[], b: readonly number[]): number | null {
  const n = Math.min(a.length, b.length);
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / n;
  const meanA = mean(a);
  const meanB = mean(b);
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let i = 0; i < n; i++) {
    const x = (a[i] ?? 0) - meanA;
    const y = (b[i] ?? 0) - meanB;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  const least = LEAST_CHANGE * LEAST_CHANGE * n;
  return aa < least || bb < least ? null : ab / Math.sqrt(aa * bb);
}
