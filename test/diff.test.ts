import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { DiffDocument } from '../src/compare/diff-document.ts';
import {
  asParquet,
  diffOf,
  failedRules,
  inFolder,
  type TableRow,
  writeVersion,
} from './diff-kit.ts';

const captions = [
  'A dog runs.',
  'a dog runs.',
  'a dog  runs',
  'Two cats sleep',
  'Rain',
  '',
  'Ünïcode é',
  'Ünïcode é',
];

const row = fc.record({
  key: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h') },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  caption: fc.constantFrom(...captions, null),
  score: fc.oneof(fc.constantFrom(0, 0.5, 1 / 3, 1e8, -2), fc.constant(null)),
  width: fc.constantFrom(640, 1280),
  split: fc.constantFrom('train', 'val'),
});

/** Tables with repeated and missing keys that share at least one key. */
const table = fc
  .array(row, { minLength: 0, maxLength: 12 })
  .map((rows) => [
    { key: 'a', caption: 'A dog runs.', score: 0.25, width: 640, split: 'train' },
    ...rows,
  ]);

/** What must not depend on order, shards, format or compression. */
function essence(diff: DiffDocument): unknown {
  return {
    rowFlow: diff.rowFlow,
    columns: diff.columns,
    captions: diff.captions === null ? null : { ...diff.captions, offset: null },
    causes: diff.causes.map(({ columns, rows }) => ({ columns, rows })),
    drift: diff.drift,
    failed: failedRules(diff),
  };
}

function changesOf(diff: DiffDocument): unknown {
  return Object.fromEntries(diff.columns.map(({ name, changed }) => [name, changed]));
}

function twins(n: number, text: string): TableRow[] {
  return Array.from({ length: n }, (_, i) => ({ key: 'same', caption: `${text} ${i}` }));
}

