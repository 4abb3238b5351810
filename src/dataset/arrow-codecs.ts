import { CompressionType, compressionRegistry } from 'apache-arrow';
import { ZSTDDecoder } from 'zstddec';

import { decodeLz4Frame } from './lz4-frame.ts';

let ready: Promise<void> | null = null;

/** Teaches apache-arrow to read LZ4 and ZSTD buffers, once a process. */
export async function registerArrowCodecs(): Promise<void> {
  ready ??= register();
  await ready;
}

async function register(): Promise<void> {
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decodeLz4Frame });
  const zstd = new ZSTDDecoder();
  await zstd.init();
  compressionRegistry.set(CompressionType.ZSTD, { decode: (data) => zstd.decode(data) });
}
