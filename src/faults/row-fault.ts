import type { Random } from './caption-fault.ts';

/** A row of a manifest under canonical names; `shard` is the number of the file it lies in, from 0. */
export type FaultRow = {
  readonly key: string;
  readonly shard: number;
  readonly [column: string]: unknown;
};

/** Rows with a fault in them, and the keys that the rule must report. */
type Spoiled<R extends FaultRow> = {
  readonly rows: readonly R[];
  readonly bad: ReadonlySet<string>;
};

/** What a fault may draw on besides the rows that it spoils. */
export type FaultContext = {
  readonly random: Random;
  /** Keys of sound rows that may be drawn into a fault of two rows. */
  readonly free: ReadonlySet<string>;
  /** A column of whole numbers, or of others, that the manifest has; null: none. */
  readonly integerColumn: string | null;
  readonly realColumn: string | null;
};

/**
 * One way in which rows of a manifest go wrong, made on purpose. No two sound rows share a key.
 */
export type RowFault = {
  readonly name: string;
  /** The rule that must find it. */
  readonly rule: string;
  /** Canonical columns that a row must have. */
  readonly needs: readonly string[];
  /** row: shows in a row by itself or in two; set: shows only where many rows have it. */
  readonly reach: 'row' | 'set';
  /** Rows of the manifest below which the rule's own limits keep it silent; 0 if not said. */
  readonly leastRows?: number;
  /** Whether a row can take the fault at all, beyond having the columns. */
  readonly accepts?: (row: FaultRow, context: FaultContext) => boolean;
  /** Spoils the rows with these keys; the given rows stay as they are. */
  readonly inject: <R extends FaultRow>(
    rows: readonly R[],
    at: ReadonlySet<string>,
    context: FaultContext,
  ) => Spoiled<R>;
};

type Values = Readonly<Record<string, unknown>>;

/** A fault of single rows: the changed rows are the bad ones. */
export function changed(
  rule: string,
  name: string,
  needs: readonly string[],
  change: (row: FaultRow, context: FaultContext) => Values,
  accepts?: RowFault['accepts'],
): RowFault {
  return {
    rule,
    name,
    needs,
    reach: 'row',
    ...(accepts === undefined ? {} : { accepts }),
    inject: (rows, at, context) => ({
      rows: rows.map((row) => (at.has(row.key) ? { ...row, ...change(row, context) } : row)),
      bad: at,
    }),
  };
}

/** Gives rows something of another row: both are bad. */
export function withPartner(
  rule: string,
  name: string,
  needs: readonly string[],
  change: (row: FaultRow, other: FaultRow) => Values,
): RowFault {
  return {
    rule,
    name,
    needs,
    reach: 'row',
    inject: (rows, at, context) => {
      const bad = new Set<string>();
      const partners = partnersOf(rows, at, context);
      const spoiled = rows.map((row) => {
        const other = partners.get(row.key);
        if (other === undefined) return row;
        bad.add(row.key).add(other.key);
        return { ...row, ...change(row, other) };
      });
      return { rows: spoiled, bad };
    },
  };
}

/** Writes rows a second time, somewhat changed, into the last shard or behind their first copy. */
export function copied(
  rule: string,
  name: string,
  needs: readonly string[],
  change: (row: FaultRow) => Values,
  place: 'last' | 'same' = 'last',
): RowFault {
  return {
    rule,
    name,
    needs,
    reach: 'row',
    inject: (rows, at) => {
      const last = rows.at(-1)?.shard ?? 0;
      return {
        rows:
          place === 'same'
            ? rows.flatMap((row) => (at.has(row.key) ? [row, { ...row, ...change(row) }] : [row]))
            : [
                ...rows,
                ...rows
                  .filter((row) => at.has(row.key))
                  .map((row) => ({ ...row, ...change(row), shard: last })),
              ],
        bad: at,
      };
    },
  };
}

/** For each key a free row of its own. */
export function partnersOf<R extends FaultRow>(
  rows: readonly R[],
  at: ReadonlySet<string>,
  { free }: FaultContext,
): ReadonlyMap<string, R> {
  const others = rows.filter((row) => free.has(row.key) && !at.has(row.key)).toReversed();
  const partners = new Map<string, R>();
  for (const [index, key] of [...at].entries()) {
    const other = others[index];
    if (other !== undefined) partners.set(key, other);
  }
  return partners;
}

/** A value that must be a number; NaN where it is none. */
export function numberIn(row: FaultRow, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : Number.NaN;
}

/** A value that must be a list of numbers; empty where it is none. */
export function numbersIn(row: FaultRow, column: string): readonly number[] {
  const value = row[column];
  return Array.isArray(value) ? value.map(Number) : [];
}

/** A value that must be text; empty where it is none. */
export function textIn(row: FaultRow, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}
