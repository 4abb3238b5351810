import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import type { ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import { encodeClip } from '../../src/media/encode/encode-clip.ts';
import { digestOf } from './digest.ts';

/**
 * Encodes a scene in the given ways and keeps the files, by way, under names that say what they were made of: a run that was cut
 * short goes on with them. Null where one cannot be encoded.
 */
export async function encodeOnce<Way extends string>(
  folder: string,
  ways: readonly Way[],
  recipeOf: (way: Way) => ClipRecipe,
): Promise<ReadonlyMap<string, string> | null> {
  const paths = new Map<string, string>();
  for (const way of ways) {
    const recipe = recipeOf(way);
    const file = join(folder, `${digestOf(recipe)}.mp4`);
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
  return paths;
}
