/** Brightness of one gray plane, in grey levels 0–255. */
type LumaStatistics = {
  readonly mean: number;
  /** Standard deviation. */
  readonly spread: number;
  readonly p1: number;
  readonly p98: number;
  readonly p99: number;
  /** Shannon entropy of the 256-bin histogram, 0–8 bits. */
  readonly entropy_bits: number;
};

/** Measures one plane of 8-bit luma in one pass over its histogram. */
export function measureLuma(plane: Uint8Array): LumaStatistics {
  const histogram = new Uint32Array(256);
  for (let i = 0; i < plane.length; i++) {
    const level = plane[i] ?? 0;
    histogram[level] = (histogram[level] ?? 0) + 1;
  }
  let sum = 0;
  let squares = 0;
  let entropy_bits = 0;
  for (let level = 0; level < 256; level++) {
    const count = histogram[level] ?? 0;
    if (count === 0) continue;
    sum += level * count;
    squares += level * level * count;
    entropy_bits -= (count / plane.length) * Math.log2(count / plane.length);
  }
  const mean = sum / plane.length;
  return {
    mean,
    spread: Math.sqrt(Math.max(0, squares / plane.length - mean * mean)),
    p1: levelAt(histogram, plane.length, 0.01),
    p98: levelAt(histogram, plane.length, 0.98),
    p99: levelAt(histogram, plane.length, 0.99),
    entropy_bits: Math.max(0, entropy_bits),
  };
}

/** The lowest level that at least the share q of the pixels does not exceed. */
function levelAt(histogram: Uint32Array, pixels: number, q: number): number {
  let seen = 0;
  for (let level = 0; level < 256; level++) {
    seen += histogram[level] ?? 0;
    if (seen >= q * pixels) return level;
  }
  return 255;
}
