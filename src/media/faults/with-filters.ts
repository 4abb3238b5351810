import type { ClipRecipe } from '../encode/clip-recipe.ts';

/** The recipe with a libavfilter chain behind the chain it has. */
export function withFilters(base: ClipRecipe, filters: string): ClipRecipe {
  return { ...base, filters: base.filters === undefined ? filters : `${base.filters},${filters}` };
}
