import { frameBorders, runDuration, runsOf } from './runs.ts';

/** Black frames of a clip: lengths in seconds on the screen. */
type BlackFrames = {
  readonly head_s: number;
  readonly tail_s: number;
  readonly longest_s: number;
  /** Share of black frames, 0–1. */
  readonly share: number;
};

/** A frame is black when even its 98th percentile is dark… (limited-range black encoded wrongly is level 16) */
const BLACK_P98 = 32;
/** …and it has no picture: night footage has lights and shades. */
const BLACK_SPREAD = 6;

/** Whether a frame with this 98th percentile and standard deviation of luma (0–255) shows nothing but black. */
export function isBlack(p98: number, spread: number): boolean {
  return p98 < BLACK_P98 && spread < BLACK_SPREAD;
}

/** Measures black runs of frames shown at `pts_s`. */
export function measureBlack(black: readonly boolean[], pts_s: readonly number[]): BlackFrames {
  const borders = frameBorders(pts_s);
  const runs = runsOf(black);
  const head = runs.find((run) => run.start === 0);
  const tail = runs.find((run) => run.end === black.length);
  return {
    head_s: head === undefined ? 0 : runDuration(head, borders),
    tail_s: tail === undefined ? 0 : runDuration(tail, borders),
    longest_s: Math.max(0, ...runs.map((run) => runDuration(run, borders))),
    share: black.filter(Boolean).length / Math.max(1, black.length),
  };
}
