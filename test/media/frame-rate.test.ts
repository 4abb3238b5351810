import { describe, expect, it } from 'vitest';
import { NO_CODEC_FACTS } from '../../src/media/headers/codec-facts.ts';
import { rationalRate } from '../../src/media/headers/frame-rate.ts';
import type { Edit, VideoTrack } from '../../src/media/headers/media-header.ts';
import { readTimeline, type Timeline } from '../../src/media/headers/timeline.ts';

/** The timeline of a track with these presentation times in ticks. */
function timelineOf(
  ticksPerSecond: number,
  pts: readonly number[],
  edits: readonly Edit[] = [],
): Timeline {
  const packets = {
    source: 'sample-table',
    isComplete: true,
    sizes_bytes: new Int32Array(pts.length),
    ptsTicks: Float64Array.from(pts),
    keyframes: null,
    offsets_bytes: null,
    lastDurationTicks: null,
    durationTicks: null,
  } as const;
  const track: VideoTrack = {
    codec: 'h264',
    width_px: 640,
    height_px: 360,
    facts: NO_CODEC_FACTS,
    sar: null,
    hasDisplaySize: true,
    rotation_deg: 0,
    isInterlaced: null,
    range: null,
    primaries: null,
    transfer: null,
    matrix: null,
    ticksPerSecond,
    frameDuration_s: null,
    edits,
    declaredTicks: null,
    packets,
  };
  return readTimeline(track, packets);
}

function times(count: number, at: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => at(index));
}

describe('frame rates behind rounded times', () => {
  const rates = [
    [24, 1],
    [24_000, 1001],
    [25, 1],
    [30, 1],
    [30_000, 1001],
    [60_000, 1001],
  ] as const;

  it.each(rates)('knows %i/%i from two seconds of whole milliseconds', (num, den) => {
    const count = Math.round((2 * num) / den);
    const timeline = timelineOf(
      1000,
      times(count, (i) => Math.round((i * 1000 * den) / num)),
    );
    expect(timeline).toMatchObject({ isVfr: false, rate: { num, den } });
  });

  it.each([16_000, 90_000])(
    'is constant where milliseconds were carried into %i ticks',
    (ticks) => {
      const timeline = timelineOf(
        ticks,
        times(60, (i) => Math.round((i * 1000) / 30) * (ticks / 1000)),
      );
      expect(timeline).toMatchObject({
        isVfr: false,
        clockTicks: ticks / 1000,
        rate: { num: 30, den: 1 },
      });
    },
  );

  it('is variable where frames were dropped, however coarse the steps', () => {
    const kept = times(60, (i) => i * 1001).filter((_, i) => i % 5 !== 3);
    expect(timelineOf(60_000, kept)).toMatchObject({ isVfr: true, clockTicks: 1 });
  });

  it('keeps a rate that no camera makes', () => {
    expect(rationalRate(17.3, 1e-5)).toEqual({ num: 173, den: 10 });
  });
});

describe('edit lists', () => {
  const pts = times(100, (i) => i * 40);

  it('hides what lies in front of the first edit', () => {
    const edit = { startTicks: 0, mediaStartTicks: 1000, durationTicks: 2000 };
    expect(timelineOf(1000, pts, [edit])).toMatchObject({
      preroll_s: 1,
      prerollCount: 25,
      presentedCount: 50,
      duration_s: 2,
      media_s: 4,
      start_s: 0,
      shiftTicks: -1000,
    });
  });

  it('starts late behind an empty edit', () => {
    const edit = { startTicks: 500, mediaStartTicks: 0, durationTicks: Number.POSITIVE_INFINITY };
    expect(timelineOf(1000, pts, [edit])).toMatchObject({
      start_s: 0.5,
      preroll_s: 0,
      presentedCount: 100,
      duration_s: 4,
    });
  });
});
