import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import {
  Bool,
  DurationNanosecond,
  Field,
  FixedSizeList,
  Float32,
  Int32,
  Int64,
  Table,
  TimestampMicrosecond,
  Utf8,
  Utf8View,
  tableFromIPC,
  tableToIPC,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';

import { decodeLz4Frame } from '../src/dataset/lz4-frame.ts';
import { addFiles, makeFolder, open } from './dataset-room.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`dataset-fixtures/${name}`, import.meta.url));

const manifest = (from: number, count: number): Table => {
  const rows = Array.from({ length: count }, (_, i) => from + i);
  return new Table({
    key: vectorFromArray(
      rows.map((i) => `k${i}`),
      new Utf8(),
    ),
    caption: vectorFromArray(
      rows.map((i) => (i % 7 === 3 ? null : `caption é ${i}`)),
      new Utf8View(),
    ),
    width: vectorFromArray(rows, new Int32()),
    big: vectorFromArray(
      rows.map((i) => 2n ** 60n + BigInt(i)),
      new Int64(),
    ),
    is_good: vectorFromArray(
      rows.map((i) => i % 2 === 0),
      new Bool(),
    ),
    embedding: vectorFromArray(
      rows.map((i) => [i, i / 2, -i]),
      new FixedSizeList(3, new Field('item', new Float32())),
    ),
    created_at: vectorFromArray(
      rows.map((i) => 1_700_000_000_000 + i),
      new TimestampMicrosecond(),
    ),
  });
};

describe('an Arrow manifest', () => {
  it.each(['file', 'stream'] as const)('written as a %s has its values and types', async (kind) => {
    const folder = makeFolder({ 'a.arrow': tableToIPC(manifest(0, 5000), kind) });
    const { dataset, query } = await open(folder);
    expect(dataset.columns.map(({ type, role }) => [type, role])).toEqual([
      ['VARCHAR', 'key'],
      ['VARCHAR', 'caption'],
      ['BIGINT', 'width_px'],
      ['BIGINT', null],
      ['BOOLEAN', null],
      ['FLOAT[]', 'clip_embedding'],
      ['TIMESTAMP', 'created_at'],
    ]);
    expect(
      await query(
        'select * exclude (clip_id, shard_id, shard) from clips where row_number in (3, 4998)',
      ),
    ).toEqual([
      {
        row_number: '3',
        key: 'k3',
        caption: null,
        width_px: '3',
        clip_embedding: [3, 1.5, -3],
        created_at: '2023-11-14 22:13:20.003',
        big: '1152921504606846979',
        is_good: false,
      },
      {
        row_number: '4998',
        key: 'k4998',
        caption: 'caption é 4998',
        width_px: '4998',
        clip_embedding: [4998, 2499, -4998],
        created_at: '2023-11-14 22:13:24.998',
        big: '1152921504606851974',
        is_good: true,
      },
    ]);
  });

  it('cut off anywhere is an unread shard, never fewer rows', async () => {
    const bytes = tableToIPC(manifest(0, 50), 'stream');
    const folder = makeFolder({ 'a.arrow': tableToIPC(manifest(0, 5), 'file') });
    const cuts = Array.from({ length: 40 }, (_, i) => Math.floor((bytes.length * (i + 0.5)) / 40));
    addFiles(
      folder,
      Object.fromEntries(cuts.map((cut) => [`cut-${cut}.arrow`, bytes.subarray(0, cut)])),
    );
    const { dataset } = await open(folder);
    expect(
      dataset.shards.filter((shard) => shard.state === 'read').map((shard) => shard.name),
    ).toEqual(['a.arrow']);
  });

  it('flipped anywhere ends in rows or an error', async () => {
    const bytes = tableToIPC(manifest(0, 50), 'file');
    const folder = makeFolder({ 'a.arrow': bytes });
    for (let at = 8; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      addFiles(folder, { [`flip-${at}.arrow`]: damaged });
    }
    const { dataset, query } = await open(folder);
    expect(await query('select count(*) as n from clips')).toEqual([{ n: String(dataset.rows) }]);
    expect(dataset.shards[0]?.state).toBe('read');
  });
});

describe('files of other writers', () => {
  it('hold LZ4 buffers with the golden values', async () => {
    const { query } = await open(fixture('generated_lz4.arrows'));
    const rows = await query('select ints, strs from clips order by row_number');
    expect(rows).toEqual(goldenRows('generated_lz4.json.gz'));
  });

  it('hold ZSTD buffers with the golden values', async () => {
    const { query } = await open(fixture('generated_zstd.arrow'));
    const rows = await query('select ints, strs from clips order by row_number');
    expect(rows).toEqual(goldenRows('generated_zstd.json.gz'));
  });

  it('holds views and dictionaries', async () => {
    const views = await open(fixture('generated_binary_view.arrow'));
    const expected = tableFromIPC(readFileSync(fixture('generated_binary_view.arrow')));
    expect(views.dataset.rows).toBe(expected.numRows);
    const dictionary = await open(fixture('generated_dictionary.arrows'));
    const column = tableFromIPC(readFileSync(fixture('generated_dictionary.arrows'))).getChild(
      'dict0',
    );
    const rows = await dictionary.query('select dict0 from clips order by clip_id');
    expect(rows.map((row) => row['dict0'])).toEqual([...(column ?? [])]);
  });
});

describe('columns and names that are not read', () => {
  it.each(['stream', 'file'] as const)(
    'a named %s without a known ending is read by its first bytes',
    async (kind) => {
      const folder = makeFolder({ 'golden.ipc_data': tableToIPC(manifest(0, 7), kind) });
      const { dataset } = await open(`${folder}/golden.ipc_data`);
      expect([dataset.format, dataset.rows]).toEqual(['arrow', 7]);
    },
  );

  it('lengths of time keep their ticks', async () => {
    const table = new Table({
      key: vectorFromArray(['a', 'b'], new Utf8()),
      took: vectorFromArray([-(2n ** 62n), null], new DurationNanosecond()),
    });
    const { query } = await open(makeFolder({ 'a.arrow': tableToIPC(table, 'file') }));
    expect(await query('select took from clips order by row_number')).toEqual([
      { took: '-4611686018427387904' },
      { took: null },
    ]);
  });
});

type GoldenColumn = {
  readonly name: string;
  readonly VALIDITY: readonly number[];
  readonly DATA: readonly (string | number)[];
};

/** Values of the columns `ints` and `strs` of Arrow's integration JSON. */
function goldenRows(name: string): { ints: string | null; strs: string | null }[] {
  const golden: { readonly batches: readonly { readonly columns: readonly GoldenColumn[] }[] } =
    JSON.parse(gunzipSync(readFileSync(fixture(name))).toString());
  return golden.batches.flatMap(({ columns }) => {
    const values = (wanted: string): (string | null)[] => {
      const column = columns.find((each) => each.name === wanted);
      return (column?.DATA ?? []).map((value, i) =>
        column?.VALIDITY[i] === 1 ? String(value) : null,
      );
    };
    const strs = values('strs');
    return values('ints').map((ints, i) => ({ ints, strs: strs[i] ?? null }));
  });
}

const frame = (...blocks: readonly number[]): Uint8Array =>
  Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0, ...blocks, 0, 0, 0, 0);

const textIn = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('an LZ4 frame', () => {
  it('repeats what it has written, overlapping too', () => {
    // Literals "ab", a match of 6 at distance 2, literals "c".
    expect(textIn(decodeLz4Frame(frame(7, 0, 0, 0, 0x22, 97, 98, 2, 0, 0x10, 99)))).toBe(
      'ababababc',
    );
  });

  it('takes stored blocks', () => {
    expect(textIn(decodeLz4Frame(frame(3, 0, 0, 0x80, 97, 98, 99)))).toBe('abc');
  });

  it.each([
    ['no frame', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
    ['a match before the data', frame(5, 0, 0, 0, 0x12, 97, 5, 0, 0)],
    ['a block that ends early', frame(200, 0, 0, 0, 0x22, 97)],
    ['no end', Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0)],
    [
      'a claim of an exabyte',
      Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x48, 0x40, 0, 0, 0, 0, 0, 0, 0, 16, 0),
    ],
  ])('is refused: %s', (_, bytes) => {
    expect(() => decodeLz4Frame(bytes)).toThrow(/LZ4|Offset|DataView/);
  });
});
