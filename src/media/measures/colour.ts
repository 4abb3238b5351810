/** Mean colour of one small RGB picture, 0–255. */
export type MeanColour = { readonly red: number; readonly green: number; readonly blue: number };

/** Running sums of colour over several pictures: states of parts merge by adding. */
export type ChromaSums = {
  pixels: number;
  blueDifference: number;
  blueDifferenceSquares: number;
  redDifference: number;
  redDifferenceSquares: number;
};

/** Sums of nothing. */
export function emptyChromaSums(): ChromaSums {
  return {
    pixels: 0,
    blueDifference: 0,
    blueDifferenceSquares: 0,
    redDifference: 0,
    redDifferenceSquares: 0,
  };
}

/** Mean colour of an interleaved RGB picture; its chroma is added to `sums`. */
export function addColour(sums: ChromaSums, rgb: Uint8Array): MeanColour {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let i = 0; i + 2 < rgb.length; i += 3) {
    const r = rgb[i] ?? 0;
    const g = rgb[i + 1] ?? 0;
    const b = rgb[i + 2] ?? 0;
    red += r;
    green += g;
    blue += b;
    // ITU-T T.871 (JFIF), full range.
    const blueDifference = -0.168_736 * r - 0.331_264 * g + 0.5 * b;
    const redDifference = 0.5 * r - 0.418_688 * g - 0.081_312 * b;
    sums.blueDifference += blueDifference;
    sums.blueDifferenceSquares += blueDifference * blueDifference;
    sums.redDifference += redDifference;
    sums.redDifferenceSquares += redDifference * redDifference;
  }
  const pixels = Math.floor(rgb.length / 3);
  sums.pixels += pixels;
  return { red: red / pixels, green: green / pixels, blue: blue / pixels };
}

/** Standard deviation of chroma (root of the summed variances of Cb and Cr), grey levels; null of no pixels. */
export function chromaSpread(sums: ChromaSums): number | null {
  if (sums.pixels === 0) return null;
  const blue = sums.blueDifferenceSquares / sums.pixels - (sums.blueDifference / sums.pixels) ** 2;
  const red = sums.redDifferenceSquares / sums.pixels - (sums.redDifference / sums.pixels) ** 2;
  return Math.sqrt(Math.max(0, blue) + Math.max(0, red));
}

/** A channel darker or flatter than this, grey levels, varies by nothing but its rounding. */
const LEAST_LEVEL = 4;
const LEAST_SPREAD = 2;

/**
 * ln of how much blue varies over how much red does, each by its own mean. Blue varies more in most pictures (0.17 +- 0.36
 * in 309 photographs), whatever the light or a grade that scales the channels; an exchange of them turns the sign.
 * Null of a picture without one of them.
 */
export function blueRedVariation(
  rgb: Uint8Array,
  width_px: number,
  height_px: number,
  stride_bytes: number = 3 * width_px,
): number | null {
  let red = 0;
  let redSquares = 0;
  let blue = 0;
  let blueSquares = 0;
  for (let y = 0; y < height_px; y++) {
    const end = y * stride_bytes + 3 * width_px;
    for (let i = y * stride_bytes; i < end; i += 3) {
      const r = rgb[i] ?? 0;
      const b = rgb[i + 2] ?? 0;
      red += r;
      redSquares += r * r;
      blue += b;
      blueSquares += b * b;
    }
  }
  const pixels = width_px * height_px;
  const redMean = red / pixels;
  const blueMean = blue / pixels;
  const redSpread = Math.sqrt(Math.max(0, redSquares / pixels - redMean * redMean));
  const blueSpread = Math.sqrt(Math.max(0, blueSquares / pixels - blueMean * blueMean));
  if (Math.min(redMean, blueMean) < LEAST_LEVEL) return null;
  if (Math.min(redSpread, blueSpread) < LEAST_SPREAD) return null;
  return Math.log(blueSpread / blueMean / (redSpread / redMean));
}

/** Luma of an interleaved RGB picture, ITU-R BT.601 weights as JPEG has them. */
export function lumaOf(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(Math.floor(rgb.length / 3));
  for (let i = 0; i < luma.length; i++) {
    luma[i] = Math.round(
      0.299 * (rgb[3 * i] ?? 0) + 0.587 * (rgb[3 * i + 1] ?? 0) + 0.114 * (rgb[3 * i + 2] ?? 0),
    );
  }
  return luma;
}

/** Planes that were never written: Y = U = V = 0 is (0, 135, 0) in BT.601 and (0, 77 to 84, 0) in BT.709, give or take compression. */
const ZERO_PLANE_LEVEL = 20;
const ZERO_PLANE_GREENS = [
  { least: 124, most: 144 },
  { least: 72, most: 90 },
] as const;

/** Share of pixels with the green of planes left zero, 0–1. Chroma-key green has blue in it, grass has red. */
export function zeroPlaneShare(rgb: Uint8Array): number {
  let count = 0;
  for (let i = 0; i + 2 < rgb.length; i += 3) {
    if ((rgb[i] ?? 0) > ZERO_PLANE_LEVEL || (rgb[i + 2] ?? 0) > ZERO_PLANE_LEVEL) continue;
    const green = rgb[i + 1] ?? 0;
    if (ZERO_PLANE_GREENS.some(({ least, most }) => green >= least && green <= most)) count++;
  }
  return (3 * count) / Math.max(1, rgb.length);
}

/** Share of pixels at full white (254 or more in all channels), 0–1. */
export function fullWhiteShare(rgb: Uint8Array): number {
  let count = 0;
  for (let i = 0; i + 2 < rgb.length; i += 3) {
    if (Math.min(rgb[i] ?? 0, rgb[i + 1] ?? 0, rgb[i + 2] ?? 0) >= 254) count++;
  }
  return (3 * count) / Math.max(1, rgb.length);
}
