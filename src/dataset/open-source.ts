import type { DuckDBConnection } from '@duckdb/node-api';

import { assertNever } from '../assert-never.ts';
import { DEFAULT_STORE_ACCESS } from '../stores/access.ts';
import { createMediaRecords } from './media-directory.ts';
import { openDelimited } from './open-delimited.ts';
import { openJson } from './open-json.ts';
import { openParquet } from './open-parquet.ts';
import type { OpenOptions } from './opened-dataset.ts';
import type { Discovery, ShardFile } from './shard-file.ts';
import { type RowSource, unreadShard } from './source.ts';
import { copyTable } from './tables/table-extension.ts';
import type { TarAccess } from './tar/open-tar.ts';

/** Opens the shards that can be opened at all, and lists the others beside them. */
export async function openReadable(
  connection: DuckDBConnection,
  discovery: Discovery,
  options: OpenOptions,
): Promise<RowSource> {
  const errorOf = (shard: ShardFile): string | null =>
    shard.error ?? options.exclude?.get(shard.index) ?? null;
  const readable = discovery.shards.filter((shard) => errorOf(shard) === null);
  const closed = discovery.shards.flatMap((shard) => {
    const error = errorOf(shard);
    return error === null ? [] : [unreadShard(shard, error)];
  });
  const source = await openSource(connection, { ...discovery, shards: readable }, options);
  return {
    ...source,
    shards: [...source.shards, ...closed].toSorted((a, b) => a.file.index - b.file.index),
  };
}

async function openSource(
  connection: DuckDBConnection,
  discovery: Discovery,
  options: OpenOptions,
): Promise<RowSource> {
  switch (discovery.format) {
    case 'parquet':
      return openParquet(connection, discovery.shards);
    case 'csv':
    case 'tsv':
      return openDelimited(connection, discovery.shards);
    case 'jsonl':
    case 'json':
      return openJson(connection, discovery.shards);
    case 'media': {
      const described = await createMediaRecords(connection, discovery);
      const source = await openJson(connection, discovery.shards);
      const note = `no manifest: every media file is a row, ${described} of ${discovery.media.length} have a side-car`;
      return { ...source, warnings: [note, ...source.warnings] };
    }
    case 'tar':
      return (await import('./tar/open-tars.ts')).openTars(
        connection,
        discovery.shards,
        tarAccess(discovery, options),
        options.progress,
      );
    case 'arrow':
      return (await import('./open-arrow.ts')).openArrow(connection, discovery.shards);
    case 'delta':
    case 'iceberg':
    case 'lance':
      return openTable(connection, discovery.shards, discovery.format);
    default:
      return assertNever(discovery.format);
  }
}

/** How tars are asked for, and until when. */
export function tarAccess(discovery: Discovery, options: OpenOptions): TarAccess {
  return {
    stores: discovery.access ?? options.stores ?? DEFAULT_STORE_ACCESS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

/** A table through DuckDB's extension: its rows are copied once into a Parquet file that goes when the room is closed. */
async function openTable(
  connection: DuckDBConnection,
  shards: readonly ShardFile[],
  kind: 'delta' | 'iceberg' | 'lance',
): Promise<RowSource> {
  const copies = await Promise.all(
    shards.map(async (shard) => ({
      ...shard,
      path: await copyTable(connection, kind, shard.path),
    })),
  );
  return openParquet(connection, copies);
}
