import { type FrameKernel, KERNEL_LAYOUT } from './frame-kernel.ts';
import { median } from './quantile.ts';

/** The luma plane of a decoded frame at native size, as the codec stored it. Valid during a call only. */
export type NativePlane = {
  /** Rows of codes, in one byte or (more than 8 bits) two, little-endian. */
  readonly codes: Uint8Array;
  readonly stride_bytes: number;
  readonly width_px: number;
  readonly height_px: number;
  readonly depth_bits: number;
};

/** What only the native size shows. Nulls where too little moved or too few frames were looked at. */
type NativeLuma = {
  /** Line-to-line unrest of moving pixels over that of a weave of two frames: near 1 interlaced, well under 1 progressive. */
  readonly comb_score: number | null;
  /**
   * Unrest of the worse weave over that of the better, the same one in all pairs: 1 progressive, more where fields follow
   * one another. Which weave is worse is chance in noise and fades, and the order of the fields in interlaced video.
   */
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

/** Vertical strips spread over the width, and the columns of each: 256 columns in all, whatever the width. */
const STRIPS = 8;
const STRIP_PX = 32;
/** Taller pictures are not looked at: their strips would not fit into the memory of a worker. */
const MOST_LINES = 16_384;
/** Rows are handed to the kernel in portions of about this size. */
const PORTION_BYTES = 1_048_576;

/** A pixel that changes by more than this between neighbouring frames moves: codec noise is below. */
const MOTION_LEVEL = 12;
/** Moving pixels that a pair needs, share of those looked at. */
const LEAST_MOTION = 0.004;

/**
 * Unrest over that of a weave, and how far the two weaves differ, from which a pair is combed for itself. Fine texture is
 * restless too, but its weaves are alike: grass reaches 0.6 and 1.05, pulled-down film 1.1 and 2.
 */
const COMBED = 0.5;
const COMBED_ASYMMETRY = 1.2;
/** Moving pairs in a row whose weaves differ by less than 5 %, after which a clip is progressive; fields make it 15 %. */
const PLAIN_PAIRS = 4;
const PLAIN_ASYMMETRY = 0.05;
/** Lines of a block of the transforms of MPEG-2, H.264 (8x8) and JPEG. */
const BLOCK_LINES = 8;

/** Pixels of which one enters the histogram (no divisor of a strip), and lines of which one is measured for softness. */
const HISTOGRAM_STEP = 7;
const SOFTNESS_LINES = 2;

type Strips = {
  readonly index: number;
  readonly at: number;
  readonly width_px: number;
  readonly height_px: number;
};

/** Collects pairs of neighbouring frames at native size; the kernel's memory keeps one of them. */
export class NativeLumaNotes {
  readonly #kernel: FrameKernel;
  readonly #isEveryFrame: boolean;
  readonly #ratios: number[] = [];
  /** Logarithms of the unrest of one weave over that of the other. */
  readonly #asymmetries: number[] = [];
  #codes = 0;
  #near = 0;
  #far = 0;
  #atBorders = 0;
  #elsewhere = 0;
  #before: Strips | null = null;

  /** `isEveryFrame`: blocks are looked for too, which few frames don't tell from texture. */
  constructor(kernel: FrameKernel, isEveryFrame = false) {
    this.#kernel = kernel;
    this.#isEveryFrame = isEveryFrame;
    kernel.fill(KERNEL_LAYOUT.histogram, KERNEL_LAYOUT.histogram + 4 * 256);
  }

  /** Takes the plane of the frame at this index (presentation order), and keeps strips of it until the next. */
  add(index: number, plane: NativePlane): void {
    const strips = this.#pack(index, plane);
    if (strips === null) return;
    const { width_px: width, height_px: height, at } = strips;
    const { run } = this.#kernel;
    const { results, histogram } = KERNEL_LAYOUT;
    run.addHistogram(at, width * height, HISTOGRAM_STEP, histogram);
    this.#codes += Math.ceil((width * height) / HISTOGRAM_STEP);
    const before = this.#before;
    const isPair =
      before !== null &&
      before.index === index - 1 &&
      before.width_px === width &&
      before.height_px === height;
    if (isPair) this.#addPair(before, strips);
    if (!isPair || this.#isEveryFrame) {
      run.softness(at, width, height, SOFTNESS_LINES, results);
      this.#near += this.#kernel.f64(results);
      this.#far += this.#kernel.f64(results + 8);
    }
    if (this.#isEveryFrame) this.#addBlocks(strips);
    this.#before = strips;
  }

  /** Whether enough moving pairs were seen, and none with a trace of fields: single frames are enough then. */
  get isPlain(): boolean {
    return (
      this.#asymmetries.length >= PLAIN_PAIRS &&
      this.#asymmetries.every((asymmetry) => Math.abs(asymmetry) < PLAIN_ASYMMETRY)
    );
  }

  finish(): NativeLuma {
    const isDark = this.#codes === 0;
    return {
      comb_score: this.#ratios.length === 0 ? null : median(this.#ratios),
      comb_asymmetry:
        this.#asymmetries.length === 0 ? null : Math.exp(Math.abs(median(this.#asymmetries))),
      comb_pair_count: this.#ratios.length,
      luma_low: isDark ? null : this.#codeAt(0.001 * this.#codes),
      luma_high: isDark ? null : this.#codeAt(0.999 * this.#codes),
      softness: this.#near === 0 ? null : this.#far / this.#near,
      combed_share:
        this.#ratios.length === 0
          ? null
          : this.#ratios.filter(
              (ratio, i) =>
                ratio >= COMBED &&
                Math.abs(this.#asymmetries[i] ?? 0) >= Math.log(COMBED_ASYMMETRY),
            ).length / this.#ratios.length,
      block_score: this.#elsewhere === 0 ? null : this.#atBorders / this.#elsewhere,
    };
  }

  /** Strips of a plane, side by side, in the half of the memory that the frame before does not use. */
  #pack(index: number, plane: NativePlane): Strips | null {
    const { codes, stride_bytes: stride, width_px, height_px, depth_bits } = plane;
    if (width_px < STRIP_PX || height_px > MOST_LINES || stride <= 0) return null;
    const count = Math.min(STRIPS, Math.floor(width_px / STRIP_PX));
    const width = count * STRIP_PX;
    const rowsAtOnce = Math.max(1, Math.floor(PORTION_BYTES / stride));
    const portion = KERNEL_LAYOUT.end;
    const room = 16 * Math.ceil((rowsAtOnce * stride + STRIP_PX) / 16);
    // One row more: loops read a few bytes past the end of a strip.
    const bytes = width * (height_px + 1);
    this.#kernel.reserve(portion + room + 2 * bytes);
    const isSecond = this.#before !== null && this.#before.at === portion + room;
    const at = portion + room + (isSecond ? bytes : 0);
    const shift = depth_bits > 8 ? depth_bits - 8 : -1;
    for (let row = 0; row < height_px; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, height_px - row);
      this.#kernel.write(codes.subarray(row * stride, (row + rows) * stride), portion);
      this.#kernel.run.packStrips(portion, stride, rows, width_px, count, shift, at + row * width);
    }
    return { index, at, width_px: width, height_px };
  }

  #addPair(first: Strips, second: Strips): void {
    const { width_px: width, height_px: height } = first;
    const { results } = KERNEL_LAYOUT;
    this.#kernel.run.combPair(first.at, second.at, width, height, MOTION_LEVEL, results);
    const own = this.#kernel.f64(results);
    const even = this.#kernel.f64(results + 8);
    const odd = this.#kernel.f64(results + 16);
    const moving = this.#kernel.f64(results + 24);
    const least = Math.min(even, odd);
    if (moving < LEAST_MOTION * width * height || least === 0) return;
    this.#ratios.push(own / 2 / least);
    this.#asymmetries.push(Math.log(even / odd));
  }

  #addBlocks({ at, width_px: width, height_px: height }: Strips): void {
    const borders = Math.floor((height - 1) / BLOCK_LINES);
    if (borders === 0) return;
    const { results } = KERNEL_LAYOUT;
    this.#kernel.run.blockBorders(at, width, height, BLOCK_LINES, results);
    this.#atBorders += this.#kernel.f64(results) / borders;
    this.#elsewhere += this.#kernel.f64(results + 8) / (height - 1 - borders);
  }

  #codeAt(count: number): number {
    let seen = 0;
    for (let code = 0; code < 256; code++) {
      seen += this.#kernel.u32(KERNEL_LAYOUT.histogram + 4 * code);
      if (seen >= count) return code;
    }
    return 255;
  }
}
