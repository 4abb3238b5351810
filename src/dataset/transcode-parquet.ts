import { open, type FileHandle } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { ZSTDDecoder } from 'zstddec';

import { decodeLz4Block, decodeLz4Frame } from './lz4-frame.ts';
import { ThriftFault } from './thrift-compact.ts';
import { parseThrift, type ThriftValue, thriftInteger, writeThrift } from './thrift-tree.ts';

type Fields = ReadonlyMap<number, ThriftValue>;

/** Numbers of parquet.thrift. */
const CODEC = { uncompressed: 0, gzip: 2, brotli: 4, lz4: 5, zstd: 6, lz4Raw: 7 } as const;
const PLAIN = 0;
const BYTE_STREAM_SPLIT = 9;
const WIDTHS: Readonly<Record<number, number>> = { 1: 4, 2: 8 };
const FIXED_LENGTH = 7;
const [FLOAT, DOUBLE] = [4, 5];
const REPEATED = 2;

/** A page, a column chunk or a footer larger than this is not taken into memory. */
const LONGEST_PART_BYTES = 1024 * 1024 * 1024;

/** A column without children: where it stands in the schema and how its levels are stored. */
type Leaf = {
  readonly width: number | null;
  readonly hasDefinition: boolean;
  readonly hasRepetition: boolean;
};

/**
 * Writes a Parquet file again without what DuckDB 1.5 cannot decode: chunks in the deprecated LZ4 codec (Hadoop's framing, LZ4
 * frames or raw blocks) become uncompressed, BYTE_STREAM_SPLIT of integers and fixed-length bytes becomes PLAIN, and maps without values become lists. Everything
 * else is copied; checksums, page indexes and Bloom filters of changed chunks are left out. Throws for damage.
 */
