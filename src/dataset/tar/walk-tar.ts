import { Header, Pax } from 'tar';

import type { TarBytes } from './tar-bytes.ts';

/** What a member is; loaders pass over all but files. */
export type TarMemberKind = 'file' | 'link' | 'sparse' | 'other';

export type TarMember = {
  readonly name: string;
  readonly kind: TarMemberKind;
  /** First byte of its content, from the start of the (decompressed) tar. */
  readonly start_bytes: number;
  readonly length_bytes: number;
  /** Why its name cannot be relied upon, null if it can. */
  readonly fault: string | null;
  /** At most `most` bytes of the content, from `from` on, which never goes back. Only until the walk goes on. */
  readonly read: (most: number, from?: number) => Promise<Uint8Array>;
};

/** How a walk ended. What was met before counts in any case. */
export type TarEnd = {
  readonly outcome:
    | 'whole'
    /** The two blocks of zeros are missing: cut off between two members, or never finished. */
    | 'no-end-mark'
    /** Cut off inside a header or a body. */
    | 'truncated'
    | 'bad-header'
    | 'not-a-tar'
    /** More members lie behind the end mark: two tars joined by `cat`. */
    | 'members-behind-end';
  readonly at_bytes: number;
  readonly message: string;
};

/** Whether all members were met: a missing end mark costs none. */
export function isWholeEnd({ outcome }: TarEnd): boolean {
  return outcome === 'whole' || outcome === 'no-end-mark';
}

/** Headers take one block, and contents fill their last one. */
export const BLOCK_BYTES = 512;

/** GNU and pax names longer than this are nobody's: Linux allows paths of 4,096 bytes. */
const LONGEST_NAME_BYTES = 65_536;
const LONGEST_PAX_BYTES = 1_048_576;

/** Headers about the next header that are read in a row: GNU tar writes two, pax one beside a global one. */
const MOST_EXTENSIONS = 16;

/** Blocks behind the end mark that are searched for another member: GNU tar pads to 20. */
const SEARCHED_BLOCKS = 128;

/** Types whose content lies in the tar as it is. Source: POSIX ustar, and `tarfile.REGULAR_TYPES` of Python. */
const FILE_TYPES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const LINK_TYPES: ReadonlySet<string> = new Set(['Link', 'SymbolicLink']);
const EMPTY_TYPES: ReadonlySet<string> = new Set([
  'Link',
  'SymbolicLink',
  'CharacterDevice',
  'BlockDevice',
  'Directory',
  'FIFO',
]);

/** Header fields that earlier headers set for the next member. */
type Pending = {
  longName: string | null;
  pax: Pax | undefined;
  isSparse: boolean;
  sparseName: string | null;
  fault: string | null;
  count: number;
};

/**
 * Walks over the members of a tar by their headers, in order, reading no content by itself: ustar, GNU long names, pax
 * (names, sizes), sizes of base 256. Damage ends the walk, and the return value says how; nothing is thrown for it.
 */
