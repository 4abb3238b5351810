import { access, constants, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, relative, resolve, sep } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../stores/access.ts';
import { trusting } from '../stores/address-guard.ts';
import { isStoreUrl, shownUrl } from '../stores/store-url.ts';
import { matchGlob, splitGlob } from './glob.ts';
import type { SparseTwin } from './remote/sparse-twin.ts';
import { commonPrefix, listInputs } from './remote/list-inputs.ts';
import type { ShardCompression, ShardFormat } from './shard-format.ts';
import { binaryFormatOf, isMediaName, shardFormatOf } from './shard-format.ts';
import { type LiveFile, readDeltaLog } from './tables/delta-log.ts';
import { findTable, TABLE_NAMES, type TableKind } from './tables/find-table.ts';
import { readIcebergSnapshot } from './tables/iceberg-snapshot.ts';
import { requireExtension } from './tables/table-extension.ts';

/** One file that holds rows of the manifest. */
export type ShardFile = {
  /** Position in the order of names, 0-based: the shard's number in this run. */
  readonly index: number;
  /** Relative to the root of the dataset, with `/`. */
  readonly name: string;
  readonly path: string;
  /** Of a shard in a store: what to ask for, with the query that `path` lacks. */
  readonly url?: string;
  /** What `path` is, where it is a file of holes that is filled as columns are read. */
  readonly twin?: SparseTwin;
  readonly bytes: number;
  readonly format: ShardFormat;
  readonly compression: ShardCompression;
  /** Hive partitions that the path states (`bucket=720p/`), percent-decoded; null for the Hive default partition. */
  readonly partitions: Readonly<Record<string, string | null>>;
  /** Why the file cannot even be opened, null if it can. */
  readonly error: string | null;
  /** Whether its store did not give it, so that nobody knows whether it is good. */
  readonly isUnreachable?: boolean;
};

/** What the inputs of a run turned out to be. */
export type Discovery = {
  readonly format: ShardFormat;
  /** Absolute path or URL of the directory that names of shards are relative to. */
  readonly root: string;
  readonly shards: readonly ShardFile[];
  /** For `media`: the media files, relative to the root, sorted. Empty otherwise. */
  readonly media: readonly string[];
  /** Tars beside the manifest, which may hold the media that its rows name. */
  readonly tars?: readonly ShardFile[];
  /** What was passed over, in words. */
  readonly warnings: readonly string[];
  /** Of a folder of media in a store: sizes of the files beside them, by names relative to the root. */
  readonly besides?: ReadonlyMap<string, number>;
  /** Of a dataset in a store: how it is reached. */
  readonly access?: StoreAccess;
};

type Found = {
  readonly path: string;
  readonly isExplicit: boolean;
  /** Values of partition columns, where a table states them. */
  readonly partitions?: ShardFile['partitions'];
};

/** Tables met in a walk: the folder and its kind. */
type Tables = Map<string, TableKind>;

/** A folder that cannot be listed: nobody knows which rows it holds. */
type Closed = { readonly path: string; readonly why: string };

