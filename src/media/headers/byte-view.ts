import { HeaderFault } from './header-fault.ts';

/** Big-endian reads from a run of bytes; a read outside it throws a {@link HeaderFault}, never anything else. */
export class ByteView {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    this.#check(at, 1);
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    this.#check(at, 2);
    return this.#view.getUint16(at);
  }

  i16(at: number): number {
    this.#check(at, 2);
    return this.#view.getInt16(at);
  }

  u24(at: number): number {
    this.#check(at, 3);
    return this.#view.getUint16(at) * 256 + this.#view.getUint8(at + 2);
  }

  u32(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at);
  }

  i32(at: number): number {
    this.#check(at, 4);
    return this.#view.getInt32(at);
  }

  /** An unsigned 64-bit number; above 2^53 it loses its low bits, which no offset of a real file has. */
  u64(at: number): number {
    this.#check(at, 8);
    return this.#view.getUint32(at) * 4_294_967_296 + this.#view.getUint32(at + 4);
  }

  /** A signed 64-bit number with the same limit. */
  i64(at: number): number {
    this.#check(at, 8);
    return this.#view.getInt32(at) * 4_294_967_296 + this.#view.getUint32(at + 4);
  }

  f32(at: number): number {
    this.#check(at, 4);
    return this.#view.getFloat32(at);
  }

  f64(at: number): number {
    this.#check(at, 8);
    return this.#view.getFloat64(at);
  }

  /** Four characters of Latin-1: a box type or codec tag. */
  fourcc(at: number): string {
    this.#check(at, 4);
    const view = this.#view;
    return String.fromCharCode(
      view.getUint8(at),
      view.getUint8(at + 1),
      view.getUint8(at + 2),
      view.getUint8(at + 3),
    );
  }

  /** The bytes [start, end), cut at the end of the run. */
  slice(start: number, end: number): Uint8Array {
    return this.bytes.subarray(Math.max(0, start), Math.max(0, Math.min(end, this.length)));
  }

  #check(at: number, length: number): void {
    if (at < 0 || at + length > this.length) {
      throw new HeaderFault('corrupt-header', `a header field at ${at} lies outside its box`);
    }
  }
}
