import { findRepeats } from '../media/measures/duplicate-frames.ts';
import type { Finding } from './document.ts';

/** Frames to show in a row, and a word for those that are wrong. */
type CloseUp = {
  readonly times_s: readonly number[];
  readonly marks: readonly (string | null)[];
};

/** Frames in a row. */
const FRAMES = 8;

/**
 * The frames that show what a finding says, where frames spread over the clip would not: repeats beside what they repeat,
 * the frames of another shot beside the cut, steps that jump back and forth. Null for other findings.
 */
export function planCloseUp(
  finding: Finding,
  difference: readonly (number | null)[],
  pts_s: readonly number[],
): CloseUp | null {
  if (pts_s.length < FRAMES || difference.length !== pts_s.length) return null;
  const steps = difference.map((each) => each ?? 0);
  const has = (column: string): boolean =>
    Object.keys(finding.values).some((name) => name === column || name.endsWith(`.${column}`));
  if (typeof finding.values['cut_s'] === 'number')
    return atCut(finding.values['cut_s'] + (pts_s[0] ?? 0), pts_s);
  if (has('order_score')) return windowAt(busiest(steps, steps), pts_s, () => null);
  if (has('duplicate_share')) return atRepeats(steps, pts_s);
  return null;
}

function atRepeats(steps: readonly number[], pts_s: readonly number[]): CloseUp | null {
  const repeats = [false, ...findRepeats(steps.slice(1))];
  const weights = steps.map((step, frame) => (repeats[frame] === true ? 0 : Math.min(step, 20)));
  const countFrom = (at: number): number =>
    repeats.slice(at + 1, at + FRAMES).filter(Boolean).length;
  const share = repeats.filter(Boolean).length / repeats.length;
  const usual = Math.min(3, Math.max(1, Math.round(share * (FRAMES - 1))));
  const from = busiest(weights, steps, (at) => countFrom(at) >= usual);
  if (countFrom(from) === 0) return null;
  return windowAt(from, pts_s, (frame) => (repeats[frame] === true ? 'repeats' : null));
}

function atCut(cut_s: number, pts_s: readonly number[]): CloseUp {
  const cut = Math.max(
    1,
    pts_s.findIndex((time_s) => time_s >= cut_s - 0.002),
  );
  const isHead = cut < pts_s.length / 2;
  const from = Math.max(0, Math.min(pts_s.length - FRAMES, cut - FRAMES / 2));
  return windowAt(from, pts_s, (frame) =>
    frame < cut === isHead ? (isHead ? 'shot before' : 'shot after') : null,
  );
}

/** Where the sum of weights over a row of frames is largest, among the starts that are allowed. */
function busiest(
  weights: readonly number[],
  steps: readonly number[],
  isAllowed: (from: number) => boolean = () => true,
): number {
  let best = 0;
  let most = -1;
  for (let from = 0; from + FRAMES <= steps.length; from++) {
    if (!isAllowed(from)) continue;
    const sum = weights.slice(from + 1, from + FRAMES).reduce((total, each) => total + each, 0);
    if (sum > most) [best, most] = [from, sum];
  }
  return best;
}

function windowAt(
  from: number,
  pts_s: readonly number[],
  wordOf: (frame: number) => string | null,
): CloseUp {
  const frames = Array.from({ length: FRAMES }, (_, index) => from + index);
  return { times_s: frames.map((frame) => pts_s[frame] ?? 0), marks: frames.map(wordOf) };
}
