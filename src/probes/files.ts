import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { openFault } from '../media/file-ranges.ts';
import { MAGIC_BYTES, detectMagic } from '../media/magic.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';

/** Bytes hashed at a time. */
const HASH_CHUNK_BYTES = 1024 * 1024;

/**
 * The `files` row of a path that the caller has checked: existence, size, time and what the first bytes say.
 *
 * Never throws; `content_hash` is left null for {@link hashFile} to fill where it is wanted.
 */
export async function probeFile(path: string): Promise<EvidenceRow<'files'>> {
  const extension = extname(path).slice(1).toLowerCase();
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      const isFile = stats.isFile();
      const head = new Uint8Array(isFile ? Math.min(stats.size, MAGIC_BYTES) : 0);
      const { bytesRead } = isFile ? await handle.read(head, 0, head.length, 0) : { bytesRead: 0 };
      return {
        exists: true,
        is_file: isFile,
        size_bytes: isFile ? stats.size : null,
        modified_ms: stats.mtimeMs,
        extension,
        magic: isFile ? detectMagic(head.subarray(0, bytesRead)) : null,
        content_hash: null,
        error_code: isFile ? null : 'not-a-file',
        error_message: isFile ? null : 'not a regular file',
      };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const fault = openFault(error);
    return {
      ...errorRow('files', fault.code, fault.message),
      exists: fault.code === 'missing-file' ? false : fault.code === 'not-a-file' ? true : null,
      is_file: fault.code === 'not-a-file' ? false : null,
      extension,
    };
  }
}

/** sha256 of all bytes of a file, hex. Throws the file system's error if it cannot be read. */
export async function hashFile(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    // Most files are small: a large buffer for each would cost more than the hash.
    const { size } = await handle.stat();
    const buffer = new Uint8Array(Math.min(HASH_CHUNK_BYTES, size + 1));
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
