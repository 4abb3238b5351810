import type { StoreAccess } from '../stores/access.ts';
import { detectMagic, MAGIC_BYTES } from './magic.ts';
import { type MediaType, mediaTypeOf } from './media-type.ts';
import type { Medium } from './medium.ts';
import { openMedium } from './open-medium.ts';

/** What a medium is, by its first bytes; null for what is no film or picture, or cannot be read. */
export async function findMediaType(
  medium: Medium,
  access: StoreAccess,
): Promise<MediaType | null> {
  const opened = await openMedium(medium, access);
  if (!opened.ok) return null;
  try {
    return mediaTypeOf(detectMagic(await opened.reader.read(0, MAGIC_BYTES)));
  } catch {
    return null;
  } finally {
    await opened.reader.close();
  }
}
