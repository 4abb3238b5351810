import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { discoverShards } from '../src/dataset/discover-shards.ts';
import { makeFolder } from './dataset-room.ts';

const discover = (input: string | readonly string[], cwd = '/') =>
  discoverShards(typeof input === 'string' ? [input] : input, { cwd });

const namesIn = async (folder: string): Promise<string[]> =>
  (await discover(folder)).shards.map((shard) => shard.name);

describe('a folder', () => {
  it('gives its shards in the order of their names, deep ones too', async () => {
    const folder = makeFolder({
      'b.parquet': '',
      'a/2.parquet': '',
      'a/10.parquet': '',
      'a b/é #1%.parquet': '',
    });
    expect(await namesIn(folder)).toEqual([
      'a b/é #1%.parquet',
      'a/10.parquet',
      'a/2.parquet',
      'b.parquet',
    ]);
  });

  it('passes over hidden and underscored entries and says so', async () => {
    const folder = makeFolder({
      'a.csv': '',
      '.b.csv': '',
      _SUCCESS: '',
      '_tmp/c.csv': '',
      '.dailies/run/d.parquet': '',
    });
    const discovery = await discover(folder);
    expect(discovery.shards.map((shard) => shard.name)).toEqual(['a.csv']);
    expect(discovery.warnings.join()).toContain('3 hidden or _-prefixed entries');
  });

  it.each([
    [
      'a file called manifest',
      { 'manifest.csv': '', 'x.parquet': '', 'demo.jsonl': '' },
      ['manifest.csv'],
    ],
    [
      'metadata beside media',
      { 'metadata.jsonl': '', 'a.png': '', 'x.csv': '' },
      ['metadata.jsonl'],
    ],
    [
      'Parquet before the rest',
      { 'x.parquet': '', 'y.jsonl': '', 'metadata.json': '' },
      ['x.parquet'],
    ],
    ['rows before side-cars', { 'a.mp4': '', 'a.json': '', 'rows.jsonl': '' }, ['rows.jsonl']],
    [
      'rows before notes',
      {
        'README.json': '',
        'BUGS.json': '',
        'LICENSE.csv': '',
        'dataset_info.json': '',
        'd.json': '',
      },
      ['d.json'],
    ],
  ])('has as manifest %s', async (_, files, expected) => {
    expect(await namesIn(makeFolder(files))).toEqual(expected);
  });

  it('without a manifest is its media', async () => {
    const folder = makeFolder({
      'b/2.mp4': '',
      'a.jpg': '',
      'a.txt': 'x',
      'a.json': '{}',
      'notes.md': '',
    });
    expect(await discover(folder)).toMatchObject({ format: 'media', media: ['a.jpg', 'b/2.mp4'] });
  });

  it('that holds a link to itself is read once', async () => {
    const folder = makeFolder({ 'a.csv': '' });
    symlinkSync(folder, join(folder, 'again'));
    expect(await namesIn(folder)).toEqual(['a.csv']);
  });
});

it('reads Hive partitions from the path', async () => {
  const folder = makeFolder({
    'bucket=720p/year=2020/a.parquet': '',
    'bucket=a%20b/year=__HIVE_DEFAULT_PARTITION__/b.parquet': '',
  });
  expect((await discover(folder)).shards.map((shard) => shard.partitions)).toEqual([
    { bucket: '720p', year: '2020' },
    { bucket: 'a b', year: null },
  ]);
});

describe('a glob', () => {
  const folder = makeFolder({
    'p-1.csv': '',
    'p-2.csv.gz': '',
    'q.csv': '',
    'deep/er/p-3.csv': '',
    'p[1].csv': '',
    'p*.csv': '',
  });

  it.each([
    ['p-?.csv', ['p-1.csv']],
    ['p-*', ['p-1.csv', 'p-2.csv.gz']],
    ['**/p-*.csv', ['deep/er/p-3.csv', 'p-1.csv']],
    ['{q,p-1}.csv', ['p-1.csv', 'q.csv']],
    ['[pq]*.csv', ['p*.csv', 'p-1.csv', 'p[1].csv', 'q.csv']],
    ['p[1].csv', ['p[1].csv']],
    ['p*.csv', ['p*.csv']],
  ])('%s', async (pattern, expected) => {
    const found = await discover(pattern, folder);
    expect(found.shards.map((shard) => shard.path)).toEqual(
      expected.map((name) => join(folder, name)),
    );
  });
});

/** Runs as somebody who may not read everything, where the tests run as root. */
async function asNobody<T>(task: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await task();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('a folder that may not be listed', () => {
  const folder = makeFolder({ 'open/a.csv': 'key\n1\n', 'closed/b.csv': 'key\n2\n' });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'closed'), 0o000);

  it('is a shard that cannot be read, so that no verdict passes over it', async () => {
    const { shards } = await asNobody(() => discover('.', folder));
    expect(shards.map(({ name, error }) => [name, error])).toEqual([
      ['open/a.csv', null],
      ['closed/', expect.stringContaining('the folder cannot be listed: permission denied')],
    ]);
  });

  it.each(['closed', 'closed/*.csv'])(
    'is refused in words where it is all there is: %s',
    async (input) => {
      await expect(asNobody(() => discover(input, folder))).rejects.toMatchObject({
        code: 'dataset',
        message: expect.stringMatching(/closed cannot be listed: permission denied/),
      });
    },
  );
});

describe('what cannot be a dataset is refused in words', () => {
  const folder = makeFolder({ 'a.csv': '', 'b.jsonl': '', 'c.txt': '', 'tars/x.tar': '' });
  mkdirSync(join(folder, 'empty'));

  it.each([
    ['absent', 'no such file or directory'],
    ['absent*.csv', 'no file matches'],
    ['empty', 'no manifest and no media here'],
    ['c.txt', 'no format is known'],
    ['.', 'several formats'],
  ])('%s: %s', async (input, words) => {
    await expect(discover(input, folder)).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringContaining(words),
    });
  });

  it('nothing at all', async () => {
    await expect(discover([])).rejects.toMatchObject({ code: 'usage' });
  });
});

it('takes a file once however often it is named', async () => {
  const folder = makeFolder({ 'a.csv': '' });
  expect(
    (await discover([join(folder, 'a.csv'), folder, `${folder}/./a.csv`])).shards,
  ).toHaveLength(1);
});
