import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder whose data files are not simply its rows: a log or manifest says which of them are live. */
export type TableKind = 'delta' | 'iceberg' | 'lance' | 'hudi';

/** How people call each kind. */
export const TABLE_NAMES = {
  delta: 'Delta',
  iceberg: 'Iceberg',
  lance: 'Lance',
  hudi: 'Hudi',
} as const satisfies Readonly<Record<TableKind, string>>;

/** The files that make a folder a table, by kind: `data/_delta_log/0.json` is of a table in `data`. */
const MARKERS = {
  delta: /(^|\/)_delta_log\//,
  iceberg: /(^|\/)metadata\/[^/]*\.metadata\.json$/,
  lance: /(^|\/)_versions\/[^/]*\.manifest$/,
  hudi: /(^|\/)\.hoodie\//,
} as const satisfies Readonly<Record<TableKind, RegExp>>;

const KINDS = ['delta', 'iceberg', 'lance', 'hudi'] as const;

/** The kind of table that a file of this path belongs to, by the path alone; null for any other file. */
export function tableOfPath(path: string): TableKind | null {
  return KINDS.find((kind) => MARKERS[kind].test(path)) ?? null;
}

/** A `metadata.json` longer than this is not read to see what it is. */
const LONGEST_METADATA_BYTES = 256 * 1024 * 1024;

/**
 * What kind of table a folder is, null for a folder of files. `names` are its entries, if they were listed already.
 * Delta: `_delta_log/`; Iceberg: `metadata/*.metadata.json` with a format version; Lance: `_versions/*.manifest`; Hudi: `.hoodie/`.
 */
export async function findTable(
  folder: string,
  names?: readonly string[],
): Promise<TableKind | null> {
  const has = async (name: string): Promise<boolean> =>
    (names === undefined || names.includes(name)) && isFolder(join(folder, name));
  if (await has('_delta_log')) return 'delta';
  if ((await has('_versions')) && (await hasManifests(join(folder, '_versions')))) return 'lance';
  if (await has('.hoodie')) return 'hudi';
  if ((await has('metadata')) && (await newestIcebergMetadata(folder)) !== null) return 'iceberg';
  return null;
}

/** Path of the newest `metadata.json` of an Iceberg table, by `version-hint.text`, else by the number in its name; null if there is none. */
export async function newestIcebergMetadata(folder: string): Promise<string | null> {
  const metadata = join(folder, 'metadata');
  const names = await readdir(metadata).catch(() => []);
  const versions = names
    .flatMap((name) => {
      const found = /^(?:v(\d{1,9})|(\d{1,9})-.*)(?:\.gz)?\.metadata\.json$/.exec(name);
      return found === null ? [] : [{ name, version: Number(found[1] ?? found[2]) }];
    })
    .toSorted((a, b) => b.version - a.version || (a.name < b.name ? 1 : -1));
  const hint = (await readFile(join(metadata, 'version-hint.text'), 'utf8').catch(() => '')).trim();
  const hinted = versions.find((each) => String(each.version) === hint) ?? versions[0];
  if (hinted === undefined) return null;
  const path = join(metadata, hinted.name);
  const info = await stat(path).catch(() => null);
  if (info?.isFile() !== true || info.size > LONGEST_METADATA_BYTES) return null;
  // Others call files so too: the version of the format is what every one of Iceberg's has.
  const text = await readFile(path, 'utf8').catch(() => '');
  return /"format-version"\s*:/.test(text) || hinted.name.includes('.gz.') ? path : null;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}

async function hasManifests(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).some((name) => name.endsWith('.manifest'));
}
