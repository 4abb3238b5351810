import pMap from 'p-map';

import { closeFilmStrips, makeFilmStrip } from '../media/film-strip.ts';
import { findMediaType } from '../media/find-media-type.ts';
import type { ClipCard } from './document.ts';

/** Frames of each version: few, so that two strips stand beside each other. */
const FRAMES = 4;

/** Frames of the older and the newer file of each key; null where there is no file or no picture could be made of it. */
export async function makePairStrips(
  pairs: readonly {
    readonly key: string;
    readonly fileBefore: string | null;
    readonly fileAfter: string | null;
  }[],
): Promise<
  ReadonlyMap<string, { readonly before: ClipCard['strip']; readonly after: ClipCard['strip'] }>
> {
  const known = pairs.filter((pair) => pair.fileBefore !== null || pair.fileAfter !== null);
  try {
    const strips = await pMap(
      known,
      async ({ key, fileBefore, fileAfter }) => {
        const [before, after] = await Promise.all([stripOf(fileBefore), stripOf(fileAfter)]);
        return [key, { before, after }] as const;
      },
      { concurrency: 2 },
    );
    return new Map(strips);
  } finally {
    await closeFilmStrips();
  }
}

async function stripOf(file: string | null): Promise<ClipCard['strip']> {
  const type = file === null ? null : await findMediaType(file);
  if (file === null || type === null) return null;
  return makeFilmStrip(file, { kind: type.kind, count: FRAMES });
}
