import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DecoderChoice } from '../media/decoders/frame-stream.ts';
import { type FilmStrip, makeFilmStrip } from '../media/film-strip.ts';
import { stampMedium } from '../media/medium-stamp.ts';
import type { Medium } from '../media/medium.ts';
import type { StoreAccess } from '../stores/access.ts';
import type { StripLook } from './clip-cards.ts';

/** Raised when strips look different, so that older ones are not reused. */
const STRIP_VERSION = 1;
const FRAMES = 8;
const FRAME_WIDTH_PX = 160;

/**
 * Film strips by content identity (path, size, time) and decoder, kept between runs. Null where no picture can be made; that too is kept.
 */
export function cachedStrips(
  cacheFolder: string,
  decoder: DecoderChoice,
  access: StoreAccess,
): (medium: Medium, look: StripLook) => Promise<FilmStrip | null> {
  const folder = join(cacheFolder, `strips-v${STRIP_VERSION}`);
  return async (medium, look) => {
    const stamp = await stampMedium(medium, access);
    if (!stamp.ok || stamp.sizeBytes === 0) return null;
    const identity = createHash('sha256')
      .update(`${stamp.identity}\0${decoder}\0${JSON.stringify(look)}`)
      .digest('hex')
      .slice(0, 32);
    const file = join(folder, `${identity}.json`);
    const kept = await readFile(file, 'utf8').catch(() => null);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: written below, under a version
    if (kept !== null) return JSON.parse(kept) as FilmStrip | null;
    const strip = await makeFilmStrip(medium, access, {
      ...look,
      decoder,
      count: FRAMES,
      maxWidth_px: FRAME_WIDTH_PX,
    });
    await mkdir(folder, { recursive: true });
    // Two clips of one medium may get here together.
    const part = `${file}.${randomBytes(4).toString('hex')}.part`;
    await writeFile(part, JSON.stringify(strip));
    await rename(part, file);
    return strip;
  };
}
