import { meanAbsoluteDifference } from './frame-difference.ts';
import { frameBorders, type FrameRun, runDuration } from './runs.ts';

/** Runs of frames without change; lengths in seconds on the screen, starts from the first frame. */
export type Freezes = {
  readonly count: number;
  readonly longest_s: number;
  readonly start_s: number | null;
  readonly head_s: number;
  readonly tail_s: number;
};

/** Shortest run that counts. */
const SHORTEST_S = 0.2;
/** …and in frames: a pair at 8 frames a second is a repeat, not a freeze. */
const SHORTEST_FRAMES = 4;
/** Change to the frame before that compression alone makes, grey levels of 64x64 gray. */
const STILL_STEP = 0.25;
/** Change to the first frame of the run that compression alone makes; a slow pan drifts further. */
const STILL_DRIFT = 0.6;
/** A keyframe inside a freeze is coded anew: one larger step is forgiven if the picture stays the same. */
const STILL_REFRESH = 1.2;

/** Finds runs of unchanged frames while frames pass by: holds two pictures, whatever the length of the clip. */
export class FreezeFinder {
  readonly #runs: FrameRun[] = [];
  #anchor: Uint8Array | null = null;
  #start = 0;
  #frames = 0;

  /** Takes the next frame and its difference to the one before (null for the first). */
  add(gray: Uint8Array, difference: number | null): void {
    const isSame =
      this.#anchor !== null &&
      difference !== null &&
      difference < STILL_REFRESH &&
      meanAbsoluteDifference(gray, this.#anchor) <
        (difference < STILL_STEP ? STILL_DRIFT : STILL_STEP);
    if (!isSame) {
      this.#close();
      this.#anchor = Uint8Array.from(gray);
      this.#start = this.#frames;
    }
    this.#frames++;
  }

  #close(): void {
    if (this.#frames - this.#start >= SHORTEST_FRAMES)
      this.#runs.push({ start: this.#start, end: this.#frames });
  }

  /** The freezes of frames shown at `pts_s`; the end of the file ends a freeze. Ends the search. */
  finish(pts_s: readonly number[]): Freezes {
    this.#close();
    const borders = frameBorders(pts_s);
    const runs = this.#runs.filter((run) => runDuration(run, borders) >= SHORTEST_S - 1e-6);
    let longest: FrameRun | undefined;
    for (const run of runs) {
      if (longest === undefined || runDuration(run, borders) > runDuration(longest, borders))
        longest = run;
    }
    const head = runs.find((run) => run.start === 0);
    const tail = runs.find((run) => run.end === this.#frames);
    return {
      count: runs.length,
      longest_s: longest === undefined ? 0 : runDuration(longest, borders),
      start_s: longest === undefined ? null : (borders[longest.start] ?? 0) - (borders[0] ?? 0),
      head_s: head === undefined ? 0 : runDuration(head, borders),
      tail_s: tail === undefined ? 0 : runDuration(tail, borders),
    };
  }
}
