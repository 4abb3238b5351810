import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { open } from './dataset-room.ts';

const bad = (name: string): string =>
  fileURLToPath(new URL(`dataset-fixtures/bad/${name}`, import.meta.url));

describe('files on which readers have crashed, hung or read too much', () => {
  it.each([
    ['ARROW-GH-47662.parquet', /row group 0 .*column flba_field: .*Out of buffer/],
    ['ARROW-RS-GH-6229-DICTHEADER.parquet', /row group 0 .*column nation_key/],
    ['PARQUET-1481.parquet', /Invalid data/],
    ['ARROW-GH-45185.parquet', /column x: 10 values are stated and 9 were read: the levels/],
    ['ARROW-RS-GH-6229-LEVELS.parquet', /1 values are stated and its pages hold 21: the levels/],
    ['4961281405222912.arrows', /a buffer lies outside of its message/],
    ['5091511766417408.arrows', /claims \d+ rows in 0 bytes/],
    ['5435281763467264.arrows', /cut off or damaged Arrow data/],
  ])('%s is refused with what is wrong', async (name, reason) => {
    await expect(open(bad(name))).rejects.toThrow(reason);
  });

  it('a column that is shorter than the others costs its row group', async () => {
    const { dataset, query } = await open(bad('ARROW-GH-41317.parquet'));
    const [shard] = dataset.shards;
    expect([shard?.rows, shard?.faultyRows, dataset.rows]).toEqual([5, 3, 2]);
    expect(shard?.error).toMatch(/row group 0 \(rows 0–2\), column timestamp_us_no_tz/);
    expect(await query('select count(*)::int as n from clips')).toEqual([{ n: 2 }]);
    expect(await query('select row_group, column_name from page_faults')).toEqual([
      { row_group: '0', column_name: 'timestamp_us_no_tz' },
    ]);
  });

  it('a stream of a schema alone has no rows', async () => {
    const { dataset } = await open(bad('5718685113384960.arrows'));
    expect(dataset.rows).toBe(0);
  });
});
