import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { keepHead } from './kept-head.ts';
import type { Medium } from './medium.ts';
import type { RangeReader } from './ranges.ts';

/** A folder, pipe or device where a file was looked for. */
export class NotAFile extends Error {
  readonly code = 'ENOTFILE';
}

/** The bytes that a path names are not all there. */
class OutsideFile extends Error {
  readonly code = 'invalid-path';
}

/** Throws if a range does not lie within its container. */
export function checkRange(range: Medium['range'], container_bytes: number): void {
  if (range === null) return;
  const end = range.start_bytes + range.length_bytes;
  if (range.start_bytes >= 0 && range.length_bytes >= 0 && end <= container_bytes) return;
  throw new OutsideFile(
    `bytes ${range.start_bytes} to ${end} do not lie in a file of ${container_bytes} bytes`,
  );
}

/** A local file, or a range of one, that is open. */
type OpenFile = {
  readonly reader: RangeReader;
  /** When the file was last written, ms since the epoch. */
  readonly modified_ms: number;
};

/**
 * Opens a local file, or a range of one, for bounded reads. The caller has checked that the path may be read.
 *
 * The first 32 KB are read once and kept. Throws the file system's error if the path cannot be opened, or one that
 * `mediumFaultOf` knows if it is no regular file or too short for the range; pipes and devices are refused without blocking.
 *
 * Reads are synchronous: they run in probe processes that do one thing at a time, and a trip through the thread pool
 * costs more CPU than reading 32 KB (0.15 ms a clip were saved).
 */
export async function openFileRanges(
  path: string,
  range: Medium['range'] = null,
): Promise<OpenFile> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new NotAFile('not a regular file');
    checkRange(range, stats.size);
    const reader = fileRanges(
      descriptor,
      range?.start_bytes ?? 0,
      range?.length_bytes ?? stats.size,
    );
    return await Promise.resolve({ reader, modified_ms: stats.mtimeMs });
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function fileRanges(descriptor: number, base: number, sizeBytes: number): RangeReader {
  let bytesRead = 0;
  let requests = 0;

  function fetch(start: number, length: number): Uint8Array {
    const buffer = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const got = readSync(descriptor, buffer, filled, length - filled, base + start + filled);
      if (got === 0) break;
      filled += got;
    }
    bytesRead += filled;
    requests += 1;
    return buffer.subarray(0, filled);
  }

  return {
    sizeBytes,
    spent: () => ({ bytesRead, requests }),
    read: keepHead(sizeBytes, (start, length) => Promise.resolve(fetch(start, length))),
    close: () => {
      closeSync(descriptor);
      return Promise.resolve();
    },
  };
}
