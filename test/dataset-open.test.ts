import { readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';

import { discoverShards } from '../src/dataset/discover-shards.ts';
import { openDataset } from '../src/dataset/open-dataset.ts';
import { Database } from '../src/engine/database.ts';
import { makeFolder, open, runAlone } from './dataset-room.ts';

const ROWS = `(select 'k' || i as key, 'caption ' || i as caption, i as width, i / 2 as fps from range(10) r(i))`;

const writeParquet = async (
  folder: string,
  name: string,
  rows = ROWS,
  options = '',
): Promise<void> =>
  runAlone(
    `copy ${rows} to '${join(folder, name).replaceAll("'", "''")}' (format parquet${options})`,
  );

describe('Parquet', () => {
  it('refuses files that have nothing in common, and says what to name instead', async () => {
    const folder = makeFolder();
    for (let i = 0; i < 33; i += 1) {
      await writeParquet(folder, `file-${i}.parquet`, `(select 'k' as key, 1 as column_${i})`);
    }
    await expect(open(folder)).rejects.toThrow(/33 files have 33 different schemas/);
  });

  it('keeps shard, row number and values under hostile names, with the room closed', async () => {
    const folder = makeFolder();
    const names = [`a'b"c.parquet`, 'd [1]*?.parquet', 'e #1%20é.parquet'];
    for (const name of names) await writeParquet(folder, name);
    const { dataset, query } = await open(folder);
    expect(dataset).toMatchObject({ rows: 30, isKeyStable: true, format: 'parquet' });
    expect(
      await query(
        `select shard, shard_id, count(*) as n, max(row_number) as last, min(clip_id) as first from clips group by all order by shard_id`,
      ),
    ).toEqual(
      names.map((shard, i) => ({
        shard,
        shard_id: i,
        n: '10',
        last: '9',
        first: `${i * 2 ** 40}`,
      })),
    );
    expect(await query(`select caption from clips where key = 'k7' and shard_id = 1`)).toEqual([
      { caption: 'caption 7' },
    ]);
  });

  it('cannot read any other file once the room is closed', async () => {
    const folder = makeFolder({ 'other.csv': 'a\n1\n' });
    await writeParquet(folder, 'a.parquet');
    const { query } = await open(join(folder, 'a.parquet'));
    await expect(query(`select * from read_csv('${join(folder, 'other.csv')}')`)).rejects.toThrow(
      'Permission',
    );
    await expect(query(`select * from read_text('/etc/passwd')`)).rejects.toThrow('Permission');
  });

  it('reads the other shards where one is empty, cut off, garbage or damaged inside', async () => {
    const folder = makeFolder({ 'empty.parquet': '', 'garbage.parquet': 'not parquet at all' });
    for (const name of ['cut', 'good', 'page'])
      await writeParquet(folder, `${name}.parquet`, ROWS, ', compression zstd');
    truncateSync(join(folder, 'cut.parquet'), 200);
    const page = readFileSync(join(folder, 'page.parquet'));
    writeFileSync(join(folder, 'page.parquet'), page.fill(0xff, 4, 120));
    const { dataset, query } = await open(folder);
    expect(dataset.shards.map(({ name, state }) => [name, state])).toEqual([
      ['cut.parquet', 'unread'],
      ['empty.parquet', 'unread'],
      ['garbage.parquet', 'unread'],
      ['good.parquet', 'read'],
      ['page.parquet', 'unread'],
    ]);
    expect(dataset.shards.every((shard) => shard.state === 'read' || shard.error !== '')).toBe(
      true,
    );
    expect(await query('select count(*) as n, any_value(shard) as shard from clips')).toEqual([
      { n: '10', shard: 'good.parquet' },
    ]);
    expect(
      await query(`select count(*) as n from shards where state = 'unread' and error is not null`),
    ).toEqual([{ n: '4' }]);
  });

  it('survives a file that is fatal to the database which reads it', async () => {
    const folder = makeFolder({
      'b.parquet': readFileSync(
        new URL('dataset-fixtures/malformed_variant.parquet', import.meta.url),
      ),
    });
    for (const name of ['a', 'c']) await writeParquet(folder, `${name}.parquet`);
    const { dataset, query } = await open(folder);
    expect(dataset.shards.map((shard) => shard.state)).toEqual(['read', 'unread', 'read']);
    expect(await query('select count(*) as n from clips')).toEqual([{ n: '20' }]);
  });

  it('joins schemas that differ, with types that hold both, and keeps the difference for rules', async () => {
    const folder = makeFolder();
    await writeParquet(folder, '1.parquet', `(select 1::integer as key, 'a' as caption)`);
    await writeParquet(folder, '2.parquet', `(select 'two' as "Key", 2.5 as score)`);
    await writeParquet(folder, '3.parquet', `(select {a: 1} as key, 'c' as caption)`);
    const { query } = await open(folder);
    expect(await query('select key, caption, score from clips order by shard_id')).toEqual([
      { key: '1', caption: 'a', score: null },
      { key: 'two', caption: null, score: '2.5' },
      { key: "{'a': 1}", caption: 'c', score: null },
    ]);
    expect(await query('select count(distinct schema_hash) as n from shards')).toEqual([
      { n: '3' },
    ]);
    expect(await query('select columns, types from shards where shard_id = 1')).toEqual([
      { columns: ['Key', 'score'], types: ['VARCHAR', 'DECIMAL(2,1)'] },
    ]);
  });

  it('says what footers say', async () => {
    const folder = makeFolder();
    await writeParquet(
      folder,
      'a.parquet',
      `(select i as id from range(5000) r(i))`,
      ', compression zstd, row_group_size 2048',
    );
    const { query } = await open(folder);
    expect(
      await query(
        'select rows, footer_rows, row_groups, row_group_rows_max, codecs, has_statistics, created_by is not null as has_creator from shards',
      ),
    ).toEqual([
      {
        rows: '5000',
        footer_rows: '5000',
        row_groups: '3',
        row_group_rows_max: '2048',
        codecs: ['ZSTD'],
        has_statistics: true,
        has_creator: true,
      },
    ]);
  });

  it('reads files of other writers', async () => {
    const folder = makeFolder();
    parquetWriteFile({
      filename: join(folder, 'a.parquet'),
      columnData: [
        { name: 'key', data: ['a', 'b'], type: 'STRING' },
        { name: 'n', data: [1n, 2n], type: 'INT64' },
      ],
    });
    const { query } = await open(folder);
    expect(await query('select key, n from clips order by key')).toEqual([
      { key: 'a', n: '1' },
      { key: 'b', n: '2' },
    ]);
  });

  it('takes time stamps of INT96 beyond the year 9999 as unknown, and says so', async () => {
    const name = 'int96_from_spark.parquet';
    const folder = makeFolder({
      [name]: readFileSync(join(import.meta.dirname, 'dataset-fixtures', name)),
    });
    const { dataset, query } = await open(folder);
    expect(await query('select a::varchar as a from manifest order by row_number')).toEqual(
      [
        '2024-01-01 20:34:56.123456',
        '2024-01-01 01:00:00',
        '9999-12-31 03:00:00',
        '2024-12-30 23:00:00',
        null,
        null,
      ].map((a) => ({ a })),
    );
    expect(dataset.warnings.join('\n')).toContain(
      'column a: 1 time stamp(s) of INT96 lie outside of the years 1 to 9999',
    );
  });

  it('puts partitions of the path beside the columns, under another name where both exist', async () => {
    const folder = makeFolder({
      'x/bucket=720p/lang=pt/.keep': '',
      'x/bucket=480p/lang=ko/.keep': '',
    });
    await writeParquet(
      folder,
      'x/bucket=720p/lang=pt/a.parquet',
      `(select 1 as key, '480p' as bucket)`,
    );
    await writeParquet(
      folder,
      'x/bucket=480p/lang=ko/b.parquet',
      `(select 2 as key, '480p' as bucket)`,
    );
    const { dataset, query } = await open(folder);
    expect(
      await query('select key, bucket, partition_bucket, lang from clips order by key'),
    ).toEqual([
      { key: '1', bucket: '480p', partition_bucket: '720p', lang: 'pt' },
      { key: '2', bucket: '480p', partition_bucket: '480p', lang: 'ko' },
    ]);
    expect(dataset.columns.find((column) => column.name === 'partition_bucket')?.reason).toContain(
      'both can be compared',
    );
  });
});

describe('CSV', () => {
  it.each([
    [
      'quoted newlines, quotes and nothing',
      'key,caption\n1,"a\nb ""c"""\n2,\n3,""\n',
      [
        ['1', 'a\nb "c"'],
        ['2', null],
        ['3', ''],
      ],
    ],
    ['CRLF and a byte order mark', '\ufeffkey,caption\r\n1,a\r\n', [['1', 'a']]],
    ['semicolons', 'key;caption\n1;a, b\n', [['1', 'a, b']]],
    [
      'leading zeros',
      'key,caption\n007,a\n08,b\n',
      [
        ['007', 'a'],
        ['08', 'b'],
      ],
    ],
    [
      'keys longer than a double',
      'key,caption\n9223372036854775807,a\n92233720368547758070,b\n',
      [
        ['9223372036854775807', 'a'],
        ['92233720368547758070', 'b'],
      ],
    ],
  ])('%s', async (_, text, expected) => {
    const { query } = await open(makeFolder({ 'm.csv': text }));
    expect(
      (await query('select key, caption from clips order by row_number')).map((row) =>
        Object.values(row),
      ),
    ).toEqual(expected);
  });

  it('counts malformed records and keeps the place of the others', async () => {
    const { dataset, query } = await open(
      makeFolder({ 'm.csv': 'key,caption\n1,"a\nb"\n2\n3,c,d\n4,e\n' }),
    );
    expect(dataset.shards[0]).toMatchObject({ rows: 2, badRows: 2 });
    expect(await query('select key, row_number from clips order by 2')).toEqual([
      { key: '1', row_number: '0' },
      { key: '4', row_number: '3' },
    ]);
  });

  it('keeps good rows of a file that is partly Latin-1', async () => {
    const { dataset, query } = await open(
      makeFolder({ 'm.csv': Buffer.from('key,caption\n1,caf\xe9\n2,ok\n', 'latin1') }),
    );
    expect(dataset.shards[0]).toMatchObject({ rows: 1, badRows: 1 });
    expect(await query('select key, row_number from clips')).toEqual([
      { key: '2', row_number: '1' },
    ]);
  });

  it('reads tabs with loose quotes, and gzip', async () => {
    const { query } = await open(
      makeFolder({ 'm.tsv.gz': gzipSync('key\tcaption\n1\the said "hi"\n2\t"open\n') }),
    );
    expect(await query('select caption from clips order by key')).toEqual([
      { caption: 'he said "hi"' },
      { caption: '"open' },
    ]);
  });

  it('unquotes the fields of a TSV of which only a few, far down, are quoted', async () => {
    const plain = Array.from({ length: 1_000 }, (_, i) => `${i}\ta dog runs over lawn ${i}\t3`);
    const text = ['key\tcaption\tn', ...plain, '1000\t"a sign says ""Cheese Shop"" on it."\t4'];
    const { query } = await open(makeFolder({ 'm.tsv': `${text.join('\n')}\n` }));
    expect(await query('select caption, n::varchar as n from clips where key = 1000')).toEqual([
      { caption: 'a sign says "Cheese Shop" on it.', n: '4' },
    ]);
  });

  it('leaves a caption that is a quotation as it stands where quotes are plain text', async () => {
    const text = 'key\tcaption\na\t"To be or not to be"\nb\ta 5" disk\nc\t"Run" it says\n';
    const { query } = await open(makeFolder({ 'm.tsv': text }));
    expect(await query('select caption from clips order by key')).toEqual([
      { caption: '"To be or not to be"' },
      { caption: 'a 5" disk' },
      { caption: '"Run" it says' },
    ]);
  });

  it('reads text in little memory', async () => {
    const text = Array.from({ length: 1_000 }, (_, i) => `k${i},a dog runs over lawn ${i}`);
    const folder = makeFolder({ 'm.csv': `key,caption\n${text.join('\n')}\n` });
    const database = await Database.open({
      memoryLimit: '100MB',
      tempDirectory: folder,
      threads: 2,
    });
    try {
      const discovery = await discoverShards([join(folder, 'm.csv')], { cwd: folder });
      const dataset = await openDataset(database.connection, discovery);
      expect(dataset.shards).toMatchObject([{ rows: 1_000, state: 'read' }]);
    } finally {
      database.close();
    }
  });

  it('tells a number from a text that stands far down', async () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => `${i},${i === 2_900 ? 'many' : i}`);
    const { dataset } = await open(makeFolder({ 'm.csv': `key,fps\n${rows.join('\n')}\n` }));
    expect(dataset.columns.map(({ type }) => type)).toEqual(['BIGINT', 'VARCHAR']);
  });

  it('names columns itself where there is no header, and says so', async () => {
    const { dataset } = await open(makeFolder({ 'm.csv': '1,a.mp4,2\n2,b.mp4,3\n' }));
    expect(dataset.columns.map((column) => column.name)).toEqual(['column0', 'column1', 'column2']);
    expect(dataset.warnings.join()).toContain('no header');
  });

  it('takes any column name', async () => {
    const { dataset, query } = await open(
      makeFolder({
        'm.csv': '"a""; drop table shards; --","b\nc",SELECT,shard,Key,key\n1,2,3,4,5,6\n',
      }),
    );
    expect(dataset.columns.map((column) => column.name)).toEqual([
      'a"; drop table shards; --',
      'b\nc',
      'SELECT',
      'shard',
      'Key',
      'key_',
    ]);
    expect(
      await query(
        `select "a""; drop table shards; --" as a, "b\nc" as b, "SELECT" as s, user_shard, shard from clips`,
      ),
    ).toEqual([{ a: '1', b: '2', s: '3', user_shard: '4', shard: 'm.csv' }]);
  });

  it('shows how many values a cast rounded', async () => {
    const { dataset } = await open(makeFolder({ 'm.csv': 'key,width\na,640.0\nb,640.5\n' }));
    expect(dataset.warnings.join()).toContain('1 values of "width"');
  });

  it('refuses a mapping under which no value is left, and names one', async () => {
    const folder = makeFolder({ 'm.csv': 'key,text\na,a dog runs\nb,a cat sleeps\n' });
    await expect(open(folder, { columns: { width_px: 'text' } })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /^columns\.width_px: no value of "text" can be read as width_px, such as "a (dog|cat)/,
      ),
    });
  });

  it('shows how many values a cast lost', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => `k${i},${i < 290 ? i : 'n/a'}`);
    const { dataset } = await open(makeFolder({ 'm.csv': `key,width\n${rows.join('\n')}\n` }));
    expect(dataset.warnings).toEqual([
      `10 values of "width" can't be read as width_px: they count as null or are rounded`,
    ]);
  });
});

