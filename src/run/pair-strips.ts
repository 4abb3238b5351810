import pMap from 'p-map';

import { closeFilmStrips, makeFilmStrip } from '../media/film-strip.ts';
import { findMediaType } from '../media/find-media-type.ts';
import { resolveMediaPath } from '../dataset/media-path.ts';
import type { StoreAccess } from '../stores/access.ts';
import type { ClipCard } from './document.ts';
import { readClips } from './read-run.ts';

/** Frames of each version: few, so that two strips stand beside each other. */
const FRAMES = 4;

/** Film strips by key that a run folder keeps. */
type KeptStrips = ReadonlyMap<string, ClipCard['strip']>;

const NOTHING_KEPT = { before: new Map(), after: new Map() } as const;

/** Strips of the clips that a run's report shows; none if the folder is no run. */
export async function keptStrips(folder: string): Promise<KeptStrips> {
  const clips = await readClips(folder);
  return new Map(
    clips.flatMap(({ key, strip }) =>
      key === null || strip === null ? [] : [[key, strip] as const],
    ),
  );
}

/**
 * Frames of the older and the newer file of each key, by the text of each medium; where a file is gone or another one by now, what the run folder kept of it; else
 * null.
 */
export async function makePairStrips(
  pairs: readonly {
    readonly key: string;
    readonly fileBefore: string | null;
    readonly fileAfter: string | null;
  }[],
  access: { readonly before: StoreAccess; readonly after: StoreAccess },
  kept: { readonly before: KeptStrips; readonly after: KeptStrips } = NOTHING_KEPT,
): Promise<
  ReadonlyMap<string, { readonly before: ClipCard['strip']; readonly after: ClipCard['strip'] }>
> {
  try {
    const strips = await pMap(
      pairs,
      async ({ key, fileBefore, fileAfter }) => {
        const [before, after] = await Promise.all([
          stripOf(fileBefore, access.before),
          stripOf(fileAfter, access.after),
        ]);
        return [
          key,
          {
            before: before ?? kept.before.get(key) ?? null,
            after: after ?? kept.after.get(key) ?? null,
          },
        ] as const;
      },
      { concurrency: 2 },
    );
    return new Map(strips);
  } finally {
    await closeFilmStrips();
  }
}

async function stripOf(file: string | null, access: StoreAccess): Promise<ClipCard['strip']> {
  if (file === null) return null;
  // Checked when the document was made, against the root of its version.
  const found = resolveMediaPath('/', file);
  const type = found.ok ? await findMediaType(found.medium, access) : null;
  return !found.ok || type === null
    ? null
    : makeFilmStrip(found.medium, access, { kind: type.kind, count: FRAMES });
}
