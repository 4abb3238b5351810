import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { isStoreUrl, parentUrl } from '../stores/store-url.ts';
import type { Discovery } from './shard-file.ts';
import type { ColumnMap } from './map-columns.ts';
import { findRemoteRoot } from './remote/find-remote-root.ts';
import { noRows, readRows, textOf } from './rows.ts';

type MediaRoot = {
  readonly root: string;
  /** Paths are relative to the folder of their own shard, as in HF image folders. */
  readonly isBesideShard: boolean;
};

/** Where paths stand that may be followed: SQL over a relation. */
export type PathsToFollow = { readonly expression: string; readonly from: string };

/** Folders above the manifest that are tried as media root. */
const MOST_STEPS_UP = 5;

const PROBED_PATHS = 20;

/**
 * The directory that media paths are relative to: the one asked for, else the nearest one, from the folder of the
 * manifest upwards, below which most of the first media lie.
 */
export async function findMediaRoot(
  connection: DuckDBConnection,
  discovery: Discovery,
  path: PathsToFollow | null,
  wanted: string | undefined,
): Promise<MediaRoot> {
  // Members are named from the root of the dataset on.
  if (discovery.format === 'tar') return { root: discovery.root, isBesideShard: false };
  if (wanted !== undefined)
    return { root: isStoreUrl(wanted) ? wanted : resolve(wanted), isBesideShard: false };
  const [first] = discovery.shards;
  const home =
    first === undefined || discovery.format === 'media' ? discovery.root : folderOf(first.path);
  const folders = new Set(discovery.shards.map((shard) => folderOf(shard.path)));
  if (path === null)
    return { root: folders.size > 1 ? discovery.root : home, isBesideShard: false };
  const rows = await readRows(
    connection,
    `select (${path.expression})::varchar as path from ${path.from} where (${path.expression}) is not null limit ${PROBED_PATHS}`,
  ).catch(noRows);
  const paths = rows.map((row) => textOf(row['path'])).filter((each) => isRelativePath(each));
  if (discovery.access !== undefined) {
    const nearest = folders.size > 1 ? discovery.root : home;
    return { root: await findRemoteRoot(nearest, paths, discovery.access), isBesideShard: false };
  }
  let best = { root: home, hits: 0 };
  for (let root = home, steps = 0; steps <= MOST_STEPS_UP; root = dirname(root), steps++) {
    const hits = paths.filter((each) => existsSync(resolve(root, each))).length;
    if (hits > best.hits) best = { root, hits };
    if (root === dirname(root)) break;
  }
  if (best.hits > 0 && best.root === home && folders.size > 1)
    return { root: discovery.root, isBesideShard: true };
  if (best.hits === 0 && folders.size > 1) return { root: discovery.root, isBesideShard: false };
  return { root: best.root, isBesideShard: false };
}

function folderOf(path: string): string {
  return isStoreUrl(path) ? parentUrl(path) : dirname(path);
}

function isRelativePath(path: string): boolean {
  return (
    path !== '' &&
    path.length < 4096 &&
    !path.includes('://') &&
    !path.includes('\0') &&
    !path.startsWith('/')
  );
}

/** Paths made relative to the root of the dataset by the folder of their shard. */
export function prefixPaths(map: ColumnMap): ColumnMap {
  return {
    ...map,
    mapped: map.mapped.map((each) =>
      each.role === 'path'
        ? {
            ...each,
            expression: `regexp_replace(shard, '[^/]*$', '') || (${each.expression})`,
            reason: `${each.reason}; relative to the folder of its shard`,
          }
        : each,
    ),
  };
}