describe('JSON', () => {
  it('loses a malformed line alone, and not the next', async () => {
    const lines = [
      '{"key":"a","n":1}',
      '{"key":"b","n"',
      '{"key":"c","n":3}',
      '[1]',
      '',
      '{"key":"d","n":NaN}',
    ];
    const { dataset, query } = await open(makeFolder({ 'm.jsonl': lines.join('\n') }));
    expect(dataset.shards[0]).toMatchObject({ rows: 3, badRows: 2 });
    expect(await query('select key, n, row_number from clips order by row_number')).toEqual([
      { key: 'a', n: 1, row_number: '0' },
      { key: 'c', n: 3, row_number: '2' },
      { key: 'd', n: 'NaN', row_number: '4' },
    ]);
  });

  it('keeps rows with half a surrogate pair and whole emoji', async () => {
    const { query } = await open(
      makeFolder({
        'm.jsonl': String.raw`{"key":"a","caption":"\ud83d\ude00 ok"}${'\n'}{"key":"b","caption":"\ud83d\ude00 cut \ud83d"}`,
      }),
    );
    expect(await query('select caption from clips order by key')).toEqual([
      { caption: '😀 ok' },
      { caption: '😀 cut \ufffd' },
    ]);
  });

  it('keeps mixed values, huge integers and odd keys', async () => {
    const folder = makeFolder({
      'm.jsonl': [
        JSON.stringify({
          key: 'a',
          mixed: 'x',
          big: 0,
          '': 1,
          'a/b~c"d.e': 2,
          constructor: 3,
          nested: { any: [1] },
        }),
        '{"key":"b","mixed":5,"big":18446744073709551615,"__proto__":4,"Key":"upper"}',
      ].join('\n'),
    });
    const { query } = await open(folder);
    const columns = `key, mixed, big, column3, "a/b~c""d.e" as odd, constructor, "__proto__" as proto, "Key_" as upper, nested.any as inner`;
    expect(await query(`select ${columns} from clips order by key`)).toEqual([
      {
        key: 'a',
        mixed: 'x',
        big: '0',
        column3: '1',
        odd: '2',
        constructor: '3',
        proto: null,
        upper: null,
        inner: ['1'],
      },
      {
        key: 'b',
        mixed: '5',
        big: '18446744073709551615',
        column3: null,
        odd: null,
        constructor: null,
        proto: '4',
        upper: 'upper',
        inner: null,
      },
    ]);
  });

  it('refuses rows whose keys are data, and reads the other shards', async () => {
    const junk = `{${Array.from({ length: 100_000 }, (_, i) => `"c${i}":${i}`).join(',')}}`;
    const { dataset } = await open(makeFolder({ 'a.jsonl': '{"key":"a"}', 'b.jsonl': junk }));
    expect(dataset.shards.map((shard) => shard.error?.slice(0, 48) ?? shard.rows)).toEqual([
      1,
      'its JSON rows have more than 2,000 different key',
    ]);
  });

  it.each([
    ['an array', '[{"key":"a","caption":"x"},{"key":"b","caption":"y"}]'],
    [
      'an object with one array',
      '{"info":{},"annotations":[{"key":"a","caption":"x"},{"key":"b","caption":"y"}]}',
    ],
    ['an object of objects', '{"a":{"caption":"x"},"b":{"caption":"y"}}'],
    ['lines', '{"key":"a","caption":"x"}\n{"key":"b","caption":"y"}'],
    [
      'an array over several lines',
      '[\n {"key":"a","caption":"x"},\n {"key":"b",\n "caption":"y"}]\n',
    ],
  ])('reads a document that is %s', async (_, text) => {
    const { query } = await open(makeFolder({ 'm.json': text }));
    expect(await query('select key, caption from clips order by key')).toEqual([
      { key: 'a', caption: 'x' },
      { key: 'b', caption: 'y' },
    ]);
  });

  it('reads gzip and zstd', async () => {
    const folder = makeFolder({ 'a.jsonl.gz': gzipSync('{"key":"a"}\n') });
    await runAlone(
      `copy (select 'b' as key) to '${folder}/b.jsonl.zst' (format json, compression zstd)`,
    );
    const { query } = await open(folder);
    expect(await query('select key, shard from clips order by key')).toEqual([
      { key: 'a', shard: 'a.jsonl.gz' },
      { key: 'b', shard: 'b.jsonl.zst' },
    ]);
  });
});

