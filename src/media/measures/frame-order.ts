/** Frames on either side among which a nearer one is sought. */
const WINDOW = 26;
/** Frames of a clip that are looked at: order is wrong everywhere or nowhere. */
const MOST_FRAMES = 300;
/** A step smaller than this is no motion, grey levels. */
const LEAST_STEP = 0.6;
/** Moving steps that a share is taken of. */
const LEAST_STEPS = 16;
/** Periods of motion start here, frames: neighbours that changed places lie nearer. */
const LEAST_PERIOD = 5;
/** Share of disordered steps at one distance that makes them periodic; numbers sorted as text have half of theirs at 11. */
const PERIODIC_SHARE = 0.7;
/** Another frame must be nearer than the neighbour by this factor. */
const NEARER = 0.6;

/**
 * Tells whether frames stand in their order: in order, the nearest of all later frames is the next one. A cut is no
 * disorder, since no later frame resembles the one before it.
 */
export class FrameOrder {
  readonly #thumbs: Uint8Array[] = [];

  /** Takes the thumb of the next frame, and keeps it. */
  add(thumb: Uint8Array): void {
    if (this.#thumbs.length < MOST_FRAMES) this.#thumbs.push(thumb);
  }

  /**
   * Share of moving steps that leave out a nearer frame; null if fewer than 16 steps move. Where the nearer frames lie at
   * one distance of several frames, the motion is periodic (a skipping rope), and they do not count.
   */
  score(): number | null {
    const thumbs = this.#thumbs;
    const lags = new Uint32Array(WINDOW + 2);
    let moving = 0;
    let disordered = 0;
    for (let i = 0; i < thumbs.length; i++) {
      for (const direction of [-1, 1]) {
        const step = distance(thumbs[i], thumbs[i + direction]);
        if (step === null || step < LEAST_STEP) continue;
        moving++;
        const lag = this.#nearest(i, direction, NEARER * step);
        if (lag === null) continue;
        disordered++;
        lags[lag] = (lags[lag] ?? 0) + 1;
      }
    }
    if (moving < LEAST_STEPS) return null;
    for (let lag = LEAST_PERIOD; lag <= WINDOW; lag++) {
      const around = (lags[lag - 1] ?? 0) + (lags[lag] ?? 0) + (lags[lag + 1] ?? 0);
      if (around > PERIODIC_SHARE * disordered) return (disordered - around) / moving;
    }
    return disordered / moving;
  }

  /** How far the nearest frame in a direction is, in frames; null if none is nearer than the bound. */
  #nearest(from: number, direction: number, bound: number): number | null {
    let nearest: number | null = null;
    let least = bound;
    for (let lag = 2; lag <= WINDOW; lag++) {
      const other = distance(this.#thumbs[from], this.#thumbs[from + direction * lag]);
      if (other === null) break;
      if (other < least) {
        least = other;
        nearest = lag;
      }
    }
    return nearest;
  }
}

function distance(a: Uint8Array | undefined, b: Uint8Array | undefined): number | null {
  if (a === undefined || b === undefined) return null;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}
