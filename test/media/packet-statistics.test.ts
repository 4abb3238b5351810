import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterKeyShare,
  countDuplicateTimes,
  duplicatePattern,
  frozenWindow,
  irregularShare,
  longestKeyframeInterval,
  presentationOrder,
  tinyShare,
  vfrSpread,
  type PacketSeries,
} from '../../src/media/packet-statistics.ts';

const FPS = 24;

/** A clip of 24 fps whose non-key packets are noisy around 1,000 bytes, a keyframe of 20,000 every `gop`. */
function series(
  count: number,
  gop: number,
  sizeAt: (index: number, usual: number) => number,
): PacketSeries {
  const isKeyframe = new Uint8Array(count).map((_, index) => (index % gop === 0 ? 1 : 0));
  const sizes_bytes = new Float64Array(count).map((_, index) =>
    isKeyframe[index] === 1 ? 20_000 : sizeAt(index, 800 + ((index * 7919) % 400)),
  );
  return { sizes_bytes, isKeyframe, pts_s: new Float64Array(count).map((_, index) => index / FPS) };
}

describe('duplicates by packet size', () => {
  it.each([3, 5, 7, 9])('finds every %ith packet small', (period) => {
    const duplicated = series(200, 48, (index, usual) => (index % period === 1 ? 40 : usual));
    const pattern = duplicatePattern(duplicated);
    expect(pattern?.score).toBeLessThan(0.1);
    expect((pattern?.period ?? 0) % period).toBe(0);
  });

  it('sees nothing in even sizes and in a pyramid of every second packet', () => {
    expect(duplicatePattern(series(200, 48, (_, usual) => usual))?.score).toBeGreaterThan(0.8);
    const pyramid = series(200, 48, (index, usual) =>
      index % 2 === 1 ? Math.floor(usual / 8) : usual,
    );
    expect(duplicatePattern(pyramid)?.score).toBeGreaterThan(0.1);
  });

  it('is silent about clips that are too short', () => {
    expect(duplicatePattern(series(10, 48, (_, usual) => usual))).toBeNull();
  });
});

describe('freezes by packet size', () => {
  it('finds the second that holds nothing and where it begins', () => {
    const frozen = series(192, 96, (index, usual) => (index >= 48 && index < 80 ? 20 : usual));
    const window = frozenWindow(frozen);
    expect(window?.score).toBeLessThan(0.1);
    expect(window?.start_s).toBeCloseTo(2, 0);
  });

  it('stays near one without a freeze, whatever the distance of keyframes', () => {
    for (const gop of [12, 24, 48, 250]) {
      expect(frozenWindow(series(192, gop, (_, usual) => usual))?.score).toBeGreaterThan(0.8);
    }
  });

  it('is silent about clips under two seconds and about intra-only ones', () => {
    expect(frozenWindow(series(40, 250, (_, usual) => usual))).toBeNull();
    expect(frozenWindow(series(200, 1, (_, usual) => usual))).toBeNull();
  });
});

describe('times of packets', () => {
  it('forgives one tick of a millisecond clock and no more', () => {
    const rounded = Float64Array.from([41, 41, 42, 42, 42, 42], (ms) => ms / 1000);
    expect(vfrSpread(rounded, 0.001)).toBe(0);
    expect(irregularShare(rounded, 0.001)).toBe(0);
    const variable = Float64Array.from([20, 40, 40, 40, 40, 80], (ms) => ms / 1000);
    expect(vfrSpread(variable, 0.001)).toBeCloseTo(1.475);
    expect(irregularShare(variable, 0.001)).toBeCloseTo(2 / 6);
  });

  it('counts each packet that shares its time with one before', () => {
    expect(countDuplicateTimes(Float64Array.from([0, 1, 1, 1, 2, 2]))).toBe(3);
  });

  it('measures the distance of keyframes up to the end', () => {
    const clip = series(100, 30, (_, usual) => usual);
    expect(longestKeyframeInterval(clip, 100 / FPS)).toBeCloseTo(30 / FPS);
    expect(longestKeyframeInterval(clip, 10)).toBeCloseTo(10 - 90 / FPS);
  });

  it('puts packets into presentation order whatever order they come in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 60 }), (times) => {
        const sizes = Int32Array.from(times, (time) => time + 1);
        const ordered = presentationOrder(sizes, Float64Array.from(times), Int32Array.from([0]));
        expect([...ordered.pts_s]).toEqual(times.toSorted((a, b) => a - b));
        expect([...ordered.sizes_bytes]).toEqual([...ordered.pts_s].map((time) => time + 1));
      }),
      { seed: 5 },
    );
  });
});

describe('shares of bytes', () => {
  it('is near zero behind the keyframe of a still picture', () => {
    expect(afterKeyShare(series(100, 100, () => 15))).toBeCloseTo((99 * 15) / 20_000);
  });

  it('is unknown where every packet is a keyframe', () => {
    expect(afterKeyShare(series(10, 1, () => 15))).toBeNull();
  });

  it('counts packets under a tenth of the usual as tiny', () => {
    const clip = series(101, 101, (index, usual) => (index % 4 === 0 ? 10 : usual));
    expect(tinyShare(clip)).toBeCloseTo(0.25);
  });
});
