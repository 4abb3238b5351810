import { type Arbitrary, array, assert, integer, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ColourFrames } from '../src/media/measures/colour-frames.ts';
import {
  addColour,
  chromaSpread,
  emptyChromaSums,
  lumaOf,
  zeroPlaneShare,
} from '../src/media/measures/colour.ts';
import { meanAbsoluteDifference } from '../src/media/measures/frame-difference.ts';
import { borrowKernel, KERNEL_LAYOUT, returnKernel } from '../src/media/measures/frame-kernel.ts';
import { gradientRatio } from '../src/media/measures/gradient-ratio.ts';
import { GrayFrames } from '../src/media/measures/gray-frames.ts';
import { measureLuma } from '../src/media/measures/luma-statistics.ts';
import { differenceHash, hammingDistance } from '../src/media/measures/perceptual-hashes.ts';
import { thumbOf } from '../src/media/measures/thumb.ts';

const levels = (length: number): Arbitrary<Uint8Array> =>
  uint8Array({ minLength: length, maxLength: length });
const planes = array(levels(64 * 64), { minLength: 1, maxLength: 4 });

const noise = (length: number, seed: number): Uint8Array => {
  let state = seed + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
};

const sum = (rows: number, columns: number, value: (x: number, y: number) => number): number => {
  let total = 0;
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) total += value(x, y);
  return total;
};

describe('the kernel measures gray planes as plain code does', () => {
  it('frame by frame', () => {
    assert(
      property(planes, (grays) => {
        const kernel = borrowKernel();
        const frames = new GrayFrames(kernel);
        for (const [i, gray] of grays.entries()) {
          const found = frames.add(gray);
          const luma = measureLuma(gray);
          const before = grays[i - 1];
          expect(found.mean).toBe(luma.mean);
          expect(found.spread).toBeCloseTo(luma.spread, 9);
          expect(found.p98).toBe(luma.p98);
          expect(found.difference).toBe(
            before === undefined ? null : meanAbsoluteDifference(gray, before),
          );
          expect(found.from_first).toBe(meanAbsoluteDifference(gray, grays[0] ?? gray));
          expect([...found.thumb]).toEqual([...thumbOf(gray, 64)]);
        }
        returnKernel(kernel);
      }),
      { numRuns: 20 },
    );
  });

  it('and hashes them alike', () => {
    const kernel = borrowKernel();
    for (let seed = 0; seed < 40; seed++) {
      const gray = noise(64 * 64, seed);
      const { dhash } = new GrayFrames(kernel).add(gray);
      // Cells that are equal to the last bit may fall on either side.
      expect(hammingDistance(dhash, differenceHash(gray, 64))).toBeLessThanOrEqual(1);
    }
    returnKernel(kernel);
  });

  it('keeps an anchor while frames go on', () => {
    const kernel = borrowKernel();
    const frames = new GrayFrames(kernel);
    const [a, b, c] = [noise(4096, 1), noise(4096, 2), noise(4096, 3)];
    frames.add(a);
    frames.anchor();
    frames.add(b);
    frames.add(c);
    const most = Math.max(...c.map((level, i) => Math.abs(level - (a[i] ?? 0))));

    expect(frames.fromAnchor()).toEqual({ mean: meanAbsoluteDifference(c, a), most });
    returnKernel(kernel);
  });
});

