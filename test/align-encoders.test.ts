import { describe, expect, it } from 'vitest';

import { DIMENSION, normal, simulatePairs } from '../bench/alignment/simulate-pairs.ts';
import { SimilarityBand } from '../src/analyses/alignment/similarity-band.ts';

const ROWS = 600;

/** Pairs whose vectors have a direction in common, another one from row `turn` on. */
function turnsOf(turn: number, common: number): SimilarityBand['turns'] {
  const plan = { dPrime: 1.75, sourceShare: 0.5, noiseShare: 0.6, sourceRows: 8, seed: 4 };
  const { picture, text } = simulatePairs({ ...plan, rows: ROWS });
  const gauss = normal(9);
  const [before, after] = [0, 1].map(() => Float32Array.from({ length: DIMENSION }, gauss));
  const shifted = picture.map((value, at) => {
    const direction = Math.floor(at / DIMENSION) < turn ? before : after;
    return value + common * (direction?.[at % DIMENSION] ?? 0);
  });
  const band = new SimilarityBand(DIMENSION, ROWS);
  for (let row = 0; row < ROWS; row += 1) {
    const slice = { start: row * DIMENSION, length: DIMENSION };
    band.add(row, { values: shifted, ...slice }, { values: text, ...slice });
  }
  const { turns } = band;
  band.finish();
  return turns;
}

describe('vectors of a column', () => {
  it('show the row from which on another model made them', () => {
    const { left, right } = turnsOf(350, 1.5);
    expect(left?.cosine).toBeLessThan(0.4);
    expect(left?.within).toBeGreaterThan(0.9);
    expect(Math.abs((left?.row ?? 0) - 350)).toBeLessThanOrEqual(16);
    // The text side has no direction of its own: nothing is steady.
    expect(right?.within ?? 1).toBeLessThan(0.8);
  });

  it('of one model point the same way throughout', () => {
    expect(turnsOf(ROWS, 1.5).left?.cosine).toBeGreaterThan(0.8);
  });
});
