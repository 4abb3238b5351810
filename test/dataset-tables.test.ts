import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { addFiles, makeFolder, open, runAlone } from './dataset-room.ts';

const version = (n: number): string => String(n).padStart(20, '0');

type Action = Readonly<Record<string, unknown>>;

const protocol: Action = { protocol: { minReaderVersion: 1, minWriterVersion: 2 } };
const metaData: Action = {
  metaData: { id: 'x', format: { provider: 'parquet' }, partitionColumns: [], configuration: {} },
};
const add = (path: string, more: Action = {}): Action => ({
  add: { path, partitionValues: {}, size: 1, modificationTime: 1, dataChange: true, ...more },
});
const remove = (path: string): Action => ({ remove: { path, dataChange: true } });

/** A Delta table: Parquet files of two rows each, and the commits of its log. */
async function deltaTable(
  files: readonly string[],
  commits: readonly (readonly Action[])[],
): Promise<string> {
  const folder = makeFolder({
    ...Object.fromEntries(
      commits.map((actions, n) => [
        `_delta_log/${version(n)}.json`,
        actions.map((action) => JSON.stringify(action)).join('\n'),
      ]),
    ),
    ...Object.fromEntries(files.map((file) => [`${file}.txt`, ''])),
  });
  for (const file of files)
    await runAlone(
      `copy (select '${file}-' || i as key, 'caption ' || i as caption from range(2) t(i)) to '${folder}/${file}'`,
    );
  return folder;
}

/** A folder that holds nothing but a copy of another. */
async function folderAbove(folder: string): Promise<string> {
  const above = makeFolder();
  await cp(folder, join(above, 'table'), { recursive: true });
  return above;
}

async function keysOf(folder: string): Promise<readonly unknown[]> {
  const { query } = await open(folder);
  return (await query('select key from clips order by key')).map((row) => row['key']);
}

describe('a Delta table', () => {
  it('is the files that its log leaves, not those that lie there', async () => {
    const folder = await deltaTable(
      ['a.parquet', 'b.parquet', 'c.parquet'],
      [
        [protocol, metaData, add('a.parquet'), add('b.parquet')],
        [remove('a.parquet'), add('c.parquet')],
      ],
    );
    expect(await keysOf(folder)).toEqual([
      'b.parquet-0',
      'b.parquet-1',
      'c.parquet-0',
      'c.parquet-1',
    ]);
    expect((await open(folder)).dataset.warnings.join()).toContain(
      'its version 1 is read, 2 files',
    );
    expect(await keysOf(await folderAbove(folder))).toHaveLength(4);
  });

  it('starts at its last checkpoint, whose commits may be gone, and has the partitions of its log', async () => {
    const folder = await deltaTable(
      ['x=1/a.parquet', 'b c.parquet'].map((name) => name.replace('x=1/', '')),
      [
        [protocol, metaData, add('gone.parquet')],
        [],
        [add('b%20c.parquet', { partitionValues: { day: 'mon' } })],
      ],
    );
    await runAlone(
      `copy (select {'path': 'a.parquet', 'partitionValues': map {'day': 'sun'}, 'size': 1::bigint} as add, null::struct(path varchar) as remove)
       to '${folder}/_delta_log/${version(1)}.checkpoint.parquet' (format parquet)`,
    );
    const { query } = await open(folder);
    expect(await query('select distinct day, shard from clips order by day')).toEqual([
      { day: 'mon', shard: 'b c.parquet' },
      { day: 'sun', shard: 'a.parquet' },
    ]);
  });

  it('with a hole in its log, deletion vectors, mapped columns or files elsewhere is refused in words', async () => {
    const base = [protocol, metaData, add('a.parquet')];
    const holed = await deltaTable(['a.parquet'], [base]);
    addFiles(holed, { [`_delta_log/${version(2)}.json`]: JSON.stringify(add('b.parquet')) });
    await expect(open(holed)).rejects.toThrow('commit 1 of 2 is missing');

    const cases: readonly (readonly [Action, string])[] = [
      [add('a.parquet', { deletionVector: { storageType: 'u' } }), 'deletion vectors'],
      [{ metaData: { configuration: { 'delta.columnMapping.mode': 'name' } } }, 'column mapping'],
      [add('../other/a.parquet'), 'outside of its folder'],
      [add('s3://bucket/a.parquet'), 'outside of its folder'],
      [{ protocol: { minReaderVersion: 3, readerFeatures: ['v2Checkpoint'] } }, 'v2Checkpoint'],
    ];
    for (const [action, reason] of cases) {
      const folder = await deltaTable(['a.parquet'], [base, [action]]);
      await expect(open(folder)).rejects.toThrow(reason);
    }
  });

  it('whose file is missing has an unread shard', async () => {
    const folder = await deltaTable(
      ['a.parquet'],
      [[protocol, add('a.parquet'), add('b.parquet')]],
    );
    const { dataset } = await open(folder);
    expect(dataset.shards.map(({ name, state }) => [name, state])).toEqual([
      ['a.parquet', 'read'],
      ['b.parquet', 'unread'],
    ]);
  });

  it('of which files are named one by one says that they may be stale', async () => {
    const folder = await deltaTable(
      ['a.parquet', 'b.parquet'],
      [[protocol, add('a.parquet'), add('b.parquet')], [remove('a.parquet')]],
    );
    const { dataset } = await open(join(folder, '*.parquet'));
    expect(dataset.warnings.join()).toContain('no part of its current version');
  });
});

describe('tables that only an extension reads', () => {
  it.each([
    ['Iceberg', { 'metadata/v1.metadata.json': '{"format-version": 2}' }],
    ['Lance', { '_versions/1.manifest': 'x', 'data/a.lance': 'x' }],
    ['Hudi', { '.hoodie/hoodie.properties': 'x' }],
  ])('%s is refused with the alternative, and none of its files is read', async (name, files) => {
    const folder = makeFolder({ ...files, 'data/stale.csv': 'key,caption\na,b\n' });
    await expect(open(folder)).rejects.toThrow(`is a table of ${name}`);
    await expect(open(join(folder, '..', folder.split('/').at(-1) ?? ''))).rejects.toThrow(
      'not read as they lie there',
    );
  });

  it('a folder called metadata beside other files is none', async () => {
    const folder = makeFolder({
      'metadata/1-a.metadata.json': '{"title": "x"}',
      'clips.csv': 'key,caption\na,b\n',
    });
    expect(await keysOf(folder)).toEqual(['a']);
  });
});
