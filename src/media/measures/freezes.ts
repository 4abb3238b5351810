import { findRepeats } from './duplicate-frames.ts';
import type { PlaneDistance } from './gray-frames.ts';
import { median } from './quantile.ts';
import { frameBorders, type FrameRun, runDuration } from './runs.ts';

/** Runs of frames without change; lengths in seconds on the screen, starts from the first frame. */
export type Freezes = {
  readonly count: number;
  readonly longest_s: number;
  readonly start_s: number | null;
  readonly head_s: number;
  readonly tail_s: number;
  /** Median change of neighbouring frames outside of the runs, repeats left out, grey levels; null if there are none. */
  readonly motion_outside: number | null;
};

/** Shortest run that counts. */
const SHORTEST_S = 0.2;
/** …and in frames: a pair at 8 frames a second is a repeat, not a freeze. */
const SHORTEST_FRAMES = 4;
/**
 * Change to the frame before that compression alone makes, grey levels of 64x64 gray at full contrast. In freezes put
 * into 16 real clips before encoding (x264) half of the steps were 0.000 and nine in ten under 0.013; slow motion is 0.2.
 */
const STILL_STEP = 0.1;
/** An encoder codes a still picture anew now and then: such a step, and all of them together, reach this. */
const STILL_REFRESH = 0.8;
/** Least frames from one such refresh to the next: slow motion at a third of the frame rate steps more often. */
const REFRESH_GAP_FRAMES = 7;
/** Frames that one refresh may take: a keyframe, and the frame after it that mends it. */
const REFRESH_FRAMES = 2;
/** Standard deviation of luma from which a picture counts as of full contrast: in the dark, motion is small too. */
const FULL_SPREAD = 40;
const LEAST_CONTRAST = 0.3;
/** Change of one cell of 64x64 gray that an encoder does not make in a still picture, grey levels at full contrast. */
const LOCAL_STEP = 14;

/** Who holds the pictures: keeps the newest one when told to, and compares the newest with the kept one. */
type Pictures = { readonly anchor: () => void; readonly fromAnchor: () => PlaneDistance };

/** Finds runs of unchanged frames while frames pass by: one picture is kept, whatever the length of the clip. */
export class FreezeFinder {
  readonly #pictures: Pictures;
  readonly #runs: FrameRun[] = [];
  readonly #differences: (number | null)[] = [];
  #contrast = 1;
  #start = 0;
  #frames = 0;
  #refreshed = Number.NEGATIVE_INFINITY;

  constructor(pictures: Pictures) {
    this.#pictures = pictures;
  }

  /** Takes the next frame: its standard deviation of luma and its difference to the one before (null for the first). */
  add(spread: number, difference: number | null): void {
    this.#differences.push(difference);
    if (!this.#continues(difference)) {
      this.#close();
      this.#pictures.anchor();
      this.#contrast = Math.min(1, Math.max(LEAST_CONTRAST, spread / FULL_SPREAD));
      this.#start = this.#frames;
      this.#refreshed = Number.NEGATIVE_INFINITY;
    }
    this.#frames++;
  }

  #continues(difference: number | null): boolean {
    if (difference === null || difference >= STILL_REFRESH * this.#contrast) return false;
    if (difference >= STILL_STEP * this.#contrast) {
      const since = this.#frames - this.#refreshed;
      if (since >= REFRESH_GAP_FRAMES) this.#refreshed = this.#frames;
      else if (since >= REFRESH_FRAMES) return false;
    }
    // A small part may change: people far away move a few cells, an encoder changes none much.
    const { mean, most } = this.#pictures.fromAnchor();
    return mean < STILL_REFRESH * this.#contrast && most <= LOCAL_STEP * this.#contrast;
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
    const outside = this.#differences.filter(
      (difference, i): difference is number =>
        difference !== null && !runs.some((run) => i > run.start && i < run.end),
    );
    // A capture that stalls repeats frames beside its freezes too.
    const isRepeat = findRepeats(outside);
    const moving = outside.filter((_, i) => isRepeat[i] !== true);
    const tail = runs.find((run) => run.end === this.#frames);
    return {
      count: runs.length,
      longest_s: longest === undefined ? 0 : runDuration(longest, borders),
      start_s: longest === undefined ? null : (borders[longest.start] ?? 0) - (borders[0] ?? 0),
      head_s: head === undefined ? 0 : runDuration(head, borders),
      tail_s: tail === undefined ? 0 : runDuration(tail, borders),
      motion_outside: outside.length === 0 ? null : median(moving.length === 0 ? outside : moving),
    };
  }
}