export async function transcodeParquet(from: string, to: string): Promise<void> {
  const source = await open(from, 'r');
  const target = await open(to, 'w');
  try {
    const { size } = await source.stat();
    const tail = await readAt(source, size - 8, 8);
    const footerBytes = tail.readUInt32LE(0);
    const { fields: footer } = parseThrift(
      await readAt(source, size - 8 - footerBytes, footerBytes),
    );
    const leaves = leavesOf(listOf(footer, 2));
    const zstd = new ZSTDDecoder();
    await zstd.init();
    await target.write(Buffer.from('PAR1'));
    let at = 4;
    const groups: ThriftValue[] = [];
    for (const group of listOf(footer, 4)) {
      const chunks: ThriftValue[] = [];
      for (const [i, chunk] of listOf(structOf(group), 1).entries()) {
        const meta = structOf(structOf(chunk).get(3));
        const start = Math.min(
          ...[9, 11].flatMap((id) => (integerAt(meta, id) > 0 ? [integerAt(meta, id)] : [])),
        );
        const bytes = await readAt(source, start, integerAt(meta, 7));
        const written = isReadable(meta)
          ? { bytes, meta: move(meta, at - start) }
          : rewriteChunk(bytes, meta, leaves[i], at, zstd);
        await target.write(written.bytes, 0, written.bytes.length, at);
        chunks.push({
          kind: 'struct',
          fields: new Map([
            [2, thriftInteger(at, 'i64')],
            [3, { kind: 'struct', fields: written.meta }],
          ]),
        });
        at += written.bytes.length;
      }
      groups.push({
        kind: 'struct',
        fields: without(
          put(structOf(group), 1, { kind: 'list', type: 9, of: 12, items: chunks }),
          [5, 6],
        ),
      });
    }
    const schema = mapsOfKeysAsLists(listOf(footer, 2));
    const meta = writeThrift(
      put(put(footer, 2, { kind: 'list', type: 9, of: 12, items: schema }), 4, {
        kind: 'list',
        type: 9,
        of: 12,
        items: groups,
      }),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(meta.length);
    await target.write(Buffer.concat([meta, length, Buffer.from('PAR1')]), 0, meta.length + 8, at);
  } finally {
    await source.close();
    await target.close();
  }
}

function isReadable(meta: Fields): boolean {
  const type = integerAt(meta, 1);
  const isSplit = listOf(meta, 2).some(
    (each) => each.kind === 'integer' && each.value === BigInt(BYTE_STREAM_SPLIT),
  );
  return integerAt(meta, 4) !== CODEC.lz4 && (!isSplit || type === FLOAT || type === DOUBLE);
}

/** The metadata of a chunk whose bytes were copied to another place. */
function move(meta: Fields, by: number): Fields {
  let moved = without(meta, [14, 15]);
  for (const id of [9, 10, 11])
    if (integerAt(meta, id) > 0)
      moved = put(moved, id, thriftInteger(integerAt(meta, id) + by, 'i64'));
  return moved;
}

function rewriteChunk(
  bytes: Buffer,
  meta: Fields,
  leaf: Leaf | undefined,
  at: number,
  zstd: ZSTDDecoder,
): { readonly bytes: Buffer; readonly meta: Fields } {
  const codec = integerAt(meta, 4);
  const out: Buffer[] = [];
  let [length, total, dictionary, data] = [0, 0, 0, 0];
  for (let from = 0; from < bytes.length;) {
    const header = parseThrift(bytes.subarray(from));
    const size = integerAt(header.fields, 3);
    const body = bytes.subarray(from + header.length, from + header.length + size);
    if (size < 0 || body.length < size)
      throw new ThriftFault('a page reaches beyond its column chunk');
    const page = rewritePage(header.fields, body, codec, leaf, zstd);
    if (header.fields.has(7)) dictionary ||= at + length;
    else data ||= at + length;
    out.push(page);
    length += page.length;
    total += page.length;
    from += header.length + size;
  }
  const encodings = listOf(meta, 2).map((each) =>
    each.kind === 'integer' && each.value === BigInt(BYTE_STREAM_SPLIT)
      ? thriftInteger(PLAIN, 'i32')
      : each,
  );
  let changed = without(meta, [10, 11, 13, 14, 15]);
  changed = put(changed, 2, { kind: 'list', type: 9, of: 5, items: encodings });
  changed = put(changed, 4, thriftInteger(CODEC.uncompressed, 'i32'));
  changed = put(changed, 6, thriftInteger(total, 'i64'));
  changed = put(changed, 7, thriftInteger(total, 'i64'));
  changed = put(changed, 9, thriftInteger(data, 'i64'));
  if (dictionary > 0) changed = put(changed, 11, thriftInteger(dictionary, 'i64'));
  return { bytes: Buffer.concat(out), meta: changed };
}

/** One page with its header, uncompressed and without split bytes. */
function rewritePage(
  header: Fields,
  body: Buffer,
  codec: number,
  leaf: Leaf | undefined,
  zstd: ZSTDDecoder,
): Buffer {
  const size = integerAt(header, 2);
  const v2 = header.get(8) === undefined ? null : structOf(header.get(8));
  const levels = v2 === null ? 0 : integerAt(v2, 5) + integerAt(v2, 6);
  const isStored = v2 !== null && isFalse(v2.get(7));
  const values = isStored
    ? body.subarray(levels)
    : unpack(body.subarray(levels), codec, size - levels, zstd);
  const whole = Buffer.concat([body.subarray(0, levels), values]);
  const dataId = v2 === null ? 5 : 8;
  const encodingId = v2 === null ? 2 : 4;
  let fields = without(put(header, 3, thriftInteger(whole.length, 'i32')), [4]);
  fields = put(fields, 2, thriftInteger(whole.length, 'i32'));
  if (!header.has(dataId)) return Buffer.concat([writeThrift(fields), whole]);
  let data = structOf(header.get(dataId));
  let content: Buffer = whole;
  if (
    integerAt(data, encodingId) === BYTE_STREAM_SPLIT &&
    leaf !== undefined &&
    leaf.width !== null
  ) {
    const skipped = v2 === null ? levelBytes(whole, leaf) : levels;
    content = Buffer.concat([
      whole.subarray(0, skipped),
      joinStreams(whole.subarray(skipped), leaf.width),
    ]);
    data = put(data, encodingId, thriftInteger(PLAIN, 'i32'));
  }
  if (v2 !== null) data = put(data, 7, { kind: 'boolean', value: false });
  return Buffer.concat([
    writeThrift(put(fields, dataId, { kind: 'struct', fields: data })),
    content,
  ]);
}

function isFalse(value: ThriftValue | undefined): boolean {
  return value?.kind === 'boolean' && !value.value;
}

/** Bytes of the levels in front of the values of a version 1 page: each with its length before it. */
function levelBytes(page: Buffer, leaf: Leaf): number {
  let at = 0;
  for (const isThere of [leaf.hasRepetition, leaf.hasDefinition])
    if (isThere) at += 4 + page.readUInt32LE(at);
  return at;
}

/** BYTE_STREAM_SPLIT back to values one after the other: byte k of value i stands at k × n + i. */
function joinStreams(split: Uint8Array, width: number): Buffer {
  const count = Math.floor(split.length / width);
  const joined = Buffer.alloc(count * width);
  for (let k = 0; k < width; k++)
    for (let i = 0; i < count; i++) joined[i * width + k] = split[k * count + i] ?? 0;
  return joined;
}

function unpack(bytes: Buffer, codec: number, size: number, zstd: ZSTDDecoder): Uint8Array {
  if (size < 0 || size > LONGEST_PART_BYTES) throw new ThriftFault(`a page claims ${size} bytes`);
  switch (codec) {
    case CODEC.uncompressed:
      return bytes;
    case CODEC.gzip:
      return gunzipSync(bytes, { maxOutputLength: LONGEST_PART_BYTES });
    case CODEC.brotli:
      return brotliDecompressSync(bytes, { maxOutputLength: LONGEST_PART_BYTES });
    case CODEC.zstd:
      return zstd.decode(bytes, size);
    case CODEC.lz4Raw:
      return decodeLz4Block(bytes, size);
    case CODEC.lz4:
      return decodeOldLz4(bytes, size);
    default:
      throw new Error(
        'BYTE_STREAM_SPLIT of this type in this codec is not supported: write it as ZSTD or SNAPPY with another encoding',
      );
  }
}

/** What writers called LZ4: Hadoop's blocks (two big-endian lengths before each), else an LZ4 frame, else a raw block. */
function decodeOldLz4(bytes: Buffer, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let [at, length] = [0, 0];
  while (at + 8 <= bytes.length) {
    const [plain, packed] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    if (packed > bytes.length - at - 8 || plain > size - length) break;
    try {
      parts.push(decodeLz4Block(bytes.subarray(at + 8, at + 8 + packed), plain));
    } catch {
      break;
    }
    at += 8 + packed;
    length += plain;
  }
  if (at === bytes.length && length === size) return Buffer.concat(parts);
  if (bytes.length >= 4 && bytes.readUInt32LE(0) === 0x18_4d_22_04) return decodeLz4Frame(bytes);
  return decodeLz4Block(bytes, size);
}

/** Maps without values, which the format allows and takes for lists of their keys: marked as lists. */
function mapsOfKeysAsLists(elements: readonly ThriftValue[]): readonly ThriftValue[] {
  const [converted, logical, map, list] = [6, 10, 1, 3];
  return elements.map((element, i) => {
    const fields = structOf(element);
    const isMap = fields.has(converted) && integerAt(fields, converted) === map;
    if (isMap && integerAt(structOf(elements[i + 1]), 5) === 1)
      return {
        kind: 'struct',
        fields: put(without(fields, [logical]), converted, thriftInteger(list, 'i32')),
      };
    return element;
  });
}

/** The leaves of a schema in the order of their chunks. */
function leavesOf(elements: readonly ThriftValue[]): readonly Leaf[] {
  const leaves: Leaf[] = [];
  let next = 1;
  const visit = (hasDefinition: boolean, hasRepetition: boolean, depth: number): void => {
    const element = structOf(elements[next++]);
    if (depth > 64) throw new ThriftFault('the schema is nested too deep');
    const repetition = element.has(3) ? integerAt(element, 3) : 0;
    const definition = hasDefinition || repetition !== 0;
    const repeated = hasRepetition || repetition === REPEATED;
    const children = integerAt(element, 5);
    const type = integerAt(element, 1);
    const width = type === FIXED_LENGTH ? integerAt(element, 2) : (WIDTHS[type] ?? null);
    if (children === 0) leaves.push({ width, hasDefinition: definition, hasRepetition: repeated });
    for (let i = 0; i < children && next < elements.length; i++)
      visit(definition, repeated, depth + 1);
  };
  while (next < elements.length) visit(false, false, 0);
  return leaves;
}

function listOf(fields: Fields, id: number): readonly ThriftValue[] {
  const value = fields.get(id);
  return value?.kind === 'list' ? value.items : [];
}

function structOf(value: ThriftValue | undefined): Fields {
  return value?.kind === 'struct' ? value.fields : new Map();
}

/** An integer field, 0 if it is not there. */
function integerAt(fields: Fields, id: number): number {
  const value = fields.get(id);
  return value?.kind === 'integer' ? Number(value.value) : 0;
}

function put(fields: Fields, id: number, value: ThriftValue): Fields {
  return new Map([...fields, [id, value]]);
}

function without(fields: Fields, ids: readonly number[]): Fields {
  return new Map([...fields].filter(([id]) => !ids.includes(id)));
}

async function readAt(file: FileHandle, at: number, size: number): Promise<Buffer> {
  if (at < 0 || size < 0 || size > LONGEST_PART_BYTES)
    throw new ThriftFault('the footer names places outside of the file');
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, at);
  if (bytesRead < size) throw new ThriftFault('the file ends inside of a column chunk');
  return bytes;
}
