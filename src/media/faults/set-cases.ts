import type { ClipRecipe } from '../encode/clip-recipe.ts';
import type { FaultCase } from './fault-variant.ts';
import { NOT_FOUND_PAGE } from './file-faults.ts';

/** Media that go wrong only together: each of the faulty ones must be found beside the others. `base` is a sound clip. */
export const SET_CASES = {
  'placeholder-media': (base) => ({
    faulty: Array.from({ length: 12 }, (_, index) => ({
      name: `error-page-${index + 1}`,
      recipe: base,
      text: NOT_FOUND_PAGE,
    })),
    lookalikes: [{ name: 'as-recorded', recipe: base }],
  }),
  'near-duplicate-media': (base) => ({
    faulty: [
      { name: 'as-uploaded', recipe: { ...base, codec: 'h264', crf: 20 } },
      {
        name: 'encoded-again-smaller',
        recipe: { ...base, codec: 'h264', crf: 33, width_px: 240 },
      },
    ],
    lookalikes: [],
  }),
} satisfies Record<string, (base: ClipRecipe) => FaultCase>;
