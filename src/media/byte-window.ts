import { ByteView } from './headers/byte-view.ts';
import type { RangeReader } from './ranges.ts';

/** The first read of every medium; most indexes of short clips lie within. */
export const HEAD_BYTES = 32_768;
const SPARSE_BYTES = 4096;
const DENSE_BYTES = 131_072;

/**
 * A moving window over a medium for walks from header to header.
 *
 * Reads large runs while headers lie close together and small ones while they lie far apart, so that walking a file
 * costs few requests and few bytes.
 */
export class ByteWindow {
  readonly sizeBytes: number;
  readonly #reader: RangeReader;
  #view = new ByteView(new Uint8Array(0));
  #start = 0;
  #lastAsked = 0;
  #step = HEAD_BYTES;

  constructor(reader: RangeReader) {
    this.#reader = reader;
    this.sizeBytes = reader.sizeBytes;
  }

  /** Bytes from `at`, `length` of them or fewer, if the window holds them already; else null. */
  held(at: number, length: number): Uint8Array | null {
    const end = Math.min(at + length, this.sizeBytes);
    if (at < this.#start || end > this.#start + this.#view.length) return null;
    return this.#view.slice(at - this.#start, end - this.#start);
  }

  /**
   * Bytes [at, at + length), fewer at the end of the medium; moves the window if it must, and then takes `ahead` bytes
   * where the caller knows how much will be wanted.
   */
  async read(at: number, length: number, ahead = 0): Promise<Uint8Array> {
    const gap = Math.max(0, at - this.#lastAsked);
    this.#step = (this.#step * 7 + gap) / 8;
    this.#lastAsked = at;
    const held = this.held(at, length);
    if (held !== null) return held;
    const isFirst = this.#view.length === 0;
    const usual = isFirst ? HEAD_BYTES : this.#ahead(length);
    const wanted = Math.max(length, ahead > 0 ? ahead : usual);
    const bytes = await this.#reader.read(at, wanted);
    this.#view = new ByteView(bytes);
    this.#start = at;
    return bytes.subarray(0, length);
  }

  #ahead(length: number): number {
    if (length > SPARSE_BYTES) return length;
    return this.#step < 24_576 ? DENSE_BYTES : SPARSE_BYTES;
  }
}
