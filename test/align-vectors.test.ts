import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readVectors } from '../src/analyses/alignment/read-vectors.ts';
import { Database } from '../src/engine/database.ts';

type Seen = { readonly shardId: number; readonly row: number; readonly left: string };

const expected = (
  shards: readonly { readonly rows: number }[],
  keep: (row: number) => boolean = () => true,
): readonly Seen[] =>
  shards.flatMap(({ rows }, shardId) =>
    Array.from({ length: rows }, (_, row) => ({
      shardId,
      row,
      left: row % 7 === 3 ? 'none' : `${row},${shardId},${row % 11 === 5 ? 'NaN' : 1}`,
    })).filter(({ row }) => keep(row)),
  );

describe('columns of vectors', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-align-vectors-'));
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  /** Reads shards of so many rows, in row groups of so many; `said` is what the footer says of them. */
  const read = async (
    shards: readonly { readonly rows: number; readonly group: number; readonly said?: number }[],
    where = 'true',
  ): Promise<readonly Seen[]> => {
    const database = await Database.open({
      threads: 2,
    });
    try {
      const views: string[] = [];
      const names: string[] = [];
      for (const [id, { rows, group, said }] of shards.entries()) {
        const file = join(folder, `${id}-${rows}-${group}.parquet`);
        await database.run(
          `copy (select if(r % 7 = 3, null, [r, ${id}, if(r % 11 = 5, null, 1)]::float[]) as a, [1]::float[] as b from range(${rows}) as t(r))
           to '${file}' (format parquet, row_group_size ${group})`,
        );
        views.push(
          `select ${id} as shard_id, file_row_number as row_number, a, b from read_parquet('${file}', file_row_number = true)`,
        );
        names.push(`(${id}, ${said ?? group}::bigint)`);
      }
      await database.run(
        `create view clips as select * from (${views.join(' union all ')}) where ${where}`,
      );
      await database.run('create table ledger as select shard_id, row_number from clips');
      await database.run(
        `create table shards as select * from (values ${names.join(', ')}) as t(shard_id, row_group_rows_max)`,
      );
      const seen: Seen[] = [];
      await readVectors(database, { left: 'a', right: 'b' }, ({ shardId, row, left }) => {
        seen.push({
          shardId,
          row,
          left:
            left === null
              ? 'none'
              : [...left.values.subarray(left.start, left.start + left.length)].join(),
        });
      });
      return seen;
    } finally {
      database.close();
    }
  };

  it.each([
    [
      'small shards together',
      [
        { rows: 3000, group: 2048 },
        { rows: 50, group: 2048 },
      ],
    ],
    ['a large shard by row groups', [{ rows: 50_000, group: 4096 }]],
    ['a row group that is larger than a query', [{ rows: 80_000, group: 40_960 }]],
    [
      'row groups other than the footer says',
      [
        { rows: 100_000, group: 6144, said: 99_999 },
        { rows: 40_000, group: 2048, said: 5000 },
      ],
    ],
  ])('are read in order: %s', async (_, shards) => {
    expect(await read(shards)).toEqual(expected(shards));
  });

  it('are read in order where rows are missing', async () => {
    const shards = [{ rows: 90_000, group: 10_240 }];
    expect(await read(shards, 'row_number < 20000 or row_number > 31000')).toEqual(
      expected(shards, (row) => row < 20_000 || row > 31_000),
    );
  });
});
