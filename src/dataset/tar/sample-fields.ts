import { isObject } from '../../media/json-members.ts';
import type { ShardFile } from '../shard-file.ts';
import type { Sample } from './group-samples.ts';
import type { TarFaults } from './tar-faults.ts';

/** A member as it is kept until its sample is complete: text by its content, all else by where it lies. */
export type SampleMember = {
  readonly name: string;
  readonly content: Uint8Array | null;
  /** The text form of a medium, relative to the root of the dataset. */
  readonly text: string;
};

/** Fields of a JSON member come as columns under their own names; those of members have a dot before theirs until then. */
export const FIELD_PREFIX = '.';

/** Text and JSON above these are no captions and no metadata. */
const LONGEST_TEXT_BYTES = 1_048_576;
const LONGEST_JSON_BYTES = 4_194_304;

/** Last parts of extensions that the library decodes as text or as a number. Source: `decoders` of webdataset 1.0. */
const TEXT_EXTENSIONS: ReadonlySet<string> = new Set(
  'txt text transcript caption captions cap cls cls2 class count index inx id'.split(' '),
);
const JSON_EXTENSIONS: ReadonlySet<string> = new Set(['json', 'jsn']);

/** The text form of the medium that a member is: container and name, and where it lies unless the tar is compressed. */
export function memberText(
  tar: Pick<ShardFile, 'name' | 'compression'>,
  member: { readonly name: string; readonly start_bytes: number; readonly length_bytes: number },
): string {
  const path = `${tar.name}/${member.name}`;
  return tar.compression === 'none' ? `${path}#${member.start_bytes}+${member.length_bytes}` : path;
}

/** Members that are read, and how many bytes of them at most; null: known by where it lies. */
export function longestContent(extension: string): number | null {
  const kind = extension.slice(extension.lastIndexOf('.') + 1);
  if (TEXT_EXTENSIONS.has(kind)) return LONGEST_TEXT_BYTES;
  return JSON_EXTENSIONS.has(kind) ? LONGEST_JSON_BYTES : null;
}

/**
 * The fields of a sample as members of a JSON object, without its braces. Numbers of a JSON member stay as they are written, so
 * that identifiers of 64 bits survive. What cannot be read is left out and noted in `faults`.
 */
export function fieldsOf(
  sample: Sample<SampleMember>,
  isField: (extension: string) => boolean,
  faults: TarFaults,
): string {
  const parts: string[] = [];
  for (const [extension, { name, content, text }] of sample.members) {
    if (!isField(extension)) continue;
    const key = JSON.stringify(FIELD_PREFIX + extension);
    if (content === null) {
      if (longestContent(extension) === null) parts.push(`${key}:${JSON.stringify(text)}`);
      continue;
    }
    const decoded = decodeText(content, name, faults);
    const kind = extension.slice(extension.lastIndexOf('.') + 1);
    if (!JSON_EXTENSIONS.has(kind)) {
      parts.push(`${key}:${JSON.stringify(decoded.replace(/\r?\n$/, ''))}`);
      continue;
    }
    const value = parseJson(decoded);
    if (value === undefined) faults.add('not-json', name);
    else if (!isObject(value) || extension !== kind) parts.push(`${key}:${decoded.trim()}`);
    else if (Object.keys(value).some((each) => /^(\.|__key__$)/.test(each)))
      parts.push(innerText(JSON.stringify(prefixOwn(value))));
    else parts.push(innerText(decoded.trim()));
  }
  return parts.filter((part) => part !== '').join(',');
}

function innerText(object: string): string {
  return object.slice(1, -1).trim();
}

/** Fields that would pass for those of members are renamed: written anew, integers beyond 2^53 lose digits in such an object. */
function prefixOwn(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      /^(\.|__key__$)/.test(key) ? `json${key}` : key,
      each,
    ]),
  );
}

function decodeText(content: Uint8Array, name: string, faults: TarFaults): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    faults.add('not-utf8', name);
    return new TextDecoder().decode(content);
  }
}

/** Strings, whole or without an end, and the numbers that are none: one pass, whatever the text is. */
const STRING_OR_NO_NUMBER = /"(?:[^"\\]|\\[^])*(?:"|\\?$)|-?\bInfinity\b|\bNaN\b/g;

/** Undefined for what is no JSON; NaN and Infinity are, as Python writes them. */
function parseJson(text: string): unknown {
  for (const read of [
    () => text,
    () => text.replaceAll(STRING_OR_NO_NUMBER, (found) => (found[0] === '"' ? found : 'null')),
  ]) {
    try {
      const value: unknown = JSON.parse(read());
      return value;
    } catch {
      // The second form is tried, then it is none.
    }
  }
  return undefined;
}
