import type { Severity } from '../../src/judge/rule.ts';

/**
 * The findings of a page as columns: JSON of this type, gzipped, base64. Columns of one rule lie together, because
 * equal things side by side pack best.
 */
export type Island = {
  readonly version: 1;
  readonly shards: readonly string[];
  readonly groups: readonly IslandGroup[];
};

/** All findings of one rule, by shard and row. */
export type IslandGroup = {
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  readonly count: number;
  readonly keys: readonly (string | null)[];
  /** Against an earlier run: new, unchanged or unknown; empty without one. */
  readonly states: readonly string[];
  /** Position in {@link Island.shards} less that of the finding before; -1 is no shard. */
  readonly shardSteps: readonly number[];
  /** Row number less that of the finding before; null is no row. */
  readonly rowSteps: readonly (number | null)[];
  /** Messages with holes: `{n}` is value column n, `{}` the next of {@link numbers}. */
  readonly templates: readonly string[];
  readonly templateOf: readonly number[];
  readonly numbers: readonly string[];
  /** Columns of `values`; undefined (a hole in JSON: null) and null are both shown as null. */
  readonly names: readonly string[];
  readonly columns: readonly (readonly unknown[])[];
};

/** Opens a hole in a message template; can't occur in a message, because messages are cleaned of it. */
export const HOLE_OPEN = '\u0001';
export const HOLE_CLOSE = '\u0002';

/** A value as messages and tables write it. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  return JSON.stringify(value) ?? '';
}
