import type { Edit, PacketTable, VideoTrack } from './media-header.ts';
import {
  clockTick,
  commonInterval,
  fittedInterval,
  intervalDeviation,
  isAscending,
  rationalRate,
  sortedIntervals,
} from './frame-rate.ts';
import { ratio, type Ratio } from './codec-facts.ts';

/** What the times of a video track come to; seconds on the presentation timeline. */
export type Timeline = {
  /** Presentation times in ticks, ascending. */
  readonly sortedPts: Float64Array;
  /** Intervals of them, ascending. */
  readonly intervals: Float64Array;
  /** The tick that the times were rounded to, ticks. */
  readonly clockTicks: number;
  /** What to add to a presentation time of the media to get the presentation timeline, ticks. */
  readonly shiftTicks: number;
  readonly frameCount: number;
  readonly presentedCount: number;
  readonly prerollCount: number;
  readonly preroll_s: number;
  readonly start_s: number | null;
  /** Presentation duration. */
  readonly duration_s: number | null;
  /** Duration of all the media. */
  readonly media_s: number | null;
  readonly fps: number | null;
  readonly nominalFps: number | null;
  readonly rate: Ratio | null;
  readonly isVfr: boolean | null;
  readonly hasReordering: boolean;
};

/** Works out the timeline of a video track from its packet times and edit list. */
export function readTimeline(track: VideoTrack, packets: PacketTable): Timeline {
  const pts = packets.ptsTicks;
  const hasReordering = !isAscending(pts);
  const sortedPts = hasReordering ? pts.toSorted() : pts;
  const intervals = sortedIntervals(sortedPts);
  const count = pts.length;
  const clock = clockTick(intervals, track.ticksPerSecond);
  const isVfr = count < 3 ? null : intervalDeviation(intervals) > clock;
  const isRounded = isVfr === false && intervals[0] !== intervals.at(-1);
  const common = isRounded ? fittedInterval(sortedPts) : commonInterval(intervals);
  const last = packets.lastDurationTicks ?? common ?? 0;
  const first = sortedPts[0] ?? 0;
  const mediaTicks = packets.durationTicks ?? (sortedPts.at(-1) ?? 0) - first + last;
  const mediaEnd = (sortedPts.at(-1) ?? 0) + last;
  const edit = track.edits[0] ?? null;
  const seconds = 1 / track.ticksPerSecond;
  const preroll = edit === null ? 0 : Math.max(0, edit.mediaStartTicks - first);
  const average = mediaTicks > 0 ? count / (mediaTicks * seconds) : null;
  const rate = frameRate(track, common, isVfr, average, clock / Math.max(1, mediaTicks));
  // Where times are rounded and durations unstated the average is no better than the rounding.
  const isExact = packets.durationTicks !== null || isVfr !== false || rate === null;
  const fps = isExact ? average : rate.num / rate.den;
  return {
    sortedPts,
    intervals,
    clockTicks: clock,
    shiftTicks: edit === null ? 0 : edit.startTicks - edit.mediaStartTicks,
    frameCount: count,
    presentedCount: countPresented(track.edits, sortedPts),
    prerollCount: edit === null ? 0 : countBelow(sortedPts, edit.mediaStartTicks),
    preroll_s: preroll * seconds,
    start_s: count === 0 ? null : startTicks(edit, sortedPts) * seconds,
    duration_s:
      count === 0 ? null : presentedTicks(track.edits, first, mediaEnd, mediaTicks) * seconds,
    media_s: mediaTicks > 0 ? mediaTicks * seconds : null,
    fps,
    nominalFps: !isExact || common === null ? fps : track.ticksPerSecond / common,
    rate,
    isVfr,
    hasReordering,
  };
}

/** How many of the ascending values are below the limit. */
function countBelow(ascending: Float64Array, limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Frames that begin inside an edit. */
function countPresented(edits: readonly Edit[], sortedPts: Float64Array): number {
  if (edits.length === 0) return sortedPts.length;
  let count = 0;
  for (const edit of edits) {
    const from = countBelow(sortedPts, edit.mediaStartTicks);
    const end = countBelow(sortedPts, edit.mediaStartTicks + edit.durationTicks);
    count += Math.max(0, end - from);
  }
  return Math.min(count, sortedPts.length);
}

function startTicks(edit: Edit | null, sortedPts: Float64Array): number {
  if (edit === null) return sortedPts[0] ?? 0;
  const first = sortedPts[countBelow(sortedPts, edit.mediaStartTicks)] ?? edit.mediaStartTicks;
  return edit.startTicks + first - edit.mediaStartTicks;
}

function presentedTicks(
  edits: readonly Edit[],
  first: number,
  mediaEnd: number,
  mediaTicks: number,
): number {
  if (edits.length === 0) return mediaTicks;
  let ticks = 0;
  for (const edit of edits) {
    const from = Math.max(edit.mediaStartTicks, first);
    const end = Math.min(edit.mediaStartTicks + edit.durationTicks, mediaEnd);
    ticks += Math.max(0, end - from);
  }
  return ticks;
}

/** The declared rate; else the exact one of equal intervals; else the common rate that the average is nearest to. */
function frameRate(
  track: VideoTrack,
  common: number | null,
  isVfr: boolean | null,
  fps: number | null,
  rounding: number,
): Ratio | null {
  if (track.frameDuration_s !== null) return rationalRate(1 / track.frameDuration_s, 1e-5);
  if (common !== null && Number.isInteger(common) && Number.isInteger(track.ticksPerSecond)) {
    if (isVfr !== true || track.ticksPerSecond > 1000) return ratio(track.ticksPerSecond, common);
  }
  const rate = common === null ? fps : track.ticksPerSecond / common;
  return rate === null ? null : rationalRate(rate, Math.max(1e-5, rounding));
}
