import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readAvro } from '../src/dataset/tables/avro.ts';
import { addFiles, makeFolder, open, runAlone } from './dataset-room.ts';
import { avro, avroFile } from './media-kit/make-avro.ts';

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

const uri = (path: string): string => `s3://lake/clips/${path}`;

/** An Iceberg table at `s3://lake/clips`, of files of two rows, copied here. */
async function icebergTable(
  entries: readonly {
    readonly file: string;
    readonly status?: number;
    readonly content?: number;
    readonly format?: string;
  }[],
  more: {
    readonly schemas?: readonly unknown[];
    readonly location?: string;
    readonly isOfDeletes?: boolean;
  } = {},
): Promise<string> {
  const manifest = entries.map(({ file, status = 1, content = 0, format = 'PARQUET' }) => ({
    status,
    data_file: {
      content,
      file_path: file.includes('://') ? file : uri(`data/${file}`),
      file_format: format,
      record_count: 2,
    },
  }));
  const id = '6838723292707092922';
  const metadata = `{"format-version": 2, "location": ${JSON.stringify(more.location ?? 's3://lake/clips')}, "current-snapshot-id": ${id},
    "schemas": ${JSON.stringify(more.schemas ?? [])},
    "snapshots": [{"snapshot-id": 1, "manifest-list": "x"}, {"snapshot-id": ${id}, "manifest-list": "${uri('metadata/snap.avro')}"}]}`;
  const folder = makeFolder({
    'metadata/00000-a.metadata.json': '{"format-version": 2}',
    'metadata/00001-b.metadata.json': metadata,
    'metadata/snap.avro': avro([
      { manifest_path: uri('metadata/m0.avro'), content: more.isOfDeletes === true ? 1 : 0 },
    ]),
    'metadata/m0.avro': avro(manifest, 'deflate'),
    'data/x': '',
  });
  for (const file of ['a.parquet', 'b.parquet', 'stale.parquet'])
    await runAlone(
      `copy (select '${file}-' || i as key, 'caption ' || i as caption from range(2) t(i)) to '${folder}/data/${file}'`,
    );
  return folder;
}

describe('an Iceberg table', () => {
  it('is the files of its current snapshot, wherever it was copied to', async () => {
    const folder = await icebergTable([
      { file: 'a.parquet' },
      { file: 'b.parquet', status: 0 },
      { file: 'stale.parquet', status: 2 },
    ]);
    expect(await keysOf(folder)).toEqual([
      'a.parquet-0',
      'a.parquet-1',
      'b.parquet-0',
      'b.parquet-1',
    ]);
    expect((await open(folder)).dataset.warnings.join()).toContain(
      'its snapshot 6838723292707092922 is read, 2 files',
    );
  });

  it.each([
    ['files of deletes', 'deleted by files of deletes', [{ file: 'a.parquet', content: 1 }], {}],
    [
      'manifests of deletes',
      'deleted by files of deletes',
      [{ file: 'a.parquet' }],
      { isOfDeletes: true },
    ],
    ['another format', 'its files are ORC', [{ file: 'a.orc', format: 'ORC' }], {}],
    ['files elsewhere', 'outside of its folder', [{ file: 's3://other/a.parquet' }], {}],
    ['files above it', 'outside of its folder', [{ file: '../../../a.parquet' }], {}],
    [
      'another place',
      'outside of its folder',
      [{ file: 'a.parquet' }],
      { location: 's3://elsewhere' },
    ],
    [
      'renamed columns',
      'had another name',
      [{ file: 'a.parquet' }],
      { schemas: [{ fields: [{ id: 1, name: 'a' }] }, { fields: [{ id: 1, name: 'b' }] }] },
    ],
  ])('with %s is refused in words', async (_, reason, entries, more) => {
    await expect(open(await icebergTable(entries, more))).rejects.toThrow(reason);
  });

  it('with damaged manifests is refused, whatever their bytes are', async () => {
    const folder = await icebergTable([{ file: 'a.parquet' }]);
    const whole = avro([{ manifest_path: 's3://lake/clips/metadata/m0.avro', content: 0 }]);
    for (let at = 4; at < whole.length; at += 7) {
      await expect(readAvro(whole.subarray(0, at))).rejects.toThrow(
        /Avro|JSON|type|block|number|codec|records/,
      );
    }
    const nested = { type: 'array', items: { type: 'array', items: 'null' } };
    // Twenty lists of five million nulls each: a null takes no bytes.
    const list = Buffer.from([0x80, 0xad, 0xe2, 0x04, 0]);
    const lists = Buffer.concat([
      Buffer.from([40]),
      ...Array.from({ length: 20 }, () => list),
      Buffer.from([0]),
    ]);
    await expect(readAvro(avroFile(nested, 1, lists))).rejects.toThrow('values');
    // A frame of Zstandard whose blocks repeat a byte 131,072 times, and that does not say how long it is.
    const blocks = Array.from({ length: 3000 }, () => Buffer.from([2, 0, 16, 0]));
    const bomb = Buffer.concat([
      Buffer.from('28b52ffd0038', 'hex'),
      ...blocks,
      Buffer.from([1, 0, 0]),
    ]);
    await expect(readAvro(avroFile('null', 1, bomb, 'zstandard'))).rejects.toThrow('bytes');
    const plain = Buffer.concat([Buffer.from('28b52ffd0038', 'hex'), Buffer.from([3, 0, 16, 0])]);
    expect(await readAvro(avroFile('null', 1, plain, 'zstandard'))).toEqual([null]);
    addFiles(folder, { 'metadata/snap.avro': whole.subarray(0, whole.length - 5) });
    await expect(open(folder)).rejects.toThrow('cannot be read');
  });
});

describe('tables that only an extension reads', () => {
  it.each([
    [
      'Iceberg',
      { 'metadata/v1.metadata.json': '{"format-version": 2}', 'metadata/v2.gz.metadata.json': 'x' },
    ],
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
