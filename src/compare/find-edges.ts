import { type Database, maybe, numberOf, type SqlRow } from '../engine/database.ts';
import type { SampledColumn } from './sample-values.ts';

/** Where the values of a column stop abruptly, in both versions: the trace of a filter. */
export type Edge = {
  readonly column: string;
  readonly side: 'low' | 'high';
  /** Null: the values fade out. */
  readonly before: number | null;
  readonly after: number | null;
  /** Larger share of values of one version that lie beyond the edge of the other. */
  readonly beyondShare: number;
  /**
   * Largest difference of the cumulative shares of the values inside the edges of both versions, 0-1: a filter leaves them as they
   * were, another score does not. Null: no values are there.
   */
  readonly insideKs: number | null;
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
  sampled: readonly SampledColumn[],
): Promise<readonly Edge[]> {
  const columns = sampled.filter((column) => column.isFraction);
  if (columns.length === 0) return [];
  const quantiles = async (side: string): Promise<SqlRow> =>
    database.row(
      `select ${columns
        .flatMap(({ column }, i) => [
          `count(${column}) as n${i}`,
          `approx_count_distinct(${column}) as d${i}`,
          `quantile_disc(${column}, [${STRAYS}, 0.5, ${1 - STRAYS}]) as q${i}`,
        ])
        .join(', ')} from ${side}_sample`,
    );
  const [older, newer] = [await quantiles('before'), await quantiles('after')];
  const looked = columns.flatMap(({ name, column }, i) => {
    const [was, is] = [shapeOf(older, i), shapeOf(newer, i)];
    return was === null || is === null ? [] : [{ name, column, was, is }];
  });
  if (looked.length === 0) return [];
  const shares = async (side: 'before' | 'after'): Promise<SqlRow> =>
    database.row(
      `select ${looked
        .flatMap(({ column, was, is }, i) => {
          const [own, other] = side === 'before' ? [was, is] : [is, was];
          return [
            `${share(`${column} >= ${own.low} and ${column} < ${own.low + own.lowWidth}`)} as low${i}`,
            `${share(`${column} <= ${own.high} and ${column} > ${own.high - own.highWidth}`)} as high${i}`,
            `${share(`${column} < ${other.low - other.lowWidth / 10}`)} as below${i}`,
            `${share(`${column} > ${other.high + other.highWidth / 10}`)} as above${i}`,
          ];
        })
        .join(', ')} from ${side}_sample`,
    );
  const [sharesBefore, sharesAfter] = [await shares('before'), await shares('after')];
  const found = looked.flatMap(({ name, column, was, is }, i) =>
    (['low', 'high'] as const).flatMap((end): FoundEdge[] => {
      const isEdge = (row: SqlRow): boolean =>
        (read(row, `${end}${i}`) * 10) / 0.5 >= LEAST_DENSITY_RATIO;
      const beyond = end === 'low' ? 'below' : 'above';
      const before = isEdge(sharesBefore) ? was[end] : null;
      const after = isEdge(sharesAfter) ? is[end] : null;
      const beyondShare = Math.max(
        before === null ? 0 : read(sharesAfter, `${beyond}${i}`),
        after === null ? 0 : read(sharesBefore, `${beyond}${i}`),
      );
      return before === null && after === null
        ? []
        : [{ column: name, sql: column, side: end, before, after, beyondShare }];
    }),
  );
  const insides = new Map<string, number | null>();
  for (const { sql } of found)
    if (!insides.has(sql))
      insides.set(
        sql,
        await compareInside(
          database,
          sql,
          found.filter((each) => each.sql === sql),
        ),
      );
  return found.map(({ sql, ...edge }) => ({ ...edge, insideKs: insides.get(sql) ?? null }));
}

type FoundEdge = Omit<Edge, 'insideKs'> & { readonly sql: string };

const DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** How far the values of a column inside of its edges moved, at the deciles of the older version. */
async function compareInside(
  database: Database,
  column: string,
  edges: readonly FoundEdge[],
): Promise<number | null> {
  const tests = edges.flatMap(({ side, before, after }) =>
    [before, after].flatMap((edge) =>
      edge === null ? [] : [`${column} ${side === 'low' ? '>=' : '<='} ${edge}`],
    ),
  );
  const older = await database.row(
    `select quantile_disc(${column}, [${DECILES.join(', ')}]) as at from before_sample where ${tests.join(' and ')}`,
  );
  const at = Array.isArray(older['at']) ? older['at'].map(Number) : [];
  if (at.length < DECILES.length) return null;
  const shareOf = async (side: string): Promise<readonly (number | null)[]> => {
    const row = await database.row(
      `select ${at.map((value, i) => `${share(`${column} <= ${value}`)} as s${i}`).join(', ')}
       from ${side}_sample where ${tests.join(' and ')}`,
    );
    return at.map((_, i) => maybe(row[`s${i}`], numberOf));
  };
  const [was, is] = [await shareOf('before'), await shareOf('after')];
  const moves = was.map((value, i) => {
    const other = is[i] ?? null;
    return value === null || other === null ? 1 : Math.abs(value - other);
  });
  return Math.max(...moves);
}

function read(row: SqlRow, column: string): number {
  return maybe(row[column], numberOf) ?? 0;
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
