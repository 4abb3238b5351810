/**
 * Natural logarithm of mean |difference along rows| over mean |difference along columns| of a gray picture with square
 * pixels; null if it is flat. Squeezing the width raises it: natural pictures are at -0.09 ± 0.23 (1,161 photographs),
 * 4:3 squeezed to 1:1 at 0.15 more. It tells of cohorts, never of one picture.
 */
export function gradientRatio(
  plane: Uint8Array,
  width_px: number,
  height_px: number,
): number | null {
  let along = 0;
  let down = 0;
  for (let y = 0; y + 1 < height_px; y++) {
    for (let x = 0; x + 1 < width_px; x++) {
      const at = y * width_px + x;
      const here = plane[at] ?? 0;
      along += Math.abs((plane[at + 1] ?? 0) - here);
      down += Math.abs((plane[at + width_px] ?? 0) - here);
    }
  }
  return along === 0 || down === 0 ? null : Math.log(along / down);
}
