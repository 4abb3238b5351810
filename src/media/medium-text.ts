import { basename } from 'node:path';

import type { Medium } from './medium.ts';

/** Schemes of URLs that have a reader. */
const READABLE_SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 's3', 'gs', 'hf']);

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/** What a text of a path column says, taken apart; nothing of it has been looked up. */
type MediumText = {
  /** The text without a range: of a file, or of the container and the member in it. */
  readonly path: string;
  /** First byte and length of what is meant; null: all of the file. */
  readonly range: Medium['range'];
};

/** The scheme of a URL, in lower case; null for a path. */
export function schemeOf(text: string): string | null {
  return SCHEME.exec(text)?.[1]?.toLowerCase() ?? null;
}

/** Whether a source is a URL rather than a path of this machine. */
export function isUrl(text: string): boolean {
  return schemeOf(text) !== null;
}

/** Whether URLs of a scheme can be read. */
export function isReadableScheme(scheme: string): boolean {
  return READABLE_SCHEMES.has(scheme);
}

/**
 * Takes `#start+length` off a text; a text without one is all path. `bad-range` for what looks like a range and cannot be
 * one: negative, or of more digits than a file has bytes.
 */
export function parseMediumText(text: string): MediumText | 'bad-range' {
  const at = text.lastIndexOf('#');
  const [, start, length] = /^#([+-]?\d+)\+([+-]?\d+)$/.exec(at < 0 ? '' : text.slice(at)) ?? [];
  if (start === undefined || length === undefined) return { path: text, range: null };
  const range = { start_bytes: Number(start), length_bytes: Number(length) };
  const isSound =
    /^\d{1,16}$/.test(start) &&
    /^\d{1,16}$/.test(length) &&
    Number.isSafeInteger(range.start_bytes + range.length_bytes);
  return isSound ? { path: text.slice(0, at), range } : 'bad-range';
}

/**
 * Where the container of a member may end in `folder/000.tar/a/b.mp4`: behind each `.tar`, the first one first, and last of all
 * the whole path, for a range of a file that is no tar.
 */
export function containersIn(
  path: string,
): readonly { readonly container: string; readonly member: string | null }[] {
  const found = [...path.matchAll(/\.tar\//gi)].map(({ index }) => ({
    container: path.slice(0, index + 4),
    member: path.slice(index + 5),
  }));
  return [...found, { container: path, member: null }];
}

/** Whether the name of a member would lie outside the folder that an archive is unpacked to. */
export function leavesArchive(member: string): boolean {
  return member.startsWith('/') || member.split(/[/\\]/).includes('..');
}

/** A medium as text that tells it from all others: the path or URL, and the range with the member's name. */
export function textOfMedium({ source, range, name }: Medium): string {
  if (range === null) return source;
  const member = name === basename(source) ? '' : `/${name}`;
  return `${source}${member}#${range.start_bytes}+${range.length_bytes}`;
}

/** A whole local file. */
export function fileMedium(path: string): Medium {
  return { source: path, range: null, name: basename(path) };
}

/** The path of a medium that is a whole local file; null for ranges and URLs. */
export function filePathOf({ source, range }: Medium): string | null {
  return range === null && !isUrl(source) ? source : null;
}
