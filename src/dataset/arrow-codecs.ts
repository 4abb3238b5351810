import * as zlib from 'node:zlib';

import { CompressionType, compressionRegistry } from 'apache-arrow';

import { decodeLz4Frame } from './lz4-frame.ts';

type Decode = (data: Uint8Array) => Uint8Array;

let ready: Promise<void> | null = null;

/** Teaches apache-arrow to read LZ4 and ZSTD buffers, once a process. */
export async function registerArrowCodecs(): Promise<void> {
  ready ??= register();
  await ready;
}

async function register(): Promise<void> {
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decodeLz4Frame });
  const zstd = nativeZstd() ?? (await wasmZstd());
  if (zstd !== null) compressionRegistry.set(CompressionType.ZSTD, { decode: zstd });
}

/** Node 22.15 and later decode ZSTD themselves. */
function nativeZstd(): Decode | null {
  const decode: unknown = Reflect.get(zlib, 'zstdDecompressSync');
  if (typeof decode !== 'function') return null;
  return (data) => {
    const out: unknown = Reflect.apply(decode, zlib, [data]);
    if (!(out instanceof Uint8Array)) throw new Error('ZSTD decoding gave no bytes');
    return new Uint8Array(out);
  };
}

/** The package zstddec, if it is installed. */
async function wasmZstd(): Promise<Decode | null> {
  const name: string = 'zstddec';
  try {
    const module: unknown = await import(name);
    const Decoder: unknown = Reflect.get(Object(module), 'ZSTDDecoder');
    if (typeof Decoder !== 'function') return null;
    const decoder: unknown = Reflect.construct(Decoder, []);
    const methods = Object(decoder);
    await Reflect.apply(Reflect.get(methods, 'init'), decoder, []);
    return (data) => {
      const out: unknown = Reflect.apply(Reflect.get(methods, 'decode'), decoder, [data]);
      if (!(out instanceof Uint8Array)) throw new Error('ZSTD decoding gave no bytes');
      return out;
    };
  } catch {
    return null;
  }
}
