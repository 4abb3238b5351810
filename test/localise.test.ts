import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Database } from '../src/engine/database.ts';
import type { CompiledRule } from '../src/judge/compile-rule.ts';
import { countByShard, examineFused } from '../src/judge/evaluate.ts';
import type { Dimension } from '../src/judge/ledger.ts';
import { type Located, localise } from '../src/judge/localise.ts';
import { testScatter } from '../src/judge/scatter-test.ts';

const DIMENSIONS: readonly Dimension[] = [
  { name: 'split', sql: 'split' },
  { name: 'source_id', sql: 'source_id' },
];

/** Clips in shards of equal length; each predicate over `shard_id`, `row_number`, `i` is a rule. */
async function locate(
  layout: { readonly shards: number; readonly rows: number },
  predicates: readonly string[],
): Promise<readonly Located[]> {
  const database = await Database.open();
  try {
    await database.run(
      `create table ledger as select (shard_id::bigint << 40) + row_number as clip_id, *,
         if(i % 20 = 0, 'val', 'train') as dimension_0, 'source-' || i // 12 as dimension_1,
         ${predicates.map((sql, k) => `(${sql}) as hit_${k}`).join(', ')}
       from (select (i // ${layout.rows})::integer as shard_id, i % ${layout.rows} as row_number, i
         from range(${layout.shards * layout.rows}) as numbers(i))`,
    );
    const failed = await Promise.all(
      predicates.map(async (_, k) => {
        const examined = examineFused(compiled(k), {
          hit: `hit_${k}`,
          eligible: 'true',
          required: 'true',
        });
        return { examined, shards: await countByShard(database, examined.relation) };
      }),
    );
    return await localise(database, failed, DIMENSIONS, (shard) => `part-${shard}`);
  } finally {
    database.close();
  }
}

function compiled(index: number): CompiledRule {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- places need no more of a rule than its number
  return { index, rule: { id: `rule-${index}` } } as unknown as CompiledRule;
}

describe('where the hits of a rule lie', () => {
  it('says which few shards hold the hits', async () => {
    const [place] = await locate({ shards: 64, rows: 200 }, [
      '(shard_id in (3, 17, 40) and hash(i) % 10 < 8) or i = 12000',
    ]);
    expect(place?.pattern).toBe('clustered');
    expect(place?.sentence).toMatch(/^3 of 64 shards hold (99|100) % of the hits/);
    expect(
      place?.slices
        .slice(0, 3)
        .map((each) => each.value)
        .toSorted(),
    ).toEqual(['part-17', 'part-3', 'part-40']);
    expect(place?.firstClip).toBeGreaterThanOrEqual(3n << 40n);
  });

  it('names the stretch of rows that went wrong inside one shard, hit by hit', async () => {
    const [place] = await locate({ shards: 4, rows: 5_000 }, [
      'shard_id = 2 and row_number between 1200 and 1449',
    ]);
    expect(place?.pattern).toBe('clustered');
    const [rows] = place?.slices.filter((each) => each.dimension === 'rows') ?? [];
    expect(rows?.value).toBe('part-2 1200–1449');
    expect(rows?.share).toBe(1);
    expect(place?.firstClip).toBe((2n << 40n) + 1200n);
  });

  it('finds a bad stretch in a dataset of one small shard', async () => {
    const [place] = await locate({ shards: 1, rows: 400 }, ['row_number between 100 and 139']);
    expect(place?.pattern).toBe('clustered');
    expect(place?.sentence).toContain('rows part-0 100–139');
  });

  it('names the split and the source that stand out', async () => {
    const [split, source] = await locate({ shards: 4, rows: 5_000 }, [
      `i % 20 = 0 and hash(i) % 4 = 0`,
      `i // 12 in (7, 300, 900, 1200, 1500)`,
    ]);
    expect(split?.pattern).toBe('clustered');
    expect(split?.slices[0]).toMatchObject({ dimension: 'split', value: 'val', share: 1 });
    expect(source?.pattern).toBe('clustered');
    expect(source?.slices.map((each) => each.dimension)).toContain('source_id');
  });

  it('says everywhere of nearly all rows, and nothing more of a single hit', async () => {
    const [all, one] = await locate({ shards: 2, rows: 1_000 }, ['i % 50 <> 0', 'i = 77']);
    expect(all?.pattern).toBe('everywhere');
    expect(one).toMatchObject({ pattern: 'scattered', sentence: 'one row over 1 of 2 shards' });
    expect(one?.statistic).toContain('too few');
  });

  it('calls hits at random clustered in at most one of a hundred cases', async () => {
    const cases = Array.from({ length: 100 }, (_, k) => k);
    const rates = [3, 10, 50, 300];
    const places = await locate(
      { shards: 8, rows: 1_000 },
      cases.map((k) => `hash(i * 1000 + ${k}) % 1000 < ${rates[k % rates.length] ?? 0}`),
    );
    const wrong = places.filter((place) => place.pattern === 'clustered');
    expect(wrong.length).toBeLessThanOrEqual(cases.length / 100);
  });
});

describe('the test of scatter', () => {
  it('is calibrated: a chance of p or less comes up about p of the time', () => {
    const random = seeded(7);
    const sizes = Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? 400 : 60));
    const owners = sizes.flatMap((size, cell) => Array.from({ length: size }, () => cell));
    for (const hits of [12, 150, 900]) {
      let small = 0;
      for (let run = 0; run < 300; run++) {
        const drawn = new Set<number>();
        while (drawn.size < hits) drawn.add(Math.floor(random() * owners.length));
        const cells = sizes.map((examined) => ({ examined, affected: 0 }));
        for (const row of drawn) {
          const cell = cells[owners[row] ?? -1];
          if (cell !== undefined) cell.affected += 1;
        }
        if (testScatter(cells).p <= 0.05) small += 1;
      }
      // 300 draws at 5 %: 15 ± 3.8; four deviations to either side.
      expect(small).toBeLessThanOrEqual(30);
      expect(small).toBeGreaterThanOrEqual(3);
    }
  });

  it('does not depend on the order of the cells, and stays within its range', () => {
    const cell = fc
      .record({
        examined: fc.integer({ min: 1, max: 500 }),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      .map(({ examined, share }) => ({ examined, affected: Math.floor(examined * share) }));
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 30 }), (cells) => {
        const test = testScatter(cells);
        expect(test.p).toBeGreaterThanOrEqual(0);
        expect(test.p).toBeLessThanOrEqual(1);
        expect(test.excess).toBeGreaterThanOrEqual(0);
        expect(test.excess).toBeLessThanOrEqual(1);
        expect(testScatter(cells.toReversed()).chiSquare).toBeCloseTo(test.chiSquare, 6);
      }),
      { numRuns: 60 },
    );
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
