import { describe, expect, it } from 'vitest';

import { mapColumns } from '../src/dataset/map-columns.ts';
import type { SampledColumn } from '../src/dataset/role-expression.ts';
import { readRows } from '../src/dataset/rows.ts';
import { connect } from './dataset-room.ts';

const column = (
  name: string,
  type = 'VARCHAR',
  samples: readonly (string | null)[] = [],
): SampledColumn => ({ name, type, samples });

const rolesOf = (columns: readonly SampledColumn[]): Record<string, string> =>
  Object.fromEntries(mapColumns(columns).mapped.map((each) => [each.role, each.sources.join('+')]));

const media = (name: string): SampledColumn =>
  column(name, 'VARCHAR', ['media/a.mp4', 'media/b.mkv', null]);

describe('columns of well-known datasets', () => {
  it.each([
    [
      'WebVid',
      [
        column('videoid', 'BIGINT', ['1']),
        column('name', 'VARCHAR', ['a dog runs on the beach']),
        column('page_dir', 'VARCHAR', ['000001_000050']),
        column('duration', 'VARCHAR', ['PT00H00M07S']),
        column('contentUrl', 'VARCHAR', ['https://x.org/a.mp4']),
      ],
      { key: 'videoid', caption: 'name', duration_s: 'duration', path: 'contentUrl' },
    ],
    [
      'LAION',
      [
        column('SAMPLE_ID', 'BIGINT', ['1']),
        column('URL', 'VARCHAR', ['https://x.org/a.jpg']),
        column('TEXT', 'VARCHAR', ['a cat']),
        column('HEIGHT', 'INTEGER', ['3']),
        column('WIDTH', 'INTEGER', ['4']),
        column('LICENSE', 'VARCHAR', ['?']),
        column('similarity', 'DOUBLE', ['0.3']),
      ],
      {
        key: 'SAMPLE_ID',
        path: 'URL',
        caption: 'TEXT',
        height_px: 'HEIGHT',
        width_px: 'WIDTH',
        licence: 'LICENSE',
      },
    ],
    [
      'AudioCaps',
      [
        column('audiocap_id', 'BIGINT', ['1']),
        column('youtube_id', 'VARCHAR', ['abc']),
        column('start_time', 'BIGINT', ['20']),
        column('caption', 'VARCHAR', ['a bell rings']),
      ],
      { key: 'audiocap_id', source_id: 'youtube_id', start_s: 'start_time', caption: 'caption' },
    ],
    [
      'COCO captions',
      [
        column('id', 'BIGINT', ['70']),
        column('image_id', 'BIGINT', ['227049']),
        column('caption', 'VARCHAR', ['a city at night']),
        column('file_name', 'VARCHAR', ['a.jpg']),
      ],
      { key: 'id', source_id: 'image_id', caption: 'caption', path: 'file_name' },
    ],
    [
      'an HF image folder',
      [column('file_name', 'VARCHAR', ['a.png']), column('text', 'VARCHAR', ['x'])],
      { path: 'file_name', caption: 'text' },
    ],
    [
      'an HF image column',
      [column('image', 'STRUCT(bytes BLOB, path VARCHAR)'), column('text')],
      { bytes: 'image', path: 'image', caption: 'text' },
    ],
    [
      'a WebDataset index',
      [column('__key__', 'VARCHAR', ['a']), column('jpg', 'BLOB'), column('txt', 'VARCHAR', ['x'])],
      { key: '__key__', bytes: 'jpg', caption: 'txt' },
    ],
    [
      'sizes as integers',
      [column('bytes', 'BIGINT', ['5']), column('sha256', 'VARCHAR', ['ab'])],
      { size_bytes: 'bytes', content_hash: 'sha256' },
    ],
  ])('%s', (_, columns, expected) => {
    expect(rolesOf(columns)).toEqual(expected);
  });
});

describe('a role is not given', () => {
  it.each([
    ['to a number column of words', [column('width', 'VARCHAR', ['wide', '3'])]],
    ['to a boolean named like a path', [column('video', 'BOOLEAN', [])]],
    ['to a hash that is a number', [column('hash', 'BIGINT', ['-12'])]],
    ['to a source that differs in every row', [column('source', 'VARCHAR', ['a/1', 'a/2'])]],
    ['to an embedding of text', [column('embedding', 'VARCHAR', ['[1,2]'])]],
  ])('%s', (_, columns) => {
    expect(rolesOf(columns)).toEqual({});
  });
});

