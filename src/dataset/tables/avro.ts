import { inflateRawSync } from 'node:zlib';

import { assertNever } from '../../assert-never.ts';
import { memberOf } from '../../media/json-members.ts';
import { decodeSnappy } from '../embedded/snappy.ts';
import { unzstd } from '../unzstd.ts';

/** A value of an Avro file: records and maps are objects, `bytes` and `fixed` are bytes, `long` is a number as far as that is exact. */
export type AvroValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly AvroValue[]
  | { readonly [name: string]: AvroValue };

type Schema =
  | { readonly kind: 'primitive'; readonly type: string }
  | { readonly kind: 'union'; readonly of: readonly Schema[] }
  | { readonly kind: 'array' | 'map'; readonly items: Schema }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | {
      readonly kind: 'record';
      fields: readonly { readonly name: string; readonly type: Schema }[];
    };

const MAGIC = 'Obj\x01';
const PRIMITIVES = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);
const MOST_RECORDS = 5_000_000;
/** Values of all records together, those inside of others too: nulls take no bytes, so that nothing else bounds them. */
const MOST_VALUES = 20_000_000;
const LONGEST_BLOCK_BYTES = 256 * 1024 * 1024;
const MOST_DEPTH = 64;

/**
 * The records of an Avro object container file (https://avro.apache.org/docs/1.11.1/specification/#object-container-files), codecs
 * null, deflate, snappy and zstandard. Throws RangeError or DecompressionFault for bytes that are none, and for more values than a manifest has.
 */
export async function readAvro(bytes: Uint8Array): Promise<readonly AvroValue[]> {
  const budget = { values: MOST_VALUES };
  const reader = new AvroReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), budget);
  if (reader.take(4).toString('latin1') !== MAGIC) throw new RangeError('no Avro file begins so');
  const header = reader.read({ kind: 'map', items: { kind: 'primitive', type: 'bytes' } }, 0);
  const schema = parseSchema(JSON.parse(textIn(header, 'avro.schema')), new Map(), 0);
  const codec = textIn(header, 'avro.codec') || 'null';
  const sync = reader.take(16);
  const records: AvroValue[] = [];
  while (!reader.isAtEnd) {
    const count = reader.long();
    const packed = reader.take(reader.long());
    if (!reader.take(16).equals(sync)) throw new RangeError('a block of the Avro file is damaged');
    if (count < 0 || records.length + count > MOST_RECORDS)
      throw new RangeError(`a block of ${count} records`);
    const block = new AvroReader(await unpack(packed, codec), budget);
    for (let i = 0; i < count; i++) records.push(block.read(schema, 0));
  }
  return records;
}

async function unpack(bytes: Buffer, codec: string): Promise<Buffer> {
  switch (codec) {
    case 'null':
      return bytes;
    case 'deflate':
      return inflateRawSync(bytes, { maxOutputLength: LONGEST_BLOCK_BYTES });
    case 'snappy':
      // The block's CRC follows it.
      return Buffer.from(decodeSnappy(bytes.subarray(0, -4), snappyLength(bytes)));
    case 'zstandard':
      return unpackZstd(bytes);
    default:
      throw new RangeError(`the codec ${codec.slice(0, 40)} is not known`);
  }
}

