import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { findBars, widenEnvelope } from '../src/media/measures/bars.ts';
import { isBlack, measureBlack } from '../src/media/measures/black-frames.ts';
import {
  addColour,
  blueRedVariation,
  chromaSpread,
  emptyChromaSums,
} from '../src/media/measures/colour.ts';
import { CutDistance } from '../src/media/measures/cut-distance.ts';
import { measureDuplicates } from '../src/media/measures/duplicate-frames.ts';
import { meanAbsoluteDifference, sceneScores } from '../src/media/measures/frame-difference.ts';
import { borrowKernel, returnKernel } from '../src/media/measures/frame-kernel.ts';
import { GrayFrames } from '../src/media/measures/gray-frames.ts';
import { FreezeFinder } from '../src/media/measures/freezes.ts';
import { measureLuma } from '../src/media/measures/luma-statistics.ts';
import {
  dctHash,
  differenceHash,
  hammingDistance,
} from '../src/media/measures/perceptual-hashes.ts';
import { median, quantile } from '../src/media/measures/quantile.ts';
import { runsOf } from '../src/media/measures/runs.ts';

const plane = fc.uint8Array({ minLength: 4096, maxLength: 4096 });

/** Repeatable noise in [0, 1). */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A picture with shades everywhere, moved by `shift`. */
function picture(width_px: number, height_px: number, shift: number): Uint8Array {
  return Uint8Array.from({ length: width_px * height_px }, (_, i) => {
    const x = (i % width_px) + shift;
    const y = Math.floor(i / width_px);
    return 128 + 60 * Math.sin(x / 5) + 50 * Math.cos(y / 7 + x / 11);
  });
}

describe('quantiles', () => {
  it('lie between the least and the greatest value and grow with q', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (list, a, b) => {
        const [low, high] = [quantile(list, Math.min(a, b)), quantile(list, Math.max(a, b))];
        expect(low).toBeGreaterThanOrEqual(Math.min(...list) - 1e-6);
        expect(high).toBeLessThanOrEqual(Math.max(...list) + 1e-6);
        expect(low).toBeLessThanOrEqual(high + 1e-6);
      }),
    );
  });

  it('take the middle of an even list between its neighbours', () => {
    expect(median([1, 2, 4, 8])).toBe(3);
  });
});

describe('luma', () => {
  it('is measured exactly on a half black, half white plane', () => {
    const half = Uint8Array.from({ length: 4096 }, (_, i) => (i < 2048 ? 0 : 255));
    const luma = measureLuma(half);
    expect(luma).toMatchObject({ mean: 127.5, spread: 127.5, p1: 0, p98: 255, entropy_bits: 1 });
  });

  it('does not depend on the order of pixels', () => {
    fc.assert(
      fc.property(plane, (pixels) => {
        expect(measureLuma(pixels.toReversed())).toEqual(measureLuma(pixels));
      }),
      { numRuns: 20 },
    );
  });
});