/** What a walk meets beside files. */
type Met = {
  readonly warnings: string[];
  readonly closed: Closed[];
  /** Null: tables are walked like other folders. */
  readonly tables: Tables | null;
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

/** Files that one run looks at most; more is a wrong directory. */
const MOST_FILES = 5_000_000;

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

async function lookAtAll(
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

/** The shards behind URLs: objects of a prefix as files of a directory. */
async function discoverRemote(
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

/** Parquet files of the current version of a table; null if an extension of DuckDB has to read it. */
async function liveFiles(
  folder: string,
  kind: TableKind,
  warnings: string[],
): Promise<readonly Found[] | null> {
  const table = await readTable(folder, kind);
  if (!table.ok) {
    await requireExtension(kind, folder, table.reason);
    return null;
  }
  const name = `${TABLE_NAMES[kind]} table`;
  if (table.files.length === 0)
    throw new DailiesError('dataset', `the ${name} ${folder} is empty at ${table.version}`);
  warnings.push(
    `${folder} is ${kind === 'iceberg' ? 'an' : 'a'} ${name}: its ${table.version} is read, ${table.files.length} ${table.files.length === 1 ? 'file' : 'files'}`,
  );
  return table.files.map((file) => ({ ...file, isExplicit: true }));
}

/** The live files of a table at its newest version, or why they cannot stand for its rows. */
async function readTable(
  folder: string,
  kind: TableKind,
): Promise<
  | { readonly ok: true; readonly version: string; readonly files: readonly LiveFile[] }
  | { readonly ok: false; readonly reason: string | null }
> {
  if (kind === 'delta') {
    const table = await readDeltaLog(folder);
    return table.ok ? { ...table, version: `version ${table.version}` } : table;
  }
  if (kind !== 'iceberg') return { ok: false, reason: null };
  const table = await readIcebergSnapshot(folder);
  return table.ok ? { ...table, version: `snapshot ${table.snapshot}` } : table;
}

/** A table as one shard that an extension of DuckDB reads. */
function tableOf(folder: string, kind: TableKind): Discovery {
  const format = kind === 'hudi' ? 'parquet' : kind;
  const shard = { index: 0, name: basename(folder), path: folder, bytes: 0, format } as const;
  const shards = [{ ...shard, compression: 'none' as const, partitions: {}, error: null }];
  return { format, root: folder, shards, media: [], warnings: [] };
}

/** Named files of a table are read as they lie there, whether they are live or not: worth a word. */
async function warnOfTables(paths: readonly string[]): Promise<readonly string[]> {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    // Data files lie in the table's folder, or below it by partitions or in data/.
    let folder = dirname(path);
    for (let steps = 0; steps < 4 && !seen.has(folder); steps++, folder = dirname(folder)) {
      seen.add(folder);
      const kind = await findTable(folder);
      if (kind === null) continue;
      warnings.push(
        `${folder} is a table of ${TABLE_NAMES[kind]}: files of it that are named one by one are read even where they are no part of its current version; name the folder instead`,
      );
    }
  }
  return warnings;
}

function isStats(value: unknown): value is Awaited<ReturnType<typeof lstat>> {
  return typeof value === 'object' && value !== null && 'isDirectory' in value;
}

async function expandGlob(pattern: string, closed: Closed[]): Promise<string[] | null> {
  const glob = splitGlob(pattern);
  if (glob === null) return null;
  const all = await walk(glob.base, { warnings: [], closed, tables: null }, glob.depth);
  return all.filter((path) => matchGlob(pattern, path));
}

/** All files below a directory, sorted, links to directories followed once; not those of tables, which `tables` collects. */
async function walk(directory: string, met: Met, depth = Infinity): Promise<string[]> {
  const { warnings, tables } = met;
  const files: string[] = [];
  const seen = new Set<string>();
  let passedOver = 0;
  const visit = async (current: string, left: number): Promise<void> => {
    const real = await realpath(current).catch(() => null);
    if (real === null || seen.has(real)) return;
    seen.add(real);
    const entries = await readdir(current, { withFileTypes: true }).catch((error: unknown) => {
      const isGone = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
      if (!isGone) met.closed.push({ path: current, why: tellFileError(error) });
      return [];
    });
    const kind =
      tables === null
        ? null
        : await findTable(
            current,
            entries.map((entry) => entry.name),
          );
    if (kind !== null) {
      tables?.set(current, kind);
      return;
    }
    for (const entry of entries.toSorted((a, b) => compareNames(a.name, b.name))) {
      if (entry.name.startsWith('.') || (entry.name.startsWith('_') && !entry.name.includes('='))) {
        if (entry.name !== '.dailies') passedOver++;
        continue;
      }
      const path = join(current, entry.name);
      const isDirectory =
        entry.isDirectory() ||
        (entry.isSymbolicLink() &&
          (await stat(path).then(
            (info) => info.isDirectory(),
            () => false,
          )));
      if (isDirectory) {
        if (left > 1) await visit(path, left - 1);
      } else files.push(path);
      if (files.length > MOST_FILES)
        throw new DailiesError(
          'dataset',
          `${directory} holds more than ${MOST_FILES.toLocaleString('en')} files`,
        );
    }
  };
  await visit(directory, depth);
  if (passedOver > 0)
    warnings.push(
      `${passedOver} hidden or _-prefixed ${passedOver === 1 ? 'entry' : 'entries'} of ${directory} passed over`,
    );
  return files;
}

/** Formats of the named files whose names tell none, by their first bytes. */
async function sniffStrangers(found: readonly Found[]): Promise<ReadonlyMap<string, ShardFormat>> {
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

function chooseShards(
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

/** The one shard of a folder of media. */
const WHOLE_FOLDER = {
  index: 0,
  name: '.',
  bytes: 0,
  format: 'media',
  compression: 'none',
  partitions: {},
  error: null,
} as const;

async function mediaShard(root: string): Promise<ShardFile> {
  await stat(root);
  return { ...WHOLE_FOLDER, path: root };
}

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

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function tellFileError(error: unknown): string {
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM')
    return 'permission denied: run as a user who may read it, or give read access';
  return error instanceof Error ? error.message : String(error);
}

/** A folder that cannot be listed as a shard that cannot be read: no verdict may pass over what it holds. */
function closedShard(
  root: string,
  { path, why }: Closed,
  format: ShardFormat,
  index: number,
): ShardFile {
  const error = `the folder cannot be listed: ${why}`;
  const name = `${relativeName(root, path)}/`;
  return { index, name, path, bytes: 0, format, compression: 'none', partitions: {}, error };
}

function refuseClosed(closed: readonly Closed[]): void {
  const [first] = closed;
  if (first === undefined) return;
  throw new DailiesError('dataset', `${first.path} cannot be listed: ${first.why}`);
}

function hivePartitions(name: string): Record<string, string | null> {
  const parts = name.split('/').slice(0, -1);
  const pairs = parts.flatMap((part): [string, string | null][] => {
    const at = part.indexOf('=');
    if (at <= 0) return [];
    const value = percentDecode(part.slice(at + 1));
    return [
      [percentDecode(part.slice(0, at)), value === '__HIVE_DEFAULT_PARTITION__' ? null : value],
    ];
  });
  return Object.fromEntries(pairs);
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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

function relativeName(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/** Order of UTF-16 code units: the same on every machine. */
function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
