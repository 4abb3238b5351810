import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { detectMagic, MAGIC_BYTES } from '../media/magic.ts';
import { mediumFaultOf } from '../media/medium-fault.ts';
import type { Medium } from '../media/medium.ts';
import { type OpenMedium, openMedium, type UnopenedMedium } from '../media/open-medium.ts';
import type { StoreAccess } from '../stores/access.ts';
import { errorRow, type EvidenceRow, type MediaErrorCode } from './evidence-tables.ts';

/** Bytes hashed at a time. */
const HASH_CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * The `files` row of a medium: existence, size, time and what the first bytes say.
 *
 * Never throws; `content_hash` is left null for {@link hashMedium} to fill where it is wanted.
 */
export async function probeFile(
  medium: Medium,
  opened: OpenMedium | UnopenedMedium,
): Promise<EvidenceRow<'files'>> {
  const extension = extname(medium.name).slice(1).toLowerCase();
  if (!opened.ok) return faultyFile(opened, extension);
  const { reader, modified_ms, version } = opened;
  try {
    const head = await reader.read(0, MAGIC_BYTES);
    return {
      exists: true,
      is_file: true,
      size_bytes: reader.sizeBytes,
      modified_ms,
      version,
      extension,
      magic: detectMagic(head),
      content_hash: null,
      error_code: null,
      error_message: null,
    };
  } catch (error) {
    return faultyFile(mediumFaultOf(error), extension);
  }
}

/** The `files` row of a medium that cannot be read: what its fault says of whether it is there. */
export function faultyFile(
  { code, message }: { readonly code: MediaErrorCode; readonly message: string },
  extension: string | null = null,
): EvidenceRow<'files'> {
  return {
    ...errorRow('files', code, message),
    exists: code === 'missing-file' ? false : code === 'not-a-file' ? true : null,
    is_file: code === 'not-a-file' ? false : null,
    extension,
  };
}

/** sha256 of all bytes of a medium, hex; null if they cannot be read, or are not of the version seen earlier. */
export async function hashMedium(
  medium: Medium,
  access: StoreAccess,
  version: string | null = null,
): Promise<string | null> {
  const opened = await openMedium(medium, access, version);
  if (!opened.ok) return null;
  const { reader } = opened;
  try {
    const hash = createHash('sha256');
    for (let at = 0; at < reader.sizeBytes;) {
      const chunk = await reader.read(at, HASH_CHUNK_BYTES);
      if (chunk.length === 0) return null;
      hash.update(chunk);
      at += chunk.length;
      // Local files are read synchronously: let others have a turn.
      await setImmediate();
    }
    return hash.digest('hex');
  } catch {
    return null;
  } finally {
    await reader.close();
  }
}
