import type { DistinctSketch } from './distinct-sketch.ts';
import type { ValueSketch } from './value-sketch.ts';

/** A value and the rows that have it. */
export type TopValue = { readonly value: string; readonly rows: number };

/**
 * What a column holds, as a state that merges: `mergeProfiles` of two parts is the profile of both together. Counts,
 * bounds and sketches merge exactly; top values do while every value is listed (`isTopComplete`).
 */
export type ColumnProfile = {
  readonly name: string;
  /** DuckDB type. */
  readonly type: string;
  /** What its values are measured as; `values` of a time are seconds since 1970. */
  readonly kind: 'number' | 'text' | 'time';
  readonly rows: number;
  readonly nulls: number;
  /** Texts of length 0. */
  readonly empties: number;
  readonly nans: number;
  readonly infinities: number;
  /** Smallest and largest finite number or time (seconds since 1970); null for text. */
  readonly min: number | null;
  readonly max: number | null;
  /** Sum of the finite values, or of the lengths of text in characters. */
  readonly sum: number;
  readonly distinct: DistinctSketch;
  /** Finite numbers; for text, its length in characters. */
  readonly values: ValueSketch;
  /** Length in words (runs between blanks) of a sample of the texts by hash; null where it was not measured. */
  readonly words: ValueSketch | null;
  /** The most frequent values, most rows first, at most {@link TOP_VALUES}. */
  readonly top: readonly TopValue[];
  /** Whether `top` lists every value there is: then its counts are exact however often profiles were merged. */
  readonly isTopComplete: boolean;
};

/** Values listed of a column, at most. */
export const TOP_VALUES = 64;

/** Most rows first; equal ones by code point. */
export function byRows(a: TopValue, b: TopValue): number {
  return b.rows - a.rows || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
}