export async function* walkTar(bytes: TarBytes): AsyncGenerator<TarMember, TarEnd> {
  let at = 0;
  let members = 0;
  let pending = nothingPending();
  let globalPax: Pax | undefined;
  for (;;) {
    const block = await bytes.read(at, BLOCK_BYTES);
    if (block.length === 0)
      return members === 0 && at === 0
        ? end('not-a-tar', at, 'the file is empty')
        : end('no-end-mark', at, 'the two blocks of zeros at the end are missing');
    if (block.length < BLOCK_BYTES)
      return at === 0
        ? end('not-a-tar', at, `the file has ${block.length} bytes, a header has ${BLOCK_BYTES}`)
        : end('truncated', at, 'cut off inside a header');
    const header = decodeHeader(block, pending.pax, globalPax);
    if (header === null) return badHeader(at, 'a number of it cannot be read');
    if (header.nullBlock) return behindEnd(bytes, at);
    if (!header.cksumValid) return badHeader(at, 'its checksum is wrong');
    const { size, type } = header;
    const length = EMPTY_TYPES.has(type) ? 0 : size;
    if (length === undefined || !Number.isSafeInteger(length) || length < 0)
      return badHeader(at, 'its size is negative or no number');
    let body = at + BLOCK_BYTES;
    if (isExtension(type)) {
      if (++pending.count > MOST_EXTENSIONS)
        return badHeader(at, `more than ${MOST_EXTENSIONS} headers about one member`);
      const most = type.includes('Long') ? LONGEST_NAME_BYTES : LONGEST_PAX_BYTES;
      if (length > most && bytes.sizeBytes !== null && body + length > bytes.sizeBytes)
        return badHeader(at, `it says that a name of ${length} bytes follows`);
      const content = length > most ? null : await bytes.read(body, length);
      if (content !== null && content.length < length)
        return end('truncated', at, 'cut off inside a long name');
      const text = content === null ? null : Buffer.from(content).toString('utf8');
      if (text === null) pending.fault = `a header of ${length} bytes about its name`;
      else if (type === 'GlobalExtendedHeader') globalPax = Pax.parse(text, globalPax, true);
      else if (type.endsWith('LongPath')) pending.longName = text.replace(/\0[\s\S]*$/, '');
      else if (type.endsWith('ExtendedHeader')) readPax(text, pending);
      at = nextBlock(body + length);
      continue;
    }
    if (type === 'SparseFile') {
      // Old GNU sparse maps may go on in blocks of their own.
      let map = block;
      let flag = 482;
      while (map[flag] === 1) {
        map = await bytes.read(body, BLOCK_BYTES);
        if (map.length < BLOCK_BYTES) return end('truncated', at, 'cut off inside a sparse map');
        flag = 504;
        body += BLOCK_BYTES;
      }
    }
    const name = pending.sparseName ?? pending.longName ?? header.path ?? '';
    const isSparse = type === 'SparseFile' || pending.isSparse;
    const stop = body + length;
    if (bytes.sizeBytes !== null && stop > bytes.sizeBytes)
      return end(
        'truncated',
        at,
        `cut off inside ${name}: ${stop - bytes.sizeBytes} bytes are missing`,
      );
    yield {
      name,
      kind: isSparse
        ? 'sparse'
        : FILE_TYPES.has(type)
          ? 'file'
          : LINK_TYPES.has(type)
            ? 'link'
            : 'other',
      start_bytes: body,
      length_bytes: length,
      fault: pending.fault,
      read: async (most, from = 0) => bytes.read(body + from, Math.min(most, length - from)),
    };
    if (bytes.sizeBytes === null && length > 0) {
      const last = await bytes.read(stop - 1, 1);
      if (last.length === 0) return end('truncated', at, `cut off inside ${name}`);
    }
    members++;
    pending = nothingPending();
    at = nextBlock(stop);
  }
}

/** The members that an index names, in order; only what is asked for is read. */
export async function* walkIndex(
  bytes: TarBytes,
  members: readonly {
    readonly name: string;
    readonly start_bytes: number;
    readonly length_bytes: number;
  }[],
): AsyncGenerator<TarMember, TarEnd> {
  for (const member of members)
    yield {
      ...member,
      kind: 'file',
      fault: null,
      read: async (most, from = 0) =>
        bytes.read(member.start_bytes + from, Math.min(most, member.length_bytes - from)),
    };
  return end('whole', bytes.sizeBytes ?? 0, '');
}

function nothingPending(): Pending {
  return {
    longName: null,
    pax: undefined,
    isSparse: false,
    sparseName: null,
    fault: null,
    count: 0,
  };
}

function readPax(text: string, pending: Pending): void {
  pending.pax = Pax.parse(text, pending.pax);
  pending.isSparse ||= /^\d+ GNU\.sparse\./m.test(text);
  pending.sparseName = /^\d+ GNU\.sparse\.name=(.*)$/m.exec(text)?.[1] ?? pending.sparseName;
}

/** The fields of a header, null for bytes that are none. */
export function decodeHeader(block: Uint8Array, pax?: Pax, globalPax?: Pax): Header | null {
  try {
    const buffer = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    return new Header(buffer, 0, pax, globalPax);
  } catch {
    return null;
  }
}

function isExtension(type: string): boolean {
  return type.endsWith('ExtendedHeader') || /Long(Link)?[Pp]ath$/.test(type);
}

/** Where the block begins that holds a byte or follows it. */
export function nextBlock(at: number): number {
  return Math.ceil(at / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Looks behind the end mark: loaders stop at it, and what follows is lost without a word. */
async function behindEnd(bytes: TarBytes, mark: number): Promise<TarEnd> {
  for (let i = 1; i <= SEARCHED_BLOCKS; i++) {
    const at = mark + i * BLOCK_BYTES;
    const block = await bytes.read(at, BLOCK_BYTES);
    if (block.length < BLOCK_BYTES) break;
    if (block.every((byte) => byte === 0)) continue;
    if (decodeHeader(block)?.cksumValid !== true) break;
    return end('members-behind-end', mark, `more members begin at byte ${at}, behind the end mark`);
  }
  return end('whole', mark, '');
}

function badHeader(at: number, why: string): TarEnd {
  return at === 0
    ? end('not-a-tar', at, `no tar begins here: ${why}`)
    : end('bad-header', at, `the header at byte ${at} is damaged: ${why}`);
}

function end(outcome: TarEnd['outcome'], at_bytes: number, message: string): TarEnd {
  return { outcome, at_bytes, message };
}
