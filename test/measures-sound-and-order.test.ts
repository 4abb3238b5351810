import { describe, expect, it } from 'vitest';

import { zeroPlaneShare } from '../src/media/measures/colour.ts';
import { thumbOf } from '../src/media/measures/thumb.ts';
import { FrameOrder } from '../src/media/measures/frame-order.ts';
import { gradientRatio } from '../src/media/measures/gradient-ratio.ts';
import { LoudnessMeter } from '../src/media/measures/loudness.ts';
import { borrowKernel } from '../src/media/measures/frame-kernel.ts';
import { type NativePlane, NativeLumaNotes } from '../src/media/measures/native-luma.ts';

/** A bright disc on a slope, at a place along the width. */
function disc(at_px: number): Uint8Array {
  return Uint8Array.from({ length: 64 * 64 }, (_, index) => {
    const x = index % 64;
    const y = Math.floor(index / 64);
    return Math.hypot(x - at_px, y - 32) < 12 ? 240 : 40 + x;
  });
}

function orderOf(places: readonly number[]): number | null {
  const order = new FrameOrder(borrowKernel());
  for (const place of places) order.add(thumbOf(disc(place), 64));
  return order.score();
}

const straight = Array.from({ length: 48 }, (_, index) => 4 + 1.2 * index);

describe('FrameOrder', () => {
  it('is 0 for motion in order, and for the same backwards', () => {
    expect(orderOf(straight)).toBe(0);
    expect(orderOf(straight.toReversed())).toBe(0);
  });

  it('is large for frame numbers sorted as text, and for neighbours that changed places', () => {
    const asText = straight.map((_, index) => String(index)).toSorted();
    const swapped = straight.map((_, index) =>
      index % 4 === 1 ? index + 1 : index % 4 === 2 ? index - 1 : index,
    );

    expect(orderOf(asText.map((name) => straight[Number(name)] ?? 0))).toBeGreaterThan(0.1);
    expect(orderOf(swapped.map((index) => straight[index] ?? 0))).toBeGreaterThan(0.16);
  });

  it('is 0 for motion that comes back again and again', () => {
    const swinging = straight.map((_, index) => 32 + 20 * Math.sin(index / 3));
    expect(orderOf(swinging)).toBe(0);
  });

  it('says nothing of frames that have no order', () => {
    const anywhere = straight.map((_, index) => 4 + ((index * index * 7) % 53));
    expect(orderOf(anywhere)).toBeNull();
  });

  it('says nothing of a still', () => {
    expect(orderOf(straight.map(() => 20))).toBeNull();
  });
});

const meter = (left: (t: number) => number, right: (t: number) => number) => {
  const loudness = new LoudnessMeter(8000);
  for (let n = 0; n < 8000; n++) loudness.add(left(n / 8000), right(n / 8000));
  return loudness.finish();
};
const tone = (t: number): number => 0.5 * Math.sin(2 * Math.PI * 440 * t);

describe('LoudnessMeter', () => {
  it('measures a tone of half scale at -9 dB, alike on both channels', () => {
    const loudness = meter(tone, tone);

    expect(loudness?.rms_db).toBeCloseTo(-9.03, 1);
    expect(loudness?.peak_db).toBeCloseTo(-6.02, 1);
    expect(loudness?.channel_correlation).toBeCloseTo(1, 6);
    expect(loudness?.silent_share).toBe(0);
  });

  it('tells an inverted channel, and silence', () => {
    expect(meter(tone, (t) => -tone(t))?.channel_correlation).toBeCloseTo(-1, 6);
    expect(
      meter(
        () => 0,
        () => 0,
      ),
    ).toEqual({
      rms_db: -120,
      peak_db: -120,
      silent_share: 1,
      channel_correlation: null,
      levels_db: expect.arrayContaining([-120]),
    });
  });
});

const WIDTH = 64;
const HEIGHT = 96;
/** A smooth wave that moves down and to the right with time. */
const scene = (time: number, x: number, y: number): number =>
  Math.round(128 + 90 * Math.sin((x + 9 * time) / 5) * Math.cos((y + 2 * time) / 11));
const strips = (timeOfRow: (row: number) => number): NativePlane => ({
  codes: Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => {
    const row = Math.floor(index / WIDTH);
    return scene(timeOfRow(row), index % WIDTH, row);
  }),
  width_px: WIDTH,
  height_px: HEIGHT,
  stride_bytes: WIDTH,
  depth_bits: 8,
});

describe('NativeLumaNotes', () => {
  it('finds combs where two fields are woven, and none in whole pictures', () => {
    const woven = new NativeLumaNotes(borrowKernel());
    const whole = new NativeLumaNotes(borrowKernel());
    for (let index = 0; index < 2; index++) {
      woven.add(
        index,
        strips((row) => index + (row % 2) / 2),
      );
      whole.add(
        index,
        strips(() => index),
      );
    }

    expect(whole.finish().comb_score).toBeLessThan(0.3);
    expect(woven.finish().comb_score).toBeGreaterThan(0.5);
    expect(woven.finish().comb_asymmetry).toBeGreaterThan(1.2);
  });

  it('measures no combs without motion', () => {
    const notes = new NativeLumaNotes(borrowKernel());
    for (let index = 0; index < 2; index++)
      notes.add(
        index,
        strips(() => 0),
      );

    expect(notes.finish()).toMatchObject({ comb_score: null, comb_pair_count: 0 });
  });
});

const plane = (squeeze: number): Uint8Array =>
  Uint8Array.from({ length: 64 * 64 }, (_, index) =>
    Math.round(128 + 60 * Math.sin((squeeze * (index % 64)) / 9) + 60 * Math.sin(index / 64 / 9)),
  );

describe('gradientRatio', () => {
  it('rises by the factor of a squeeze', () => {
    expect(gradientRatio(plane(1), 64, 64)).toBeCloseTo(0, 1);
    expect(gradientRatio(plane(2), 64, 64)).toBeCloseTo(Math.log(2), 1);
  });
});

describe('zeroPlaneShare', () => {
  it('counts the green of empty planes, not that of a screen or a lawn', () => {
    expect(zeroPlaneShare(Uint8Array.of(0, 135, 0, 0, 177, 64, 70, 120, 40, 0, 255, 0))).toBe(0.25);
  });
});
