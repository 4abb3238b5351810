import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkStorage } from '../src/dataset/storage-checks.ts';
import { readThriftStruct, ThriftFault } from '../src/dataset/thrift-compact.ts';
import { makeFolder, open, type Opened, runAlone } from './dataset-room.ts';

async function openFixtures(names: readonly string[]): Promise<Opened> {
  const folder = makeFolder();
  for (const name of names) {
    const file = fileURLToPath(new URL(`dataset-fixtures/${name}`, import.meta.url));
    copyFileSync(file, join(folder, name));
  }
  return open(folder);
}

/** Bytes that a struct takes, or that the bytes are none; any other error goes on. */
function lengthOrFault(bytes: Uint8Array): number | 'fault' {
  try {
    return readThriftStruct(bytes).length;
  } catch (error) {
    if (error instanceof ThriftFault) return 'fault';
    throw error;
  }
}

describe('page checksums', () => {
  it('finds the pages of golden files that lost their checksum, and none of the others', async () => {
    const { dataset, connection, query } = await openFixtures([
      'datapage_v1-corrupt-checksum.parquet',
      'datapage_v1-snappy-compressed-checksum.parquet',
      'datapage_v1-uncompressed-checksum.parquet',
      'plain-dict-uncompressed-checksum.parquet',
      'rle-dict-snappy-checksum.parquet',
      'rle-dict-uncompressed-corrupt-checksum.parquet',
    ]);
    const coverage = await checkStorage(connection, dataset);
    expect(coverage.unsummed).toEqual([]);
    expect(
      await query(
        'select shard, pages, pages_with_crc, bad_pages from page_checksums where row_group is null order by shard',
      ),
    ).toEqual(
      [
        ['datapage_v1-corrupt-checksum.parquet', '4', '4', '2'],
        ['datapage_v1-snappy-compressed-checksum.parquet', '4', '4', '0'],
        ['datapage_v1-uncompressed-checksum.parquet', '4', '4', '0'],
        ['plain-dict-uncompressed-checksum.parquet', '4', '4', '0'],
        ['rle-dict-snappy-checksum.parquet', '4', '2', '0'],
        ['rle-dict-uncompressed-corrupt-checksum.parquet', '4', '2', '2'],
      ].map(([shard, pages, pages_with_crc, bad_pages]) => ({
        shard,
        pages,
        pages_with_crc,
        bad_pages,
      })),
    );
    expect(
      await query(
        `select column_name, bad_pages from page_checksums where shard like 'datapage_v1-corrupt%' and row_group is not null order by all`,
      ),
    ).toEqual([
      { column_name: 'a', bad_pages: '1' },
      { column_name: 'b', bad_pages: '1' },
    ]);
  });

  it('says which shards carry none, after a look at two chunks', async () => {
    const folder = makeFolder();
    await runAlone(
      `copy (select i as key, 'x' || i as caption, i as a, i as b from range(10000) as numbers(i))
       to '${join(folder, 'plain.parquet')}' (format parquet)`,
    );
    const { dataset, connection, query } = await open(folder);
    expect(await checkStorage(connection, dataset)).toMatchObject({
      shards: 1,
      unsummed: ['plain.parquet'],
      checkedPages: 0,
    });
    expect(
      await query('select shard, chunks, chunks_with_crc, bad_pages from page_checksums'),
    ).toEqual([{ shard: 'plain.parquet', chunks: '2', chunks_with_crc: '0', bad_pages: '0' }]);
  });

  it('reads no structure out of noise, and never beyond the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = lengthOrFault(bytes);

        expect(read === 'fault' || read <= bytes.length).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('footer statistics', () => {
  const VALUES = `select i as key, 'caption ' || i as caption, if(i % 7 = 0, null, i * 1.5) as score,
      case when i % 5 = 0 then 'nan'::double when i % 3 = 0 then -0.0 else i end as odd,
      repeat('long text ', 40) || i as text, date '2026-01-01' + i::integer as day
    from range(6000) as numbers(i)`;

  it('hold for values with NaN, negative zero, nulls and long text', async () => {
    const folder = makeFolder();
    await runAlone(
      `copy (${VALUES}) to '${join(folder, 'a.parquet')}' (format parquet, row_group_size 2048)`,
    );
    const { dataset, connection, query } = await open(folder);
    await checkStorage(connection, dataset);
    expect(await query('select count(*) > 20 as many from footer_checks')).toEqual([
      { many: true },
    ]);
    expect(await query('select * from footer_checks where not matches')).toEqual([]);
  });

  it('are found wrong where the footer was written for other values', async () => {
    const folder = makeFolder();
    const file = join(folder, 'a.parquet');
    await runAlone(
      `copy (select i as key, 424242 + i as score from range(3000) as numbers(i)) to '${file}' (format parquet)`,
    );
    const bytes = readFileSync(file);
    const stated = Buffer.alloc(8);
    stated.writeBigInt64LE(424242n);
    const wrong = Buffer.alloc(8);
    wrong.writeBigInt64LE(424300n);
    const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    for (let at = bytes.indexOf(stated, footer); at >= 0; at = bytes.indexOf(stated, at + 1))
      wrong.copy(bytes, at);
    writeFileSync(file, bytes);
    const { dataset, connection, query } = await open(folder);
    await checkStorage(connection, dataset);
    expect(
      await query(
        'select shard, row_group, column_name, statistic, stated, found from footer_checks where not matches',
      ),
    ).toEqual([
      {
        shard: 'a.parquet',
        row_group: '0',
        column_name: 'score',
        statistic: 'min',
        stated: '424300',
        found: '424242',
      },
    ]);
  });
});
