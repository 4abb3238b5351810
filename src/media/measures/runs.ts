import { median } from './quantile.ts';

/** A run of neighbouring frames [start, end) with one property. */
export type FrameRun = { readonly start: number; readonly end: number };

/** All maximal runs of true, in order. */
export function runsOf(flags: readonly boolean[]): FrameRun[] {
  const runs: FrameRun[] = [];
  let start = -1;
  for (let i = 0; i <= flags.length; i++) {
    const flag = flags[i] ?? false;
    if (flag && start < 0) start = i;
    if (!flag && start >= 0) {
      runs.push({ start, end: i });
      start = -1;
    }
  }
  return runs;
}

/** Display times of frames: `pts_s` and one more element, the end of the last frame (after a median interval). */
export function frameBorders(pts_s: readonly number[]): number[] {
  const last = pts_s.at(-1);
  if (last === undefined) return [];
  const intervals = pts_s.slice(1).map((pts, i) => pts - (pts_s[i] ?? pts));
  return [...pts_s, last + (intervals.length === 0 ? 0 : median(intervals))];
}

/** How long a run is on the screen, s. */
export function runDuration(run: FrameRun, borders: readonly number[]): number {
  return (borders[run.end] ?? 0) - (borders[run.start] ?? 0);
}
