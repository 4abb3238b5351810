import { localContrast, offsetsOf, type OffsetBand, similarityAt } from './offset-band.ts';
import { upperTailOfT } from './student-t.ts';

/** The offset with the smallest p-value; the p-value is corrected for the number of offsets tried. */
type OffsetTest = { readonly offset: number; readonly p: number };

/**
 * Rows whose sum counts as one observation, because neighbours of one source resemble each other. A t-test on single rows
 * raises false alarms in up to one in five datasets at a nominal 1 %.
 */
function blockRows(rows: number): number {
  if (rows < 40) return 2;
  return rows < 100 ? 4 : 8;
}

/** One-sided t-test on block sums: is the mean of `value` above zero? NaN rows are left out. */
export function blockTest(
  rows: number,
  value: (index: number) => number,
): { readonly p: number; readonly mean: number; readonly standardError: number } {
  const length = blockRows(rows);
  const sums: number[] = [];
  const counts: number[] = [];
  for (let start = 0; start < rows; start += length) {
    let sum = 0;
    let count = 0;
    for (let index = start; index < Math.min(rows, start + length); index += 1) {
      const each = value(index);
      if (Number.isNaN(each)) continue;
      sum += each;
      count += 1;
    }
    if (count === 0) continue;
    sums.push(sum);
    counts.push(count);
  }
  const blocks = sums.length;
  const pairs = counts.reduce((total, each) => total + each, 0);
  if (blocks < 5) return { p: 1, mean: 0, standardError: Number.POSITIVE_INFINITY };
  const mean = sums.reduce((total, each) => total + each, 0) / pairs;
  // Residuals against the blocks' own sizes, so that blocks with missing rows weigh what they hold.
  const squares = sums.reduce((total, sum, at) => total + (sum - mean * (counts[at] ?? 0)) ** 2, 0);
  const standardError = Math.sqrt((squares * blocks) / (blocks - 1)) / pairs;
  const p =
    standardError === 0 ? (mean > 0 ? 0 : 1) : upperTailOfT(mean / standardError, blocks - 1);
  return { p, mean, standardError };
}

/** Is there any relation between clips and captions, at whichever offset? */
export function testRelation(band: OffsetBand): OffsetTest {
  const contrast = localContrast(band);
  const width = 2 * band.reach + 1;
  return best(band, offsetsOf(band), (offset) =>
    blockTest(
      band.rows.length,
      (index) => contrast[index * width + offset + band.reach] ?? Number.NaN,
    ),
  );
}

/** Do the captions of another offset fit better than the own ones, from row `from` on? A test for a shift: without any relation it stays silent. */
function testShift(band: OffsetBand, from = 0): OffsetTest {
  const offsets = offsetsOf(band).filter((offset) => offset !== 0);
  return best(band, offsets, (offset) =>
    blockTest(
      band.rows.length - from,
      (index) => similarityAt(band, from + index, offset) - similarityAt(band, from + index, 0),
    ),
  );
}

/** Parts of a shard, from this share of its rows to the end, and what each may use up of the chance of a false alarm. */
const PARTS = [
  { from: 0, weight: 0.8 },
  { from: 0.5, weight: 0.1 },
  { from: 0.75, weight: 0.1 },
] as const;

/**
 * The same for the whole shard and for its later parts, where a dropped row shows that no single row is clear about.
 * `from` is the row at which the sum of contrasts is largest: where captions began to stand elsewhere.
 */
export function testPartShift(band: OffsetBand): OffsetTest & { readonly from: number } {
  const rows = band.rows.length;
  let found = { offset: 0, p: 1, from: 0 };
  for (const part of PARTS) {
    const from = Math.floor(part.from * rows);
    const tried = testShift(band, from);
    const p = Math.min(1, tried.p / part.weight);
    if (p < found.p) found = { offset: tried.offset, p, from };
  }
  return found.from === 0 ? found : { ...found, from: findChange(band, found.offset) };
}

function findChange(band: OffsetBand, offset: number): number {
  let sum = 0;
  let change = { from: 0, sum: Number.NEGATIVE_INFINITY };
  for (let row = band.rows.length - 1; row >= 0; row -= 1) {
    const gain = similarityAt(band, row, offset) - similarityAt(band, row, 0);
    if (!Number.isNaN(gain)) sum += gain;
    if (sum > change.sum) change = { from: row, sum };
  }
  return change.from;
}

/** Do the captions of `from` fit provably better than those one row beside them? The larger of the two p-values. */
export function testDistinctNeighbours(band: OffsetBand, from: number): number {
  const sides = [from - 1, from + 1].filter((offset) => Math.abs(offset) <= band.reach);
  return Math.max(
    ...sides.map(
      (side) =>
        blockTest(
          band.rows.length,
          (index) => similarityAt(band, index, from) - similarityAt(band, index, side),
        ).p,
    ),
  );
}

function best(
  band: OffsetBand,
  offsets: readonly number[],
  test: (offset: number) => { readonly p: number; readonly mean: number },
): OffsetTest {
  let found: OffsetTest = { offset: 0, p: 1 };
  let mean = Number.NEGATIVE_INFINITY;
  for (const offset of offsets) {
    const tried = test(offset);
    const p = Math.min(1, tried.p * offsets.length);
    if (p < found.p || (p === found.p && p < 1 && tried.mean > mean)) {
      found = { offset, p };
      mean = tried.mean;
    }
  }
  return found;
}