describe('media', () => {
  it('without a manifest are rows with captions from side-cars', async () => {
    const { query } = await open(
      makeFolder({
        'a.mp4': '',
        'a.txt': 'a dog\n',
        'b/c.png': '',
        'b/c.json': '{"caption":"a cat","path":"/etc/passwd"}',
        'd.mp4': '',
      }),
    );
    expect(await query('select key, path, caption from clips order by key')).toEqual([
      { key: 'a', path: 'a.mp4', caption: 'a dog' },
      { key: 'b/c', path: 'b/c.png', caption: 'a cat' },
      { key: 'd', path: 'd.mp4', caption: null },
    ]);
  });

  it('beside several metadata files lie in the folder of their own', async () => {
    const folder = makeFolder({
      'train/metadata.jsonl': '{"file_name":"a.png"}',
      'train/a.png': '',
      'test/metadata.jsonl': '{"file_name":"a.png"}',
      'test/a.png': '',
    });
    const { dataset, query } = await open(folder);
    expect(dataset.mediaRoot).toBe(folder);
    expect(await query('select path, split from clips order by path')).toEqual([
      { path: 'test/a.png', split: 'test' },
      { path: 'train/a.png', split: 'train' },
    ]);
  });

  it('lie below the nearest folder above the manifest that holds them', async () => {
    const folder = makeFolder({ 'meta/v1/m.csv': 'key,path\n1,clips/a.mp4\n', 'clips/a.mp4': '' });
    expect((await open(join(folder, 'meta/v1/m.csv'))).dataset.mediaRoot).toBe(folder);
  });

  it('are where the configuration says', async () => {
    const folder = makeFolder({ 'm.csv': 'key,path\n1,a.mp4\n', 'a.mp4': '' });
    expect((await open(folder, { mediaRoot: '/data' })).dataset.mediaRoot).toBe('/data');
  });
});

