import { median } from './quantile.ts';

/**
 * 64-bit difference hash of a square gray plane: is each cell of a 9x8 grid darker than its right neighbour.
 * Signed, because 64-bit columns on disk are signed.
 */
export function differenceHash(plane: Uint8Array, side_px: number): bigint {
  const cells = shrink(plane, side_px, side_px, 9, 8);
  let hash = 0n;
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const left = cells[row * 9 + column] ?? 0;
      const right = cells[row * 9 + column + 1] ?? 0;
      hash = (hash << 1n) | (left < right ? 1n : 0n);
    }
  }
  return BigInt.asIntN(64, hash);
}

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
  const narrow = new Float64Array(columns * height_px);
  for (let y = 0; y < height_px; y++) {
    for (let column = 0; column < columns; column++) {
      narrow[y * columns + column] = cover(
        column,
        columns,
        width_px,
        (x) => plane[y * width_px + x] ?? 0,
      );
    }
  }
  const cells = new Float64Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      cells[row * columns + column] = cover(
        row,
        rows,
        height_px,
        (y) => narrow[y * columns + column] ?? 0,
      );
    }
  }
  return cells;
}

function cover(cell: number, cells: number, size_px: number, at: (i: number) => number): number {
  const start = (cell * size_px) / cells;
  const end = ((cell + 1) * size_px) / cells;
  let sum = 0;
  for (let i = Math.floor(start); i < end; i++)
    sum += at(i) * (Math.min(end, i + 1) - Math.max(start, i));
  return sum / (end - start);
}
