import { describe, expect, it } from 'vitest';

import {
  DIMENSION,
  type Pairs,
  reorder,
  shuffled,
  simulatePairs,
} from '../bench/alignment/simulate-pairs.ts';
import { assessWords } from '../bench/alignment/word-evidence.ts';
import {
  assessShards,
  readShard,
  type ShardAssessment,
  type ShardReading,
} from '../src/analyses/alignment/assess-shard.ts';
import { SimilarityBand } from '../src/analyses/alignment/similarity-band.ts';

const PLAN = { rows: 800, dPrime: 1, sourceShare: 0.5, noiseShare: 0.6, sourceRows: 8, seed: 2 };

function look({ picture, text }: Pairs): ShardReading & { readonly found: ShardAssessment } {
  const rows = picture.length / DIMENSION;
  const band = new SimilarityBand(DIMENSION, rows);
  for (let row = 0; row < rows; row += 1) {
    const slice = { start: row * DIMENSION, length: DIMENSION };
    band.add(row, { values: picture, ...slice }, { values: text, ...slice });
  }
  const reading = readShard(band.finish());
  const [found] = assessShards([reading]);
  if (found === undefined) throw new Error('no assessment');
  return { ...reading, found };
}

describe('a weak relation', () => {
  it('shows that its second half has lost its order, with the chance of it', () => {
    const { picture, text } = simulatePairs(PLAN);
    const { found } = look({ picture, text: reorder(text, shuffled(400, 800, 5)) });
    expect(found.verdict).toBe('unaligned-block');
    const [segment] = found.segments;
    expect(Math.abs((segment?.from ?? 0) - 400)).toBeLessThanOrEqual(100);
    expect(segment?.p ?? 1).toBeLessThan(0.001);
  });

  it('shows from where on the order is lost, not from the first place from which most is', () => {
    const { picture, text } = simulatePairs({ ...PLAN, rows: 2400, dPrime: 0.6, seed: 1 });
    const { found } = look({ picture, text: reorder(text, shuffled(1500, 2400, 5)) });
    expect(found.segments).toMatchObject([{ from: 1500, offset: null }]);
  });

  it('says in which rows it cannot be seen, where that proves nothing', () => {
    const weak = { ...PLAN, rows: 240, dPrime: 1, seed: 1 };
    const { picture, text } = simulatePairs(weak);
    const { found, unknown } = look({ picture, text: reorder(text, shuffled(120, 240, 5)) });
    expect(found.segments).toEqual([]);
    expect(unknown?.to).toBe(240);
    expect(found.reason).toMatch(
      /^from row \d+ to 239 captions fit their clips no better than the clips around/,
    );
  });

  it('does not claim to see what it misses', () => {
    const { picture, text } = simulatePairs({ ...PLAN, rows: 1000, dPrime: 1.75 });
    const { leastStretch } = look({ picture, text });
    expect(leastStretch).toBeGreaterThan(20);
    expect(leastStretch).toBeLessThan(80);
    for (let seed = 1; seed <= 10; seed += 1) {
      const pairs = simulatePairs({ ...PLAN, rows: 1000, dPrime: 1.75, seed });
      const last = 1000 - leastStretch;
      const moved = reorder(pairs.text, (row) => (row < last ? row : row + 1));
      expect(look({ picture: pairs.picture, text: moved }).found.verdict).toBe('shifted');
    }
  });
});

describe('captions of people, without a shared space', () => {
  const plan = { rows: 200, shards: 1, features: 'seen', isSorted: false } as const;

  it.each([1, 2, 3])('are said to be moved as a whole, not from the second row on (%i)', (seed) => {
    const { assessments } = assessWords({ ...plan, seed, order: (row) => row - 1 });
    expect(assessments[0]?.segments.map(({ from, offset }) => ({ from, offset }))).toEqual([
      { from: 0, offset: 1 },
    ]);
  });

  it('show a row that was dropped in the middle, to which no map that is learnt in place comes', () => {
    const { assessments } = assessWords({
      ...plan,
      rows: 400,
      seed: 1,
      order: (row) => (row < 200 ? row : row + 1),
    });
    const [segment] = assessments[0]?.segments ?? [];
    expect(segment?.offset).toBe(-1);
    expect(Math.abs((segment?.from ?? 0) - 200)).toBeLessThanOrEqual(10);
  });

  it.each(['random', 'alike'] as const)('have nothing to do with %s features', (features) => {
    for (let seed = 1; seed <= 2; seed += 1) {
      const { assessments } = assessWords({ ...plan, features, seed, isSorted: true });
      expect(assessments[0]?.segments).toEqual([]);
    }
  });
});
