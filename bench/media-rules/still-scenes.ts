import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import type { ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import { encodeClip } from '../../src/media/encode/encode-clip.ts';
import { PICTURE_FAULTS } from '../../src/media/faults/picture-faults.ts';
import { AS_RECORDED, type Scene } from './cohorts.ts';
import { digestOf } from './digest.ts';

/** Clips of a photograph each: as many independent scenes as there are photographs, in the codes that a clip stores. */
const FRAMES = 4;

/** Ways to show a photograph as a clip; `hazy` has no black and no white by nature. */
export type StillWay = 'as-recorded' | 'squeezed-twice' | 'full-range-with-its-tag' | 'hazy';

function recipeOf(photo: string, way: StillWay): ClipRecipe {
  const base: ClipRecipe = {
    source: { file: photo },
    width_px: 320,
    fps: 24,
    filters: `scale=out_range=limited,format=yuv420p,loop=loop=${FRAMES - 1}:size=1:start=0`,
    codec: 'h264',
    crf: 23,
  };
  const made = PICTURE_FAULTS['compressed-range'](base);
  const variant = [...made.faulty, ...made.lookalikes].find((each) => each.name === way);
  return way === 'hazy'
    ? { ...base, filters: `${base.filters},lutyuv=y=140+(val-140)*0.6` }
    : (variant?.recipe ?? base);
}

/** Writes a photograph as a clip in the given ways and keeps the files; null where it cannot be encoded. */
export async function makeStillScene(
  folder: string,
  photo: string,
  ways: readonly StillWay[],
): Promise<Scene | null> {
  const paths = new Map<string, string>();
  for (const way of ways) {
    const recipe = recipeOf(photo, way);
    const file = join(folder, `${digestOf(['still', recipe])}.mp4`);
    paths.set(way, file);
    if (existsSync(file)) continue;
    const fresh = join(folder, `making-${process.pid}.mp4`);
    try {
      await encodeClip(fresh, recipe);
    } catch {
      return null;
    }
    renameSync(fresh, file);
  }
  return paths.has(AS_RECORDED) ? { name: photo, paths } : null;
}
