import { posix } from 'node:path';

import { mediaKindOf } from '../shard-format.ts';
import type { IndexedTar } from './index-tars.ts';

/** Tars of other folders that hold further fields of the same samples, by the shard that they are joined to. */
export type ParallelTars = ReadonlyMap<number, readonly number[]>;

/** Share of its samples that an extension needs to count as one of a tar. */
const LEAST_SHARE = 0.05;

/** Share of the tars of a folder that need a namesake in the other. */
const LEAST_NAMESAKES = 0.5;

/** Of several media of a sample, the one of the highest rank is the clip. */
const MEDIA_RANKS = { video: 3, image: 2, audio: 1 } as const;

type Folder = {
  readonly name: string;
  readonly tars: ReadonlyMap<string, IndexedTar>;
  readonly extensions: ReadonlySet<string>;
  readonly hasMedia: boolean;
  readonly samples: number;
};

/**
 * Finds folders of parallel tars (`video/`, `metas/`, `t5/` with equal file names): what is in them differs in kind, and either
 * one has no media at all or their keys meet, so that splits and other datasets with equal file names stay apart.
 *
 * @param countShared keys that two tars have in common, summed over pairs of shards.
 */
export async function findParallelTars(
  indexed: readonly IndexedTar[],
  countShared: (pairs: readonly (readonly [number, number])[]) => Promise<number>,
): Promise<ParallelTars> {
  const folders = foldersOf(indexed).toSorted(
    (a, b) => rankOf(b) - rankOf(a) || b.samples - a.samples || (a.name < b.name ? -1 : 1),
  );
  const joined = new Map<number, number[]>();
  const taken = new Set<string>();
  for (const [i, main] of folders.entries()) {
    if (taken.has(main.name) || !main.hasMedia) continue;
    for (const side of folders.slice(i + 1)) {
      if (taken.has(side.name)) continue;
      const pairs = [...side.tars].flatMap(([name, tar]) => {
        const namesake = main.tars.get(name);
        return namesake === undefined ? [] : [[namesake, tar] as const];
      });
      if (pairs.length < side.tars.size * LEAST_NAMESAKES) continue;
      const isDisjoint = [...side.extensions].every((each) => !main.extensions.has(each));
      if (side.hasMedia && !isDisjoint) continue;
      const hasEqualCounts = pairs.every(([a, b]) => a.samples === b.samples);
      const indices = pairs.map(([a, b]) => [a.file.index, b.file.index] as const);
      if ((side.hasMedia || !hasEqualCounts) && (await countShared(indices)) === 0) continue;
      taken.add(side.name);
      for (const [to, from] of indices) joined.set(to, [...(joined.get(to) ?? []), from]);
    }
  }
  return joined;
}

function rankOf(folder: Folder): number {
  const ranks = [...folder.extensions].map((each) => {
    const kind = mediaKindOf(`x.${each}`);
    return kind === null ? 0 : MEDIA_RANKS[kind];
  });
  return Math.max(0, ...ranks);
}

function foldersOf(indexed: readonly IndexedTar[]): Folder[] {
  const byFolder = new Map<string, IndexedTar[]>();
  for (const tar of indexed) {
    const folder = posix.dirname(tar.file.name);
    const own = byFolder.get(folder);
    if (own === undefined) byFolder.set(folder, [tar]);
    else own.push(tar);
  }
  return [...byFolder].map(([name, tars]) => {
    const samples = tars.reduce((sum, tar) => sum + tar.samples, 0);
    const extensions = new Set(
      [...countExtensions(tars)]
        .filter(([, count]) => count >= samples * LEAST_SHARE)
        .map(([extension]) => extension),
    );
    return {
      name,
      tars: new Map(tars.map((tar) => [posix.basename(tar.file.name), tar])),
      extensions,
      hasMedia: [...extensions].some((each) => mediaKindOf(`x.${each}`) !== null),
      samples,
    };
  });
}

/** In how many samples each extension stands, all tars together. */
export function countExtensions(tars: readonly IndexedTar[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { extensions } of tars)
    for (const [extension, count] of extensions)
      counts.set(extension, (counts.get(extension) ?? 0) + count);
  return counts;
}

/** Extensions of captions, the surest first. */
const CAPTION_EXTENSIONS = ['txt', 'caption', 'captions', 'cap', 'text', 'transcript'];

/** What the members of samples are by their extensions: the media, the main one first, and the caption. */
export function rolesOf(counts: ReadonlyMap<string, number>): {
  readonly media: readonly string[];
  readonly caption: string | null;
} {
  const found = [...counts].flatMap(([extension, count]) => {
    const kind = mediaKindOf(`x.${extension}`);
    return kind === null ? [] : [{ extension, count, rank: MEDIA_RANKS[kind] }];
  });
  const most = Math.max(0, ...found.map((each) => each.count));
  const media = found
    .map((each) => ({ ...each, isMain: each.count * 2 >= most }))
    .toSorted(
      (a, b) =>
        Number(b.isMain) - Number(a.isMain) ||
        b.rank - a.rank ||
        dots(a.extension) - dots(b.extension) ||
        b.count - a.count ||
        (a.extension < b.extension ? -1 : 1),
    )
    .map((each) => each.extension);
  return { media, caption: CAPTION_EXTENSIONS.find((each) => counts.has(each)) ?? null };
}

function dots(extension: string): number {
  return extension.split('.').length;
}
