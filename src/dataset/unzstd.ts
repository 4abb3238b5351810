import { ZSTDDecoder } from 'zstddec/stream';

/** Compressed data that cannot be decompressed (further), or will not be: damage, or a bomb. */
export class DecompressionFault extends Error {}

/** Empty answers of the decoder in a row from which on its input is damaged: it does not say so itself. */
const MOST_EMPTY_ANSWERS = 64;

/**
 * What Zstandard made smaller, in chunks, at the pace in which they are asked for. Throws {@link DecompressionFault} for damage;
 * how much comes out is for the caller to bound.
 */
export async function* unzstd(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  let empty = 0;
  try {
    for (const chunk of decoder.decodeStreaming(checked(chunks))) {
      empty = chunk.length === 0 ? empty + 1 : 0;
      if (empty > MOST_EMPTY_ANSWERS) throw new DecompressionFault('zstd: the data are damaged');
      if (chunk.length > 0) yield chunk;
    }
  } catch (error) {
    if (error instanceof DecompressionFault) throw error;
    throw new DecompressionFault(
      `zstd: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** The chunks, if a frame begins with them. */
function* checked(chunks: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let isFirst = true;
  for (const chunk of chunks) {
    // Frames of data, or frames to be skipped. Source: RFC 8878, 3.1.
    const magic =
      chunk.length < 4 ? 0 : new DataView(chunk.buffer, chunk.byteOffset).getUint32(0, true);
    if (isFirst && magic !== 0xfd_2f_b5_28 && (magic & 0xff_ff_ff_f0) >>> 0 !== 0x18_4d_2a_50)
      throw new DecompressionFault('zstd: no frame begins here');
    isFirst = false;
    yield chunk;
  }
}
