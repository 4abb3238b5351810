import { ThriftFault } from './thrift-compact.ts';

/**
 * Any value of Thrift's compact protocol, so that a structure can be changed in places and written again
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
 */
export type ThriftValue =
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integer'; readonly type: number; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly type: number; readonly value: Uint8Array }
  | {
      readonly kind: 'list';
      readonly type: number;
      readonly of: number;
      readonly items: readonly ThriftValue[];
    }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<number, ThriftValue> };

const [TRUE, FALSE, BYTE, I64, DOUBLE, BINARY, LIST, SET, STRUCT, UUID] = [
  1, 2, 3, 6, 7, 8, 9, 10, 12, 13,
];
const I32 = 5;
const MOST_LEVELS = 64;

/** An integer field of 32 or 64 bits. */
export function thriftInteger(value: number | bigint, type: 'i32' | 'i64'): ThriftValue {
  return { kind: 'integer', type: type === 'i32' ? I32 : I64, value: BigInt(value) };
}

/** Parses one structure; throws {@link ThriftFault} for bytes that are none. */
export function parseThrift(bytes: Uint8Array): {
  readonly fields: ReadonlyMap<number, ThriftValue>;
  readonly length: number;
} {
  const reader = new TreeReader(bytes);
  const fields = reader.struct(0);
  return { fields, length: reader.at };
}

class TreeReader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(level: number): ReadonlyMap<number, ThriftValue> {
    if (level > MOST_LEVELS) throw new ThriftFault('structures are nested too deep');
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      const type = head & 15;
      if (type === 0) return fields;
      id = head >> 4 === 0 ? Number(this.#zigzag()) : id + (head >> 4);
      fields.set(
        id,
        type === TRUE || type === FALSE
          ? { kind: 'boolean', value: type === TRUE }
          : this.#value(type, level),
      );
    }
  }

  #value(type: number, level: number): ThriftValue {
    if (type === TRUE || type === FALSE) return { kind: 'boolean', value: this.#byte() === TRUE };
    if (type === BYTE) return { kind: 'bytes', type, value: this.#take(1) };
    if (type > BYTE && type <= I64) return { kind: 'integer', type, value: this.#zigzag() };
    if (type === DOUBLE) return { kind: 'bytes', type, value: this.#take(8) };
    if (type === UUID) return { kind: 'bytes', type, value: this.#take(16) };
    if (type === BINARY) return { kind: 'bytes', type, value: this.#take(Number(this.#varint())) };
    if (type === STRUCT) return { kind: 'struct', fields: this.struct(level + 1) };
    if (type !== LIST && type !== SET) throw new ThriftFault(`no type has the number ${type}`);
    const head = this.#byte();
    const size = head >> 4 === 15 ? Number(this.#varint()) : head >> 4;
    if (size > this.#bytes.length) throw new ThriftFault('a list is longer than its file');
    const items: ThriftValue[] = [];
    for (let i = 0; i < size; i++) items.push(this.#value(head & 15, level + 1));
    return { kind: 'list', type, of: head & 15, items };
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new ThriftFault('the bytes end inside of a structure');
    this.at += 1;
    return byte;
  }

  #take(length: number): Uint8Array {
    if (!(length >= 0) || length > this.#bytes.length - this.at)
      throw new ThriftFault('the bytes end inside of a value');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new ThriftFault('a number has no end');
  }

  #zigzag(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }
}

/** The bytes of a structure. */
export function writeThrift(fields: ReadonlyMap<number, ThriftValue>): Buffer {
  const out: Uint8Array[] = [];
  writeStruct(fields, out);
  return Buffer.concat(out);
}

function writeStruct(fields: ReadonlyMap<number, ThriftValue>, out: Uint8Array[]): void {
  let last = 0;
  for (const [id, value] of [...fields].toSorted(([a], [b]) => a - b)) {
    const type = typeOf(value);
    const step = id - last;
    if (step > 0 && step < 16) out.push(Uint8Array.of((step << 4) | type));
    else out.push(Uint8Array.of(type), zigzag(BigInt(id)));
    if (value.kind !== 'boolean') writeValue(value, out);
    last = id;
  }
  out.push(Uint8Array.of(0));
}

function typeOf(value: ThriftValue): number {
  if (value.kind === 'boolean') return value.value ? TRUE : FALSE;
  return value.kind === 'struct' ? STRUCT : value.type;
}

function writeValue(value: ThriftValue, out: Uint8Array[]): void {
  switch (value.kind) {
    case 'boolean':
      out.push(Uint8Array.of(value.value ? TRUE : FALSE));
      return;
    case 'integer':
      out.push(zigzag(value.value));
      return;
    case 'bytes':
      if (value.type === BINARY) out.push(varint(BigInt(value.value.length)));
      out.push(value.value);
      return;
    case 'struct':
      writeStruct(value.fields, out);
      return;
    case 'list':
      out.push(
        value.items.length < 15
          ? Uint8Array.of((value.items.length << 4) | value.of)
          : Buffer.concat([Uint8Array.of(0xf0 | value.of), varint(BigInt(value.items.length))]),
      );
      for (const item of value.items) writeValue(item, out);
  }
}

function zigzag(value: bigint): Uint8Array {
  return varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
