import type { ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import { PICTURE_FAULTS } from '../../src/media/faults/picture-faults.ts';
import { AS_RECORDED, type Scene } from './cohorts.ts';
import { encodeOnce } from './encode-once.ts';

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
  const paths = await encodeOnce(folder, ways, (way) => recipeOf(photo, way));
  return paths?.has(AS_RECORDED) === true ? { name: photo, paths } : null;
}
