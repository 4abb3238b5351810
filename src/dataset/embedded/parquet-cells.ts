import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { ZSTDDecoder } from 'zstddec';

import { decodeLz4Block } from '../lz4-frame.ts';
import { readPageHeader } from '../page-header.ts';
import { ThriftFault } from '../thrift-compact.ts';
import { parseThrift, type ThriftValue } from '../thrift-tree.ts';
import type { CellFooter, Leaf, LeafChunk, ReadAt } from './parquet-footer.ts';
import { integerAt, structOf } from './parquet-footer.ts';
import { decodeRle } from './rle-levels.ts';
import { decodeSnappy } from './snappy.ts';

/** One value of a column of bytes: of a list, the first element. */
export type Cell = {
  readonly row: number;
  readonly bytes: Uint8Array | null;
  /** The file name beside the bytes, where it could not be read without them. */
  readonly name?: string | null;
};

type Fields = ReadonlyMap<number, ThriftValue>;

/** Numbers of parquet.thrift. */
const CODEC = { none: 0, snappy: 1, gzip: 2, brotli: 4, zstd: 6, lz4Raw: 7 } as const;
const ENCODING = { plain: 0, plainDictionary: 2, rleDictionary: 8 } as const;
const BYTE_ARRAY = 6;

/** Of pages that are larger and stored as they are, only the wanted values are read. */
const LEAPT_BYTES = 64 * 1024;

/** Each value of a dictionary is an object of some hundred bytes, and a page of a few packed kB holds millions of empty ones. */
const MOST_DICTIONARY_VALUES = 1_000_000;

/** A page that is larger unpacked is not taken into memory. */
const LONGEST_PAGE_BYTES = 1024 * 1024 * 1024;

/**
 * The wanted cells of one column of bytes, in the order of rows. Only pages that hold a wanted row are read, one at a time; of
 * the others their headers alone. Throws ThriftFault or RangeError for damage, and for encodings that hold no bytes at a time.
 *
 * @param rows rows of the file, 0-based, ascending.
 * @param window_bytes fewest bytes that a look at a length costs: of a store, a request is dearer than what it brings.
 */
export async function* readCells(
  read: ReadAt,
  footer: CellFooter,
  leafIndex: number,
  rows: readonly number[],
  window_bytes = 4,
): AsyncGenerator<Cell, void, undefined> {
  const leaf = footer.leaves[leafIndex];
  if (leaf === undefined || leaf.type !== BYTE_ARRAY)
    throw new ThriftFault('the column holds no bytes');
  for (const chunk of footer.chunks[leafIndex] ?? []) {
    const wanted = rows.filter((row) => row >= chunk.firstRow && row < chunk.firstRow + chunk.rows);
    if (wanted.length > 0) yield* cellsOfChunk(read, leaf, chunk, wanted, window_bytes);
  }
}

/** The leaf of a column: of a struct the named field, of lists the one of their elements; -1 if there is none. */
export function findLeaf(footer: CellFooter, column: string, field: string | null): number {
  return footer.leaves.findIndex(
    ({ path, type }) =>
      type === BYTE_ARRAY && path[0] === column && (field === null || path.at(-1) === field),
  );
}

async function* cellsOfChunk(
  read: ReadAt,
  leaf: Leaf,
  chunk: LeafChunk,
  rows: readonly number[],
  window_bytes: number,
): AsyncGenerator<Cell, void, undefined> {
  const wanted = new Set(rows);
  const last = rows.at(-1) ?? -1;
  const end = chunk.start + chunk.size_bytes;
  let dictionary: readonly Uint8Array[] = [];
  let row = chunk.firstRow;
  for (let at = chunk.start; at < end && row <= last;) {
    const { fields, length } = await readPageHeader(read, at, end, parseThrift);
    const size = integerAt(fields, 3);
    if (size < 0 || at + length + size > end)
      throw new ThriftFault('a page reaches beyond its column chunk');
    const start = at + length;
    at = start + size;
    if (fields.has(7)) {
      const page = await unpack(await read(start, size), chunk.codec, integerAt(fields, 2));
      dictionary = plainValues(page, integerAt(structOf(fields.get(7)), 1));
      continue;
    }
    if (!fields.has(5) && !fields.has(8)) continue;
    const own = rowsOfPage(fields, leaf);
    if (own !== null && !rows.some((each) => each >= row && each < row + own)) {
      row += own;
      continue;
    }
    const bytes = { start, size, read };
    const page =
      chunk.codec === CODEC.none && size > LEAPT_BYTES && !fields.has(8)
        ? await leapPage(bytes, fields, leaf, chunk, window_bytes)
        : await openPage(await read(start, size), fields, leaf, chunk);
    // A list that goes on from the page before begins with a repetition.
    let current = row - 1;
    let value = 0;
    const values = valuesOf(page, dictionary);
    for (let i = 0; i < page.count; i++) {
      const isNew = (page.repetition[i] ?? 0) === 0;
      if (isNew) current++;
      const isThere = page.definition[i] === leaf.maxDefinition;
      if (isNew && wanted.has(current))
        yield { row: current, bytes: isThere ? await values.at(value) : null };
      if (isThere) value++;
    }
    row = current + 1;
  }
}