describe('values are read in canonical units', () => {
  it.each([
    ['duration_ms', 'BIGINT', '1500', 'duration_s', 1.5],
    ['duration', 'VARCHAR', 'PT00H00M07S', 'duration_s', 7],
    ['duration', 'VARCHAR', 'PT1H2M3.5S', 'duration_s', 3723.5],
    ['start_time', 'VARCHAR', '00:01:30.250', 'start_s', 90.25],
    ['start', 'VARCHAR', '02:03', 'start_s', 123],
    ['end_us', 'BIGINT', '2500000', 'end_s', 2.5],
    ['duration_min', 'DOUBLE', '0.5', 'duration_s', 30],
    ['width', 'VARCHAR', ' 640 ', 'width_px', '640'],
    ['created_at', 'BIGINT', '1700000000', 'created_at', '2023-11-14 22:13:20'],
    ['created_at', 'BIGINT', '1700000000000', 'created_at', '2023-11-14 22:13:20'],
    ['latent_shape', 'VARCHAR', '(4, 16, 32)', 'latent_shape', ['4', '16', '32']],
  ])('%s %s %s', async (name, type, value, role, expected) => {
    const [mapped] = mapColumns([column(name, type, [value])]).mapped;
    expect(mapped?.role).toBe(role);
    const rows = await readRows(
      await connect(),
      `select ${mapped?.expression} as v from (select '${value}'::${type} as "${name}")`,
    );
    expect(rows).toEqual([{ v: expected }]);
  });

  it('says what it did to a value', () => {
    const [mapped] = mapColumns([column('duration_ms', 'BIGINT', ['1'])]).mapped;
    expect(mapped?.reason).toContain('milliseconds read as seconds');
  });
});

describe('a nested caption', () => {
  it.each([
    ['VARCHAR[]', `['one', 'two']`],
    ['STRUCT("text" VARCHAR, score DOUBLE)[]', `[{text: 'one', score: 1}]`],
    ['STRUCT(caption VARCHAR)', `{caption: 'one'}`],
  ])('in %s is its first text', async (type, value) => {
    const map = mapColumns([column('captions', type)]);
    expect(map.kept).toMatchObject([{ name: 'captions' }]);
    const rows = await readRows(
      await connect(),
      `select ${map.mapped[0]?.expression} as v from (select ${value} as captions)`,
    );
    expect(rows).toEqual([{ v: 'one' }]);
  });
});

describe('the configuration', () => {
  const columns = [
    column('a', 'VARCHAR', ['x']),
    column('b', 'VARCHAR', ['y']),
    column('meta', 'STRUCT("long text" VARCHAR[])'),
    column('key', 'VARCHAR', ['k']),
    column('n', 'BIGINT', ['1']),
  ];

  it('wins over names', () => {
    expect(
      mapColumns(columns, { caption: 'a', key: 'b' }).mapped.map((each) => [
        each.role,
        each.sources[0],
      ]),
    ).toEqual([
      ['key', 'b'],
      ['caption', 'a'],
    ]);
  });

  it('reaches into nested columns', async () => {
    const [mapped] = mapColumns(columns, { caption: 'meta."long text"[1]', key: [] }).mapped;
    const rows = await readRows(
      await connect(),
      `select ${mapped?.expression} as v from (select {'long text': ['p', 'q']} as meta)`,
    );
    expect(rows).toEqual([{ v: 'q' }]);
  });

  it('joins several columns to a key', async () => {
    const [mapped] = mapColumns(columns, { key: ['a', 'b'] }).mapped;
    const rows = await readRows(
      await connect(),
      `select ${mapped?.expression} as v from (select 'x' as a, 'y' as b)`,
    );
    expect(rows).toEqual([{ v: 'x/y' }]);
  });

  it('names further media', () => {
    expect(mapColumns(columns, { path: ['a', 'b'] }).mediaColumns).toEqual(['path', 'b']);
  });

  it.each([
    [{ caption: 'nope' }, 'no column "nope"'],
    [{ captoin: 'a' }, 'no canonical column'],
    [{ caption: 'n' }, '"n" holds BIGINT, and a caption is text'],
    [{ path: 'n' }, '"n" holds BIGINT, and a path is text'],
  ])('%j is refused in words', (overrides, words) => {
    expect(() => mapColumns(columns, overrides)).toThrow(words);
  });
});

it('renames what would hide a canonical column, and says so', () => {
  const map = mapColumns([
    column('caption', 'VARCHAR', ['x']),
    column('fps', 'BOOLEAN'),
    column('USER_FPS'),
    column('Fps_2'),
  ]);
  expect(map.kept.map(({ source, name }) => [source, name])).toEqual([
    ['fps', 'user_fps'],
    ['USER_FPS', 'user_USER_FPS'],
    ['Fps_2', 'Fps_2'],
  ]);
  expect(map.kept[0]?.reason).toContain('called user_fps');
});

describe('media that no column name tells', () => {
  it('are found by values that are all names of media files, one or several a row', () => {
    const map = mapColumns([column('id'), media('before'), media('after'), column('text')]);
    expect(map.mapped.find((each) => each.role === 'path')?.sources).toEqual(['before']);
    expect(map.mediaColumns).toEqual(['path', 'after']);
  });

  it('are not what clips were cut from, or values of which some name no file', () => {
    const map = mapColumns([
      column('id'),
      media('original'),
      column('note', 'VARCHAR', ['see a.mp4', 'no file', 'b.mkv']),
    ]);
    expect(map.mediaColumns).toEqual([]);
  });

  it('are left alone where a column has the name of a path', () => {
    const map = mapColumns([media('before'), media('video')]);
    expect(map.mediaColumns).toEqual(['path']);
    expect(map.mapped.find((each) => each.role === 'path')?.sources).toEqual(['video']);
  });
});
