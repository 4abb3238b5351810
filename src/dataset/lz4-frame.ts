import { byteAt } from './byte-at.ts';

const CUT_OFF = 'LZ4 data is cut off';

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md: first four bytes of a frame, little endian. */
const FRAME_MAGIC = 0x184d2204;

/** Longest output that a frame may claim or reach; Arrow buffers of more are refused rather than allocated. */
const LONGEST_OUTPUT_BYTES = 1024 * 1024 * 1024;

/** Decodes one LZ4 frame (blocks linked or not, checksums skipped). Throws on damage or on output past the limit. */
export function decodeLz4Frame(input: Uint8Array): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.length < 7 || view.getUint32(0, true) !== FRAME_MAGIC)
    throw new Error('not an LZ4 frame');
  const flags = view.getUint8(4);
  if (flags >> 6 !== 1) throw new Error('unknown LZ4 frame version');
  const [hasBlockChecksum, hasContentSize, hasDictionary] = [
    (flags & 16) !== 0,
    (flags & 8) !== 0,
    (flags & 1) !== 0,
  ];
  if (hasDictionary) throw new Error('LZ4 dictionaries are not supported');
  let at = 6;
  let claimed = 0;
  if (hasContentSize) {
    claimed = Number(view.getBigUint64(at, true));
    if (claimed > LONGEST_OUTPUT_BYTES) throw new Error(`an LZ4 frame claims ${claimed} bytes`);
    at += 8;
  }
  at += 1;
  const output = new Output(Math.max(claimed, input.length * 4));
  for (;;) {
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) return output.bytes();
    const size = head & 0x7fffffff;
    if (at + size > input.length) throw new Error('an LZ4 block is cut off');
    const block = input.subarray(at, at + size);
    if (head >>> 31 === 1) output.append(block, 0, size);
    else decodeBlock(block, output);
    at += size + (hasBlockChecksum ? 4 : 0);
  }
}

/** Decodes one raw LZ4 block of known length. Throws on damage or another length. */
export function decodeLz4Block(input: Uint8Array, length: number): Uint8Array {
  const output = new Output(Math.max(0, length));
  decodeBlock(input, output);
  const bytes = output.bytes();
  if (bytes.length !== length)
    throw new Error(`an LZ4 block has ${bytes.length} bytes where ${length} are stated`);
  return bytes;
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md: sequences of literals and a match. */
function decodeBlock(input: Uint8Array, output: Output): void {
  let at = 0;
  const readLength = (nibble: number): number => {
    let length = nibble;
    if (nibble !== 15) return length;
    for (;;) {
      const more = byteAt(input, at++, CUT_OFF);
      length += more;
      if (more !== 255) return length;
    }
  };
  while (at < input.length) {
    const token = byteAt(input, at++, CUT_OFF);
    const literals = readLength(token >> 4);
    if (at + literals > input.length) throw new Error('LZ4 literals are cut off');
    output.append(input, at, literals);
    at += literals;
    if (at >= input.length) return;
    const distance = byteAt(input, at, CUT_OFF) | (byteAt(input, at + 1, CUT_OFF) << 8);
    at += 2;
    output.repeat(distance, readLength(token & 15) + 4);
  }
}

/** A growing buffer that can repeat what it holds. */
class Output {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.min(capacity, LONGEST_OUTPUT_BYTES));
  }

  append(from: Uint8Array, start: number, length: number): void {
    this.#reserve(length);
    this.#bytes.set(from.subarray(start, start + length), this.#length);
    this.#length += length;
  }

  repeat(distance: number, length: number): void {
    if (distance === 0 || distance > this.#length)
      throw new Error('an LZ4 match points before the data');
    this.#reserve(length);
    const start = this.#length - distance;
    if (distance >= length) this.#bytes.copyWithin(this.#length, start, start + length);
    else
      for (let i = 0; i < length; i++) this.#bytes[this.#length + i] = this.#bytes[start + i] ?? 0;
    this.#length += length;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(length: number): void {
    const wanted = this.#length + length;
    if (wanted > LONGEST_OUTPUT_BYTES)
      throw new Error(`LZ4 output passes ${LONGEST_OUTPUT_BYTES} bytes`);
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(
      Math.min(Math.max(wanted, this.#bytes.length * 2), LONGEST_OUTPUT_BYTES),
    );
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
