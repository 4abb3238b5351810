import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DailiesError } from '../src/dailies-error.ts';
import {
  createSample,
  parseSample,
  sampleOrderSql,
  sampleTarget,
  type DrawnSample,
} from '../src/sampling/draw-sample.ts';

describe('sample size', () => {
  it.each([
    ['3000', { kind: 'count', clips: 3_000 }],
    [' 5% ', { kind: 'share', share: 0.05 }],
    ['0.5 %', { kind: 'share', share: 0.005 }],
    ['100%', { kind: 'share', share: 1 }],
    ['all', { kind: 'all' }],
  ])('reads %s', (text, size) => {
    expect(parseSample(text)).toEqual(size);
  });

  it.each(['', '0', '-3', '0%', '101%', '5 clips', '1e9', 'none', '∞'])('refuses %j', (text) => {
    expect(() => parseSample(text)).toThrow(DailiesError);
  });

  it('never asks for more than there is, nor for nothing of something', () => {
    expect(sampleTarget({ kind: 'count', clips: 10 }, 4)).toBe(4);
    expect(sampleTarget({ kind: 'share', share: 0.001 }, 4)).toBe(1);
    expect(sampleTarget({ kind: 'all' }, 0)).toBe(0);
  });
});

/** Rows of one language with keys clip-0, clip-1… */
function keys(count: number): { readonly key: string; readonly lang: string }[] {
  return Array.from({ length: count }, (_, i) => ({ key: `clip-${i}`, lang: 'en' }));
}

describe('drawing', () => {
  let connection: DuckDBConnection;
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create(':memory:')).connect();
  });
  afterAll(() => {
    connection.closeSync();
  });

  /** A ledger as a scan lays it down: rows in manifest order, one stratum column. */
  async function ledgerOf(
    rows: readonly { readonly key: string | null; readonly lang: string | null }[],
    seed = 's',
  ): Promise<void> {
    await connection.run(`create or replace table raw(clip_id bigint, key varchar, lang varchar)`);
    const appender = await connection.createAppender('raw');
    for (const [index, row] of rows.entries()) {
      appender.appendBigInt(BigInt(index));
      if (row.key === null) appender.appendNull();
      else appender.appendVarchar(row.key);
      if (row.lang === null) appender.appendNull();
      else appender.appendVarchar(row.lang);
      appender.endRow();
    }
    appender.closeSync();
    await connection.run(
      `create or replace table ledger as
       select *, ${sampleOrderSql('$seed', 'key', 'clip_id')} as sample_order from raw`,
      { seed },
    );
  }

  async function draw(sample: string, strata: readonly string[] = []): Promise<DrawnSample> {
    return createSample(connection, { from: 'ledger', sample: parseSample(sample), strata });
  }

  async function drawnKeys(): Promise<(string | null)[]> {
    const rows = await connection.runAndReadAll(
      `select key from sample join ledger using (clip_id) order by key`,
    );
    return rows.getRows().map(([key]) => (key === null || key === undefined ? null : String(key)));
  }

  it('keeps the same keys when rows are reordered and shards are split', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 60 }),
        fc.infiniteStream(fc.nat()),
        async (names, size, noise) => {
          const rows = names.map((key) => ({ key, lang: null }));
          await ledgerOf(rows);
          await draw(String(size));
          const before = await drawnKeys();
          const order = new Map(rows.map((row) => [row, noise.next().value]));
          await ledgerOf(rows.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
          await draw(String(size));
          expect(await drawnKeys()).toEqual(before);
          expect(before).toHaveLength(Math.min(size, names.length));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keeps the drawn clips that are still there when the next version adds and drops rows', async () => {
    await ledgerOf(keys(1_000));
    await draw('100');
    const before = await drawnKeys();
    await ledgerOf(keys(1_000).slice(100));
    await draw('100');
    const after = new Set(await drawnKeys());
    const survivors = before.filter((key) => Number(key?.slice(5)) >= 100);
    expect(survivors.length).toBeGreaterThan(50);
    expect(survivors.filter((key) => !after.has(key))).toEqual([]);
  });

  it('draws other clips with another seed', async () => {
    await ledgerOf(keys(1_000), 'a');
    await draw('50');
    const before = await drawnKeys();
    await ledgerOf(keys(1_000), 'b');
    await draw('50');
    expect(await drawnKeys()).not.toEqual(before);
  });

  it('draws every clip about equally often', async () => {
    await ledgerOf(keys(2_000));
    await draw('500');
    const drawn = await drawnKeys();
    const firstHalf = drawn.filter((key) => Number(key?.slice(5)) < 1_000).length;
    // 250 expected, standard deviation 9.7.
    expect(Math.abs(firstHalf - 250)).toBeLessThan(40);
  });

  it('draws rows without a key as well', async () => {
    await ledgerOf(Array.from({ length: 400 }, () => ({ key: null, lang: null })));
    const drawn = await draw('25%');
    expect(drawn.size).toBe(100);
    const spread = await connection.runAndReadAll(`select max(clip_id) - min(clip_id) from sample`);
    expect(Number(spread.getRows()[0]?.[0])).toBeGreaterThan(300);
  });

  it('tops up small strata, and weighs each clip by the rows it stands for', async () => {
    const rows = [
      ...keys(5_000),
      ...Array.from({ length: 40 }, (_, i) => ({ key: `de-${i}`, lang: 'de' })),
      ...Array.from({ length: 7 }, (_, i) => ({ key: `none-${i}`, lang: null })),
    ];
    await ledgerOf(rows);
    const drawn = await draw('500', ['lang']);
    const strata = await connection.runAndReadAll(
      `select stratum, count(*)::int, sum(weight)::double from sample group by all order by all`,
    );
    const byStratum = new Map(strata.getRows().map(([name, ...rest]) => [name, rest]));
    expect([...byStratum.keys()]).toEqual(['["de"]', '["en"]', '[null]']);
    expect(byStratum.get('["de"]')).toEqual([30, 40]);
    expect(byStratum.get('[null]')).toEqual([7, 7]);
    expect(byStratum.get('["en"]')?.[1]).toBeCloseTo(5_000, 6);
    expect(drawn).toMatchObject({ population: 5_047, strata: 3 });
  });

  it('at most doubles the sample when strata are many', async () => {
    await ledgerOf(
      Array.from({ length: 3_000 }, (_, i) => ({ key: `k${i}`, lang: `l${i % 1_000}` })),
    );
    const drawn = await draw('100', ['lang']);
    expect(drawn.size).toBe(100);
  });

  it('draws all, and nothing from an empty dataset', async () => {
    await ledgerOf(keys(5));
    expect(await draw('all')).toMatchObject({ size: 5, population: 5 });
    await ledgerOf([]);
    expect(await draw('10', ['lang'])).toMatchObject({ population: 0, size: 0, strata: 0 });
  });

  it('takes a hostile column name for a name', async () => {
    await connection.run(
      `create or replace table ledger as
       select 1::bigint as clip_id, 1::ubigint as sample_order, 'x' as "a"" ); drop table raw; --"`,
    );
    const drawn = await draw('all', ['a" ); drop table raw; --']);
    expect(drawn.size).toBe(1);
    await connection.run(`select 1 from raw`);
  });
});