describe('dailies diff', () => {
  it('finds nothing between a version and itself', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 3 }), async (rows, shards) =>
        inFolder(async (folder) => {
          const before = await writeVersion(folder, 'before', rows);
          const after = await writeVersion(folder, 'after', rows.toReversed(), shards);

          const diff = await diffOf(before, after);

          expect(diff.rowFlow).toMatchObject({
            unchanged: rows.length,
            changed: 0,
            added: 0,
            removed: 0,
            rekeyed: 0,
          });
          expect(diff.columns.filter((column) => column.changed > 0)).toEqual([]);
          expect(diff.captions?.changed).toBe(0);
          expect(diff.examples).toEqual([]);
          expect(failedRules(diff)).toEqual([]);
        }),
      ),
      { numRuns: 12 },
    );
  }, 240_000);

  it('mirrors when the versions change places, and accounts for every row once', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, async (one, other) =>
        inFolder(async (folder) => {
          const before = await writeVersion(folder, 'before', one);
          const after = await writeVersion(folder, 'after', other);

          const forth = await diffOf(before, after);
          const back = await diffOf(after, before);

          const { rowFlow } = forth;
          expect(rowFlow.unchanged + rowFlow.changed + rowFlow.rekeyed + rowFlow.removed).toBe(
            one.length,
          );
          expect(rowFlow.unchanged + rowFlow.changed + rowFlow.rekeyed + rowFlow.added).toBe(
            other.length,
          );
          expect(rowFlow.keySet.isComplete).toBe(true);
          expect(back.rowFlow).toMatchObject({
            unchanged: rowFlow.unchanged,
            changed: rowFlow.changed,
            rekeyed: rowFlow.rekeyed,
            added: rowFlow.removed,
            removed: rowFlow.added,
          });
          expect(changesOf(back)).toEqual(changesOf(forth));
          expect(back.captions?.changed).toBe(forth.captions?.changed);
        }),
      ),
      { numRuns: 12 },
    );
  }, 240_000);

  it('says the same whatever the order, shards, format, row groups and compression', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        table,
        fc.constantFrom('zstd', 'snappy', 'uncompressed'),
        async (one, other, compression) =>
          inFolder(async (folder) => {
            const before = await writeVersion(folder, 'before', one);
            const after = await writeVersion(folder, 'after', other);
            const shuffled = await writeVersion(folder, 'shuffled', other.toReversed(), 3);
            const parquet = await asParquet(after, join(folder, 'parquet'), {
              compression,
              rowGroup: 2048,
              orderBy: 'hash(caption), key',
            });

            const plain = essence(await diffOf(before, after));

            expect(essence(await diffOf(before, shuffled))).toEqual(plain);
            expect(essence(await diffOf(before, parquet))).toMatchObject({
              rowFlow: { changed: expect.any(Number) },
            });
          }),
      ),
      { numRuns: 6 },
    );
  }, 240_000);

  it('tells a mass lower-casing from the edits under it', async () => {
    await inFolder(async (folder) => {
      const rows = Array.from({ length: 60 }, (_, i) => ({
        key: `k${i}`,
        caption: `Clip Number ${i} Of A Walk`,
      }));
      const edited = rows.map((each, i) => ({
        ...each,
        caption: i < 4 ? `clip ${i} was written anew` : each.caption.toLowerCase(),
      }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', edited),
      );

      expect(diff.captions).toMatchObject({ changed: 60, wordChanges: 4 });
      expect(diff.captions?.kinds[0]).toEqual({ kind: 'case', rows: 56 });
      expect(diff.story.join('\n')).toMatch(/56 .*lower-cased and nothing else[\s\S]*4 real edits/);
    });
  });

  it('names dropped, added, renamed, retyped and emptied columns', async () => {
    await inFolder(async (folder) => {
      const rows = Array.from({ length: 30 }, (_, i) => ({
        key: `k${i}`,
        gone: i,
        mood: `m${i % 7}`,
        size: i,
        note: `n${i}`,
      }));
      const changed = rows.map(({ key, mood, size }) => ({
        key,
        feeling: mood,
        size: `${size} px`,
        note: null,
        fresh: 1,
      }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', changed),
      );

      const states = Object.fromEntries(
        diff.schema.columns.map(({ name, state }) => [name, state]),
      );
      expect(states).toMatchObject({
        feeling: 'renamed',
        note: 'all-null',
        fresh: 'added',
        gone: 'dropped',
      });
      expect(Object.values(states)).toContain('retyped');
      expect(failedRules(diff)).toEqual(
        expect.arrayContaining(['dropped-column', 'retyped-column']),
      );
    });
  });

  it('knows a renamed column by its name where half its values changed, and not without it', async () => {
    await inFolder(async (folder) => {
      const rows = Array.from({ length: 40 }, (_, i) => ({
        key: `k${i}`,
        quality: i / 7,
        mood: `m${i}`,
      }));
      const renamed = rows.map(({ key, quality, mood }, i) => ({
        key,
        quality_score: i % 3 === 0 ? quality + 1 : quality,
        theme: i % 3 === 0 ? 'other' : mood,
      }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', renamed),
      );

      const states = Object.fromEntries(
        diff.schema.columns.map(({ name, state }) => [name, state]),
      );
      expect(states).toMatchObject({ quality_score: 'renamed', theme: 'added', mood: 'dropped' });
    });
  });

  it('counts embeddings and captions that are gone', async () => {
    await inFolder(async (folder) => {
      const rows = Array.from({ length: 20 }, (_, i) => ({
        key: `k${i}`,
        caption: `clip ${i}`,
        features: [i, i + 1],
      }));
      const emptied = rows.map((each, i) => ({
        ...each,
        features: null,
        caption: i < 5 ? null : each.caption,
      }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', emptied),
      );

      const columns = new Map(diff.columns.map((each) => [each.name, each]));
      expect(columns.get('caption')).toMatchObject({ changed: 5, nulled: 5, isAllNullNow: false });
      expect(diff.schema.columns.map(({ state }) => state)).toContain('all-null');
    });
  });

  it('sees seconds that became milliseconds, and width and height that changed places', async () => {
    await inFolder(async (folder) => {
      const rows = Array.from({ length: 40 }, (_, i) => ({
        key: `k${i}`,
        length: 2 + i / 7,
        width: 1280 + i,
        height: 720,
      }));
      const changed = rows.map((each, i) => ({
        ...each,
        length: each.length * 1000,
        ...(i % 4 === 0 ? { width: each.height, height: each.width } : {}),
      }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', changed),
      );

      expect(diff.columns.find(({ name }) => name === 'length')?.numbers?.factor).toMatchObject({
        factor: 1000,
        rows: 40,
      });
      expect(diff.columns.find(({ name }) => name === 'width_px')?.swapped).toEqual({
        with: 'height_px',
        rows: 10,
        share: 1,
      });
      expect(failedRules(diff)).toContain('changed-unit');
    });
  });

  it('finds captions that slid by one row', async () => {
    await inFolder(async (folder) => {
      const rows = Array.from({ length: 30 }, (_, i) => ({
        key: `k${i}`,
        caption: `a walk along street ${i} with dog ${i * i}`,
      }));
      const slid = rows.map((each, i) => ({
        ...each,
        caption: rows[i < 10 ? i : (i + 1) % 30]?.caption,
      }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', slid),
      );

      expect(diff.captions).toMatchObject({ moved: 20, offset: { rows: 1, count: 19 } });
      expect(failedRules(diff)).toContain('moved-captions');
    });
  });

  it('keeps apart clips under a new key from clips that went and came', async () => {
    await inFolder(async (folder) => {
      const rows: TableRow[] = Array.from({ length: 20 }, (_, i) => ({
        key: `k${i}`,
        caption: `clip ${i}`,
        sha256: `hash${i}`,
      }));
      const next = [
        ...rows.slice(0, 16),
        { key: 'new-16', caption: 'clip 16', sha256: 'hash16' },
        { key: 'other', caption: 'another', sha256: 'hash99' },
      ];
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', next),
      );

      expect(diff.rowFlow).toMatchObject({ unchanged: 16, rekeyed: 1, added: 1, removed: 3 });
      expect(diff.examples.find(({ state }) => state === 'rekeyed')).toMatchObject({
        key: 'new-16',
        keyBefore: 'k16',
      });
    });
  });

  it('never multiplies rows of a repeated key', async () => {
    await inFolder(async (folder) => {
      const diff = await diffOf(
        await writeVersion(folder, 'a', twins(300, 'x')),
        await writeVersion(folder, 'b', twins(200, 'x')),
      );

      expect(diff.rowFlow).toMatchObject({
        unchanged: 200,
        removed: 100,
        added: 0,
        changed: 0,
        duplicateKeys: { before: 1, after: 1, examples: ['same'] },
      });
    });
  });

  it('forgives what a passage through float32 does to a number', async () => {
    await inFolder(async (folder) => {
      const rows = Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, score: i / 7 }));
      const rounded = rows.map((each) => ({ ...each, score: Math.fround(each.score) }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', rows),
        await writeVersion(folder, 'b', rounded),
      );

      expect(diff.rowFlow).toMatchObject({ unchanged: 20, changed: 0 });
    });
  });

  it.each([
    {
      name: 'no key in common',
      before: [{ key: 'a', caption: 'x' }],
      after: [{ key: 'b', caption: 'y' }],
    },
    {
      name: 'keys of another type',
      before: [
        { key: 7, caption: 'x' },
        { key: 8, caption: 'z' },
      ],
      after: [
        { key: '007', caption: 'y' },
        { key: '008', caption: 'w' },
      ],
    },
  ])('refuses to compare versions with $name, and shows their keys', async ({ before, after }) => {
    await inFolder(async (folder) => {
      const sides = [
        await writeVersion(folder, 'a', before),
        await writeVersion(folder, 'b', after),
      ] as const;

      await expect(diffOf(...sides)).rejects.toMatchObject({
        code: 'dataset',
        message: expect.stringMatching(/no key in common: .*(a|7).*(b|007)/),
        hint: expect.stringContaining('--columns key='),
      });
    });
  });
});
