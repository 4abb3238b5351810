import { basename } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { DEFAULT_STORE_ACCESS } from '../stores/access.ts';
import { trusting } from '../stores/address-guard.ts';
import { isStoreUrl, shownUrl } from '../stores/store-url.ts';
import { chooseShards } from './choose-shards.ts';
import type { DiscoverOptions } from './discover-shards.ts';
import { hivePartitions } from './hive-partitions.ts';
import { compareNames, WHOLE_FOLDER } from './look-at-shards.ts';
import { commonPrefix, listInputs } from './remote/list-inputs.ts';
import type { Discovery, ShardFile } from './shard-file.ts';
import { type ShardFormat, shardFormatOf } from './shard-format.ts';

/** The shards behind URLs: objects of a prefix as files of a directory. */
export async function discoverRemote(
  inputs: readonly string[],
  options: DiscoverOptions,
): Promise<Discovery> {
  const stranger = inputs.find((input) => !isStoreUrl(input));
  if (stranger !== undefined)
    throw new DailiesError('usage', `${stranger} is no URL, and ${shownUrl(inputs[0] ?? '')} is`, {
      hint: 'a dataset lies on disk or in a store: name the one or the other',
    });
  const reached = trusting(options.stores ?? DEFAULT_STORE_ACCESS, inputs);
  const { files, roots } = await listInputs(inputs, reached, options.signal);
  const root = commonPrefix(roots);
  const warnings: string[] = [];
  const chosen = chooseShards(files, inputs.map(shownUrl), warnings, new Map());
  const nameOf = (path: string): string => path.slice(root.length);
  const paths = [...new Set(chosen.paths)].toSorted(compareNames);
  if (chosen.format === 'media') {
    const shards = [{ ...WHOLE_FOLDER, path: root }];
    const besides = new Map(files.map((file) => [nameOf(file.path), file.sizeBytes ?? 0]));
    return {
      format: 'media',
      root,
      shards,
      media: paths.map(nameOf),
      warnings,
      besides,
      access: reached,
    };
  }
  const known = new Map(files.map((file) => [file.path, file]));
  const shardsOf = (all: readonly string[], otherwise: ShardFormat): ShardFile[] =>
    [...new Set(all)].toSorted(compareNames).map((path, index) => ({
      index,
      name: nameOf(path),
      path,
      url: known.get(path)?.url ?? path,
      bytes: known.get(path)?.sizeBytes ?? 0,
      error: null,
      ...(shardFormatOf(basename(path)) ?? { format: otherwise, compression: 'none' }),
      partitions: hivePartitions(nameOf(path)),
    }));
  const shards = shardsOf(paths, chosen.format);
  const tars = shardsOf(chosen.tars, 'tar');
  return { format: chosen.format, root, shards, media: [], tars, warnings, access: reached };
}
