import { type FrameKernel, KERNEL_LAYOUT } from './frame-kernel.ts';

/** Side of the gray planes, px. */
const SIDE_PX = 64;
const PIXELS = SIDE_PX * SIDE_PX;
const THUMB_PIXELS = 256;

/** What is measured of every frame, in grey levels 0–255 of its 64x64 gray plane. */
type GrayMeasures = {
  readonly mean: number;
  /** Standard deviation. */
  readonly spread: number;
  readonly p98: number;
  /** Mean absolute difference to the frame before; null for the first. */
  readonly difference: number | null;
  /** Mean absolute difference to the first frame. */
  readonly from_first: number;
  readonly dhash: bigint;
  /** 16x16 average. */
  readonly thumb: Uint8Array;
};

/** How far two planes are apart. */
export type PlaneDistance = { readonly mean: number; readonly most: number };

/** Measures gray planes as they pass by; the kernel's memory keeps the one before, the first, and an anchor. */
export class GrayFrames {
  readonly #kernel: FrameKernel;
  #count = 0;

  constructor(kernel: FrameKernel) {
    this.#kernel = kernel;
  }

  get #now(): number {
    return this.#count % 2 === 1 ? KERNEL_LAYOUT.grays[0] : KERNEL_LAYOUT.grays[1];
  }

  get #before(): number {
    return this.#count % 2 === 1 ? KERNEL_LAYOUT.grays[1] : KERNEL_LAYOUT.grays[0];
  }

  /** Takes the plane of the next frame. */
  add(gray: Uint8Array): GrayMeasures {
    const kernel = this.#kernel;
    const { run } = kernel;
    const { first, thumb, scratch, results } = KERNEL_LAYOUT;
    this.#count++;
    const now = this.#now;
    kernel.write(gray, now);
    const isFirst = this.#count === 1;
    if (isFirst) kernel.write(gray, first);
    run.moments(now, PIXELS, results);
    const mean = kernel.u32(results) / PIXELS;
    const variance = kernel.u32(results + 4) / PIXELS - mean * mean;
    run.thumb(now, thumb);
    return {
      mean,
      spread: Math.sqrt(Math.max(0, variance)),
      p98: run.levelOfRank(now, PIXELS, Math.ceil(0.98 * PIXELS)),
      difference: isFirst ? null : run.compare(now, this.#before, PIXELS, results) / PIXELS,
      from_first: isFirst ? 0 : run.compare(now, first, PIXELS, results) / PIXELS,
      dhash: run.differenceHash(now, scratch),
      thumb: kernel.read(thumb, THUMB_PIXELS),
    };
  }

  /** Keeps the newest plane, for {@link fromAnchor}. */
  anchor(): void {
    this.#kernel.copyWithin(KERNEL_LAYOUT.anchor, this.#now, PIXELS);
  }

  /** The newest plane against the one that was kept. */
  fromAnchor(): PlaneDistance {
    const { anchor, results } = KERNEL_LAYOUT;
    const sum = this.#kernel.run.compare(this.#now, anchor, PIXELS, results);
    return { mean: sum / PIXELS, most: this.#kernel.u32(results) };
  }
}
