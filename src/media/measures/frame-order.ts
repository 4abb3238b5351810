import { type FrameKernel, KERNEL_LAYOUT } from './frame-kernel.ts';
import { median } from './quantile.ts';

/** Frames on either side among which a nearer one is sought. */
const WINDOW = 26;
/** Frames of a clip that are looked at: order is wrong everywhere or nowhere. */
const MOST_FRAMES = 300;
const THUMB_BYTES = 256;
/** A step smaller than this is no motion, grey levels. */
const LEAST_STEP = 0.6;
/** Moving steps that a share is taken of. */
const LEAST_STEPS = 16;
/** A jump is so many times the median step: in periodic motion (a skipping rope) no step is. */
const JUMP = 2;
/** From one end of a jump another frame is nearer than its other end by this factor. */
const NEARER = 0.5;
/** Two frames changed places if putting them back makes the steps on both sides this much shorter. */
const SWAPPED = 0.85;
/** Share of steps from which it is worth asking whether the frames have an order at all. */
const WORTH_ASKING = 0.03;
/** Frames that are put in order to see. */
const CHAIN_FRAMES = 100;
/** How far apart frames stand that are neighbours in that order, median. */
const NEAR_PLACES = 3;

/**
 * Tells whether frames stand in their order: in order, the nearest of all later frames is the next one. A cut is no
 * disorder, since no later frame resembles the one before it.
 */
export class FrameOrder {
  readonly #kernel: FrameKernel;
  #count = 0;

  constructor(kernel: FrameKernel) {
    this.#kernel = kernel;
  }

  /** Takes the 16x16 thumb of the next frame, which the kernel's memory keeps. */
  add(thumb: Uint8Array): void {
    if (this.#count < MOST_FRAMES)
      this.#kernel.write(thumb, KERNEL_LAYOUT.thumbs + this.#count++ * THUMB_BYTES);
  }

  /**
   * Share of moving steps that are out of order: jumps past a nearer frame, and steps around two frames that changed
   * places. Null if fewer than 16 steps move, or if no order of the frames makes neighbours alike (a counter, noise).
   */
  score(): number | null {
    const steps = Array.from({ length: Math.max(0, this.#count - 1) }, (_, i) =>
      this.#distance(i, i + 1),
    );
    const moving = steps.filter((step) => step >= LEAST_STEP);
    if (moving.length < LEAST_STEPS) return null;
    const usual = median(moving);
    const isOut = new Uint8Array(steps.length);
    for (const [i, step] of steps.entries()) {
      if (step < LEAST_STEP) continue;
      const isJump = step >= JUMP * usual;
      if (
        isJump &&
        (this.#hasNearer(i, 1, NEARER * step) || this.#hasNearer(i + 1, -1, NEARER * step))
      )
        isOut[i] = 1;
      if (i >= 1 && this.#isSwapped(i, steps)) isOut.fill(1, i - 1, i + 2);
    }
    const share = isOut.reduce((sum, out) => sum + out, 0) / moving.length;
    if (share >= WORTH_ASKING && !this.#hasOrder()) return null;
    return Math.min(1, share);
  }

  /** Whether the two frames at the ends of this step stand in each other's place, between those around them. */
  #isSwapped(i: number, steps: readonly number[]): boolean {
    const sides = (steps[i - 1] ?? 0) + (steps[i + 1] ?? 0);
    if (i + 2 >= this.#count || sides < 2 * LEAST_STEP) return false;
    return (
      2 * (steps[i] ?? 0) < SWAPPED * sides &&
      this.#distance(i - 1, i + 1) + this.#distance(i, i + 2) < SWAPPED * sides
    );
  }

  #hasNearer(from: number, direction: number, bound: number): boolean {
    for (let lag = 2; lag <= WINDOW; lag++) {
      const other = from + direction * lag;
      if (other < 0 || other >= this.#count) return false;
      if (this.#distance(from, other) < bound) return true;
    }
    return false;
  }

  /**
   * Whether most frames stand near their place in an order that makes neighbours alike, a chain from nearest to nearest:
   * frames are mixed up a few at a time, while those of a counter or of noise have no place.
   */
  #hasOrder(): boolean {
    const rest = Array.from({ length: Math.min(this.#count, CHAIN_FRAMES) }, (_, place) => place);
    const moves: number[] = [];
    let last = rest.shift();
    while (last !== undefined && rest.length > 0) {
      const from = last;
      let nearest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (const [i, other] of rest.entries()) {
        const away = this.#distance(from, other);
        if (away < least) [nearest, least] = [i, away];
      }
      last = rest.splice(nearest, 1)[0];
      if (last !== undefined) moves.push(Math.abs(last - from));
    }
    return median(moves) <= NEAR_PLACES;
  }

  /** Mean absolute difference of two thumbs. */
  #distance(a: number, b: number): number {
    const { thumbs, results } = KERNEL_LAYOUT;
    const [from, to] = [thumbs + a * THUMB_BYTES, thumbs + b * THUMB_BYTES];
    return this.#kernel.run.compare(from, to, THUMB_BYTES, results) / THUMB_BYTES;
  }
}
