import { realpathSync } from 'node:fs';
import { isAbsolute, join, resolve, sep } from 'node:path';

import type { MediaErrorCode } from '../probes/evidence-tables.ts';

export type MediaPath =
  | { readonly ok: true; readonly absolutePath: string }
  | { readonly ok: false; readonly error_code: MediaErrorCode; readonly error_message: string };

const URL_SCHEME = /^[A-Za-z][A-Za-z0-9+.-]+:\/\//;

/** Path length that no file system takes; longer text is a wrong column, not a path. */
const LONGEST_PATH_CHARS = 4096;

/**
 * Where the medium that a manifest names lies, if it lies under `root` (an absolute path) after `..` and symbolic
 * links are followed. A file that does not exist is `ok`: that it is missing is for the `files` probe to say.
 */
export function resolveMediaPath(root: string, path: string | null | undefined): MediaPath {
  if (path === null || path === undefined || path === '')
    return refuse('invalid-path', 'the path is empty');
  if (path.includes('\0')) return refuse('invalid-path', 'the path has a NUL character');
  if (path.includes('\uFFFD') || /\p{Surrogate}/u.test(path))
    return refuse('invalid-path', 'the path is no valid UTF-8');
  if (path.length > LONGEST_PATH_CHARS)
    return refuse('invalid-path', `the path has ${path.length} characters`);
  if (/^(file|data):/i.test(path))
    return refuse('invalid-path', 'file: and data: URLs are not followed');
  if (URL_SCHEME.test(path)) return refuse('unreachable', 'remote media are not read yet');

  const wanted = isAbsolute(path) ? resolve(path) : resolve(join(root, path));
  if (!isUnder(resolve(root), wanted))
    return refuse('path-outside-root', `the path leaves the media root ${root}`);
  const realRoot = realPathOfExistingPart(resolve(root));
  const real = realPathOfExistingPart(wanted);
  if (realRoot === null || real === null)
    return refuse('invalid-path', 'the path cannot be followed');
  if (!isUnder(realRoot, real))
    return refuse('path-outside-root', `a symbolic link leaves the media root ${root}`);
  return { ok: true, absolutePath: real };
}

function refuse(error_code: MediaErrorCode, error_message: string): MediaPath {
  return { ok: false, error_code, error_message };
}

function isUnder(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** The real path of the longest part that exists, with the rest appended; null for a loop of links or a refused name. */
function realPathOfExistingPart(path: string): string | null {
  const rest: string[] = [];
  let current = path;
  for (;;) {
    try {
      return join(realpathSync.native(current), ...rest.toReversed());
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') return null;
      const cut = current.lastIndexOf(sep);
      const parent = cut <= 0 ? sep : current.slice(0, cut);
      if (parent === current) return null;
      rest.push(current.slice(cut + 1));
      current = parent;
    }
  }
}
