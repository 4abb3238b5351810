import { openSync, closeSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';

import { DecompressionFault, unzstd } from '../unzstd.ts';

/**
 * Ratio that no tar of samples reaches: a tiny member with its padding compresses 1:100, a gzip bomb 1:1,000 and one of
 * Zstandard far more. What is below {@link TRUSTED_BYTES} costs next to nothing.
 */
const MOST_RATIO = 300;
const TRUSTED_BYTES = 64 * 1024 * 1024;

const CHUNK_BYTES = 256 * 1024;

/**
 * Bytes of a `.tar.gz` or `.tar.zst`, in chunks, at the pace in which they are asked for. Throws {@link DecompressionFault} for
 * damage, and once far more comes out than went in.
 */
export async function* decompressFile(
  path: string,
  compression: 'gzip' | 'zstd',
): AsyncGenerator<Uint8Array, void> {
  const input = new CountedFile(path);
  let given = 0;
  try {
    const chunks = compression === 'gzip' ? gunzip(input) : unzstd(input.chunks());
    for await (const chunk of chunks) {
      given += chunk.length;
      if (given > TRUSTED_BYTES && given > input.taken_bytes * MOST_RATIO)
        throw new DecompressionFault(
          `decompression was stopped: ${given} bytes came out of ${input.taken_bytes}, more than ${MOST_RATIO} times as many`,
        );
      yield chunk;
    }
  } finally {
    input.close();
  }
}

/** A file read chunk by chunk, that knows how much was taken of it. */
class CountedFile {
  readonly #descriptor: number;
  taken_bytes = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
  }

  *chunks(): Generator<Uint8Array, void> {
    for (;;) {
      const buffer = new Uint8Array(CHUNK_BYTES);
      const size = readSync(this.#descriptor, buffer, 0, CHUNK_BYTES, this.taken_bytes);
      if (size === 0) return;
      this.taken_bytes += size;
      yield buffer.subarray(0, size);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

async function* gunzip(input: CountedFile): AsyncGenerator<Uint8Array, void> {
  const { Readable } = await import('node:stream');
  const source = Readable.from(input.chunks());
  const stream = source.pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
  source.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw new DecompressionFault(
      `gzip: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  } finally {
    source.destroy();
    stream.destroy();
  }
}
