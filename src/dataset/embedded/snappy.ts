import { byteAt } from '../byte-at.ts';

const CUT_OFF = 'a Snappy block is cut off';

/**
 * Decodes one raw Snappy block of a known length (https://github.com/google/snappy/blob/main/format_description.txt).
 * Throws RangeError on damage or another length.
 */
export function decodeSnappy(input: Uint8Array, length: number): Uint8Array {
  let at = 0;
  let stated = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = byteAt(input, at++, CUT_OFF);
    stated += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
    if (shift > 28) throw new RangeError('a Snappy block has no length');
  }
  if (stated !== length)
    throw new RangeError(`a Snappy block claims ${stated} bytes where ${length} are stated`);
  const output = new Uint8Array(length);
  let filled = 0;
  while (at < input.length) {
    const tag = byteAt(input, at++, CUT_OFF);
    const kind = tag & 3;
    if (kind === 0) {
      let size = tag >> 2;
      if (size >= 60) {
        const bytes = size - 59;
        size = 0;
        for (let i = 0; i < bytes; i++) size += byteAt(input, at++, CUT_OFF) * 2 ** (8 * i);
      }
      size += 1;
      if (at + size > input.length || filled + size > length)
        throw new RangeError('a Snappy literal is cut off');
      output.set(input.subarray(at, at + size), filled);
      at += size;
      filled += size;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    let offset: number;
    if (kind === 1) offset = ((tag >> 5) << 8) | byteAt(input, at++, CUT_OFF);
    else {
      const bytes = kind === 2 ? 2 : 4;
      offset = 0;
      for (let i = 0; i < bytes; i++) offset += byteAt(input, at++, CUT_OFF) * 2 ** (8 * i);
    }
    if (offset === 0 || offset > filled || filled + size > length)
      throw new RangeError('a Snappy copy reaches outside of its block');
    if (offset >= size) output.copyWithin(filled, filled - offset, filled - offset + size);
    else for (let i = 0; i < size; i++) output[filled + i] = output[filled - offset + i] ?? 0;
    filled += size;
  }
  if (filled !== length)
    throw new RangeError(`a Snappy block has ${filled} bytes where ${length} are stated`);
  return output;
}
