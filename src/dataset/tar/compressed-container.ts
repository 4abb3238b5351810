import { statSync } from 'node:fs';

import { resolveMediaPath } from '../media-path.ts';
import { shardFormatOf } from '../shard-format.ts';
import type { ShardFile } from '../shard-file.ts';

/** The compressed tar on this machine that the medium of a text is a member of, named as the text names it; null if it is of none. */
export function compressedContainer(root: string, text: string): ShardFile | null {
  for (const { index } of text.matchAll(/\.(tar\.\w+|tgz|tzst)\//gi)) {
    const name = text.slice(0, text.indexOf('/', index));
    const format = shardFormatOf(name.slice(name.lastIndexOf('/') + 1));
    if (format?.format !== 'tar' || format.compression === 'none') continue;
    const found = resolveMediaPath(root, name);
    if (!found.ok) continue;
    const info = statSync(found.medium.source, { throwIfNoEntry: false });
    if (info?.isFile() !== true) continue;
    const { source: path } = found.medium;
    return { index: 0, name, path, bytes: info.size, ...format, partitions: {}, error: null };
  }
  return null;
}
