import { median } from './quantile.ts';

/**
 * 64-bit difference hash of a square gray plane: is each cell of a 9x8 grid darker than its right neighbour.
 * Signed, because 64-bit columns on disk are signed.
 */
export function differenceHash(plane: Uint8Array, side_px: number): bigint {
  const cells = shrink(plane, side_px, side_px, 9, 8);
  let high = 0;
  let low = 0;
  for (let bit = 0; bit < 64; bit++) {
    const cell = (bit >> 3) * 9 + (bit & 7);
    const rises = (cells[cell] ?? 0) < (cells[cell + 1] ?? 0) ? 1 : 0;
    if (bit < 32) high = (high << 1) | rises;
    else low = (low << 1) | rises;
  }
  HASH_WORDS.setInt32(0, high);
  HASH_WORDS.setInt32(4, low);
  return HASH_WORDS.getBigInt64(0);
}

const HASH_WORDS = new DataView(new ArrayBuffer(8));

/**
 * 64-bit DCT hash of a square gray plane: signs of the 8x8 lowest frequencies (without the mean) of a 32x32
 * reduction against their median. Survives recompression and scaling; signed.
 */
export function dctHash(plane: Uint8Array, side_px: number): bigint {
  const cells = shrink(plane, side_px, side_px, 32, 32);
  const byRow = new Float64Array(32 * 8);
  for (let row = 0; row < 32; row++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 32; x++) sum += (cells[row * 32 + x] ?? 0) * cosine(u, x);
      byRow[row * 8 + u] = sum;
    }
  }
  const low = new Float64Array(64);
  for (let v = 0; v < 8; v++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let y = 0; y < 32; y++) sum += (byRow[y * 8 + u] ?? 0) * cosine(v, y);
      low[v * 8 + u] = sum;
    }
  }
  const middle = median(low.subarray(1));
  let hash = 0n;
  for (const value of low) hash = (hash << 1n) | (value > middle ? 1n : 0n);
  return BigInt.asIntN(64, hash);
}

/** Number of differing bits of two 64-bit hashes, 0–64. */
export function hammingDistance(a: bigint, b: bigint): number {
  let rest = BigInt.asUintN(64, a ^ b);
  let bits = 0;
  while (rest !== 0n) {
    rest &= rest - 1n;
    bits++;
  }
  return bits;
}

const COSINES = Float64Array.from({ length: 8 * 32 }, (_, i) =>
  Math.cos(((2 * (i % 32) + 1) * Math.floor(i / 32) * Math.PI) / 64),
);

function cosine(frequency: number, x: number): number {
  return COSINES[frequency * 32 + x] ?? 0;
}

/** Area average of a gray plane on a coarser grid; pixels on a border count by their covered share. */
export function shrink(
  plane: Uint8Array,
  width_px: number,
  height_px: number,
  columns: number,
  rows: number,
): Float64Array {
  // Rows first: lines are summed in the order in which they lie in memory.
  const flat = new Float64Array(width_px * rows);
  for (const { cell, pixel, share } of coverage(height_px, rows)) {
    const from = pixel * width_px;
    const to = cell * width_px;
    for (let x = 0; x < width_px; x++)
      flat[to + x] = (flat[to + x] ?? 0) + share * (plane[from + x] ?? 0);
  }
  const cells = new Float64Array(columns * rows);
  const across = coverage(width_px, columns);
  for (let row = 0; row < rows; row++) {
    for (const { cell, pixel, share } of across) {
      const at = row * columns + cell;
      cells[at] = (cells[at] ?? 0) + share * (flat[row * width_px + pixel] ?? 0);
    }
  }
  return cells;
}

type Cover = { readonly cell: number; readonly pixel: number; readonly share: number };

const coverages = new Map<number, readonly Cover[]>();

/** Which pixels a cell covers, and what share of the cell each is. */
function coverage(size_px: number, cells: number): readonly Cover[] {
  const key = size_px * 1024 + cells;
  const known = coverages.get(key);
  if (known !== undefined) return known;
  const covers: Cover[] = [];
  for (let cell = 0; cell < cells; cell++) {
    const start = (cell * size_px) / cells;
    const end = ((cell + 1) * size_px) / cells;
    for (let pixel = Math.floor(start); pixel < end; pixel++) {
      const share = (Math.min(end, pixel + 1) - Math.max(start, pixel)) / (end - start);
      covers.push({ cell, pixel, share });
    }
  }
  // The sizes of videos are always the same; those of images are not, and are forgotten.
  if (coverages.size > 64) coverages.clear();
  coverages.set(key, covers);
  return covers;
}
