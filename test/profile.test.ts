import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { captionWords } from '../src/analyses/measure-columns.ts';
import {
  type ColumnProfile,
  distinctOf,
  mergeProfiles,
  type ProfileDocument,
  profileTable,
} from '../src/analyses/profile.ts';
import { countDistinct } from '../src/analyses/distinct-sketch.ts';
import { countValues, histogramOf, quantileOf } from '../src/analyses/value-sketch.ts';
import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import { Database, numberOf, type SqlRow } from '../src/engine/database.ts';
import { writeLedger } from '../src/judge/ledger.ts';
import { completeClips } from '../src/judge/room.ts';

/** Profiles the rows of a SELECT with `shard_id`, `key`, `caption`, `score`, `count` and `day`. */
async function profile(
  rows: string,
): Promise<{ readonly document: ProfileDocument; readonly table: readonly SqlRow[] }> {
  const database = await Database.open();
  try {
    await database.run(
      `create table own as select *, row_number() over (partition by shard_id) - 1 as row_number,
         'part-' || shard_id as shard from (${rows})`,
    );
    await database.run(
      'create view clips as select (shard_id::bigint << 40) + row_number as clip_id, * from own',
    );
    await database.run('create table shards as select distinct shard_id, shard from own');
    const columns = await database.columns('select * from clips');
    await completeClips(database);
    const n = numberOf((await database.row('select count(*) as n from own'))['n']);
    const more = [captionWords(n)];
    await writeLedger(database, { seed: 's', rules: [], dimensions: [], more });
    const document = await profileTable(database, columns);
    return {
      document,
      table: await database.rows(
        'select * from profile order by column_name, shard_id nulls first',
      ),
    };
  } finally {
    database.close();
  }
}

const ROWS = `select (i % 3)::integer as shard_id, 'k' || i as key,
    case when i % 10 = 0 then null when i % 10 = 1 then '' else repeat('word ', (i % 7)::integer) || 'end' end as caption,
    case when i % 20 = 0 then 'nan'::double when i % 20 = 1 then 'inf'::double when i % 20 = 2 then null else i / 10 - 50 end as score,
    (i % 4)::integer as count, date '2026-01-01' + (i % 100)::integer as day
  from range(3000) as numbers(i)`;

