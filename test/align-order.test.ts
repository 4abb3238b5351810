import { describe, expect, it } from 'vitest';

import { DIMENSION, reorder, shuffled, simulatePairs } from '../bench/alignment/simulate-pairs.ts';
import { fitOfVectors, nameReordering } from '../src/analyses/alignment/name-reordering.ts';

const ROWS = 240;
const PLAN = {
  rows: ROWS,
  dPrime: 1.75,
  sourceShare: 0.5,
  noiseShare: 0.6,
  sourceRows: 8,
  seed: 5,
};
const KEYS = Array.from({ length: ROWS }, (_, row) => `clip_${row}`);

/** What is said of captions of which row `i` has that of row `order(i)`. */
function nameOf(order: (row: number) => number): string | null {
  const { picture, text } = simulatePairs(PLAN);
  const moved = reorder(text, order);
  const vectors = (side: Float32Array): readonly Float32Array[] =>
    KEYS.map((_, row) => side.slice(row * DIMENSION, (row + 1) * DIMENSION));
  return nameReordering(ROWS, KEYS, fitOfVectors(vectors(picture), vectors(moved)))?.what ?? null;
}

describe('captions out of order', () => {
  it('are seen to be sorted as text', () => {
    const asText = KEYS.map((_, row) => row).toSorted((a, b) =>
      (KEYS[a] ?? '') < (KEYS[b] ?? '') ? -1 : 1,
    );
    expect(nameOf((row) => asText[row] ?? row)).toContain('sorted as text');
  });

  it('are seen to be reversed', () => {
    expect(nameOf((row) => ROWS - 1 - row)).toContain('reversed');
  });

  it('are seen to be turned as a whole', () => {
    expect(nameOf((row) => row - 77)).toContain('stands 77 rows further down');
  });

  it('are seen to be completed batch by batch', () => {
    const orders = Array.from({ length: ROWS / 16 }, (_, batch) =>
      shuffled(16 * batch, 16 * batch + 16, batch + 1),
    );
    expect(nameOf((row) => orders[Math.floor(row / 16)]?.(row) ?? row)).toContain(
      'batch of 16 rows',
    );
  });

  it('are given no reason where there is none', () => {
    expect(nameOf(shuffled(0, ROWS, 3))).toBeNull();
  });

  it('hold no vectors, or vectors of zeros, without harm', () => {
    const nothing = KEYS.map(() => null);
    expect(nameReordering(ROWS, KEYS, fitOfVectors(nothing, nothing))).toBeNull();
    const zeros = KEYS.map(() => new Float32Array(4));
    expect(nameReordering(ROWS, KEYS, fitOfVectors(zeros, zeros))).toBeNull();
  });
});
