import { open } from 'node:fs/promises';

import type { DuckDBConnection } from '@duckdb/node-api';
import pMap from 'p-map';

import { DailiesError } from '../../dailies-error.ts';
import type { StoreAccess } from '../../stores/access.ts';
import type { StoreObject } from '../../stores/object-ranges.ts';
import { openObject } from '../../stores/open-object.ts';
import { StoreFault } from '../../stores/store-fault.ts';
import type { ShardFile } from '../shard-file.ts';
import { scratchFile } from '../row-store.ts';
import { RemoteManifest, type RemoteShard, signalOf } from './remote-manifest.ts';
import { FIRST_REQUEST, isUnreachable, SparseTwin } from './sparse-twin.ts';

/** Parts in which whole files are fetched, and how many at once. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;

/** Shards that are opened at once. */
const OPENED_AT_ONCE = 8;

/** Shards with local paths, and what stands behind those that are Parquet. */
type BroughtShards = {
  readonly shards: readonly ShardFile[];
  readonly manifest: RemoteManifest;
  readonly warnings: readonly string[];
};

/**
 * Gives every remote shard a local file in the room's scratch folder: Parquet a sparse twin with its footer, other formats a
 * copy. A shard that its store does not give is one with an error. Throws DailiesError `dataset` if copies would not fit.
 */
export async function bringHere(
  connection: DuckDBConnection,
  shards: readonly ShardFile[],
  access: StoreAccess,
): Promise<BroughtShards> {
  const twins: RemoteShard[] = [];
  const copied: ShardFile[] = [];
  const copies = { bytesRead: 0, requests: 0 };
  const signal = signalOf(connection);
  let room = access.cacheBytes;
  const brought = await pMap(
    shards,
    async (shard): Promise<ShardFile> => {
      if (shard.url === undefined || shard.error !== null) return shard;
      try {
        const isParquet = shard.format === 'parquet';
        const object = await openObject(shard.url, access, {
          signal,
          ...(isParquet ? { first: FIRST_REQUEST } : {}),
        });
        const path = await scratchFile(connection, extensionOf(shard));
        const here = { ...shard, path, bytes: object.sizeBytes };
        const twin =
          isParquet && object.answersRanges ? await SparseTwin.create(path, object) : null;
        if (twin !== null) {
          twins.push({ index: shard.index, name: shard.name, twin });
          return { ...here, twin };
        }
        room -= object.sizeBytes;
        if (room < 0) throw tooLarge(shard, access);
        await copyObject(object, path);
        copied.push(here);
        const spent = object.spent();
        copies.bytesRead += spent.bytesRead;
        copies.requests += spent.requests;
        return here;
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        return { ...shard, error: error.message, isUnreachable: isUnreachable(error) };
      }
    },
    { concurrency: OPENED_AT_ONCE },
  );
  return {
    shards: brought,
    manifest: new RemoteManifest(
      twins.toSorted((a, b) => a.index - b.index),
      access.cacheBytes,
      copies,
    ),
    warnings: tellCopies(copied),
  };
}

/** Tars of which the compressed ones are copies here, as they have to be read whole, and twice; of a plain tar only the headers are read. */
export async function bringCompressed(
  connection: DuckDBConnection,
  tars: readonly ShardFile[],
  access: StoreAccess,
): Promise<Omit<BroughtShards, 'manifest'>> {
  const compressed = tars.filter((tar) => tar.compression !== 'none');
  const { shards, warnings } = await bringHere(connection, compressed, access);
  const brought = new Map(shards.map((tar) => [tar.index, tar]));
  return { shards: tars.map((tar) => brought.get(tar.index) ?? tar), warnings };
}

/** Writes a whole object: in parts where its server answers ranges, else as it comes. */
async function copyObject(object: StoreObject, path: string): Promise<void> {
  const handle = await open(path, 'w');
  const write = async (bytes: Uint8Array, at: number): Promise<void> => {
    await handle.write(bytes, 0, bytes.length, at);
  };
  try {
    if (!object.answersRanges) {
      await object.drain(write);
      return;
    }
    const parts = Math.ceil(object.sizeBytes / PART_BYTES);
    await pMap(
      Array.from({ length: parts }, (_, i) => i * PART_BYTES),
      async (at) => write(await object.read(at, PART_BYTES), at),
      { concurrency: PARTS_AT_ONCE },
    );
  } finally {
    await handle.close();
  }
}

function extensionOf(shard: ShardFile): string {
  const suffix = { none: '', gzip: '.gz', zstd: '.zst' }[shard.compression];
  return `${shard.format}${suffix}`;
}

function tooLarge(shard: ShardFile, access: StoreAccess): DailiesError {
  return new DailiesError(
    'dataset',
    `${shard.name}: files that are fetched whole take more than ${(access.cacheBytes / 1e9).toFixed(1)} GB`,
    { hint: 'raise stores: cache in dailies.yaml; of Parquet only what is read is fetched' },
  );
}

function tellCopies(copied: readonly ShardFile[]): string[] {
  const [first] = copied;
  if (first === undefined) return [];
  const bytes = copied.reduce((sum, { bytes: own }) => sum + own, 0);
  const why =
    first.format === 'parquet'
      ? 'their server answers no ranges, or their footers cannot be read'
      : 'their format has no index';
  return [`${copied.length} shard(s) were fetched whole, ${(bytes / 1e6).toFixed(1)} MB: ${why}`];
}
