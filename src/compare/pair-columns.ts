import { hashedValue } from './hashed-value.ts';
import { columnOf, type Side, type SideColumn } from './side.ts';
import type { ValueKind } from './diff-document.ts';

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
  /** Relative difference of numbers that counts as none. */
  readonly tolerance: number;
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
const FLOAT_TOLERANCE = 1e-6;

const NUMBER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;
const INTEGER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/;
const INSTANT_TYPE = /^(TIMESTAMP.*|DATE|TIME)$/;

/** Pairs columns by their name in `clips` (canonical, so that a rename by the user still meets), then by the user's name. */
export function pairColumns(
  before: Side,
  after: Side,
  more: ReadonlyMap<string, string> = new Map(),
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
  meet((b, a) => more.get(b.name) === a.name);
  return {
    pairs: met.map((each, index) => makePair(each.before, each.after, index)),
    dropped: [...left],
    added: [...right],
  };
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
    tolerance: kind === 'number' && !isWhole ? FLOAT_TOLERANCE : 0,
    isRenamed: before.source.toLowerCase() !== after.source.toLowerCase(),
    isRetyped: before.sourceType !== after.sourceType,
  };
}