async function unpackZstd(bytes: Buffer): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of unzstd([bytes])) {
    length += part.length;
    if (length > LONGEST_BLOCK_BYTES) throw new RangeError(`a block of more than ${length} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function snappyLength(bytes: Uint8Array): number {
  let length = 0;
  for (const [i, byte] of bytes.subarray(0, 5).entries()) {
    length += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) break;
  }
  if (length > LONGEST_BLOCK_BYTES) throw new RangeError(`a block claims ${length} bytes`);
  return length;
}

class AvroReader {
  readonly #bytes: Buffer;
  readonly #budget: { values: number };
  #at = 0;

  /** `budget` is what all readers of one file may read together. */
  constructor(bytes: Buffer, budget: { values: number }) {
    this.#bytes = bytes;
    this.#budget = budget;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  read(schema: Schema, depth: number): AvroValue {
    if (depth > MOST_DEPTH) throw new RangeError('values are nested too deep');
    if (--this.#budget.values < 0)
      throw new RangeError(`a file of more than ${MOST_VALUES} values`);
    switch (schema.kind) {
      case 'primitive':
        return this.#primitive(schema.type);
      case 'fixed':
        return Uint8Array.from(this.take(schema.size));
      case 'enum':
        return schema.symbols[this.long()] ?? null;
      case 'union': {
        const chosen = schema.of[this.long()];
        if (chosen === undefined) throw new RangeError('a union has no such branch');
        return this.read(chosen, depth + 1);
      }
      case 'record':
        return Object.fromEntries(
          schema.fields.map(({ name, type }) => [name, this.read(type, depth + 1)]),
        );
      case 'array':
        return this.#blocks(() => this.read(schema.items, depth + 1));
      case 'map':
        return Object.fromEntries(
          this.#blocks((): [string, AvroValue] => [
            this.take(this.long()).toString('utf8'),
            this.read(schema.items, depth + 1),
          ]),
        );
      default:
        return assertNever(schema);
    }
  }

  #primitive(type: string): AvroValue {
    switch (type) {
      case 'null':
        return null;
      case 'boolean':
        return this.take(1)[0] === 1;
      case 'int':
      case 'long':
        return this.long();
      case 'float':
        return this.take(4).readFloatLE(0);
      case 'double':
        return this.take(8).readDoubleLE(0);
      case 'string':
        return this.take(this.long()).toString('utf8');
      default:
        return Uint8Array.from(this.take(this.long()));
    }
  }

  #blocks<T>(read: () => T): T[] {
    const items: T[] = [];
    for (;;) {
      let count = this.long();
      if (count === 0) return items;
      if (count < 0) {
        count = -count;
        this.long();
      }
      if (!(count <= this.#budget.values)) throw new RangeError(`a list of ${count} values`);
      for (let i = 0; i < count; i++) items.push(read());
    }
  }

  long(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1)[0] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number((value >> 1n) ^ -(value & 1n));
    }
    throw new RangeError('a number has no end');
  }

  take(length: number): Buffer {
    if (!(length >= 0) || length > this.#bytes.length - this.#at)
      throw new RangeError('the Avro file is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** A schema in JSON; names are kept so that a type may refer to one above it. */
function parseSchema(value: unknown, named: Map<string, Schema>, depth: number): Schema {
  if (depth > MOST_DEPTH) throw new RangeError('the schema is nested too deep');
  if (Array.isArray(value))
    return { kind: 'union', of: value.map((each: unknown) => parseSchema(each, named, depth + 1)) };
  if (typeof value === 'string') {
    if (PRIMITIVES.has(value)) return { kind: 'primitive', type: value };
    const known = named.get(value);
    if (known === undefined) throw new RangeError(`no type is called ${value.slice(0, 60)}`);
    return known;
  }
  const type = memberOf(value, 'type');
  const name = memberOf(value, 'name');
  const keep = <T extends Schema>(schema: T): T => {
    if (typeof name === 'string') named.set(name, schema);
    return schema;
  };
  switch (type) {
    case 'record': {
      const record = keep<Extract<Schema, { kind: 'record' }>>({ kind: 'record', fields: [] });
      const fields = memberOf(value, 'fields');
      record.fields = (Array.isArray(fields) ? fields : []).map((field: unknown) => ({
        name: String(memberOf(field, 'name')),
        type: parseSchema(memberOf(field, 'type'), named, depth + 1),
      }));
      return record;
    }
    case 'array':
      return { kind: 'array', items: parseSchema(memberOf(value, 'items'), named, depth + 1) };
    case 'map':
      return { kind: 'map', items: parseSchema(memberOf(value, 'values'), named, depth + 1) };
    case 'fixed':
      return keep({ kind: 'fixed', size: Number(memberOf(value, 'size')) });
    case 'enum': {
      const symbols = memberOf(value, 'symbols');
      return keep({ kind: 'enum', symbols: Array.isArray(symbols) ? symbols.map(String) : [] });
    }
    default:
      return parseSchema(type, named, depth + 1);
  }
}

function textIn(value: AvroValue, name: string): string {
  const found = memberOf(value, name);
  return found instanceof Uint8Array ? Buffer.from(found).toString('utf8') : '';
}
