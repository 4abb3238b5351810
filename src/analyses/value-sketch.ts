/** Relative error of a quantile. */
const VALUE_ERROR = 0.01;

const GAMMA = (1 + VALUE_ERROR) / (1 - VALUE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
/** Bins of positive numbers are centred here, those of negative ones at the same below zero; 0 is 0. */
const CENTRE = 40_000;

/**
 * Numbers counted in bins of 1 % relative width (DDSketch, Masson et al. 2019): `[bin, rows]` in order of the bins. Counts of
 * the same bins add up, so the sketch of two parts is exactly the sketch of the whole; a quantile is within 1 % of a value at
 * that rank.
 */
export type ValueSketch = readonly (readonly [bin: number, rows: number])[];

/** SQL for the bin of a finite number. */
export function valueBin(value: string): string {
  return `(case when ${value} = 0 then 0 when ${value} > 0 then ${CENTRE} + ceil(ln(${value}) / ${LOG_GAMMA})::integer
    else -(${CENTRE} + ceil(ln(-(${value})) / ${LOG_GAMMA})::integer) end)`;
}

export function mergeValues(a: ValueSketch, b: ValueSketch): ValueSketch {
  const bins = new Map(a);
  for (const [bin, rows] of b) bins.set(bin, (bins.get(bin) ?? 0) + rows);
  return [...bins].toSorted(([x], [y]) => x - y);
}

/** The value that stands for a bin, within 1 % of all its values. */
function valueOfBin(bin: number): number {
  if (bin === 0) return 0;
  const size = (2 * GAMMA ** (Math.abs(bin) - CENTRE)) / (GAMMA + 1);
  return bin > 0 ? size : -size;
}

/** The value below which a share of the rows lies; null without rows. */
export function quantileOf(sketch: ValueSketch, share: number): number | null {
  const rows = countValues(sketch);
  if (rows === 0) return null;
  const rank = Math.min(rows - 1, Math.max(0, Math.floor(share * rows)));
  let seen = 0;
  for (const [bin, count] of sketch) {
    seen += count;
    if (seen > rank) return valueOfBin(bin);
  }
  return null;
}

export function countValues(sketch: ValueSketch): number {
  return sketch.reduce((sum, [, rows]) => sum + rows, 0);
}

/**
 * Rows by intervals between `edges`: below the first, from edge to edge (the upper edge belongs to the lower interval), above
 * the last. Two sketches on the same edges can be compared bin by bin; a row within 1 % of an edge may count on its other side.
 */
export function histogramOf(sketch: ValueSketch, edges: readonly number[]): readonly number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const [bin, rows] of sketch) {
    const value = valueOfBin(bin);
    const at = edges.findIndex((edge) => value <= edge);
    const place = at < 0 ? edges.length : at;
    counts[place] = (counts[place] ?? 0) + rows;
  }
  return counts;
}
