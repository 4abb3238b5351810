import { constants, open } from 'node:fs/promises';
import { basename, dirname, join, parse, sep } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import type { ShardFile } from './shard-file.ts';
import { binaryFormatOf, isMediaName, type ShardFormat, shardFormatOf } from './shard-format.ts';

/** A file that may be a shard. */
export type Found = {
  readonly path: string;
  readonly isExplicit: boolean;
  /** Values of partition columns, where a table states them. */
  readonly partitions?: ShardFile['partitions'];
};

/** JSON and other files that describe a dataset, its code or its licence and hold no rows. */
const NOT_A_MANIFEST =
  /^(readme|licen[cs]e|notice|bugs|changelog|citation|package(-lock)?|tsconfig|dataset_infos?|dataset_dict|state|config|stats|index|schema|croissant|ground-truth)([._-].*)?$/i;

/** In a directory that has several kinds of tables, the first of these is the manifest. */
const FORMAT_ORDER: readonly ShardFormat[] = [
  'parquet',
  'arrow',
  'jsonl',
  'csv',
  'tsv',
  'tar',
  'json',
];

/** Among so many more media a tar is a stray archive and not the dataset. */
const MEDIA_PER_STRAY_TAR = 10;

/** Formats of the named files whose names tell none, by their first bytes. */
export async function sniffStrangers(
  found: readonly Found[],
): Promise<ReadonlyMap<string, ShardFormat>> {
  const sniffed = new Map<string, ShardFormat>();
  for (const { path, isExplicit } of found) {
    if (!isExplicit || shardFormatOf(basename(path)) !== null || isMediaName(basename(path)))
      continue;
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
    if (handle === null) continue;
    const head = Buffer.alloc(8);
    const { bytesRead } = await handle
      .read(head, 0, 8, 0)
      .catch(() => ({ bytesRead: 0 }))
      .finally(() => handle.close());
    const format = binaryFormatOf(head.subarray(0, bytesRead));
    if (format !== null) sniffed.set(path, format);
  }
  return sniffed;
}

/**
 * Which of the files are the dataset, of what format, and which tars lie beside it. Throws DailiesError `dataset` if none is, or if
 * they are of several formats.
 */
export function chooseShards(
  found: readonly Found[],
  inputs: readonly string[],
  warnings: string[],
  sniffed: ReadonlyMap<string, ShardFormat>,
): { format: ShardFormat; paths: readonly string[]; tars: readonly string[] } {
  const explicit = found.filter((each) => each.isExplicit).map((each) => each.path);
  const walked = found.filter((each) => !each.isExplicit).map((each) => each.path);
  const fromWalk = chooseWalked(walked, warnings);
  const named = [
    ...explicit.filter((path) => shardFormatOf(basename(path)) !== null || sniffed.has(path)),
    ...fromWalk.chosen,
  ];
  // Tars that are named with a table hold its media.
  const isAlone = named.every((path) => isTar(path));
  const tables = isAlone ? named : named.filter((path) => !isTar(path));
  const tars = isAlone ? [] : [...named.filter((path) => isTar(path)), ...fromWalk.tars];
  const strangers = explicit.filter(
    (path) => shardFormatOf(basename(path)) === null && !sniffed.has(path),
  );
  const media = found.map((each) => each.path).filter((path) => isMediaName(basename(path)));
  const isAside =
    explicit.length === 0 && isAlone && media.length > named.length * MEDIA_PER_STRAY_TAR;
  if (isAside && named.length > 0) {
    warnings.push(
      `${named.length} ${named.length === 1 ? 'tar' : 'tars'} among ${media.length} media passed over, first ${named[0]}: name it to read it as WebDataset`,
    );
    return { format: 'media', paths: media, tars: [] };
  }
  if (tables.length === 0 && media.length > 0) return { format: 'media', paths: media, tars };
  if (strangers.length > 0 && !strangers.every((path) => isMediaName(path)))
    throw new DailiesError('dataset', `${strangers[0]}: no format is known for this name`, {
      hint: 'shards are .parquet, .arrow, .feather, .ipc, .csv, .tsv, .jsonl, .ndjson, .json or .tar; text and tars may be .gz or .zst',
    });
  if (tables.length === 0)
    throw new DailiesError('dataset', `${inputs.join(', ')}: no manifest and no media here`, {
      hint: 'name a Parquet, Arrow, CSV or JSON Lines file, tars, or a directory that holds some',
    });
  const formats = new Map<ShardFormat, string>();
  for (const path of tables) {
    const format = shardFormatOf(basename(path))?.format ?? sniffed.get(path);
    if (format !== undefined && !formats.has(format)) formats.set(format, path);
  }
  const [first, second] = formats;
  if (first === undefined)
    throw new DailiesError('dataset', `${inputs.join(', ')}: no manifest here`);
  if (second !== undefined)
    throw new DailiesError(
      'dataset',
      `the shards have several formats: ${first[1]} is ${first[0]}, ${second[1]} is ${second[0]}`,
      {
        hint: 'name the files of one format, or a glob such as data/*.parquet',
      },
    );
  if (tars.length > 0)
    warnings.push(
      `${tars.length} ${tars.length === 1 ? 'tar lies' : 'tars lie'} beside the manifest: what its rows name is looked for in them too; name the tars alone to read them as the dataset`,
    );
  return { format: first[0], paths: tables, tars };
}

