import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { leaveOutPageFaults } from '../src/dataset/leave-out-faults.ts';
import { readRows } from '../src/dataset/rows.ts';
import { scan } from '../src/scan.ts';
import { connect, makeFolder, open, runAlone } from './dataset-room.ts';

const GROUP_ROWS = 2_048;
const GROUPS = 5;

/** Three shards of five row groups; one chunk of `column` in shard `b` is overwritten. */
async function damaged(column: string, rowGroup: number): Promise<string> {
  const folder = makeFolder();
  for (const name of ['a', 'b', 'c']) {
    await runAlone(
      `copy (select '${name}' || i as key, 'a caption that is number ' || hash(i) as caption, hash(i * 7)::varchar as note
             from range(${GROUPS * GROUP_ROWS}) as numbers(i))
       to '${join(folder, `${name}.parquet`)}' (format parquet, compression zstd, row_group_size ${GROUP_ROWS})`,
    );
  }
  const file = join(folder, 'b.parquet');
  const [chunk] = await readRows(
    await connect(),
    `select coalesce(dictionary_page_offset, data_page_offset)::integer as at, total_compressed_size::integer as size
     from parquet_metadata('${file}') where row_group_id = ${rowGroup} and path_in_schema = '${column}'`,
  );
  const bytes = readFileSync(file);
  const [at, size] = [Number(chunk?.['at']), Number(chunk?.['size'])];
  writeFileSync(file, bytes.fill(0xff, at + 40, at + size - 1));
  return folder;
}

describe('a damaged page', () => {
  it('costs its row group and nothing else, and says file, row group and column', async () => {
    const { dataset, query } = await open(await damaged('caption', 3));
    expect(dataset.pageFaults).toMatchObject([
      {
        shard: 'b.parquet',
        rowGroup: 3,
        columnName: 'caption',
        firstRow: 3 * GROUP_ROWS,
        rows: GROUP_ROWS,
      },
    ]);
    expect(dataset.shards.map((shard) => [shard.state, shard.rows, shard.faultyRows])).toEqual([
      ['read', GROUPS * GROUP_ROWS, 0],
      ['read', GROUPS * GROUP_ROWS, GROUP_ROWS],
      ['read', GROUPS * GROUP_ROWS, 0],
    ]);
    expect(dataset.rows).toBe((3 * GROUPS - 1) * GROUP_ROWS);
    expect(
      await query(
        `select count(caption) as n, max(row_number) as last from clips where shard_id = 1 and row_number >= ${4 * GROUP_ROWS}`,
      ),
    ).toEqual([{ n: `${GROUP_ROWS}`, last: `${GROUPS * GROUP_ROWS - 1}` }]);
    expect(await query('select shard_id, row_group, column_name, rows from page_faults')).toEqual([
      { shard_id: 1, row_group: '3', column_name: 'caption', rows: `${GROUP_ROWS}` },
    ]);
  });

  it('is found in a closed room too, once a query stumbles over it', async () => {
    const folder = await damaged('note', 1);
    const { dataset, connection } = await open(folder);
    // As if the damage had come after the shards were opened whole.
    const unaware = { ...dataset, pageFaults: [] };
    const after = await leaveOutPageFaults(connection, unaware);
    expect(after?.pageFaults.map((fault) => fault.columnName)).toEqual(['note']);
    expect(await leaveOutPageFaults(connection, dataset)).toBeNull();
  });

  it('leaves every rule incomplete or failed, none passed', async () => {
    const folder = await damaged('caption', 0);
    const config = { ...DEFAULT_CONFIG, dataset: [folder], tier: 'manifest' as const };
    const { report } = await scan({ config, cwd: folder, runFolder: null, command: [] });
    expect(report.run.verdict.outcome).not.toBe('passed');
    expect(report.run.rules.filter((rule) => rule.outcome === 'passed')).toEqual([]);
    expect(report.run.notLookedAt).toContainEqual(
      expect.objectContaining({ what: 'rows of b.parquet', count: GROUP_ROWS }),
    );
  });
});