describe('a dataset without a key', () => {
  it('is keyed by path', async () => {
    const { dataset, query } = await open(makeFolder({ 'm.csv': 'path,caption\na.mp4,x y\n' }));
    expect(dataset.isKeyStable).toBe(false);
    expect(await query('select key from clips')).toEqual([{ key: 'a.mp4' }]);
  });

  it('nor a path is keyed by its place, and says what that costs', async () => {
    const { dataset, query } = await open(makeFolder({ 'm.csv': 'caption\nx\n' }));
    expect(dataset.warnings.join()).toContain('kept their places');
    expect(await query('select key from clips')).toEqual([{ key: 'm.csv#0' }]);
  });
});

it('is refused where no shard can be read, with the first reason', async () => {
  await expect(open(makeFolder({ 'a.parquet': '', 'b.parquet': 'x' }))).rejects.toMatchObject({
    code: 'dataset',
    message: expect.stringContaining('none of 2 shards can be read: a.parquet'),
  });
});

it('leaves out shards that turned out damaged, with the reason', async () => {
  const folder = makeFolder({ 'a.csv': 'key\n1\n', 'b.csv': 'key\n2\n' });
  const { dataset, query } = await open(folder, { exclude: new Map([[0, 'a page is damaged']]) });
  expect(dataset.shards[0]).toMatchObject({ state: 'unread', error: 'a page is damaged' });
  expect(await query('select key, shard_id from clips')).toEqual([{ key: '2', shard_id: 1 }]);
});

const csvOf = (from: number, to: number): string =>
  `key,caption\n${Array.from({ length: to - from }, (_, i) => `k${from + i},c${from + i}`).join('\n')}\n`;

it('has the same clips when a shard is split', async () => {
  const whole = await open(makeFolder({ 'a.csv': csvOf(0, 100) }));
  const parts = await open(makeFolder({ 'a.csv': csvOf(0, 33), 'b.csv': csvOf(33, 100) }));
  const clips = 'select key, caption from clips order by key';
  expect(await parts.query(clips)).toEqual(await whole.query(clips));
});

it('opens a manifest of no rows', async () => {
  const { dataset } = await open(makeFolder({ 'm.csv': 'key,caption\n' }));
  expect(dataset).toMatchObject({ rows: 0, mediaColumns: [] });
});

it('reads the other shards where a link points nowhere', async () => {
  const folder = makeFolder({ 'a.csv': 'key\n1\n' });
  symlinkSync(join(folder, 'gone.csv'), join(folder, 'b.csv'));
  const { dataset } = await open(folder);
  expect(dataset.shards.map(({ state, error }) => [state, error])).toEqual([
    ['read', null],
    ['unread', 'the link points at no file'],
  ]);
});
