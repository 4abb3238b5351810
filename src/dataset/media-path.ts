import { realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve, sep } from 'node:path';

import type { Medium } from '../media/medium.ts';
import {
  containersIn,
  isReadableScheme,
  isUrl,
  leavesArchive,
  parseMediumText,
  schemeOf,
} from '../media/medium-text.ts';
import { underUrl } from '../media/medium-url.ts';
import type { MediaErrorCode } from '../probes/evidence-tables.ts';

export type MediaPath =
  | { readonly ok: true; readonly medium: Medium }
  | { readonly ok: false; readonly error_code: MediaErrorCode; readonly error_message: string };

/** Path length that no file system takes; longer text is a wrong column, not a path. */
const LONGEST_PATH_CHARS = 4096;

/**
 * Where the medium that a manifest names lies: a file or a range of one, if it lies under `root` (an absolute path) after `..`
 * and symbolic links are followed; an object, if the text is a URL or the root is. What does not exist is `ok`: that it is
 * missing is for the `files` probe to say. See {@link Medium} for how a range is spelt.
 */
export function resolveMediaPath(root: string, text: string | null | undefined): MediaPath {
  if (text === null || text === undefined || text === '')
    return refuse('invalid-path', 'the path is empty');
  if (text.includes('\0')) return refuse('invalid-path', 'the path has a NUL character');
  if (text.includes('\uFFFD') || /\p{Surrogate}/u.test(text))
    return refuse('invalid-path', 'the path is no valid UTF-8');
  if (text.length > LONGEST_PATH_CHARS)
    return refuse('invalid-path', `the path has ${text.length} characters`);
  if (/^(file|data):/i.test(text))
    return refuse('invalid-path', 'file: and data: URLs are not followed');
  const scheme = schemeOf(text);
  if (scheme !== null && !isReadableScheme(scheme))
    return refuse('invalid-path', `there is no reader for ${scheme}: URLs`);
  if (scheme !== null || isUrl(root)) return remote(root, text);

  const parsed = parseMediumText(text);
  const whole = local(root, text);
  if (parsed !== 'bad-range' && parsed.range === null) return whole;
  // A file may be called like that.
  if (whole.ok && kindOf(whole.medium.source) === 'file') return whole;
  if (parsed === 'bad-range') return NO_RANGE;
  const { path, range } = parsed;
  for (const { container, member } of containersIn(path)) {
    const found = local(root, container);
    if (!found.ok) return found;
    // A folder may be called like an archive.
    if (member !== null && kindOf(found.medium.source) === 'folder') continue;
    return ranged(found.medium, member, range);
  }
  return NOT_FOLLOWED;
}

/** A medium that is a whole local file below the root. */
function local(root: string, path: string): MediaPath {
  const wanted = isAbsolute(path) ? resolve(path) : resolve(join(root, path));
  if (!isUnder(resolve(root), wanted))
    return refuse('path-outside-root', `the path leaves the media root ${root}`);
  const realRoot = realPathOfExistingPart(resolve(root));
  const real = realPathOfExistingPart(wanted);
  if (realRoot === null || real === null) return NOT_FOLLOWED;
  if (!isUnder(realRoot, real))
    return refuse('path-outside-root', `a symbolic link leaves the media root ${root}`);
  return { ok: true, medium: { source: real, range: null, name: basename(path) } };
}

/** A medium behind a URL, under the root where the root is one and the text is relative. */
function remote(root: string, text: string): MediaPath {
  const parsed = parseMediumText(text);
  if (parsed === 'bad-range') return NO_RANGE;
  const { path, range } = parsed;
  const url = isUrl(path) ? path : underUrl(root, path);
  if (url === null) return refuse('path-outside-root', `the path leaves the media root ${root}`);
  const name = basename(/^[^?#]*/.exec(url)?.[0] ?? url);
  if (range === null) return { ok: true, medium: { source: url, range: null, name } };
  const [found] = containersIn(url);
  if (found === undefined) return NO_RANGE;
  const container = { source: found.container, range: null, name: basename(found.container) };
  return ranged(container, found.member, range);
}

function ranged(container: Medium, member: string | null, range: Medium['range']): MediaPath {
  if (member !== null && leavesArchive(member))
    return refuse('path-outside-root', 'the name of the member leaves its archive');
  const name = member === null || member === '' ? container.name : member;
  return { ok: true, medium: { source: container.source, range, name } };
}

function refuse(error_code: MediaErrorCode, error_message: string): MediaPath & { ok: false } {
  return { ok: false, error_code, error_message };
}

const NOT_FOLLOWED = refuse('invalid-path', 'the path cannot be followed');
const NO_RANGE = refuse('invalid-path', 'the bytes named behind # are no range of a file');

function kindOf(path: string): 'file' | 'folder' | null {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return null;
  }
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
