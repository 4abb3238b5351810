import { HeaderFault } from './header-fault.ts';

/** Reads bits, most significant first, as codec headers write them; past the end it throws a {@link HeaderFault}. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** 0 to 32 bits as an unsigned number. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit();
    return value;
  }

  bit(): number {
    const byte = this.#bytes[this.#at >> 3];
    if (byte === undefined) {
      throw new HeaderFault('corrupt-header', 'a codec header ends too early');
    }
    const value = (byte >> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return value;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Exp-Golomb code ue(v), ITU-T H.264 section 9.1. */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros += 1;
      if (zeros > 31) throw new HeaderFault('corrupt-header', 'a codec header has a broken number');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Signed Exp-Golomb code se(v), ITU-T H.264 section 9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 0 ? -(code / 2) : (code + 1) / 2;
  }

  /** Bits handed out so far. */
  get position(): number {
    return this.#at;
  }
}

/** A NAL unit without its emulation prevention bytes (00 00 03), ITU-T H.264 section 7.4.1. */
export function unescapeNal(nal: Uint8Array): Uint8Array {
  const out = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    out[length] = byte;
    length += 1;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return out.subarray(0, length);
}

/** NAL units between start codes (00 00 01), at most 64 of them. */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let i = 0; i + 3 < bytes.length && starts.length < 65; i++) {
    if (bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1) starts.push(i + 3);
  }
  return starts.slice(0, 64).map((start, i) => {
    const next = starts[i + 1];
    return bytes.subarray(start, next === undefined ? bytes.length : next - 3);
  });
}
