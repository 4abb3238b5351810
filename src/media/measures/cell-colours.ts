import { shrink } from './perceptual-hashes.ts';

/** Cells along each side of the grid. */
const CELLS = 8;

/**
 * Mean colours of a grid of 8x8 cells over a picture, row by row, each red · 65536 + green · 256 + blue: what hashes of
 * brightness leave out. Null for a picture of fewer pixels than cells along a side.
 */
export function cellColours(
  rgb: Uint8Array,
  width_px: number,
  height_px: number,
): readonly number[] | null {
  if (Math.min(width_px, height_px) < CELLS) return null;
  const strips = shrink(rgb, 3 * width_px, height_px, 3 * width_px, CELLS);
  const colours = Array.from({ length: CELLS * CELLS }, () => 0);
  for (let channel = 0; channel < 3; channel++) {
    const plane = Uint8Array.from({ length: width_px * CELLS }, (_, i) =>
      Math.round(strips[3 * i + channel] ?? 0),
    );
    const cells = shrink(plane, width_px, CELLS, CELLS, CELLS);
    for (const [cell, mean] of cells.entries())
      colours[cell] = (colours[cell] ?? 0) * 256 + Math.round(mean);
  }
  return colours;
}
