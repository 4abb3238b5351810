/** Types of Thrift's compact protocol. */
const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const MAP = 11;
const STRUCT = 12;

/** Structures nested deeper than this are no header. */
const MOST_LEVELS = 16;

/** Integer fields of a structure by number; structures inside by number too. Anything else is skipped over. */
type ThriftStruct = {
  readonly integers: ReadonlyMap<number, number>;
  readonly structs: ReadonlyMap<number, ThriftStruct>;
};

/** Why bytes are no Thrift structure. */
export class ThriftFault extends Error {}

/**
 * Reads one structure of Thrift's compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md)
 * and says how many bytes it takes. Throws {@link ThriftFault} for bytes that are none, or that end too early.
 */
export function readThriftStruct(bytes: Uint8Array): {
  readonly value: ThriftStruct;
  readonly length: number;
} {
  const reader = new Reader(bytes);
  const value = reader.struct(0);
  return { value, length: reader.at };
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(level: number): ThriftStruct {
    if (level > MOST_LEVELS) throw new ThriftFault('structures are nested too deep');
    const integers = new Map<number, number>();
    const structs = new Map<number, ThriftStruct>();
    let field = 0;
    for (;;) {
      const head = this.#byte();
      const type = head & 15;
      if (type === STOP) return { integers, structs };
      field = head >> 4 === 0 ? this.#zigzag() : field + (head >> 4);
      if (type === TRUE || type === FALSE) integers.set(field, type === TRUE ? 1 : 0);
      else if (type > BYTE && type <= I64) integers.set(field, this.#zigzag());
      else if (type === STRUCT) structs.set(field, this.struct(level + 1));
      else this.#skip(type, level);
    }
  }

  #skip(type: number, level: number): void {
    if (level > MOST_LEVELS) throw new ThriftFault('values are nested too deep');
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        this.#move(1);
        return;
      case DOUBLE:
        this.#move(8);
        return;
      case BINARY:
        this.#move(this.#varint());
        return;
      case LIST:
      case SET: {
        const head = this.#byte();
        const size = head >> 4 === 15 ? this.#varint() : head >> 4;
        for (let i = 0; i < size; i++) this.#skip(head & 15, level + 1);
        return;
      }
      case MAP: {
        const size = this.#varint();
        const types = size === 0 ? 0 : this.#byte();
        for (let i = 0; i < size; i++) {
          this.#skip(types >> 4, level + 1);
          this.#skip(types & 15, level + 1);
        }
        return;
      }
      case STRUCT:
        this.struct(level + 1);
        return;
      default:
        if (type <= BYTE || type > I64) throw new ThriftFault(`no type has the number ${type}`);
        this.#varint();
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new ThriftFault('the bytes end inside of a structure');
    this.at += 1;
    return byte;
  }

  #move(length: number): void {
    if (length > this.#bytes.length - this.at)
      throw new ThriftFault('the bytes end inside of a value');
    this.at += length;
  }

  /** Exact to 2^53, as sizes and checksums are. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new ThriftFault('a number has no end');
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