function isTar(path: string): boolean {
  return shardFormatOf(basename(path))?.format === 'tar';
}

/** Which of the files in a directory are the manifest: named so, else the first format in order that is there; and its tars. */
function chooseWalked(
  paths: readonly string[],
  warnings: string[],
): { readonly chosen: readonly string[]; readonly tars: readonly string[] } {
  const mediaStems = new Set(
    paths.filter((path) => isMediaName(basename(path))).map((path) => stemOf(path)),
  );
  const mediaFolders = new Set(
    paths.filter((path) => isMediaName(basename(path))).map((path) => dirname(path)),
  );
  const tars = paths.filter((path) => isTar(path));
  const tarStems = new Set(tars.map((path) => tarStemOf(path)));
  // img2dataset writes 00000.parquet and 00000_stats.json beside 00000.tar: they tell of the download, the tar is the data.
  const isSidecar = (path: string): boolean =>
    !isTar(path) && tarStems.has(stemOf(path).replace(/_stats$/, ''));
  const candidates = paths.filter((path) => {
    const format = shardFormatOf(basename(path));
    if (format === null || NOT_A_MANIFEST.test(basename(path).split('.')[0] ?? '')) return false;
    if (isSidecar(path)) return false;
    return !(format.format === 'json' && mediaStems.has(stemOf(path)));
  });
  const sidecars = paths.filter(
    (path) => shardFormatOf(basename(path)) !== null && isSidecar(path),
  );
  if (sidecars.length > 0)
    warnings.push(
      `${sidecars.length} ${sidecars.length === 1 ? 'table has the name of a tar beside it and was' : 'tables have the names of tars beside them and were'} passed over, first ${sidecars[0]}: name them to read them instead`,
    );
  const named = candidates.filter((path) => /^manifest([._-].*)?$/i.test(basename(path)));
  const beside = candidates.filter(
    (path) =>
      /^metadata\./i.test(basename(path)) &&
      [...mediaFolders].some(
        (folder) => folder === dirname(path) || folder.startsWith(dirname(path) + sep),
      ),
  );
  const pool = named.length > 0 ? named : beside.length > 0 ? beside : candidates;
  const formats = new Set(pool.map((path) => shardFormatOf(basename(path))?.format));
  const format = FORMAT_ORDER.find((each) => formats.has(each));
  const rivals = ['arrow', 'jsonl', 'csv', 'tsv'] as const;
  // Parquet is the manifest before all else, and JSON is often a side-line; between the others nobody can tell.
  if (format !== 'parquet' && rivals.filter((each) => formats.has(each)).length > 1)
    return { chosen: pool, tars };
  const chosen = pool.filter((path) => shardFormatOf(basename(path))?.format === format);
  const isChosen = new Set(chosen);
  const left = candidates.filter((path) => !isChosen.has(path) && !isTar(path));
  if (left.length > 0)
    warnings.push(
      `${left.length} other ${left.length === 1 ? 'table' : 'tables'} passed over, first ${left[0]}`,
    );
  return { chosen, tars: format === 'tar' ? [] : tars };
}

/** A path without `.tar`, `.tgz`, `.tar.zst`. */
function tarStemOf(path: string): string {
  return path.replace(/\.(tar(\.\w+)?|tgz|tzst)$/i, '');
}

function stemOf(path: string): string {
  return join(dirname(path), parse(path).name);
}
