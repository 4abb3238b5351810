import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { matchGlob, splitGlob } from './glob.ts';
import { compareNames } from './look-at-shards.ts';
import { findTable, type TableKind } from './tables/find-table.ts';

/** Tables met in a walk: the folder and its kind. */
export type Tables = Map<string, TableKind>;

/** A folder that cannot be listed: nobody knows which rows it holds. */
export type Closed = { readonly path: string; readonly why: string };

/** What a walk meets beside files. */
type Met = {
  readonly warnings: string[];
  readonly closed: Closed[];
  /** Null: tables are walked like other folders. */
  readonly tables: Tables | null;
};

/** Files that one run looks at most; more is a wrong directory. */
const MOST_FILES = 5_000_000;

/** All files below a directory, sorted, links to directories followed once; not those of tables, which `tables` collects. */
export async function walk(directory: string, met: Met, depth = Infinity): Promise<string[]> {
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

/** The files that a glob meets; null if the text is none. */
export async function expandGlob(pattern: string, closed: Closed[]): Promise<string[] | null> {
  const glob = splitGlob(pattern);
  if (glob === null) return null;
  const all = await walk(glob.base, { warnings: [], closed, tables: null }, glob.depth);
  return all.filter((path) => matchGlob(pattern, path));
}

/** Throws DailiesError `dataset` if a folder could not be listed. */
export function refuseClosed(closed: readonly Closed[]): void {
  const [first] = closed;
  if (first === undefined) return;
  throw new DailiesError('dataset', `${first.path} cannot be listed: ${first.why}`);
}

/** The code of an error of the file system, such as `ENOENT`. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Why a file or folder cannot be read, and what to do, in words. */
export function tellFileError(error: unknown): string {
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM')
    return 'permission denied: run as a user who may read it, or give read access';
  return error instanceof Error ? error.message : String(error);
}