function columnOf(document: ProfileDocument, name: string): ColumnProfile {
  const found = document.columns.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no profile of ${name}`);
  return found;
}

describe('the profile of a column', () => {
  it('counts rows, nulls, empties, NaN and infinities, and lists few values exactly', async () => {
    const { document } = await profile(ROWS);
    expect(columnOf(document, 'caption')).toMatchObject({ rows: 3000, nulls: 300, empties: 300 });
    expect(columnOf(document, 'score')).toMatchObject({
      nulls: 150,
      nans: 150,
      infinities: 150,
      min: 3 / 10 - 50,
      max: 299.9 - 50,
    });
    const count = columnOf(document, 'count');
    expect(count).toMatchObject({ isTopComplete: true, min: 0, max: 3, sum: 4500 });
    expect(count.top).toEqual(['0', '1', '2', '3'].map((value) => ({ value, rows: 750 })));
    expect(columnOf(document, 'day').kind).toBe('time');
    expect(columnOf(document, 'day').min).toBe(Date.UTC(2026, 0, 1) / 1000);
  });

  it('measures the length of text in characters and in words', async () => {
    const { document } = await profile(ROWS);
    const { values, words } = columnOf(document, 'caption');
    expect(countValues(values)).toBe(2700);
    expect(quantileOf(values, 1)).toBeCloseTo(33, -1);
    expect(words === null ? 0 : Math.round(quantileOf(words, 1) ?? 0)).toBe(7);
  });

  it('estimates distinct values within three standard errors', async () => {
    const { document } = await profile(
      `select 0 as shard_id, 'k' || i as key, 'c' || i % 20000 as caption, i % 5000 as count from range(60000) as numbers(i)`,
    );
    expect(Math.abs(countDistinct(columnOf(document, 'key').distinct) / 60_000 - 1)).toBeLessThan(
      0.025,
    );
    expect(
      Math.abs(countDistinct(columnOf(document, 'caption').distinct) / 20_000 - 1),
    ).toBeLessThan(0.025);
    expect(Math.abs(distinctOf(columnOf(document, 'count')) / 5_000 - 1)).toBeLessThan(0.025);
  });

  it('has a row for each shard and one for all in the table for rules', async () => {
    const { table } = await profile(ROWS);
    const own = table.filter((row) => row['column_name'] === 'count');
    expect(own.map((row) => [row['shard_id'], row['rows'], row['distinct'], row['max']])).toEqual([
      [null, 3000n, 4n, 3],
      [0, 1000n, 4n, 3],
      [1, 1000n, 4n, 3],
      [2, 1000n, 4n, 3],
    ]);
    expect(own[0]).toMatchObject({ top_value: '0', top_share: 0.25, mean: 1.5 });
  });

  it('agrees with a count by hand, for any rows in any shards', async () => {
    const row = fc.record({
      shard: fc.nat({ max: 2 }),
      caption: fc.option(
        fc
          .oneof(fc.constantFrom('', ' ', 'a dog', '👨‍👩‍👧 \u00e9', '一只狗'), fc.string())
          .map((text) => text.replaceAll('\0', '')),
      ),
      score: fc.option(
        fc.oneof(fc.constantFrom(Number.NaN, Infinity, -Infinity), fc.integer(), fc.double()),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), async (rows) => {
        const values = rows.map(({ shard, caption, score }, i) => {
          const text = caption === null ? 'null' : quoteLiteral(caption);
          const number = score === null ? 'null' : quoteLiteral(String(score));
          return `(${shard}, 'k${i}', ${text}::varchar, ${number}::double)`;
        });
        const { document, table } = await profile(
          `select * from (values ${values.join(', ')}) as t(shard_id, key, caption, score)`,
        );
        for (const shard of [null, ...new Set(rows.map((each) => each.shard))]) {
          const own = rows.filter((each) => shard === null || each.shard === shard);
          const told = (name: string): SqlRow | undefined =>
            table.find((each) => each['column_name'] === name && each['shard_id'] === shard);
          const count = (test: (each: (typeof rows)[number]) => boolean): bigint =>
            BigInt(own.filter(test).length);
          const finite = own.flatMap(({ score }) =>
            score !== null && Number.isFinite(score) ? [score] : [],
          );
          expect(told('caption')).toMatchObject({
            rows: BigInt(own.length),
            nulls: count(({ caption }) => caption === null),
            empties: count(({ caption }) => caption === ''),
          });
          expect(told('score')).toMatchObject({
            rows: BigInt(own.length),
            nulls: count(({ score }) => score === null),
            nans: count(({ score }) => Number.isNaN(score)),
            infinities: count(({ score }) => Math.abs(score ?? 0) === Infinity),
          });
          // Zero has a sign in JavaScript only.
          const bound = (of: (...numbers: number[]) => number): number | null =>
            finite.length === 0 ? null : of(...finite) + 0;
          expect([told('score')?.['min'], told('score')?.['max']]).toEqual([
            bound(Math.min),
            bound(Math.max),
          ]);
        }
        const lengths = rows.flatMap(({ caption }) =>
          caption === null ? [] : [Array.from(caption).length],
        );
        expect(countValues(columnOf(document, 'caption').values)).toBe(lengths.length);
        const words = rows.flatMap(({ caption }) =>
          caption === null ? [] : [caption.match(/[^\t\n\f\r ]+/g)?.length ?? 0],
        );
        expect(countValues(columnOf(document, 'caption').words ?? [])).toBe(words.length);
        const { top, isTopComplete } = columnOf(document, 'score');
        const listed = top.reduce((sum, each) => sum + each.rows, 0);
        const present = rows.filter(({ score }) => score !== null).length;
        expect(isTopComplete ? listed : present).toBe(present);
      }),
      { numRuns: 12 },
    );
  });

  it('merges: the profiles of two parts are the profile of the whole', async () => {
    const whole = (await profile(ROWS)).document.columns;
    for (const at of [1, 700, 2999]) {
      const parts = await Promise.all(
        ['<', '>='].map((sign) =>
          profile(`select * from (${ROWS}) where substring(key, 2)::integer ${sign} ${at}`),
        ),
      );
      const [a = [], b = []] = parts.map((part) => part.document.columns);
      const merged = mergeProfiles(a, b);
      for (const { top, ...each } of whole) {
        const listed = each.isTopComplete ? { top } : {};
        const same = merged.find((candidate) => candidate.name === each.name);
        expect(same).toMatchObject({
          ...each,
          ...listed,
          sum: expect.closeTo(each.sum, 3),
        });
      }
      expect(mergeProfiles(b, a).map((each) => each.distinct)).toEqual(
        merged.map((each) => each.distinct),
      );
    }
  });
});

describe('the sketch of numbers', () => {
  it('gives quantiles within one per cent and histograms that add up, for any numbers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 60 }),
        async (numbers) => {
          const { document } = await profile(
            `select 0 as shard_id, 'k' as key, null::varchar as caption, unnest([${numbers.map((each) => each.toExponential()).join(', ')}]::double[]) as score`,
          );
          const { values } = columnOf(document, 'score');
          const sorted = numbers.toSorted((a, b) => a - b);
          for (const share of [0, 0.25, 0.5, 0.9, 1]) {
            const exact =
              sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
            const found = quantileOf(values, share) ?? Number.NaN;
            expect(Math.abs(found - exact)).toBeLessThanOrEqual(0.0101 * Math.abs(exact) + 1e-300);
          }
          const histogram = histogramOf(values, [-10, 0, 10]);
          expect(histogram.reduce((sum, each) => sum + each, 0)).toBe(numbers.length);
        },
      ),
      { numRuns: 15 },
    );
  });
});
