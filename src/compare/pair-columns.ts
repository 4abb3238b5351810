import { didYouMean } from '../config/did-you-mean.ts';
import { DailiesError } from '../dailies-error.ts';
import { hashedValue } from './hashed-value.ts';
import { columnOf, type Side, type SideColumn } from './side.ts';
import type { ValueKind } from './diff-document.ts';

/** Numbers are equal if they differ by at most the larger of both: an amount, and a share of the larger number. */
export type Tolerance = { readonly absolute: number; readonly relative: number };

/** A column that both versions have. */
export type ColumnPair = {
  readonly index: number;
  /** Name in `clips` of the newer version. */
  readonly name: string;
  readonly before: SideColumn;
  readonly after: SideColumn;
  readonly kind: ValueKind;
  /** SQL over either relation that gives comparable values. */
  readonly beforeSql: string;
  readonly afterSql: string;
  /** Long values: only their hashes are joined. */
  readonly isLong: boolean;
  /** Difference of numbers that counts as none; null: any difference counts. */
  readonly tolerance: Tolerance | null;
  readonly isRenamed: boolean;
  readonly isRetyped: boolean;
};

/** Which columns belong together, and which have no counterpart. */
export type ColumnPairs = {
  readonly pairs: readonly ColumnPair[];
  readonly dropped: readonly SideColumn[];
  readonly added: readonly SideColumn[];
};

/** float32 keeps 24 bits: a number that went through it differs by up to 6e-8 of itself. */
const FLOAT_TOLERANCE: Tolerance = { absolute: 0, relative: 1e-6 };

const NUMBER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;
const INTEGER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/;
const INSTANT_TYPE = /^(TIMESTAMP.*|DATE|TIME)$/;

/** What is known of columns beyond their names and types. */
type ColumnHints = {
  /** Columns that are the same under another name: before → after. */
  readonly renames?: ReadonlyMap<string, string>;
  /** Tolerances by name of the column, canonical or the user's. */
  readonly tolerances?: ReadonlyMap<string, Tolerance>;
};

/**
 * Pairs columns by their name in `clips` (canonical, so that a rename by the user still meets), then by the user's name.
 *
 * @throws {DailiesError} usage, if a tolerance names no column of numbers that both versions have.
 */
export function pairColumns(
  before: Side,
  after: Side,
  { renames = new Map(), tolerances = new Map() }: ColumnHints = {},
): ColumnPairs {
  const left = new Set(before.columns);
  const right = new Set(after.columns);
  const met: { before: SideColumn; after: SideColumn }[] = [];
  const meet = (test: (b: SideColumn, a: SideColumn) => boolean): void => {
    for (const b of before.columns) {
      if (!left.has(b)) continue;
      const a = after.columns.find((each) => right.has(each) && test(b, each));
      if (a === undefined) continue;
      left.delete(b);
      right.delete(a);
      met.push({ before: b, after: a });
    }
  };
  meet((b, a) => b.name === a.name);
  meet((b, a) => b.source === a.source);
  meet((b, a) => renames.get(b.name) === a.name);
  const pairs = met.map((each, index) => makePair(each.before, each.after, index));
  return {
    pairs: withTolerances(pairs, tolerances),
    dropped: [...left],
    added: [...right],
  };
}

function withTolerances(
  pairs: readonly ColumnPair[],
  tolerances: ReadonlyMap<string, Tolerance>,
): readonly ColumnPair[] {
  const names = (pair: ColumnPair): readonly string[] => [
    pair.name,
    pair.before.source,
    pair.after.source,
  ];
  for (const name of tolerances.keys()) {
    const pair = pairs.find((each) => names(each).includes(name));
    if (pair?.kind === 'number') continue;
    const numbers = pairs.filter((each) => each.kind === 'number').map((each) => each.name);
    throw new DailiesError(
      'usage',
      pair === undefined
        ? `--tolerance ${name}: no column that both versions have${didYouMean(name, pairs.flatMap(names))}`
        : `--tolerance ${name}: its values are no numbers in both versions`,
      { hint: `columns of numbers are ${numbers.join(', ') || 'none'}` },
    );
  }
  return pairs.map((pair) => {
    const given = names(pair).find((name) => tolerances.has(name));
    const tolerance = given === undefined ? undefined : tolerances.get(given);
    return tolerance === undefined ? pair : { ...pair, tolerance };
  });
}

/** How a value of this type is compared. */
export function kindOf(type: string): ValueKind {
  if (NUMBER_TYPE.test(type)) return 'number';
  if (INSTANT_TYPE.test(type)) return 'instant';
  if (type === 'BOOLEAN') return 'boolean';
  return type === 'VARCHAR' || type === 'UUID' || type.startsWith('ENUM') ? 'text' : 'opaque';
}

function makePair(before: SideColumn, after: SideColumn, index: number): ColumnPair {
  const isHashed = before.isHashed || after.isHashed;
  const sameKind = kindOf(before.type) === kindOf(after.type);
  const kind: ValueKind = isHashed ? 'opaque' : sameKind ? kindOf(after.type) : 'text';
  const sql = (own: SideColumn, other: SideColumn): string => {
    const column = columnOf(own);
    if (isHashed) return own.isHashed ? column : hashedValue(column, own.type);
    if (own.type === other.type) return column;
    if (kind !== 'number') return `${column}::varchar`;
    if (INTEGER_TYPE.test(own.type) && INTEGER_TYPE.test(other.type)) return `${column}::hugeint`;
    return own.type === 'FLOAT' || other.type === 'FLOAT'
      ? `${column}::float::double`
      : `${column}::double`;
  };
  const isWhole = [before.type, after.type].every((type) => INTEGER_TYPE.test(type));
  return {
    index,
    name: after.name,
    before,
    after,
    kind,
    beforeSql: sql(before, after),
    afterSql: sql(after, before),
    isLong: after.name === 'caption' || (!isHashed && kind === 'opaque'),
    tolerance: kind === 'number' && !isWhole ? FLOAT_TOLERANCE : null,
    isRenamed: before.source.toLowerCase() !== after.source.toLowerCase(),
    isRetyped: before.sourceType !== after.sourceType,
  };
}
