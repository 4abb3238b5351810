import { median } from './quantile.ts';

/** Vertical strips of a luma plane at native size, side by side: all rows, few columns, as the codec stored them. */
export type LumaStrips = {
  /** Packed rows of `width_px` 8-bit codes. */
  readonly plane: Uint8Array;
  readonly width_px: number;
  readonly height_px: number;
  /** Columns of one strip: neighbours inside a strip are neighbours in the picture. */
  readonly strip_px: number;
};

/** What only the native size shows. Nulls where too little moved or too few frames were looked at. */
export type NativeLuma = {
  /** Line-to-line unrest of moving pixels over that of a weave of two frames: near 1 interlaced, well under 1 progressive. */
  readonly comb_score: number | null;
  /** Unrest of the worse weave over that of the better: 1 progressive, more where fields follow one another. */
  readonly comb_asymmetry: number | null;
  readonly comb_pair_count: number;
  /** 0.1 % and 99.9 % quantiles of the luma codes, as stored, scaled to 8 bits. */
  readonly luma_low: number | null;
  readonly luma_high: number | null;
  /** Squared difference at 4 pixels' distance over that at 1, along rows: 16 is smooth, sharp pictures are at 3 to 7. */
  readonly softness: number | null;
  /** Share of the pairs that are combed for themselves: two of five after a pulldown. */
  readonly combed_share: number | null;
  /** Mean difference of lines across the borders of 8-line blocks over that of other lines: 1 without blocks. */
  readonly block_score: number | null;
};

/** A pixel that changes by more than this between neighbouring frames moves: codec noise is below. */
const MOTION_LEVEL = 12;
/** Moving pixels that a pair needs, share of those looked at. */
const LEAST_MOTION = 0.002;

/**
 * Unrest over that of a weave, and how far the two weaves differ, from which a pair is combed for itself. Fine texture is
 * restless too, but its weaves are alike: grass reaches 0.6 and 1.05, pulled-down film 1.1 and 2.
 */
const COMBED = 0.5;
const COMBED_ASYMMETRY = 1.2;
/** Lines of a block of the transforms of MPEG-2, H.264 (8x8) and JPEG. */
const BLOCK_LINES = 8;

/** Pixels of which one enters the histogram, and lines of which one is measured for softness: thousands are left. */
const HISTOGRAM_STEP = 3;
const SOFTNESS_LINES = 2;

/** Collects pairs of neighbouring frames at native size; keeps one of them. */
export class NativeLumaNotes {
  readonly #histogram = new Uint32Array(256);
  readonly #isEveryFrame: boolean;
  readonly #ratios: number[] = [];
  readonly #asymmetries: number[] = [];
  #near = 0;
  #far = 0;
  #atBorders = 0;
  #elsewhere = 0;
  #before: { readonly index: number; readonly strips: LumaStrips } | null = null;

  /** `isEveryFrame`: blocks are looked for too, which few frames don't tell from texture. */
  constructor(isEveryFrame = false) {
    this.#isEveryFrame = isEveryFrame;
  }

  /** Takes the strips of the frame at this index (presentation order), and keeps them until the next. */
  add(index: number, strips: LumaStrips): void {
    const { plane } = strips;
    const histogram = this.#histogram;
    for (let at = 0; at < plane.length; at += HISTOGRAM_STEP) {
      const code = plane[at] ?? 0;
      histogram[code] = (histogram[code] ?? 0) + 1;
    }
    const before = this.#before;
    const isPair =
      before !== null && before.index === index - 1 && isSameSize(before.strips, strips);
    if (isPair) this.#addPair(before.strips, strips);
    if (!isPair || this.#isEveryFrame) this.#addSoftness(strips);
    if (this.#isEveryFrame) this.#addBlocks(strips);
    this.#before = { index, strips };
  }

  finish(): NativeLuma {
    const total = this.#histogram.reduce((sum, count) => sum + count, 0);
    return {
      comb_score: this.#ratios.length === 0 ? null : median(this.#ratios),
      comb_asymmetry: this.#asymmetries.length === 0 ? null : median(this.#asymmetries),
      comb_pair_count: this.#ratios.length,
      luma_low: total === 0 ? null : this.#codeAt(0.001 * total),
      luma_high: total === 0 ? null : this.#codeAt(0.999 * total),
      softness: this.#near === 0 ? null : this.#far / this.#near,
      combed_share:
        this.#ratios.length === 0
          ? null
          : this.#ratios.filter(
              (ratio, i) => ratio >= COMBED && (this.#asymmetries[i] ?? 1) >= COMBED_ASYMMETRY,
            ).length / this.#ratios.length,
      block_score: this.#elsewhere === 0 ? null : this.#atBorders / this.#elsewhere,
    };
  }

  /** As idet of FFmpeg tells fields: lines of one frame are put between those of the next. */
  #addPair(first: LumaStrips, second: LumaStrips): void {
    const { width_px: width, height_px: height } = first;
    const a = first.plane;
    const b = second.plane;
    let own = 0;
    let even = 0;
    let odd = 0;
    let moving = 0;
    for (let row = 1; row + 1 < height; row++) {
      let weave = 0;
      for (let at = row * width; at < (row + 1) * width; at++) {
        const here = a[at] ?? 0;
        const next = b[at] ?? 0;
        if (Math.abs(next - here) <= MOTION_LEVEL) continue;
        const around = (a[at - width] ?? 0) + (a[at + width] ?? 0);
        own += Math.abs(around - 2 * here);
        weave += Math.abs(around - 2 * next);
        moving++;
      }
      if (row % 2 === 0) even += weave;
      else odd += weave;
    }
    const least = Math.min(even, odd);
    if (moving < LEAST_MOTION * a.length || least === 0) return;
    this.#ratios.push(own / 2 / least);
    this.#asymmetries.push(Math.max(even, odd) / least);
  }

  #addSoftness({ plane, width_px, height_px, strip_px }: LumaStrips): void {
    let nearSum = 0;
    let farSum = 0;
    for (let row = 0; row < height_px; row += SOFTNESS_LINES) {
      const end = (row + 1) * width_px;
      for (let start = row * width_px; start + strip_px <= end; start += strip_px) {
        for (let at = start; at + 4 < start + strip_px; at++) {
          const here = plane[at] ?? 0;
          const near = (plane[at + 1] ?? 0) - here;
          const far = (plane[at + 4] ?? 0) - here;
          nearSum += near * near;
          farSum += far * far;
        }
      }
    }
    this.#near += nearSum;
    this.#far += farSum;
  }

  #addBlocks({ plane, width_px: width, height_px: height }: LumaStrips): void {
    let atBorders = 0;
    let elsewhere = 0;
    const borders = Math.floor((height - 1) / BLOCK_LINES);
    for (let row = 1; row < height; row++) {
      let sum = 0;
      for (let at = row * width; at < (row + 1) * width; at++)
        sum += Math.abs((plane[at] ?? 0) - (plane[at - width] ?? 0));
      if (row % BLOCK_LINES === 0) atBorders += sum;
      else elsewhere += sum;
    }
    if (borders === 0) return;
    this.#atBorders += atBorders / borders;
    this.#elsewhere += elsewhere / (height - 1 - borders);
  }

  #codeAt(count: number): number {
    let seen = 0;
    for (let code = 0; code < 256; code++) {
      seen += this.#histogram[code] ?? 0;
      if (seen >= count) return code;
    }
    return 255;
  }
}

function isSameSize(a: LumaStrips, b: LumaStrips): boolean {
  return a.width_px === b.width_px && a.height_px === b.height_px;
}
