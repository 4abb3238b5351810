import { join } from 'node:path';

import {
  Binary,
  Field,
  makeData,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';

import { checkDeclaredRows } from '../src/dataset/declared-rows.ts';
import { discoverShards } from '../src/dataset/discover-shards.ts';
import { openDataset } from '../src/dataset/open-dataset.ts';
import { readRows } from '../src/dataset/rows.ts';
import { connect, makeFolder, open, runAlone } from './dataset-room.ts';

const lines = (rows: readonly unknown[]): string =>
  rows.map((row) => JSON.stringify(row)).join('\n');

async function pathsOf(folder: string): Promise<readonly unknown[]> {
  const { query } = await open(folder);
  return query('select split, path from clips order by path');
}

/** What is said beside the manifest and what is there, of a folder. */
async function declaredOf(folder: string): Promise<readonly unknown[]> {
  const connection = await connect();
  const dataset = await openDataset(connection, await discoverShards([folder], { cwd: folder }));
  await checkDeclaredRows(connection, dataset, new Map());
  return readRows(
    connection,
    'select file, declared, found, unit from declared_rows order by file, unit',
  );
}

describe('layouts of Hugging Face', () => {
  it('metadata.jsonl in each split folder names files beside it, and the folder is the split', async () => {
    const folder = makeFolder({
      'train/metadata.jsonl': lines([{ file_name: 'a.jpg', text: 'a dog' }]),
      'train/a.jpg': 'x',
      'test/metadata.jsonl': lines([{ file_name: 'b.jpg', text: 'a cat' }]),
      'test/b.jpg': 'x',
    });
    expect(await pathsOf(folder)).toEqual([
      { split: 'test', path: 'test/b.jpg' },
      { split: 'train', path: 'train/a.jpg' },
    ]);
  });

  it.each([
    ['metadata.csv', 'file_name,caption\nsub/a.jpg,A dog.\n', ['path']],
    [
      'metadata.jsonl',
      lines([{ image_file_name: 'sub/a.jpg', mask_file_name: 'sub/m.jpg', text: 'A dog.' }]),
      ['path', 'mask_file_name'],
    ],
    [
      'metadata.jsonl',
      lines([{ file_names: ['sub/a.jpg', 'sub/m.jpg'], text: 'A dog.' }]),
      ['path'],
    ],
  ])('%s of %# with file names', async (name, text, columns) => {
    const folder = makeFolder({ [name]: text, 'sub/a.jpg': 'x', 'sub/m.jpg': 'x' });
    const { dataset, query } = await open(folder);
    expect(dataset.mediaColumns).toEqual(columns);
    expect(dataset.mediaRoot).toBe(folder);
    expect(await query('select path from clips')).toEqual([{ path: 'sub/a.jpg' }]);
  });

  it('metadata.parquet beside the files', async () => {
    const folder = makeFolder({ 'a.mp4': 'x' });
    await runAlone(
      `copy (select 'a.mp4' as file_name, 'A dog.' as text) to '${folder}/metadata.parquet'`,
    );
    expect((await open(folder)).dataset.mediaRoot).toBe(folder);
  });

  it('folders of classes without metadata give label and split', async () => {
    const folder = makeFolder({
      'train/cat/1.jpg': 'x',
      'train/dog/1.jpg': 'x',
      'validation/cat/2.jpg': 'x',
      'validation/dog/2.jpg': 'x',
    });
    const { query } = await open(folder);
    expect(await query('select key, split, label from clips order by key')).toEqual([
      { key: 'train/cat/1', split: 'train', label: 'cat' },
      { key: 'train/dog/1', split: 'train', label: 'dog' },
      { key: 'validation/cat/2', split: 'validation', label: 'cat' },
      { key: 'validation/dog/2', split: 'validation', label: 'dog' },
    ]);
    const flat = await open(makeFolder({ 'clips/1.mp4': 'x', 'clips/2.mp4': 'x' }));
    expect(flat.dataset.columns.map((column) => column.name)).toEqual(['key', 'path']);
  });

  it('what save_to_disk writes: Arrow streams in split folders, with media inside', async () => {
    const bytes = vectorFromArray(
      [Buffer.from('\xff\xd8\xff\xe0 a', 'latin1'), Buffer.from('\xff\xd8\xff\xe0 b', 'latin1')],
      new Binary(),
    );
    const path = vectorFromArray(['a.jpg', 'b.jpg'], new Utf8());
    const type = new Struct([
      new Field('bytes', new Binary(), true),
      new Field('path', new Utf8(), true),
    ]);
    const data = makeData({
      type,
      length: 2,
      nullCount: 0,
      children: [bytes.data[0], path.data[0]].flatMap((each) => each ?? []),
    });
    const text = vectorFromArray(['A dog runs.', 'A cat sits.'], new Utf8());
    const stream = tableToIPC(new Table({ image: new Vector([data]), text }), 'stream');
    const folder = makeFolder({
      'dataset_dict.json': '{"splits": ["train", "test"]}',
      'train/state.json':
        '{"_split": "train", "_data_files": [{"filename": "data-00000-of-00001.arrow"}]}',
      'train/dataset_info.json': '{"splits": {"train": {"num_examples": 99}}}',
      'train/data-00000-of-00001.arrow': stream,
      'test/data-00000-of-00001.arrow': stream,
    });
    const { dataset, query } = await open(folder);
    expect(
      dataset.embedded.map(({ source, field, pathField }) => [source, field, pathField]),
    ).toEqual([['image', 'bytes', 'path']]);
    expect((await query('select split, path, key from clips order by path'))[3]).toEqual({
      split: 'train',
      path: 'train/data-00000-of-00001.arrow/image/1/b.jpg',
      key: 'train/data-00000-of-00001.arrow/image/1/b.jpg',
    });
    await dataset.held?.hold(['test/data-00000-of-00001.arrow/image/0/a.jpg']);
    expect(dataset.held?.find('test/data-00000-of-00001.arrow/image/0/a.jpg')).toMatchObject({
      kind: 'file',
      sizeBytes: 6,
    });
    // A saved dataset keeps the counts of what it was filtered from: they say nothing.
    expect(await declaredOf(join(folder, 'train'))).toEqual([
      { file: 'data-00000-of-00001.arrow', declared: '1', found: '1', unit: 'files' },
    ]);
  });

  it('counts of a card with one split are of everything, and names of shards say how many they are', async () => {
    const row = 'key,caption\na,b\n';
    const folder = makeFolder({
      'README.md': '---\ndataset_info:\n  splits:\n  - name: default\n    num_examples: 5\n---\n',
      'part-00000-of-00003.csv': row,
      'part-00002-of-00003.csv': row,
    });
    expect(await declaredOf(folder)).toEqual([
      { file: 'README.md', declared: '5', found: '2', unit: 'rows' },
      { file: 'part-00000-of-00003.csv', declared: '3', found: '2', unit: 'files' },
    ]);
    // One shard that is named alone is no set with holes.
    expect(await declaredOf(join(folder, 'part-00000-of-00003.csv'))).toEqual([]);
  });
});
