/** The columns of a manifest row that a caption fault reads or changes. */
type CaptionRow = {
  readonly caption: string | null;
  readonly duration_s?: number | null;
};

/** Uniform in [0, 1): the only source of chance, so that a seed gives the same faults. */
export type Random = () => number;

/**
 * A bug of the caption pipeline, done to one row. `exact` faults must all be found, `heuristic` ones at 0.98 or better;
 * `group` faults show only when many rows have them.
 */
export type CaptionFault = {
  readonly name: string;
  /** The rule that must report the row. */
  readonly rule: string;
  readonly kind: 'exact' | 'heuristic' | 'group';
  readonly inject: (row: CaptionRow, random: Random) => CaptionRow;
};

/** One of the values, evenly. */
export function pick<T>(values: readonly [T, ...T[]], random: Random): T {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

/** The first characters of a text, never half of a surrogate pair. */
export function cut(text: string, characters: number): string {
  return Array.from(text).slice(0, characters).join('');
}
