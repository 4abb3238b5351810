/** Side of the pictures that are compared with dozens of others. */
const SIDE_PX = 16;

/** A 16x16 average of a square gray plane whose side is a multiple of 16. */
export function thumbOf(gray: Uint8Array, side_px: number): Uint8Array {
  const block = side_px / SIDE_PX;
  const thumb = new Uint8Array(SIDE_PX * SIDE_PX);
  for (let y = 0; y < SIDE_PX; y++) {
    for (let x = 0; x < SIDE_PX; x++) {
      let sum = 0;
      for (let v = 0; v < block; v++) {
        const row = (y * block + v) * side_px + x * block;
        for (let u = 0; u < block; u++) sum += gray[row + u] ?? 0;
      }
      thumb[y * SIDE_PX + x] = Math.round(sum / (block * block));
    }
  }
  return thumb;
}
