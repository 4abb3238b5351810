/** Frames on either side of a cut that are compared: a flash is shorter. */
const REACH = 5;
/** A smaller change to the frame before, grey levels, is no cut. */
const LEAST_CHANGE = 8;

/**
 * How far apart the pictures before and after a change are: the least mean difference of any of the five frames before
 * and any of the five from it on, grey levels, after brightness and contrast of one are made those of the other. A flash,
 * a shake and a light that is switched on leave two frames alike on both sides; a cut does not.
 */
export class CutDistance {
  readonly #distances: (number | null)[] = [];
  /** Thumbs of the last frames, newest last. */
  readonly #thumbs: Uint8Array[] = [];
  /** Frames that changed and wait for those after them. */
  #pending: number[] = [];
  #count = 0;

  /** Takes the thumb of the next frame, which it keeps, and its change to the frame before, null for the first. */
  add(thumb: Uint8Array, change: number | null): void {
    this.#thumbs.push(thumb);
    if (this.#thumbs.length > 2 * REACH) this.#thumbs.shift();
    this.#distances.push(null);
    if (change !== null && change >= LEAST_CHANGE) this.#pending.push(this.#count);
    this.#count++;
    this.#settle(REACH);
  }

  /** Of each frame: the distance across the change in front of it, null where there is none. */
  finish(): readonly (number | null)[] {
    this.#settle(1);
    return this.#distances;
  }

  /** Measures the changes after which so many frames have come. */
  #settle(after: number): void {
    if (this.#pending.length === 0) return;
    const first = this.#count - this.#thumbs.length;
    this.#pending = this.#pending.filter((at) => {
      if (this.#count - at < after) return true;
      const middle = at - first;
      let least = Number.POSITIVE_INFINITY;
      const shown = this.#thumbs.slice(middle, middle + REACH).map(withoutMean);
      for (const before of this.#thumbs.slice(Math.max(0, middle - REACH), middle)) {
        const own = withoutMean(before);
        for (const behind of shown) least = Math.min(least, meanDifference(own, behind));
      }
      this.#distances[at] = Number.isFinite(least) ? least : null;
      return false;
    });
  }
}

function withoutMean(thumb: Uint8Array): Float32Array {
  let sum = 0;
  for (let i = 0; i < thumb.length; i++) sum += thumb[i] ?? 0;
  const mean = sum / thumb.length;
  const rest = new Float32Array(thumb);
  for (let i = 0; i < rest.length; i++) rest[i] = (rest[i] ?? 0) - mean;
  return rest;
}

/** What is left of one picture when the other is taken from it as well as it fits; the worse of both ways round. */
function meanDifference(a: Float32Array, b: Float32Array): number {
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let i = 0; i < a.length; i++) {
    const left = a[i] ?? 0;
    const right = b[i] ?? 0;
    aa += left * left;
    bb += right * right;
    ab += left * right;
  }
  const toRight = aa === 0 ? 0 : Math.max(0, ab / aa);
  const toLeft = bb === 0 ? 0 : Math.max(0, ab / bb);
  let right = 0;
  let left = 0;
  for (let i = 0; i < a.length; i++) {
    right += Math.abs((b[i] ?? 0) - toRight * (a[i] ?? 0));
    left += Math.abs((a[i] ?? 0) - toLeft * (b[i] ?? 0));
  }
  return Math.max(left, right) / a.length;
}