describe('frame differences', () => {
  it('are a distance: zero to itself, the same both ways, no detour is shorter', () => {
    fc.assert(
      fc.property(plane, plane, plane, (a, b, c) => {
        expect(meanAbsoluteDifference(a, a)).toBe(0);
        expect(meanAbsoluteDifference(a, b)).toBe(meanAbsoluteDifference(b, a));
        const detour = meanAbsoluteDifference(a, b) + meanAbsoluteDifference(b, c);
        expect(meanAbsoluteDifference(a, c)).toBeLessThanOrEqual(detour + 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  it('score a lone cut high and steady motion low', () => {
    const scores = sceneScores([null, 8, 8, 8, 60, 8, 8]);
    expect(scores[4]).toBe(52);
    expect(scores[3]).toBe(0);
  });
});

describe('hashes', () => {
  it('tell a picture from another and not from its brighter copy', () => {
    const one = picture(64, 64, 0);
    const brighter = one.map((level) => Math.min(255, level + 10));
    const other = picture(64, 64, 40);
    for (const hash of [differenceHash, dctHash]) {
      expect(hammingDistance(hash(one, 64), hash(brighter, 64))).toBeLessThanOrEqual(4);
      expect(hammingDistance(hash(one, 64), hash(other, 64))).toBeGreaterThan(10);
    }
  });

  it('fit a signed 64-bit column', () => {
    fc.assert(
      fc.property(plane, (pixels) => {
        for (const hash of [differenceHash(pixels, 64), dctHash(pixels, 64)]) {
          expect(BigInt.asIntN(64, hash)).toBe(hash);
        }
      }),
      { numRuns: 20 },
    );
  });
});

const motion = (random: () => number): number => 3 + 2 * random();

describe('duplicate frames', () => {
  it.each([
    { name: 'one repeat in five (24 to 30 fps)', period: 5, isRepeat: (i: number) => i % 5 === 2 },
    { name: 'every second frame (12 to 24 fps)', period: 2, isRepeat: (i: number) => i % 2 === 0 },
    { name: 'two repeats in three (8 to 24 fps)', period: 3, isRepeat: (i: number) => i % 3 !== 0 },
  ])('are periodic: $name', ({ period, isRepeat }) => {
    const random = noise(period);
    const difference = Array.from({ length: 96 }, (_, i) =>
      isRepeat(i) ? 0.05 * random() : motion(random),
    );
    const found = measureDuplicates(difference);
    expect(found.period).toBe(period);
    expect(found.score).toBeLessThan(0.05);
    const repeats = difference.filter((_, i) => isRepeat(i)).length;
    expect(found.share).toBeCloseTo(repeats / 96, 1);
    expect(found.motion_median).toBeGreaterThan(3);
  });

  it('names the true period where the repeats of an encoder differ from one to the next', () => {
    const random = noise(5);
    const difference = Array.from({ length: 60 }, (_, i) =>
      i % 10 === 1 ? 0.05 : i % 10 === 6 ? 0.5 : motion(random),
    );
    expect(measureDuplicates(difference).period).toBe(5);
  });

  it('does not take one repeat in ten for one in five', () => {
    const random = noise(6);
    const difference = Array.from({ length: 95 }, (_, i) => (i % 10 === 1 ? 0.05 : motion(random)));
    expect(measureDuplicates(difference).period).toBe(10);
  });

  it('stand out beside their neighbours where a coarse encoder changed the copies', () => {
    // Real footage of 12 frames a second made 24, H.264 at CRF 36: the copies differ by 1 to 2.6 grey levels.
    const coarse = [
      1.61, 6.79, 1.35, 12.04, 0.67, 14.62, 1.86, 12.45, 2.29, 13, 1.92, 9.29, 2.47, 3.47, 1.73,
      5.01, 1.77, 4.84, 1.91, 5.7, 2.32, 5.88, 1.27, 8.2, 1.91, 3.91, 2.19, 3.28, 1.47, 1.89, 1.52,
      2.14, 2.48, 2.71, 2.21, 2.91, 1.64, 1.52, 1.05, 1.29, 2.15, 2.39, 2.61, 6.14, 1.93, 3.85,
      1.74,
    ];
    const { beat, beat_contrast } = measureDuplicates(coarse);
    expect(beat).toBe(2);
    expect(beat_contrast).toBeLessThan(0.55);
    // B-frames of a sound clip alternate too, by far less.
    const alternating = Array.from(
      { length: 47 },
      (_, i) => (i % 2 === 0 ? 2 : 3.4) + 0.3 * (i % 3),
    );
    expect(measureDuplicates(alternating).beat_contrast).toBeGreaterThan(0.65);
  });

  it('are counted where exactly two frames of three repeat', () => {
    const exact = Array.from({ length: 39 }, (_, i) => (i % 3 === 2 ? 7 : 0.05));
    expect(measureDuplicates(exact)).toMatchObject({ period: 3, share: 26 / 39, motion_median: 7 });
  });

  it('are not found in clean motion', () => {
    const random = noise(7);
    const found = measureDuplicates(Array.from({ length: 96 }, () => motion(random)));
    expect(found.share).toBe(0);
    expect(found.score ?? 1).toBeGreaterThan(0.5);
  });

  it('are not found where nothing ever moves', () => {
    const found = measureDuplicates(Array.from({ length: 96 }, () => 0));
    expect(found).toMatchObject({ share: 0, period: null, score: null });
  });
});

const shots = (steps: readonly number[], fps = 24) => {
  const kernel = borrowKernel();
  const pictures = new GrayFrames(kernel);
  const finder = new FreezeFinder(pictures);
  let shift = 0;
  const pts_s = steps.map((step, i) => {
    shift += step;
    const { spread, difference } = pictures.add(picture(64, 64, shift));
    finder.add(spread, difference);
    return i / fps;
  });
  returnKernel(kernel);
  return finder.finish(pts_s);
};

describe('freezes', () => {
  const moving = Array.from({ length: 24 }, () => 1);
  const frozen = Array.from({ length: 12 }, () => 0);

  it('end at the end of the file too', () => {
    const found = shots([...moving, ...frozen]);
    expect(found.count).toBe(1);
    expect(found.tail_s).toBeCloseTo(13 / 24);
    expect(found.head_s).toBe(0);
    expect(found.start_s).toBeCloseTo(23 / 24);
  });

  it('at the start are head freezes', () => {
    const found = shots([...frozen, ...moving]);
    expect(found.head_s).toBeCloseTo(0.5);
    expect(found.tail_s).toBe(0);
  });

  it('are not slow motion, nor repeats of a low frame rate', () => {
    expect(shots(Array.from({ length: 96 }, () => 0.03)).count).toBe(0);
    expect(shots(Array.from({ length: 96 }, (_, i) => (i % 3 === 0 ? 1 : 0))).count).toBe(0);
  });

  it('stand beside motion though two of three frames of it repeat', () => {
    const stalling = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 3 : 0));
    const { tail_s, motion_outside } = shots([...stalling, ...Array.from({ length: 24 }, () => 0)]);
    expect(tail_s).toBeGreaterThanOrEqual(1);
    expect(motion_outside).toBeGreaterThan(1);
  });

  it('of a whole clip touch both ends', () => {
    const found = shots([...frozen, ...frozen]);
    expect(found).toMatchObject({ count: 1, head_s: 1, tail_s: 1, longest_s: 1, start_s: 0 });
  });
});

describe('black frames', () => {
  it('are dark and without a picture: a night scene is not black', () => {
    expect(isBlack(16, 0.5)).toBe(true);
    expect(isBlack(20, 9)).toBe(false);
    expect(isBlack(90, 5)).toBe(false);
  });

  it('are timed at both ends, whatever the frame intervals', () => {
    const pts_s = [0, 0.1, 0.3, 0.4, 0.5, 0.6];
    const found = measureBlack([true, true, false, false, false, true], pts_s);
    expect(found.head_s).toBeCloseTo(0.3);
    expect(found.tail_s).toBeCloseTo(0.1);
    expect(found.share).toBeCloseTo(0.5);
  });

  it('have runs that cover exactly the true flags', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), (flags) => {
        const covered = flags.map(() => false);
        for (const run of runsOf(flags)) covered.fill(true, run.start, run.end);
        expect(covered).toEqual(flags);
      }),
    );
  });
});

