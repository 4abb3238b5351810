import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import type { RangeReader } from '../../media/ranges.ts';
import { openObject } from '../../stores/open-object.ts';
import { isStoreUrl } from '../../stores/store-url.ts';
import type { ShardFile } from '../shard-file.ts';
import { splitName } from './group-samples.ts';
import type { TarAccess } from './open-tar.ts';
import { BLOCK_BYTES, decodeHeader, nextBlock } from './walk-tar.ts';

/** A member as an index tells it: no header was read for it. */
type IndexedMember = {
  readonly name: string;
  readonly start_bytes: number;
  readonly length_bytes: number;
};

/** What an index beside a tar is good for. */
export type TarIndex =
  | { readonly state: 'valid'; readonly path: string; readonly members: readonly IndexedMember[] }
  /** It is of this tar by its name and of another one by what it says. */
  | { readonly state: 'stale'; readonly path: string; readonly reason: string }
  /** There is none, or one of a kind that says too little: the headers are read. */
  | { readonly state: 'none' };

/** An index is a thousandth of its tar. */
const LONGEST_INDEX_BYTES = 512 * 1024 * 1024;

/** A line names the members of one sample; to find where names end, a longer one takes time by its square. */
const LONGEST_LINE_CHARS = 65_536;

/** Members whose headers are held against the index: the first, the last and some between. */
const CHECKED_MEMBERS = 16;

const NONE: TarIndex = { state: 'none' };

/**
 * Reads the index that `wds2idx` of NVIDIA DALI writes beside a tar (`000.idx` for `000.tar`), version 1.2: in each line the extension,
 * offset, size and name of every member of a sample. Held against the headers of some members before it is believed: DALI itself
 * believes it, and reads wrong bytes after the tar was written anew.
 */
export async function readTarIndex(
  file: ShardFile,
  reader: RangeReader | null,
  access: TarAccess,
): Promise<TarIndex> {
  const path = (isStoreUrl(file.path) ? (file.url ?? file.path) : file.path).replace(
    /\.tar$/i,
    '.idx',
  );
  if (reader === null || !path.endsWith('.idx')) return NONE;
  const text = await readIndex(path, access);
  if (text === null) return NONE;
  const [head = '', ...lines] = text.split('\n');
  const declared = /^v1\.2 (\d{1,15})$/.exec(head.trim())?.[1];
  if (declared === undefined) return NONE;
  const stale = (reason: string): TarIndex => ({ state: 'stale', path, reason });
  const samples = lines.filter((line) => line.trim() !== '');
  if (samples.length !== Number(declared))
    return stale(`it declares ${declared} samples and lists ${samples.length}`);
  const members: IndexedMember[] = [];
  for (const line of samples) {
    if (line.length > LONGEST_LINE_CHARS)
      return stale(`a line of it has ${line.length} characters`);
    const found = membersOf(line);
    if (found === null) return stale(`a line of it cannot be read: ${line.slice(0, 80)}`);
    members.push(...found);
  }
  const end = members.reduce(
    (most, each) => Math.max(most, each.start_bytes + each.length_bytes),
    0,
  );
  if (end > reader.sizeBytes)
    return stale(`it names bytes up to ${end}, the tar has ${reader.sizeBytes}`);
  if (members.some((each, i) => each.start_bytes < BLOCK_BYTES + endOf(members[i - 1])))
    return stale('its members overlap');
  const wrong = await findWrong(reader, members);
  if (wrong !== null) return stale(wrong);
  return { state: 'valid', path, members };
}

/** Members of a line `extension offset size name …`; names may hold spaces, so that each is known by its extension and the next offset. */
function membersOf(line: string): readonly IndexedMember[] | null {
  const members: IndexedMember[] = [];
  let rest = line.trim();
  while (rest !== '') {
    const [, extension = '', start = '', length = '', more = ''] =
      /^(\S+) (\d{1,15}) (\d{1,15}) (.+)$/.exec(rest) ?? [];
    if (more === '') return null;
    const name = nameAtStart(more, extension);
    if (name === null) return null;
    members.push({ name, start_bytes: Number(start), length_bytes: Number(length) });
    rest = more.slice(name.length).trimStart();
  }
  return members;
}

/** The shortest beginning that is a name with this extension and is followed by another member or nothing. */
function nameAtStart(text: string, extension: string): string | null {
  for (const { index } of text.matchAll(/ |$/g)) {
    const name = text.slice(0, index);
    if (!name.endsWith(`.${extension}`)) continue;
    if (index === text.length || /^ \S+ \d{1,15} \d{1,15} ./.test(text.slice(index))) return name;
  }
  return null;
}

/** The text of an index; null: there is none, or none that can be read. */
async function readIndex(path: string, { stores, signal }: TarAccess): Promise<string | null> {
  if (!isStoreUrl(path)) {
    // Most tars have none, and a trip through the thread pool costs more than looking.
    const info = statSync(path, { throwIfNoEntry: false });
    if (info?.isFile() !== true || info.size > LONGEST_INDEX_BYTES) return null;
    return readFile(path, 'utf8').catch(() => null);
  }
  try {
    const object = await openObject(path, stores, signal === undefined ? {} : { signal });
    try {
      if (object.sizeBytes > LONGEST_INDEX_BYTES) return null;
      return Buffer.from(await object.read(0, object.sizeBytes)).toString('utf8');
    } finally {
      await object.close();
    }
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}

/** Why the headers of some members are not what the index says; null if they are. */
async function findWrong(
  reader: RangeReader,
  members: readonly IndexedMember[],
): Promise<string | null> {
  const step = Math.max(1, (members.length - 1) / (CHECKED_MEMBERS - 1));
  const chosen = new Set(
    Array.from({ length: CHECKED_MEMBERS }, (_, i) =>
      Math.min(members.length - 1, Math.round(i * step)),
    ),
  );
  for (const at of chosen) {
    const member = members[at];
    if (member === undefined) continue;
    const block = await reader.read(member.start_bytes - BLOCK_BYTES, BLOCK_BYTES);
    const header = block.length === BLOCK_BYTES ? decodeHeader(block) : null;
    if (header?.cksumValid !== true || header.size !== member.length_bytes)
      return `where it says that ${member.name} begins, no member of ${member.length_bytes} bytes does`;
    // Long names stand in a header before: then the key is all that can be compared.
    const key = splitName(header.path ?? '')?.key ?? '';
    if (!member.name.startsWith(key.slice(0, 90)))
      return `where it says that ${member.name} begins, ${header.path} does`;
  }
  const tail = await reader.read(endOf(members.at(-1)), BLOCK_BYTES);
  return tail.length === BLOCK_BYTES && tail.some((byte) => byte !== 0)
    ? 'the tar goes on behind the last member that it names'
    : null;
}

/** Where the next header begins. */
function endOf(member: IndexedMember | undefined): number {
  return member === undefined ? 0 : nextBlock(member.start_bytes + member.length_bytes);
}
