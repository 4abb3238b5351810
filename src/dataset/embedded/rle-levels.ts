import { byteAt } from '../byte-at.ts';

const CUT_OFF = 'levels are cut off';

/**
 * Decodes `count` numbers of Parquet's run-length and bit-packing hybrid
 * (https://parquet.apache.org/docs/file-format/data-pages/encodings/, RLE = 3). Throws RangeError where the bytes end early.
 */
export function decodeRle(bytes: Uint8Array, bitWidth: number, count: number): Uint32Array {
  const values = new Uint32Array(count);
  if (bitWidth === 0) return values;
  if (bitWidth > 32) throw new RangeError(`no number has ${bitWidth} bits`);
  let at = 0;
  let filled = 0;
  while (filled < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = byteAt(bytes, at++, CUT_OFF);
      header += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
      if (shift > 42) throw new RangeError('a run has no length');
    }
    if (header % 2 === 0) {
      const width = Math.ceil(bitWidth / 8);
      let value = 0;
      for (let i = 0; i < width; i++) value += byteAt(bytes, at++, CUT_OFF) * 2 ** (8 * i);
      const end = Math.min(count, filled + header / 2);
      if (end === filled) throw new RangeError('a run is empty');
      values.fill(value, filled, end);
      filled = end;
      continue;
    }
    const packed = Math.min(((header - 1) / 2) * 8, count - filled);
    for (let i = 0; i < packed; i++) {
      let value = 0;
      for (let bit = 0; bit < bitWidth; bit++) {
        const place = i * bitWidth + bit;
        const byte = byteAt(bytes, at + (place >> 3), CUT_OFF);
        if ((byte >> (place & 7)) & 1) value += 2 ** bit;
      }
      values[filled + i] = value;
    }
    filled += packed;
    at += ((header - 1) / 2) * bitWidth;
  }
  return values;
}
