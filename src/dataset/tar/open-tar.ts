import { openFileRanges } from '../../media/file-ranges.ts';
import type { RangeReader } from '../../media/ranges.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../../stores/access.ts';
import { openObject } from '../../stores/open-object.ts';
import { isStoreUrl } from '../../stores/store-url.ts';
import type { ShardFile } from '../shard-file.ts';
import { decompressFile } from './decompress-tar.ts';
import { bytesOfReader, bytesOfStream, type TarBytes } from './tar-bytes.ts';

/** A tar under way; close it when the walk is over. */
type OpenTar = {
  readonly bytes: TarBytes;
  /** Its ranges in any order; null for what can only be read from start to end. */
  readonly reader: RangeReader | null;
  readonly close: () => Promise<void>;
};

/** Where tars lie, and what stops the reading of them. */
export type TarAccess = {
  readonly stores: StoreAccess;
  readonly signal?: AbortSignal;
};

export const LOCAL_TARS: TarAccess = { stores: DEFAULT_STORE_ACCESS };

/**
 * Opens a tar for one walk, on this machine or in a store. Throws what the file system or the store says; of a compressed tar a
 * DecompressionFault while it is read.
 */
export async function openTar(file: ShardFile, access: TarAccess = LOCAL_TARS): Promise<OpenTar> {
  if (isStoreUrl(file.path)) return openRemote(file.url ?? file.path, access);
  if (file.compression !== 'none') return openStream(decompressFile(file.path, file.compression));
  const { reader } = await openFileRanges(file.path);
  return { bytes: bytesOfReader(reader), reader, close: async () => reader.close() };
}

async function openRemote(url: string, { stores, signal }: TarAccess): Promise<OpenTar> {
  const object = await openObject(url, stores, signal === undefined ? {} : { signal });
  if (object.answersRanges)
    return { bytes: bytesOfReader(object), reader: object, close: async () => object.close() };
  // Without ranges every jump would fetch all that lies before it: once through, from start to end.
  return openStream(drained(object), async () => object.close());
}

function openStream(
  stream: AsyncGenerator<Uint8Array, void>,
  close: () => Promise<void> = async () => {},
): OpenTar {
  return {
    bytes: bytesOfStream(stream),
    reader: null,
    close: async () => {
      await stream.return();
      await close();
    },
  };
}

/** What an object hands over piece by piece, as it is asked for. */
async function* drained(object: {
  readonly drain: (onBytes: (bytes: Uint8Array) => Promise<void>) => Promise<void>;
}): AsyncGenerator<Uint8Array, void> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const done = object
    .drain(async (bytes) => writer.write(bytes))
    .then(
      async () => writer.close(),
      async (error: unknown) => writer.abort(error),
    );
  const reader = readable.getReader();
  try {
    for (;;) {
      const step = await reader.read();
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
    await done.catch(() => undefined);
  }
}
