import { type Database, maybe, numberOf, type SqlRow } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';
import { columnOf, type Side } from './side.ts';

/** Where the values of a column stop abruptly, in both versions: the trace of a filter. */
export type Edge = {
  readonly column: string;
  readonly side: 'low' | 'high';
  /** Null: the values fade out. */
  readonly before: number | null;
  readonly after: number | null;
  /** Larger share of values of one version that lie beyond the edge of the other. */
  readonly beyondShare: number;
};

/** Share of the values at each end that is no part of the edge: strays. */
const STRAYS = 0.0005;
/** Density next to the edge over the mean density up to the median, from which the end is an edge; a normal tail has 0.02. */
const LEAST_DENSITY_RATIO = 0.5;
/** Values that a distribution must have. */
const LEAST_VALUES = 1_000;
/** Fewer different values are levels, not a score. */
const LEAST_DISTINCT = 100;

/** Hard edges of columns of fractions, whichever version has one. */
export async function findEdges(
  database: Database,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): Promise<readonly Edge[]> {
  const columns = pairs.filter(
    (pair) =>
      pair.kind === 'number' &&
      [pair.before.type, pair.after.type].every((type) => /^(FLOAT|DOUBLE|DECIMAL)/.test(type)),
  );
  if (columns.length === 0) return [];
  const found = new Map<Side, SqlRow>();
  for (const side of [before, after]) {
    const parts = columns.flatMap((pair, i) => {
      const sql = valueOf(pair, side);
      return [
        `count(${sql}) as n${i}`,
        `approx_count_distinct(${sql}) as d${i}`,
        `quantile_disc(${sql}, [${STRAYS}, 0.5, ${1 - STRAYS}]) as q${i}`,
      ];
    });
    found.set(side, await database.row(`select ${parts.join(', ')} from ${side.relation}`));
  }
  const looked = columns.flatMap((pair, i) => {
    const [was, is] = [before, after].map((side) => shapeOf(found.get(side) ?? {}, i));
    return was === null || is === null || was === undefined || is === undefined
      ? []
      : [{ pair, was, is }];
  });
  if (looked.length === 0) return [];
  const shares = new Map<Side, SqlRow>();
  for (const side of [before, after]) {
    const parts = looked.flatMap(({ pair, was, is }, i) => {
      const sql = valueOf(pair, side);
      const own = side === before ? was : is;
      const other = side === before ? is : was;
      return [
        `${share(`${sql} >= ${own.low} and ${sql} < ${own.low + own.lowWidth}`)} as low${i}`,
        `${share(`${sql} <= ${own.high} and ${sql} > ${own.high - own.highWidth}`)} as high${i}`,
        `${share(`${sql} < ${other.low - other.lowWidth / 10}`)} as below${i}`,
        `${share(`${sql} > ${other.high + other.highWidth / 10}`)} as above${i}`,
      ];
    });
    shares.set(side, await database.row(`select ${parts.join(', ')} from ${side.relation}`));
  }
  return looked.flatMap(({ pair, was, is }, i) =>
    (['low', 'high'] as const).flatMap((end): Edge[] => {
      const isEdge = (side: Side): boolean =>
        ((maybe(shares.get(side)?.[`${end}${i}`], numberOf) ?? 0) * 10) / 0.5 >=
        LEAST_DENSITY_RATIO;
      const beyond = (side: Side): number =>
        maybe(shares.get(side)?.[`${end === 'low' ? 'below' : 'above'}${i}`], numberOf) ?? 0;
      const edgeBefore = isEdge(before) ? was[end] : null;
      const edgeAfter = isEdge(after) ? is[end] : null;
      const beyondShare = Math.max(
        edgeBefore === null ? 0 : beyond(after),
        edgeAfter === null ? 0 : beyond(before),
      );
      return edgeBefore === null && edgeAfter === null
        ? []
        : [{ column: pair.name, side: end, before: edgeBefore, after: edgeAfter, beyondShare }];
    }),
  );
}

function share(test: string): string {
  return `avg((${test})::integer)`;
}

type Shape = {
  readonly low: number;
  readonly high: number;
  /** A tenth of the way to the median. */
  readonly lowWidth: number;
  readonly highWidth: number;
};

function shapeOf(row: SqlRow, index: number): Shape | null {
  const quantiles = row[`q${index}`];
  if (
    numberOf(row[`n${index}`] ?? 0) < LEAST_VALUES ||
    numberOf(row[`d${index}`] ?? 0) < LEAST_DISTINCT
  )
    return null;
  if (!Array.isArray(quantiles)) return null;
  const [low = 0, middle = 0, high = 0] = quantiles.map(Number);
  return low < middle && middle < high
    ? { low, high, lowWidth: (middle - low) / 10, highWidth: (high - middle) / 10 }
    : null;
}

function valueOf(pair: ColumnPair, side: Side): string {
  const column = `${columnOf(side.which === 'before' ? pair.before : pair.after)}::double`;
  return `case when isfinite(${column}) then ${column} end`;
}
