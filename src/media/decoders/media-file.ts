import { open, stat } from 'node:fs/promises';

import type { DecodeFailure } from './frame-stream.ts';

/** Why a path can't be opened as a medium at all; null if it can. Looks at the file system and the first bytes. */
export async function refuseFile(path: string): Promise<DecodeFailure | null> {
  if (path.includes('\0'))
    return { ok: false, code: 'invalid-path', message: 'the path holds a zero byte' };
  try {
    const entry = await stat(path);
    if (!entry.isFile())
      return { ok: false, code: 'not-a-file', message: 'the path is no regular file' };
    if (entry.size === 0)
      return { ok: false, code: 'empty-file', message: 'the file has no bytes' };
    const handle = await open(path, 'r');
    await handle.close();
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return { ok: false, code: 'missing-file', message: 'nothing is there under the path' };
      case 'EACCES':
      case 'EPERM':
        return { ok: false, code: 'permission-denied', message: 'the file may not be read' };
      case 'ENAMETOOLONG':
      case 'ELOOP':
      case 'ERR_INVALID_ARG_VALUE':
        return { ok: false, code: 'invalid-path', message: code };
      default:
        return {
          ok: false,
          code: 'unreachable',
          message: error instanceof Error ? error.message : String(error),
        };
    }
  }
}

/** First bytes of containers whose header is broken rather than unknown. */
const SIGNATURES: readonly { readonly at: number; readonly bytes: string }[] = [
  { at: 4, bytes: 'ftyp' },
  { at: 4, bytes: 'moov' },
  { at: 4, bytes: 'mdat' },
  { at: 0, bytes: '\u001aE\u00df\u00a3' },
  { at: 0, bytes: 'RIFF' },
  { at: 0, bytes: 'FLV' },
  { at: 0, bytes: 'OggS' },
  { at: 0, bytes: 'GIF8' },
];

/** After a demuxer refused a file: is it a known container with a broken header, or something else altogether. */
export async function headerFaultOf(path: string): Promise<'corrupt-header' | 'unknown-format'> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(16);
    await handle.read(bytes, 0, 16, 0);
    return faultOfHead(bytes);
  } finally {
    await handle.close();
  }
}

/** {@link headerFaultOf} by the first bytes. */
export function faultOfHead(head: Buffer): 'corrupt-header' | 'unknown-format' {
  const text = head.toString('latin1', 0, 16);
  const isKnown = SIGNATURES.some((known) => text.startsWith(known.bytes, known.at));
  return isKnown ? 'corrupt-header' : 'unknown-format';
}
