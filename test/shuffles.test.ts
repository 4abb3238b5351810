import { SparkSQL } from 'dt-sql-parser/dist/parser/spark/index.js';
import { array, assert, asyncProperty, bigInt, integer, record } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Database } from '../src/engine/database.ts';
import { localEngine } from '../src/engine/local-engine.ts';
import { differingKeysSql } from '../src/engine/shuffles/differing-keys.ts';
import { signed, unsigned } from '../src/engine/shuffles/dialect.ts';
import { hotBucketsSql, nearOffsetsSql, nearPairsSql } from '../src/engine/shuffles/near-hashes.ts';
import { repeatedHashesSql } from '../src/engine/shuffles/repeated-hashes.ts';
import type { Shuffle } from '../src/engine/shuffles/shuffle.ts';
import { answerSql, inputSql, waveSql } from '../src/engine/spark/statements.ts';

const int64 = bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const context = { signal: new AbortController().signal };

let database: Database;
beforeAll(async () => {
  database = await Database.open({
    threads: 2,
  });
});
afterAll(() => database.close());

/** The answer of a shuffle over hashes numbered from 0. */
async function ask(
  sql: Shuffle['sql'],
  hashes: readonly bigint[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const rows = hashes.map((hash, id) => `(${id}::bigint, ${hash}::bigint)`);
  const hashed = `select * from (values ${rows.join(', ')}) as v (id, hash)`;
  await localEngine(1).query(database, [{ name: 'answer', inputs: { hashed }, sql }], context);
  return database.rows('select * from answer order by all');
}

function differingBits(a: bigint, b: bigint): number {
  return BigInt.asUintN(64, a ^ b)
    .toString(2)
    .replaceAll('0', '').length;
}

describe('near hashes', () => {
  it('finds every pair that differs in at most three bits, whatever the sign, and none beyond', async () => {
    await assert(
      asyncProperty(
        int64,
        array(array(integer({ min: 0, max: 63 }), { maxLength: 4 }), {
          minLength: 1,
          maxLength: 12,
        }),
        async (base, flips) => {
          const hashes = flips.map((bits) =>
            BigInt.asIntN(
              64,
              bits.reduce((hash, bit) => hash ^ (1n << BigInt(bit)), base),
            ),
          );
          const pairs = await ask(
            (dialect) => nearPairsSql(dialect, 'hashed', { bits: 3, most: 100 }),
            hashes,
          );
          const wanted = hashes.flatMap((a, id) =>
            hashes
              .map((b, other) => ({ id, other_id: other, bits: differingBits(a, b) }))
              .filter(({ other_id, bits }) => id < other_id && bits <= 3),
          );
          expect(
            pairs.map((pair) => [pair['id'], pair['other_id'], pair['bits']].join(' ')).toSorted(),
          ).toEqual(wanted.map((pair) => `${pair.id} ${pair.other_id} ${pair.bits}`).toSorted());
        },
      ),
      { numRuns: 40 },
    );
  });

  it('does not compare a crowd, and tells of it once', async () => {
    const crowd = Array.from({ length: 60 }, () => 7n);
    const hashes = [...crowd, -1n, -2n];

    const pairs = await ask(
      (dialect) => nearPairsSql(dialect, 'hashed', { bits: 3, most: 50 }),
      hashes,
    );
    const hot = await ask(
      (dialect) => hotBucketsSql(dialect, 'hashed', { member: 'id', most: 50 }),
      hashes,
    );

    expect(pairs).toEqual([{ id: 60n, other_id: 61n, bits: 1 }]);
    expect(hot).toEqual([{ first_member: 0n, members: 60n }]);
  });
});

describe('repeated hashes', () => {
  it('are those of two rows or more, and never null', async () => {
    const hashed = 'select * from (values (5), (5), (5), (null), (null), (6)) as v (hash)';
    const shuffle = { name: 'answer', inputs: { hashed }, sql: () => repeatedHashesSql('hashed') };

    await localEngine(1).query(database, [shuffle], context);

    expect(await database.rows('select * from answer')).toEqual([{ hash: 5 }]);
  });
});

describe('hashes of DuckDB', () => {
  it('keep their order as signed numbers, and come back as they were', async () => {
    const hashes = '(values (0::ubigint), (9223372036854775808), (18446744073709551615)) as v (h)';

    const rows = await database.rows(
      `select ${signed('h')} as there, ${unsigned(signed('h'))} = h as is_back from ${hashes}`,
    );

    expect(rows).toEqual([
      { there: -(1n << 63n), is_back: true },
      { there: 0n, is_back: true },
      { there: (1n << 63n) - 1n, is_back: true },
    ]);
  });
});

type Version = readonly { readonly key: number; readonly row: number }[];

function table(rows: Version): string {
  return rows.length === 0
    ? 'select 1::bigint as key, 1::bigint as row limit 0'
    : `select * from (values ${rows.map(({ key, row }) => `(${key}::bigint, ${row}::bigint)`).join(', ')}) as v (key, row)`;
}

describe('a keyed comparison', () => {
  it('names each key that is not one and the same row on both sides, in whatever order rows come', async () => {
    const version = array(
      record({ key: integer({ min: 0, max: 8 }), row: integer({ min: 0, max: 3 }) }),
      { maxLength: 12 },
    );
    await assert(
      asyncProperty(version, version, async (before, after) => {
        const shuffle: Shuffle = {
          name: 'answer',
          inputs: { older: table(before), newer: table(after) },
          sql: (dialect) => differingKeysSql(dialect, 'older', 'newer'),
        };
        await localEngine(1).query(database, [shuffle], context);
        const found = await database.rows('select key, nb, na from answer order by key');

        const wanted = [...new Set([...before, ...after].map(({ key }) => key))]
          .toSorted((x, y) => x - y)
          .flatMap((key) => {
            const [b, a] = [before, after].map((rows) => rows.filter((each) => each.key === key));
            if (a?.length === 1 && b?.length === 1 && a[0]?.row === b[0]?.row) return [];
            return [{ key: BigInt(key), nb: BigInt(b?.length ?? 0), na: BigInt(a?.length ?? 0) }];
          });
        expect(found).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });
});

describe('statements for Spark', () => {
  const shuffles: readonly Shuffle[] = [
    { name: 'near', inputs: {}, sql: (d) => nearPairsSql(d, 'hashed', { bits: 3, most: 50 }) },
    {
      name: 'offsets',
      inputs: {},
      sql: (d) => nearOffsetsSql(d, 'hashed', { bits: 6, most: 50, leastMatches: 3 }),
    },
    { name: 'hot', inputs: {}, sql: (d) => hotBucketsSql(d, 'hashed', { member: 'id', most: 50 }) },
    { name: 'repeated', inputs: {}, sql: () => repeatedHashesSql('hashed') },
    { name: 'differing', inputs: {}, sql: (d) => differingKeysSql(d, 'older', 'newer') },
  ];
  const wave = waveSql({
    tasks: '/shared/run 1/tasks.jsonl',
    verdicts: "/shared/it's/verdicts",
    filter: `'/opt/my node/node' /opt/dailies/dist/src/cli.js worker`,
    partitions: 12,
  });

  it.each([
    { name: 'a wave', sql: wave },
    { name: 'an input', sql: inputSql('hashed', '/shared/hashed.parquet') },
    ...shuffles.map((each) => ({ name: each.name, sql: answerSql(each, '/shared/answer') })),
  ])('parse as Spark SQL: $name', ({ sql }) => {
    expect(new SparkSQL().validate(sql).map((error) => error.message)).toEqual([]);
  });

  it('are told from what is none', () => {
    expect(new SparkSQL().validate(wave.replace('using text', 'usin text'))).not.toEqual([]);
  });
});
