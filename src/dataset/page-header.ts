import { ThriftFault } from './thrift-compact.ts';

/** Page headers hold statistics, so a long minimum makes a long header. */
const HEADER_BYTES = 512;
const MOST_HEADER_BYTES = 1 << 22;

/**
 * Reads the header of the Parquet page that begins at `at`, of a chunk that ends at `end`: as much as it takes. Throws ThriftFault
 * for what is none.
 *
 * @param read bytes [start, start + length), fewer only at the end of the file.
 * @param parse reads a header from its first bytes; throws ThriftFault where they end too early.
 */
export async function readPageHeader<T>(
  read: (start: number, length: number) => Promise<Uint8Array>,
  at: number,
  end: number,
  parse: (bytes: Uint8Array) => T,
): Promise<T> {
  for (let window = HEADER_BYTES; ; window *= 16) {
    const bytes = await read(at, Math.min(window, end - at));
    try {
      return parse(bytes);
    } catch (error) {
      if (!(error instanceof ThriftFault) || window >= MOST_HEADER_BYTES || window >= end - at)
        throw error;
    }
  }
}
