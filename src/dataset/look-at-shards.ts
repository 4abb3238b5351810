import { access, constants, stat } from 'node:fs/promises';
import { basename, relative, sep } from 'node:path';

import { hivePartitions } from './hive-partitions.ts';
import type { ShardFile } from './shard-file.ts';
import { type ShardFormat, shardFormatOf } from './shard-format.ts';
import { type Closed, codeOf, tellFileError } from './walk-folders.ts';

/** Files as shards, in the order of their names; what cannot be read says so. */
export async function lookAtAll(
  root: string,
  paths: readonly string[],
  otherwise: ShardFormat,
  stated: ReadonlyMap<string, ShardFile['partitions'] | undefined>,
): Promise<readonly ShardFile[]> {
  const names = [...new Set(paths)]
    .map((path) => ({ path, name: relativeName(root, path) }))
    .toSorted((a, b) => compareNames(a.name, b.name));
  const shards: ShardFile[] = [];
  for (const [index, { path, name }] of names.entries()) {
    const format = shardFormatOf(basename(path)) ?? {
      format: otherwise,
      compression: 'none' as const,
    };
    const size = await lookAt(path);
    shards.push({
      index,
      name,
      path,
      ...size,
      ...format,
      partitions: stated.get(path) ?? hivePartitions(name),
    });
  }
  return shards;
}

/** The one shard of a folder of media. */
export const WHOLE_FOLDER = {
  index: 0,
  name: '.',
  bytes: 0,
  format: 'media',
  compression: 'none',
  partitions: {},
  error: null,
} as const;

async function lookAt(
  path: string,
): Promise<{ readonly bytes: number; readonly error: string | null }> {
  try {
    const { size } = await stat(path);
    await access(path, constants.R_OK);
    return { bytes: size, error: null };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { bytes: 0, error: 'the link points at no file' };
    return { bytes: 0, error: tellFileError(error) };
  }
}

/** A folder that cannot be listed as a shard that cannot be read: no verdict may pass over what it holds. */
export function closedShard(
  root: string,
  { path, why }: Closed,
  format: ShardFormat,
  index: number,
): ShardFile {
  const error = `the folder cannot be listed: ${why}`;
  const name = `${relativeName(root, path)}/`;
  return { index, name, path, bytes: 0, format, compression: 'none', partitions: {}, error };
}

/** A path below the root of the dataset, with `/`. */
export function relativeName(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/** Order of UTF-16 code units: the same on every machine. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
