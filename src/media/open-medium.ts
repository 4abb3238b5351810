import type { StoreAccess } from '../stores/access.ts';
import { openObject } from '../stores/open-object.ts';
import { StoreFault } from '../stores/store-fault.ts';
import { HEAD_BYTES } from './byte-window.ts';
import { checkRange, openFileRanges } from './file-ranges.ts';
import { type MediumFault, mediumFaultOf } from './medium-fault.ts';
import { isUrl } from './medium-text.ts';
import type { Medium } from './medium.ts';
import type { RangeReader } from './ranges.ts';

/** A medium that is open for bounded reads, with what its place says of it. */
export type OpenMedium = {
  readonly ok: true;
  readonly medium: Medium;
  readonly reader: RangeReader;
  /** When the file, object or container was last written, ms since the epoch; null where nobody says. */
  readonly modified_ms: number | null;
  /** The ETag, or what else tells versions of an object apart; null for local files and where a store tells nothing. */
  readonly version: string | null;
};

/** Why a medium could not be opened. */
export type UnopenedMedium = { readonly ok: false } & MediumFault;

/** Longest time that one range may take, with all attempts. */
export const MOST_READ_MS = 140_000;

/**
 * Opens a medium wherever it lies: what every probe reads through. The caller has checked that it may be read, and closes the
 * reader. Of an object one request brings size, version and the first bytes, 32 KB of them unless said. Never throws for what is or is not there; reads may
 * fail later, with errors that {@link mediumFaultOf} knows. An object that is not of the `version` seen earlier has changed.
 */
export async function openMedium(
  medium: Medium,
  access: StoreAccess,
  version: string | null = null,
  head_bytes = HEAD_BYTES,
): Promise<OpenMedium | UnopenedMedium> {
  try {
    if (isUrl(medium.source)) return await openRemote(medium, access, version, head_bytes);
    const opened = await openFileRanges(medium.source, medium.range);
    return { ok: true, medium, ...opened, version: null };
  } catch (error) {
    return { ok: false, ...mediumFaultOf(error) };
  }
}

async function openRemote(
  medium: Medium,
  access: StoreAccess,
  version: string | null,
  head_bytes: number,
): Promise<OpenMedium> {
  const { source, range } = medium;
  const stop = new AbortController();
  const inTime = limitTime(stop);
  const first = {
    start: range?.start_bytes ?? 0,
    bytes: Math.min(head_bytes, range?.length_bytes ?? head_bytes),
  };
  const object = await inTime(openObject(source, access, { first, signal: stop.signal }));
  if (version !== null && object.version !== version)
    throw new StoreFault('changed-while-read', 'the object was replaced during the scan');
  checkRange(range, object.sizeBytes);
  const base = range?.start_bytes ?? 0;
  const sizeBytes = range?.length_bytes ?? object.sizeBytes;
  const reader = {
    sizeBytes,
    spent: object.spent,
    read: (start: number, length: number) => {
      const from = Math.max(0, start);
      const end = Math.min(start + length, sizeBytes);
      return end <= from
        ? Promise.resolve(new Uint8Array(0))
        : inTime(object.read(base + from, end - from));
    },
    close: async () => {
      stop.abort();
      await object.close();
    },
  };
  return { ok: true, medium, reader, modified_ms: object.modified_ms, version: object.version };
}

/** Gives up a read that takes too long, and whatever is under way with it. */
function limitTime(stop: AbortController): <T>(reading: Promise<T>) => Promise<T> {
  return async (reading) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const waited_s = MOST_READ_MS / 1000;
        reject(new StoreFault('unreachable', `a range did not come within ${waited_s} s`));
        stop.abort();
      }, MOST_READ_MS);
    });
    try {
      return await Promise.race([reading, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
