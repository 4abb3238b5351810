/** Side of the pictures that are compared: coarse, because each is compared with dozens of others. */
const SIDE_PX = 16;
/** Frames on either side among which a nearer one is sought. */
const WINDOW = 26;
/** Frames of a clip that are looked at: order is wrong everywhere or nowhere. */
const MOST_FRAMES = 300;
/** A step smaller than this is no motion, grey levels. */
const LEAST_STEP = 1.5;
/** Another frame must be nearer than the neighbour by this factor. */
const NEARER = 0.6;

/**
 * Tells whether frames stand in their order: in order, the nearest of all later frames is the next one. A cut is no
 * disorder, since no later frame resembles the one before it.
 */
export class FrameOrder {
  readonly #thumbs: Uint8Array[] = [];

  /** Takes the next frame, a square gray plane whose side is a multiple of 16. */
  add(gray: Uint8Array, side_px: number): void {
    if (this.#thumbs.length >= MOST_FRAMES) return;
    const block = side_px / SIDE_PX;
    const thumb = new Uint8Array(SIDE_PX * SIDE_PX);
    for (let y = 0; y < SIDE_PX; y++) {
      for (let x = 0; x < SIDE_PX; x++) {
        let sum = 0;
        for (let v = 0; v < block; v++) {
          const row = (y * block + v) * side_px + x * block;
          for (let u = 0; u < block; u++) sum += gray[row + u] ?? 0;
        }
        thumb[y * SIDE_PX + x] = Math.round(sum / (block * block));
      }
    }
    this.#thumbs.push(thumb);
  }

  /** Share of moving steps that leave out a nearer frame; null if fewer than eight steps move. */
  score(): number | null {
    const thumbs = this.#thumbs;
    let moving = 0;
    let disordered = 0;
    for (let i = 0; i < thumbs.length; i++) {
      for (const direction of [-1, 1]) {
        const step = distance(thumbs[i], thumbs[i + direction]);
        if (step === null || step < LEAST_STEP) continue;
        moving++;
        for (let lag = 2; lag <= WINDOW; lag++) {
          const other = distance(thumbs[i], thumbs[i + direction * lag]);
          if (other === null) break;
          if (other < NEARER * step) {
            disordered++;
            break;
          }
        }
      }
    }
    return moving < 8 ? null : disordered / moving;
  }
}

function distance(a: Uint8Array | undefined, b: Uint8Array | undefined): number | null {
  if (a === undefined || b === undefined) return null;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}
