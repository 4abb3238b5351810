import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DailiesError } from '../src/dailies-error.ts';
import {
  parseThrift,
  thriftInteger,
  type ThriftValue,
  writeThrift,
} from '../src/dataset/thrift-tree.ts';
import { transcodeParquet } from '../src/dataset/transcode-parquet.ts';
import { makeFolder, open, runAlone } from './dataset-room.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`dataset-fixtures/${name}`, import.meta.url));

describe('Parquet that DuckDB cannot decode', () => {
  it.each(['hadoop_lz4_compressed.parquet', 'non_hadoop_lz4_compressed.parquet'])(
    'has its values, read through a copy: %s',
    async (name) => {
      const { dataset, query } = await open(fixture(name));
      expect(await query('select c0, c1, v11 from manifest order by row_number')).toEqual([
        { c0: '1593604800', c1: 'abc', v11: 42 },
        { c0: '1593604800', c1: 'def', v11: 7.7 },
        { c0: '1593604801', c1: 'abc', v11: 42.125 },
        { c0: '1593604801', c1: 'def', v11: 7.7 },
      ]);
      expect(dataset.shards[0]?.name).toBe(name);
      expect(dataset.warnings.join()).toContain('read through a copy');
    },
  );

  it('has the values of split columns that stand beside them unsplit', async () => {
    const { dataset, query } = await open(fixture('byte_stream_split_extended.gzip.parquet'));
    const types = ['float16', 'float', 'double', 'int32', 'int64', 'flba5', 'decimal'];
    const differ = types.map(
      (type) =>
        `count(*) filter (where ${type}_plain is distinct from ${type}_byte_stream_split)::int as ${type}`,
    );
    expect(dataset.rows).toBe(200);
    expect(await query(`select ${differ.join(', ')} from manifest`)).toEqual([
      Object.fromEntries(types.map((type) => [type, 0])),
    ]);
  });

  it('has the keys of a map without values as a list', async () => {
    const { dataset, query } = await open(fixture('map_no_value.parquet'));
    expect(dataset.rows).toBe(3);
    expect(
      await query('select my_map_no_v as keys, my_list as list from manifest order by row_number'),
    ).toEqual(
      [1, 4, 7].map((from) => ({
        keys: [from, from + 1, from + 2],
        list: [from, from + 1, from + 2],
      })),
    );
  });

  it('ends in rows or in an error when a byte of it is another', async () => {
    const bytes = readFileSync(fixture('hadoop_lz4_compressed.parquet'));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const damaged = Uint8Array.from(bytes);
          damaged[at] = (damaged[at] ?? 0) ^ by;
          const folder = makeFolder({ 'a.parquet': damaged });
          const rows = await open(folder).then(
            async ({ dataset, query }) => [
              dataset.rows,
              ...(await query('select count(*)::int as n from manifest')),
            ],
            (error: unknown) => (error instanceof DailiesError ? 'refused' : error),
          );
          expect([[4, { n: 4 }], 'refused']).toContainEqual(rows);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);

  it('is the same table after it was copied, whatever the types, pages and codecs', async () => {
    const folder = makeFolder();
    for (const codec of ['snappy', 'zstd', 'gzip', 'uncompressed']) {
      const [from, to] = [join(folder, `${codec}.parquet`), join(folder, `copy-${codec}.parquet`)];
      await runAlone(
        `copy (select i, 'caption ' || i as caption, if(i % 3 = 0, null, i / 7.0) as score, [i, i + 1] as list, {a: i, b: 'x'} as s
           from range(5000) t(i)) to '${from}' (format parquet, compression ${codec}, row_group_size 2048)`,
      );
      await transcodeParquet(from, to);
      const { query } = await open([from, to]);
      expect(
        await query(
          `select count(distinct d)::int as n, min(rows)::int as rows from (select shard, bit_xor(hash(i, caption, score, list, s)) as d, count(*) as rows from manifest group by shard)`,
        ),
      ).toEqual([{ n: 1, rows: 5000 }]);
    }
  });
});

describe('a Thrift structure', () => {
  const value: fc.Arbitrary<ThriftValue> = fc.letrec<{ value: ThriftValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.boolean().map((each) => ({ kind: 'boolean', value: each }) as const),
      fc
        .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
        .map((each) => thriftInteger(each, 'i64')),
      fc
        .uint8Array({ maxLength: 40 })
        .map((each) => ({ kind: 'bytes', type: 8, value: each }) as const),
      fc.array(fc.integer(), { maxLength: 20 }).map(
        (items) =>
          ({
            kind: 'list',
            type: 9,
            of: 5,
            items: items.map((each) => thriftInteger(each, 'i32')),
          }) as const,
      ),
      fc.dictionary(fc.nat(300).map(String), tie('value'), { maxKeys: 4 }).map(
        (fields) =>
          ({
            kind: 'struct',
            fields: new Map(Object.entries(fields).map(([id, each]) => [Number(id) + 1, each])),
          }) as const,
      ),
    ),
  })).value;

  it('is the same after it was written and read', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.nat(300).map(String), value, { maxKeys: 6 }), (fields) => {
        const sorted = new Map(
          Object.entries(fields)
            .map(([id, each]) => [Number(id) + 1, each] as const)
            .toSorted(([a], [b]) => a - b),
        );
        const bytes = writeThrift(sorted);
        const read = parseThrift(bytes);
        expect(read.length).toBe(bytes.length);
        expect(writeThrift(read.fields)).toEqual(bytes);
      }),
    );
  });
});