describe('the kernel measures colour pictures as plain code does', () => {
  it('whatever the size and the length of a row', () => {
    assert(
      property(
        integer({ min: 1, max: 96 }),
        integer({ min: 1, max: 96 }),
        integer({ min: 0, max: 96 }),
        integer({ min: 0, max: 1000 }),
        (width_px, height_px, gap, seed) => {
          const rgb = noise(3 * width_px * height_px, seed);
          const stride_bytes = 3 * width_px + gap;
          const lines = new Uint8Array(stride_bytes * height_px);
          for (let y = 0; y < height_px; y++)
            lines.set(rgb.subarray(3 * width_px * y, 3 * width_px * (y + 1)), y * stride_bytes);
          const kernel = borrowKernel();
          const colours = new ColourFrames(kernel);
          colours.add(0, { rgb: lines, stride_bytes, width_px, height_px });
          const found = colours.finish();
          returnKernel(kernel);
          const sums = emptyChromaSums();
          const mean = addColour(sums, rgb);
          const ratio = gradientRatio(lumaOf(rgb), width_px, height_px) ?? 0;
          expect(found.means).toEqual([mean]);
          expect(Math.abs((found.chroma_spread ?? 0) - (chromaSpread(sums) ?? 0))).toBeLessThan(
            0.5,
          );
          expect(found.green_share).toBeCloseTo(zeroPlaneShare(rgb), 9);
          expect(Math.abs((found.gradient_ratio ?? 0) - ratio)).toBeLessThan(0.1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('finds no chroma in grey', () => {
    const kernel = borrowKernel();
    const colours = new ColourFrames(kernel);
    const gray = noise(64, 5);
    const rgb = Uint8Array.from([...gray].flatMap((level) => [level, level, level]));
    colours.add(0, { rgb, stride_bytes: 24, width_px: 8, height_px: 8 });

    expect(colours.finish().chroma_spread).toBe(0);
    returnKernel(kernel);
  });
});

describe('the kernel looks at native planes as plain code does', () => {
  const [width, height] = [64, 40];
  const at = KERNEL_LAYOUT.end;
  const first = noise(width * height, 7);
  const second = noise(width * height, 8);

  it('packs strips of 8 and of 10 bits alike', () => {
    const kernel = borrowKernel();
    const wide = noise(320 * 6, 9);
    const deep = new Uint8Array(new Uint16Array(wide).map((code) => code << 2).buffer);
    kernel.reserve(at + 65_536);
    const packed = [
      { bytes: wide, stride: 320, shift: -1 },
      { bytes: deep, stride: 640, shift: 2 },
    ].map(({ bytes, stride, shift }) => {
      kernel.write(bytes, at);
      kernel.run.packStrips(at, stride, 6, 320, 8, shift, at + 16_384);
      return [...kernel.read(at + 16_384, 256 * 6)];
    });
    const starts = Array.from({ length: 8 }, (_, strip) => Math.floor((strip * 288) / 7));
    const plain = Array.from({ length: 6 }, (_, row) =>
      starts.flatMap((start) => [...wide.subarray(row * 320 + start, row * 320 + start + 32)]),
    ).flat();

    expect(packed[0]).toEqual(plain);
    expect(packed[1]).toEqual(plain);
    returnKernel(kernel);
  });

  it('weighs combs, softness and blocks', () => {
    const kernel = borrowKernel();
    kernel.reserve(at + 65_536);
    kernel.write(first, at);
    kernel.write(second, at + 8192);
    const out = KERNEL_LAYOUT.results;
    const read = (count: number): readonly number[] =>
      Array.from({ length: count }, (_, i) => kernel.f64(out + 8 * i));
    const pixel = (plane: Uint8Array, x: number, y: number): number => plane[y * width + x] ?? 0;
    const isInside = (x: number, y: number): boolean =>
      y > 0 && y + 1 < height && Math.abs(pixel(first, x, y) - pixel(second, x, y)) > 12;
    const around = (x: number, y: number): number =>
      (pixel(first, x, y - 1) + pixel(first, x, y + 1) + 1) >> 1;
    const unrest = (of: Uint8Array, keeps: (y: number) => boolean): number =>
      sum(height, width, (x, y) =>
        isInside(x, y) && keeps(y) ? Math.abs(around(x, y) - pixel(of, x, y)) : 0,
      );
    kernel.run.combPair(at, at + 8192, width, height, 12, out);
    expect(read(4)).toEqual([
      unrest(first, () => true),
      unrest(second, (y) => y % 2 === 0),
      unrest(second, (y) => y % 2 === 1),
      sum(height, width, (x, y) => (isInside(x, y) ? 1 : 0)),
    ]);
    const steps = (distance: number): number =>
      sum(height, width, (x, y) =>
        y % 2 === 0 && x % 32 < 28 ? (pixel(first, x + distance, y) - pixel(first, x, y)) ** 2 : 0,
      );
    kernel.run.softness(at, width, height, 2, out);
    expect(read(2)).toEqual([steps(1), steps(4)]);
    const rows = (isBorder: boolean): number =>
      sum(height, width, (x, y) =>
        y > 0 && (y % 8 === 0) === isBorder
          ? Math.abs(pixel(first, x, y) - pixel(first, x, y - 1))
          : 0,
      );
    kernel.run.blockBorders(at, width, height, 8, out);
    expect(read(2)).toEqual([rows(true), rows(false)]);
    returnKernel(kernel);
  });
});