describe('bars', () => {
  const width_px = 96;
  const height_px = 54;
  const framed = (
    bars: { top?: number; bottom?: number; left?: number; right?: number },
    level = 0,
  ) => {
    let envelope = null;
    for (let shift = 0; shift < 12; shift++) {
      const luma = picture(width_px, height_px, 3 * shift).map((value, i) => {
        const x = i % width_px;
        const y = Math.floor(i / width_px);
        const isBar =
          y < (bars.top ?? 0) ||
          y >= height_px - (bars.bottom ?? 0) ||
          x < (bars.left ?? 0) ||
          x >= width_px - (bars.right ?? 0);
        return isBar ? level + ((x + y + shift) % 3) : value;
      });
      envelope = widenEnvelope(envelope, luma);
    }
    return envelope === null ? null : findBars(envelope, width_px, height_px);
  };

  it('are measured on all four sides at once', () => {
    const found = framed({ top: 6, bottom: 6, left: 20, right: 10 });
    expect(found?.top).toBeCloseTo(6 / 54, 1);
    expect(found?.bottom).toBeCloseTo(6 / 54, 1);
    expect(found?.left).toBeCloseTo(20 / 96, 1);
    expect(found?.right).toBeCloseTo(10 / 96, 1);
  });

  it('are found at limited-range black', () => {
    expect(framed({ top: 5 }, 16)?.top).toBeCloseTo(5 / 54, 1);
  });

  it('are not a picture without any', () => {
    expect(framed({})).toEqual({ top: 0, bottom: 0, left: 0, right: 0 });
  });

  it('are not a night sky over a crooked skyline, nor a black clip', () => {
    const night = Uint8Array.from({ length: width_px * height_px }, (_, i) => {
      const x = i % width_px;
      const y = Math.floor(i / width_px);
      return y > 30 + 12 * Math.sin(x / 9) ? 120 : 4;
    });
    expect(findBars(widenEnvelope(null, night), width_px, height_px).top).toBe(0);
    const black = new Uint8Array(width_px * height_px);
    expect(findBars(widenEnvelope(null, black), width_px, height_px)).toEqual({
      top: 0,
      bottom: 0,
      left: 0,
      right: 0,
    });
  });
});

