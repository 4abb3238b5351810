/** What the headers of a video codec say about its pictures; `null` where they are silent. */
export type CodecFacts = {
  /** Picture size after cropping. */
  readonly width_px: number | null;
  readonly height_px: number | null;
  /** Sample aspect ratio of the bitstream. */
  readonly sar: Ratio | null;
  /** As FFmpeg names it: High, Main 10, Profile 0… */
  readonly profile: string | null;
  /** As FFmpeg names it, without the deprecated yuvj names: full range is told by `range`. */
  readonly pixelFormat: string | null;
  readonly bitDepth: number | null;
  readonly isInterlaced: boolean | null;
  readonly range: 'tv' | 'pc' | null;
  /** ITU-T H.273 code points. */
  readonly primaries: number | null;
  readonly transfer: number | null;
  readonly matrix: number | null;
};

/** A ratio of two positive whole numbers. */
export type Ratio = { readonly num: number; readonly den: number };

/** Nothing known. */
export const NO_CODEC_FACTS: CodecFacts = {
  width_px: null,
  height_px: null,
  sar: null,
  profile: null,
  pixelFormat: null,
  bitDepth: null,
  isInterlaced: null,
  range: null,
  primaries: null,
  transfer: null,
  matrix: null,
};

/** The ratio in lowest terms, null unless both sides are positive whole numbers. */
export function ratio(num: number, den: number): Ratio | null {
  if (!Number.isSafeInteger(num) || !Number.isSafeInteger(den) || num <= 0 || den <= 0) return null;
  let a = num;
  let b = den;
  while (b > 0) [a, b] = [b, a % b];
  return { num: num / a, den: den / a };
}

/** FFmpeg's name of a planar YUV format by chroma_format_idc (0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4) and depth in bits. */
export function yuvPixelFormat(chromaFormat: number, bitDepth: number): string | null {
  const base = ['gray', 'yuv420p', 'yuv422p', 'yuv444p'][chromaFormat];
  if (base === undefined) return null;
  return bitDepth > 8 ? `${base}${bitDepth}le` : base;
}

/** Table of H.264 table E-1 and HEVC table E.1: aspect_ratio_idc to sample aspect ratio. */
const ASPECT_RATIOS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];

/** The sample aspect ratio of an `aspect_ratio_idc` below 255. */
export function aspectRatioByIdc(idc: number): Ratio | null {
  const entry = ASPECT_RATIOS[idc];
  return entry === undefined ? null : ratio(entry[0], entry[1]);
}
