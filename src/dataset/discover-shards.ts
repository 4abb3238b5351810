import { lstat, stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import type { StoreAccess } from '../stores/access.ts';
import { isStoreUrl } from '../stores/store-url.ts';
import { chooseShards, type Found, sniffStrangers } from './choose-shards.ts';
import { discoverRemote } from './discover-remote.ts';
import {
  closedShard,
  compareNames,
  lookAtAll,
  relativeName,
  WHOLE_FOLDER,
} from './look-at-shards.ts';
import type { Discovery, ShardFile } from './shard-file.ts';
import { TABLE_NAMES } from './tables/find-table.ts';
import { liveFiles, tableOf, warnOfTables } from './tables/live-files.ts';
import { type Closed, expandGlob, refuseClosed, type Tables, walk } from './walk-folders.ts';

export type DiscoverOptions = {
  readonly cwd: string;
  /** How stores are asked, where inputs are URLs. */
  readonly stores?: StoreAccess;
  readonly signal?: AbortSignal;
};

/**
 * The shards behind files, directories (read recursively), globs and URLs. Hidden files, `_`-files and `.dailies/` are passed
 * over in directories. Throws DailiesError `dataset` if there is nothing to read or the shards have several formats.
 */
export async function discoverShards(
  inputs: readonly string[],
  options: DiscoverOptions,
): Promise<Discovery> {
  if (inputs.length === 0)
    throw new DailiesError('usage', 'no dataset was named', {
      hint: 'name a file, a directory or a glob',
    });
  if (inputs.some(isStoreUrl)) return discoverRemote(inputs, options);
  const found: Found[] = [];
  const roots: string[] = [];
  const warnings: string[] = [];
  const closed: Closed[] = [];
  for (const input of inputs) {
    const path = resolve(options.cwd, input);
    const info = await lstat(path).catch((error: unknown) => error);
    if (info instanceof Error || !isStats(info)) {
      const matches = await expandGlob(path, closed);
      if (matches === null)
        throw new DailiesError('dataset', `${input}: no such file or directory`, {
          cause: info,
          hint: `paths start at ${options.cwd}; a glob wants quotes, as in 'data/*.parquet'`,
        });
      if (matches.length === 0) {
        refuseClosed(closed);
        throw new DailiesError('dataset', `${input}: no file matches`, {
          hint: `globs start at ${options.cwd}; ** meets folders of any depth`,
        });
      }
      found.push(...matches.map((match) => ({ path: match, isExplicit: true })));
      roots.push(commonDirectory(matches.map((match) => dirname(match))));
      warnings.push(...(await warnOfTables(matches)));
    } else if ((await stat(path)).isDirectory()) {
      const tables: Tables = new Map();
      const walked = await walk(path, { warnings, closed, tables });
      found.push(...walked.map((each) => ({ path: each, isExplicit: false })));
      for (const [folder, kind] of tables) {
        const files = await liveFiles(folder, kind, warnings);
        if (files === null) {
          if (folder === path && inputs.length === 1) return tableOf(folder, kind);
          throw new DailiesError('dataset', `${folder} is a table of ${TABLE_NAMES[kind]}`, {
            hint: 'name the table alone: it is read by an extension of DuckDB',
          });
        }
        found.push(...files);
      }
      roots.push(path);
    } else {
      found.push({ path, isExplicit: true });
      roots.push(dirname(path));
      warnings.push(...(await warnOfTables([path])));
    }
  }
  const root = commonDirectory(roots);
  const sniffed = await sniffStrangers(found);
  if (found.length === 0) refuseClosed(closed);
  const chosen = chooseShards(found, inputs, warnings, sniffed);
  if (chosen.format === 'media') {
    refuseClosed(closed);
    const media = chosen.paths.map((path) => relativeName(root, path)).toSorted(compareNames);
    return { format: 'media', root, shards: [await mediaShard(root)], media, warnings };
  }
  const stated = new Map(found.map((each) => [each.path, each.partitions]));
  const files = await lookAtAll(root, chosen.paths, chosen.format, stated);
  const shards = [
    ...files,
    ...closed.map((each, i) => closedShard(root, each, chosen.format, files.length + i)),
  ];
  const tars = await lookAtAll(root, chosen.tars, 'tar', stated);
  return { format: chosen.format, root, shards, media: [], tars, warnings };
}

function isStats(value: unknown): value is Awaited<ReturnType<typeof lstat>> {
  return typeof value === 'object' && value !== null && 'isDirectory' in value;
}

async function mediaShard(root: string): Promise<ShardFile> {
  await stat(root);
  return { ...WHOLE_FOLDER, path: root };
}

function commonDirectory(directories: readonly string[]): string {
  const [first = sep, ...rest] = directories;
  let parts = first.split(sep);
  for (const directory of rest) {
    const others = directory.split(sep);
    const differs = parts.findIndex((part, i) => part !== others[i]);
    if (differs >= 0) parts = parts.slice(0, differs);
  }
  return parts.join(sep) || sep;
}