/** Rows that a page holds, null where only its levels say. */
function rowsOfPage(fields: Fields, leaf: Leaf): number | null {
  const v2 = fields.get(8);
  if (v2 !== undefined) return integerAt(structOf(v2), 3);
  return leaf.maxRepetition === 0 ? integerAt(structOf(fields.get(5)), 1) : null;
}

type Page = {
  readonly count: number;
  /** Level of definition of a value that is there. */
  readonly maxDefinition: number;
  readonly repetition: Uint32Array;
  readonly definition: Uint32Array;
  readonly encoding: number;
  readonly body: Body;
};

/** The values of a page behind its levels: in memory, or where they lie in the file. */
type Body = { readonly size: number; readonly read: ReadAt };

function inMemory(bytes: Uint8Array): Body {
  return {
    size: bytes.length,
    read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
  };
}

async function openPage(
  bytes: Uint8Array,
  fields: Fields,
  leaf: Leaf,
  chunk: Pick<LeafChunk, 'codec' | 'rows'>,
): Promise<Page> {
  const { codec } = chunk;
  const size = integerAt(fields, 2);
  const v2 = fields.get(8);
  if (v2 !== undefined) {
    const header = structOf(v2);
    const [count, repeated, defined] = [
      integerAt(header, 1),
      integerAt(header, 6),
      integerAt(header, 5),
    ];
    checkCount(count, size, leaf, chunk.rows);
    const packed = bytes.subarray(repeated + defined);
    const flag = header.get(7);
    const isStored = flag?.kind === 'boolean' && !flag.value;
    const body = isStored ? packed : await unpack(packed, codec, size - repeated - defined);
    return {
      count,
      maxDefinition: leaf.maxDefinition,
      repetition: decodeRle(bytes.subarray(0, repeated), bitsFor(leaf.maxRepetition), count),
      definition: decodeRle(
        bytes.subarray(repeated, repeated + defined),
        bitsFor(leaf.maxDefinition),
        count,
      ),
      encoding: integerAt(header, 4),
      body: inMemory(body),
    };
  }
  const header = structOf(fields.get(5));
  const count = integerAt(header, 1);
  checkCount(count, size, leaf, chunk.rows);
  const page = await unpack(bytes, codec, size);
  const { behind, ...levels } = readLevels(page, leaf, count);
  const { maxDefinition } = leaf;
  const encoding = integerAt(header, 2);
  return { count, maxDefinition, ...levels, encoding, body: inMemory(page.subarray(behind)) };
}

/** The levels in front of a page of version 1, each with its length before it, and where they end. */
function readLevels(
  page: Uint8Array,
  leaf: Leaf,
  count: number,
): Pick<Page, 'repetition' | 'definition'> & { readonly behind: number } {
  let behind = 0;
  const levels = (bits: number): Uint32Array => {
    if (bits === 0) return new Uint32Array(count);
    const length = uint32At(page, behind);
    const found = decodeRle(page.subarray(behind + 4, behind + 4 + length), bits, count);
    behind += 4 + length;
    return found;
  };
  const repetition = levels(bitsFor(leaf.maxRepetition));
  const definition = levels(bitsFor(leaf.maxDefinition));
  return { repetition, definition, behind };
}

