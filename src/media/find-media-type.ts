import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { detectMagic, MAGIC_BYTES } from './magic.ts';
import { type MediaType, mediaTypeOf } from './media-type.ts';

/** What a local file is, by its first bytes; null for what is no film or picture, or cannot be read. */
export async function findMediaType(path: string): Promise<MediaType | null> {
  // Without blocking: a pipe has nobody at its other end.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const head = Buffer.alloc(MAGIC_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return mediaTypeOf(detectMagic(head.subarray(0, bytesRead)));
  } finally {
    await file.close();
  }
}
