import { describe, expect, it } from 'vitest';

import { measureDrift } from '../src/compare/drift-measures.ts';
import { riseProbability } from '../src/compare/proportions.ts';
import { diffOf, inFolder, type TableRow, writeVersion } from './diff-kit.ts';

/** Numbers that look drawn from a bell curve, the same for the same seed. */
function bell(n: number, seed: number, shift = 0): number[] {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: n }, () => {
    let sum = shift;
    for (let i = 0; i < 12; i++) sum += next();
    return sum - 6;
  });
}

function rowsOf(values: readonly number[]): TableRow[] {
  return values.map((score, i) => ({ key: `k${i}`, score }));
}

describe('drift', () => {
  it('is nothing between equal shares, whatever their number', () => {
    for (const n of [1, 1_000, 1_000_000]) {
      const counts = Array.from({ length: 20 }, () => n);
      const drift = measureDrift(
        counts,
        counts.map((count) => count * 3),
      );
      expect(drift.psi).toBe(0);
      expect(drift.ks).toBeCloseTo(0, 10);
      expect(drift.wasserstein).toBeCloseTo(0, 10);
    }
  });

  it('gives the same verdict for a thousand values and for a hundred million', () => {
    const shares = [0.05, 0.2, 0.5, 0.2, 0.05];
    const moved = [0.05, 0.1, 0.3, 0.35, 0.2];
    const psi = [1_000, 1_000_000, 100_000_000].map(
      (n) =>
        measureDrift(
          shares.map((share) => share * n),
          moved.map((share) => share * n),
        ).psi,
    );
    expect(Math.max(...psi) - Math.min(...psi)).toBeLessThan(0.02);
    expect(Math.min(...psi)).toBeGreaterThan(0.2);
  });

  it('does not change places: one thing all gone is as far as it gets', () => {
    const drift = measureDrift([1000, 0], [0, 1000]);
    expect(drift.ks).toBe(1);
    expect(drift.js).toBeGreaterThan(0.98);
    expect(drift.js).toBeLessThanOrEqual(1);
  });

  it('moves by less than 0.01 when one value of 1e8 is added', async () => {
    await inFolder(async (folder) => {
      const values = bell(1_000, 7);
      const before = await writeVersion(folder, 'before', rowsOf(bell(1_000, 3)));
      const clean = await writeVersion(folder, 'clean', rowsOf(values));
      const spoilt = await writeVersion(folder, 'spoilt', rowsOf([...values, 1e8]));

      const [one, other] = [await diffOf(before, clean), await diffOf(before, spoilt)].map((diff) =>
        diff.drift.find((each) => each.name === 'score'),
      );

      for (const name of ['psi', 'js', 'ks', 'wasserstein'] as const)
        expect(Math.abs((one?.[name] ?? 0) - (other?.[name] ?? 1))).toBeLessThan(0.01);
      expect(other?.psi).toBeLessThan(0.1);
    });
  });

  it('finds a shifted column, and an edge that a filter made', async () => {
    await inFolder(async (folder) => {
      const shifted = bell(3_000, 5, 1);
      const before = await writeVersion(folder, 'before', rowsOf(bell(3_000, 3)));
      const after = await writeVersion(folder, 'after', rowsOf(shifted));
      const cut = await writeVersion(
        folder,
        'cut',
        rowsOf(bell(6_000, 11).filter((score) => score > -0.5)),
      );

      const rescored = await writeVersion(
        folder,
        'rescored',
        rowsOf(bell(6_000, 13, 2).filter((score) => score > 1)),
      );

      const moved = await diffOf(before, after);
      const upgraded = await diffOf(cut, rescored);
      const filtered = await diffOf(before, cut);

      const failed = (diff: typeof moved): readonly string[] =>
        diff.rules.filter((rule) => rule.outcome === 'failed').map((rule) => rule.id);
      expect(failed(moved)).toContain('column-drift');
      expect(failed(moved)).not.toContain('threshold-regression');
      expect(failed(filtered)).toContain('threshold-regression');
      // Another model scores all clips on another scale, and the filter was moved with it.
      expect(failed(upgraded)).toContain('column-drift');
      expect(failed(upgraded)).not.toContain('threshold-regression');
    });
  });
});

describe('the two-proportion test', () => {
  it('knows a rise from chance', () => {
    expect(
      riseProbability({ affected: 10, examined: 1000 }, { affected: 30, examined: 1000 }),
    ).toBeLessThan(0.001);
    expect(
      riseProbability({ affected: 10, examined: 1000 }, { affected: 12, examined: 1000 }),
    ).toBeGreaterThan(0.2);
    expect(riseProbability({ affected: 0, examined: 0 }, { affected: 12, examined: 1000 })).toBe(1);
    expect(riseProbability({ affected: 0, examined: 100 }, { affected: 0, examined: 100 })).toBe(1);
  });
});
