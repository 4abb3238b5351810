import { type Bars, findBars, INNER_SHARE, innerLuma } from './bars.ts';
import {
  blueRedVariation,
  type ChromaSums,
  chromaSpread,
  emptyChromaSums,
  type MeanColour,
} from './colour.ts';
import { type FrameKernel, KERNEL_LAYOUT } from './frame-kernel.ts';
import { median } from './quantile.ts';

/** A small colour picture: interleaved RGB in rows of `stride_bytes`, pixels as square as the coded ones. */
export type SmallPicture = {
  readonly rgb: Uint8Array;
  readonly stride_bytes: number;
  readonly width_px: number;
  readonly height_px: number;
};

/** What a clip's colour pictures say together. Nulls where there were none. */
type ClipColours = {
  readonly means: readonly MeanColour[];
  readonly chroma_spread: number | null;
  readonly blue_red_variation: number | null;
  readonly bars: Bars | null;
  readonly inner_luma_max: number | null;
  readonly gradient_ratio: number | null;
  readonly green_share: number | null;
};

/** Bytes of a picture, 3 a pixel, that fit into the kernel's memory in front of what is at native size. */
const MOST_RGB_BYTES = KERNEL_LAYOUT.lowest - KERNEL_LAYOUT.rgb;
const MOST_PIXELS = KERNEL_LAYOUT.rgb - KERNEL_LAYOUT.luma;

type Note = {
  readonly index: number;
  readonly mean: MeanColour;
  readonly chroma: ChromaSums;
  readonly luma: Uint8Array;
  /** 98th percentile of luma. */
  readonly bright: number;
  readonly width_px: number;
  readonly height_px: number;
  readonly gradientRatio: number | null;
  readonly green_share: number;
  readonly blueRedVariation: number | null;
};

/** Measures colour pictures as they come, and keeps of each its luma and a few numbers. */
export class ColourFrames {
  readonly #kernel: FrameKernel;
  #notes: Note[] = [];
  #greenest = 0;
  #count = 0;

  constructor(kernel: FrameKernel) {
    this.#kernel = kernel;
  }

  /** Takes the picture of a frame. Throws RangeError if it is larger than 96 pixels a side. */
  add(index: number, picture: SmallPicture): void {
    const note = this.#measure(index, picture);
    this.#greenest = Math.max(this.#greenest, note.green_share);
    this.#notes.push(note);
    const { luma, lowest, highest } = KERNEL_LAYOUT;
    const bytes = 16 * Math.ceil(note.luma.length / 16);
    if (this.#count++ === 0) {
      this.#kernel.copyWithin(lowest, luma, bytes);
      this.#kernel.copyWithin(highest, luma, bytes);
    } else this.#kernel.run.widen(lowest, highest, luma, bytes);
  }

  /** Takes a picture that is only looked at for planes left zero. */
  addSuspect(index: number, picture: SmallPicture): void {
    this.#greenest = Math.max(this.#greenest, this.#measure(index, picture).green_share);
  }

  /** Forgets pictures whose frame is no multiple of this. */
  thinOut(stride: number): void {
    this.#notes = this.#notes.filter((note) => note.index % stride === 0);
  }

  #measure(index: number, picture: SmallPicture): Note {
    const { rgb, stride_bytes, width_px, height_px } = picture;
    const pixels = width_px * height_px;
    if (stride_bytes * height_px > MOST_RGB_BYTES || pixels > MOST_PIXELS)
      throw new RangeError(`a small picture of ${width_px}x${height_px} px`);
    const kernel = this.#kernel;
    const { rgb: at, luma, results } = KERNEL_LAYOUT;
    kernel.write(rgb, at);
    kernel.run.measureColour(at, stride_bytes, width_px, height_px, luma, results);
    const sum = (place: number): number => kernel.f64(results + 8 * place);
    const mean = { red: sum(0) / pixels, green: sum(1) / pixels, blue: sum(2) / pixels };
    const chroma = {
      pixels,
      blueDifference: sum(3),
      blueDifferenceSquares: sum(4),
      redDifference: sum(5),
      redDifferenceSquares: sum(6),
    };
    const green_share = sum(7) / pixels;
    // Whole vectors are counted: what follows the picture is brighter than all of it.
    kernel.fill(luma + pixels, luma + 16 * Math.ceil(pixels / 16), 255);
    const bright = kernel.run.levelOfRank(
      luma,
      16 * Math.ceil(pixels / 16),
      Math.ceil(INNER_SHARE * pixels),
    );
    kernel.run.gradients(luma, width_px, height_px, results);
    const along = kernel.u32(results);
    const down = kernel.u32(results + 4);
    return {
      index,
      mean,
      chroma,
      luma: kernel.read(luma, pixels),
      bright,
      width_px,
      height_px,
      gradientRatio: along === 0 || down === 0 ? null : Math.log(along / down),
      green_share,
      blueRedVariation: blueRedVariation(rgb, width_px, height_px, stride_bytes),
    };
  }

  /** Of the pictures that were kept; bars and the share of green are of all. */
  finish(): ClipColours {
    const [first] = this.#notes;
    if (first === undefined)
      return {
        means: [],
        chroma_spread: null,
        blue_red_variation: null,
        bars: null,
        inner_luma_max: null,
        gradient_ratio: null,
        green_share: null,
      };
    const { width_px, height_px } = first;
    const chroma = emptyChromaSums();
    for (const note of this.#notes) {
      chroma.pixels += note.chroma.pixels;
      chroma.blueDifference += note.chroma.blueDifference;
      chroma.blueDifferenceSquares += note.chroma.blueDifferenceSquares;
      chroma.redDifference += note.chroma.redDifference;
      chroma.redDifferenceSquares += note.chroma.redDifferenceSquares;
    }
    const pixels = width_px * height_px;
    const lowest = this.#kernel.read(KERNEL_LAYOUT.lowest, pixels);
    const highest = this.#kernel.read(KERNEL_LAYOUT.highest, pixels);
    const bars = findBars({ lowest, highest, count: this.#count }, width_px, height_px);
    const hasBars = bars.top + bars.bottom + bars.left + bars.right > 0;
    const ratios = this.#notes.map((note) => note.gradientRatio).filter((ratio) => ratio !== null);
    const variations = this.#notes.map((note) => note.blueRedVariation).filter((v) => v !== null);
    return {
      means: this.#notes.map((note) => note.mean),
      chroma_spread: chromaSpread(chroma),
      blue_red_variation: variations.length === 0 ? null : median(variations),
      bars,
      inner_luma_max: Math.max(
        ...this.#notes.map(({ luma, bright }) =>
          hasBars ? innerLuma(luma, width_px, height_px, bars) : bright,
        ),
      ),
      gradient_ratio: ratios.length === 0 ? null : median(ratios),
      green_share: this.#greenest,
    };
  }
}
