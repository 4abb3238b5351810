import type { RangeReader } from '../../src/media/ranges.ts';

/** Bytes in memory as a medium; a range that no reader should ask for fails the test. */
export function memoryRanges(bytes: Uint8Array): RangeReader {
  let bytesRead = 0;
  let requests = 0;
  return {
    sizeBytes: bytes.length,
    spent: () => ({ bytesRead, requests }),
    read: async (start, length) => {
      if (
        !Number.isSafeInteger(start) ||
        !Number.isSafeInteger(length) ||
        start < 0 ||
        length < 0
      ) {
        throw new Error(`a read of ${length} bytes at ${start}`);
      }
      if (length > 65 * 1024 * 1024) throw new Error(`a read of ${length} bytes`);
      const slice = bytes.subarray(start, start + length);
      bytesRead += slice.length;
      requests += 1;
      return await Promise.resolve(slice);
    },
    close: () => Promise.resolve(),
  };
}
