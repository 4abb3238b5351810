import { readdirSync } from 'node:fs';
import { open as openFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { Binary, Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { assert, nat, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readArrowCells } from '../src/dataset/embedded/arrow-cells.ts';
import { embeddedCandidates } from '../src/dataset/embedded/embedded-columns.ts';
import { findLeaf, readCells } from '../src/dataset/embedded/parquet-cells.ts';
import { readCellFooter } from '../src/dataset/embedded/parquet-footer.ts';
import { decodeRle } from '../src/dataset/embedded/rle-levels.ts';
import { decodeSnappy } from '../src/dataset/embedded/snappy.ts';
import { ThriftFault } from '../src/dataset/thrift-compact.ts';
import { thriftInteger, type ThriftValue, writeThrift } from '../src/dataset/thrift-tree.ts';
import { makeFolder, runAlone } from './dataset-room.ts';

/** Cells of a column as hex by row, and how many bytes of the file were read for them. */
async function cellsOf(
  path: string,
  column: string,
  field: string | null,
  rows: readonly number[],
): Promise<{
  readonly cells: readonly (readonly [number, string | null])[];
  readonly bytes: number;
}> {
  const file = await openFile(path, 'r');
  let bytes = 0;
  try {
    const read = async (start: number, length: number): Promise<Uint8Array> => {
      bytes += length;
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, start);
      return buffer.subarray(0, bytesRead);
    };
    const footer = await readCellFooter(read, (await file.stat()).size);
    const cells: (readonly [number, string | null])[] = [];
    for await (const cell of readCells(read, footer, findLeaf(footer, column, field), rows))
      cells.push([cell.row, cell.bytes === null ? null : Buffer.from(cell.bytes).toString('hex')]);
    return { cells, bytes };
  } finally {
    await file.close();
  }
}

/** What stands in row i of the made files: nothing in every seventh. */
const valueOf = (i: number): string | null =>
  i % 7 === 3 ? null : Buffer.from(`${i % 50}-`.repeat((i * 37) % 90)).toString('hex');

const MADE = `from (select i, case when i % 7 <> 3 then repeat((i % 50)::varchar || '-', (i * 37) % 90)::blob end as b from range(3000) t(i) order by i)`;

describe('single cells of a Parquet column', () => {
  it.each([
    ['uncompressed', ''],
    ['snappy', ''],
    ['gzip', ''],
    ['zstd', ''],
    ['brotli', ''],
    ['lz4_raw', ''],
    ['snappy', ', dictionary_size_limit 1'],
  ])('are those that were written: %s%s', async (codec, more) => {
    const path = join(makeFolder(), 'a.parquet');
    await runAlone(
      `copy (select i, {'bytes': b, 'path': i || '.jpg'} as image, b as jpg, [{'bytes': b}, {'bytes': 'x'::blob}] as images ${MADE})
       to '${path}' (compression ${codec}, row_group_size 1000${more})`,
    );
    const rows = [0, 1, 3, 10, 998, 999, 1000, 1500, 2047, 2048, 2999];
    const wanted = rows.map((row) => [row, valueOf(row)]);
    expect((await cellsOf(path, 'image', 'bytes', rows)).cells).toEqual(wanted);
    expect((await cellsOf(path, 'jpg', null, rows)).cells).toEqual(wanted);
    expect((await cellsOf(path, 'images', 'bytes', rows)).cells).toEqual(wanted);
  });

  it('cost the pages that hold them, not their column', async () => {
    const path = join(makeFolder(), 'a.parquet');
    await runAlone(
      `copy (select md5(i::varchar) || repeat(md5((i * 7)::varchar), 999) as b, i from range(2000) t(i)) to '${path}' (compression uncompressed, row_group_size 250)`,
    );
    const { cells, bytes } = await cellsOf(path, 'b', null, [777]);
    expect(cells).toHaveLength(1);
    expect(bytes).toBeLessThan(2000 * 32 * 1000 * 0.2);
  });

  it('of encodings that are read as a whole only, or of damaged pages, throw in words', async () => {
    const folder = makeFolder();
    const path = join(folder, 'a.parquet');
    await runAlone(
      `copy (select ('value ' || i)::blob as b from range(5000) t(i)) to '${path}' (parquet_version v2, dictionary_size_limit 1)`,
    );
    await expect(cellsOf(path, 'b', null, [5])).rejects.toThrow(/not read one by one/);
    const file = await openFile(path, 'r+');
    await file.write(Buffer.alloc(64, 255), 0, 64, 4);
    await file.close();
    await expect(cellsOf(path, 'b', null, [5])).rejects.toThrow(
      /page|bytes|structure|Thrift|number/,
    );
  });
});

describe('pages that claim more than they hold', () => {
  const count = thriftInteger;
  /** A chunk of one packed page of zeros behind a header, and the error of reading its first cell. */
  async function faultOf(
    unpacked_bytes: number,
    kind: number,
    values: ReadonlyMap<number, ThriftValue>,
  ): Promise<string> {
    const body = gzipSync(Buffer.alloc(unpacked_bytes));
    const header = writeThrift(
      new Map<number, ThriftValue>([
        [1, count(kind === 7 ? 2 : 0, 'i32')],
        [2, count(unpacked_bytes, 'i32')],
        [3, count(body.length, 'i32')],
        [kind, { kind: 'struct', fields: values }],
      ]),
    );
    const file = Buffer.concat([header, body]);
    const leaf = { path: ['b'], type: 6, maxDefinition: 1, maxRepetition: 0 };
    const chunk = { firstRow: 0, rows: 10, start: 0, size_bytes: file.length, codec: 2 };
    const read = async (start: number, length: number): Promise<Uint8Array> =>
      Promise.resolve(file.subarray(start, start + length));
    const cells = readCells(read, { leaves: [leaf], chunks: [[chunk]] }, 0, [0]);
    return cells.next().then(
      () => 'none',
      (error: unknown) => (error instanceof ThriftFault ? error.message : String(error)),
    );
  }

  it('cost nobody their memory: a dictionary of millions of empty values is left to DuckDB', async () => {
    const values = new Map([[1, count(5_000_000, 'i32')]]);
    expect(await faultOf(20_000_000, 7, values)).toMatch(/not read one by one/);
  });

  it('are refused where a column without lists has more values than rows', async () => {
    const values = new Map([
      [1, count(50_000_000, 'i32')],
      [2, count(0, 'i32')],
    ]);
    expect(await faultOf(1000, 5, values)).toBe('a page claims 50000000 values');
  });
});

const jpegOf = (i: number): Uint8Array => Buffer.from(`jpeg ${i}`);

it('cells of an Arrow file leave it closed, wherever the last one lies', async () => {
  const tables = [0, 1, 2].map(
    (i) => new Table({ jpg: vectorFromArray([jpegOf(i)], new Binary()) }),
  );
  const path = join(makeFolder(), 'a.arrow');
  const [first] = tables;
  if (first === undefined) throw new Error('no table');
  await writeFile(path, tableToIPC(first.concat(...tables.slice(1)), 'stream'));
  const [candidate] = embeddedCandidates([{ name: 'jpg', type: 'BLOB' }]);
  if (candidate === undefined) throw new Error('no candidate');
  const column = { ...candidate, pathColumn: null, kind: 'medium' as const };
  const before = readdirSync('/dev/fd').length;
  for (let look = 0; look < 40; look++)
    for await (const { row, bytes } of readArrowCells(path, column, [look % 2]))
      expect(Buffer.from(bytes ?? [])).toEqual(jpegOf(row));
  expect(readdirSync('/dev/fd').length).toBeLessThan(before + 20);
});

describe('decoders of pages', () => {
  it('end on any bytes, with an error or with the stated length', () => {
    assert(
      property(uint8Array({ maxLength: 64 }), nat(200), nat(8), (bytes, length, bits) => {
        expect(outcome(() => decodeSnappy(bytes, length))).toBeOneOf([length, 'RangeError']);
        expect(outcome(() => decodeRle(bytes, bits, length))).toBeOneOf([length, 'RangeError']);
      }),
    );
  });
});

/** How many values came out, or the kind of error. */
function outcome(decode: () => { readonly length: number }): number | string {
  try {
    return decode().length;
  } catch (error) {
    return error instanceof RangeError ? 'RangeError' : String(error);
  }
}
