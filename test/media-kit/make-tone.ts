import type { AudioRecipe } from '../../src/media/encode/clip-recipe.ts';
import { makeClip } from './media-kit.ts';

/** Path of a file that holds sound alone: by default two seconds of 440 Hz in stereo. */
export async function makeTone(audio: AudioRecipe = {}, suffix = '.m4a'): Promise<string> {
  return makeClip({ videoless: true, audio: { duration_s: 2, ...audio } }, suffix);
}
