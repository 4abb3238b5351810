/** Variance of the 4-neighbour Laplacian of a luma plane: low is blurred or flat, high is detailed or noisy. */
export function laplacianVariance(luma: Uint8Array, width_px: number, height_px: number): number {
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let y = 1; y < height_px - 1; y++) {
    for (let x = 1; x < width_px - 1; x++) {
      const i = y * width_px + x;
      const neighbours =
        (luma[i - 1] ?? 0) +
        (luma[i + 1] ?? 0) +
        (luma[i - width_px] ?? 0) +
        (luma[i + width_px] ?? 0);
      const value = neighbours - 4 * (luma[i] ?? 0);
      sum += value;
      squares += value * value;
      count++;
    }
  }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}