/** A large page that is stored as it is: its levels are read, and of its values those that are asked for. */
async function leapPage(
  { start, size, read }: { readonly start: number; readonly size: number; readonly read: ReadAt },
  fields: Fields,
  leaf: Leaf,
  chunk: LeafChunk,
  window_bytes: number,
): Promise<Page> {
  const header = structOf(fields.get(5));
  const count = integerAt(header, 1);
  checkCount(count, size, leaf, chunk.rows);
  const encoding = integerAt(header, 2);
  if (encoding !== ENCODING.plain) return openPage(await read(start, size), fields, leaf, chunk);
  const front = await read(start, Math.min(size, Math.max(LEAPT_BYTES, count)));
  const { behind, ...levels } = readLevels(front, leaf, count);
  let held = { from: 0, bytes: front };
  const body: Body = {
    size: size - behind,
    read: async (at, length) => {
      const from = behind + at;
      const wanted = Math.min(length, size - from);
      if (from < held.from || from + wanted > held.from + held.bytes.length) {
        const bytes = await read(
          start + from,
          Math.min(Math.max(wanted, window_bytes), size - from),
        );
        held = { from, bytes };
      }
      return held.bytes.subarray(from - held.from, from - held.from + wanted);
    },
  };
  return { count, maxDefinition: leaf.maxDefinition, ...levels, encoding, body };
}

const MOST_VALUES = 100_000_000;

/** Runs make many values of few bytes, so a page of nulls may be short: but not this short. */
function checkCount(count: number, size: number, leaf: Leaf, rows: number): void {
  const most = leaf.maxRepetition === 0 ? Math.min(rows, MOST_VALUES) : MOST_VALUES;
  if (count < 0 || count > most || (count > 1_000_000 && size < 16))
    throw new ThriftFault(`a page claims ${count} values`);
}

/** Access to the values of a page by their number, nulls not counted; each is asked for in rising order. */
function valuesOf(
  page: Page,
  dictionary: readonly Uint8Array[],
): { readonly at: (index: number) => Promise<Uint8Array> } {
  if (page.encoding === ENCODING.plain) {
    let [offset, passed] = [0, 0];
    return {
      at: async (index) => {
        for (; passed < index; passed++) offset += 4 + (await lengthAt(page.body, offset));
        const length = await lengthAt(page.body, offset);
        if (offset + 4 + length > page.body.size)
          throw new RangeError('a value reaches beyond its page');
        return page.body.read(offset + 4, length);
      },
    };
  }
  if (page.encoding !== ENCODING.plainDictionary && page.encoding !== ENCODING.rleDictionary)
    throw new ThriftFault(`values in encoding ${page.encoding} are not read one by one`);
  let indices: Uint32Array | null = null;
  return {
    at: async (index) => {
      if (indices === null) {
        const packed = await page.body.read(0, page.body.size);
        indices = decodeRle(packed.subarray(1), packed[0] ?? 0, countPresent(page));
      }
      const value = dictionary[indices[index] ?? -1];
      if (value === undefined) throw new RangeError('a value is not in its dictionary');
      return value;
    },
  };
}

async function lengthAt(body: Body, at: number): Promise<number> {
  if (at + 4 > body.size) throw new RangeError('a length is cut off');
  return uint32At(await body.read(at, 4), 0);
}

function countPresent(page: Page): number {
  let count = 0;
  for (const level of page.definition) if (level === page.maxDefinition) count++;
  return count;
}

function plainValues(page: Uint8Array, count: number): readonly Uint8Array[] {
  if (count > MOST_DICTIONARY_VALUES)
    throw new ThriftFault('a dictionary of that many values is not read one by one');
  const values: Uint8Array[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    const length = uint32At(page, at);
    if (at + 4 + length > page.length) throw new RangeError('a value reaches beyond its page');
    values.push(page.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return values;
}

let zstd: ZSTDDecoder | null = null;

/** A page as it was before compression. */
async function unpack(bytes: Uint8Array, codec: number, size: number): Promise<Uint8Array> {
  if (size < 0 || size > LONGEST_PAGE_BYTES) throw new ThriftFault(`a page claims ${size} bytes`);
  if (codec === CODEC.none) return bytes;
  if (size === 0) return new Uint8Array(0);
  const most = { maxOutputLength: size };
  switch (codec) {
    case CODEC.snappy:
      return decodeSnappy(bytes, size);
    case CODEC.gzip:
      return gunzipSync(bytes, most);
    case CODEC.brotli:
      return brotliDecompressSync(bytes, most);
    case CODEC.lz4Raw:
      return decodeLz4Block(bytes, size);
    case CODEC.zstd: {
      if (zstd === null) {
        zstd = new ZSTDDecoder();
        await zstd.init();
      }
      return zstd.decode(bytes, size);
    }
    default:
      throw new ThriftFault(`pages of codec ${codec} are not read one by one`);
  }
}

function bitsFor(most: number): number {
  return most === 0 ? 0 : 32 - Math.clz32(most);
}

function uint32At(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw new RangeError('a length is cut off');
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}