describe('colour', () => {
  it('varies in blue over red alike under any light, and the other way round with channels exchanged', () => {
    const random = noise(9);
    const rgb = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) =>
      i % 3 === 0 ? 120 + 20 * random() : i % 3 === 1 ? 100 : 60 + 60 * random(),
    );
    const sum = blueRedVariation(rgb, 64, 64) ?? 0;
    expect(sum).toBeGreaterThan(0.5);
    const graded = rgb.map((code, i) => (i % 3 === 0 ? 0.6 * code : code));
    expect(blueRedVariation(graded, 64, 64)).toBeCloseTo(sum, 1);
    const swapped = rgb.map((_, i) => rgb[i - (i % 3) + (2 - (i % 3))] ?? 0);
    expect(blueRedVariation(swapped, 64, 64)).toBeCloseTo(-sum, 5);
    expect(blueRedVariation(new Uint8Array(3 * 64).fill(90), 8, 8)).toBeNull();
  });

  it('has no chroma spread in any gray picture', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (gray) => {
        const sums = emptyChromaSums();
        addColour(sums, Uint8Array.from([...gray].flatMap((level) => [level, level, level])));
        expect(chromaSpread(sums)).toBeLessThan(0.01);
      }),
    );
  });

  it('adds up over pictures as over one', () => {
    const parts = emptyChromaSums();
    addColour(parts, Uint8Array.from([255, 0, 0]));
    addColour(parts, Uint8Array.from([0, 0, 255]));
    const whole = emptyChromaSums();
    addColour(whole, Uint8Array.from([255, 0, 0, 0, 0, 255]));
    expect(chromaSpread(parts)).toBeCloseTo(chromaSpread(whole) ?? Number.NaN);
  });
});

const pictureOf = (seed: number): Uint8Array => {
  const random = noise(seed);
  return Uint8Array.from({ length: 256 }, () => 40 + 80 * random());
};
const distances = (frames: readonly Uint8Array[]): readonly (number | null)[] => {
  const cuts = new CutDistance();
  for (const [i, frame] of frames.entries()) {
    const before = frames[i - 1];
    cuts.add(frame, before === undefined ? null : meanAbsoluteDifference(frame, before));
  }
  return cuts.finish();
};

describe('the distance across a change', () => {
  const [room, street] = [pictureOf(1), pictureOf(2)];
  const lit = room.map((level) => level * 1.9);

  it('is large where one shot ends and another begins, however few frames the other has', () => {
    expect(distances([room, room, street, street, street])[2]).toBeGreaterThan(12);
    expect(distances([room, street, street, street, street, street, street])[1]).toBeGreaterThan(
      12,
    );
    expect(distances([room, room, room, room, room, room, room, street])[7]).toBeGreaterThan(12);
  });

  it('is small on both sides of a flash', () => {
    const found = distances([room, lit, lit, room, room, room]);
    expect(found[1]).toBeLessThan(2);
    expect(found[3]).toBeLessThan(2);
  });

  it('is small where a light is switched on for good', () => {
    expect(distances([room, room, room, lit, lit, lit])[3]).toBeLessThan(2);
  });

  it('is not measured where nothing changes', () => {
    expect(distances([room, room, room])).toEqual([null, null, null]);
  });
});
