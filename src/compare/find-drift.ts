import { formatValue } from '../format-value.ts';
import { type Database, maybe, numberOf, type SqlRow, type SqlValue } from '../engine/database.ts';
import type { Drift } from './diff-document.ts';
import { toDrift } from './drift-of-bins.ts';
import type { SampledColumn } from './sample-values.ts';

/** Bins of equal share of the reference. */
const BINS = 20;
/** Numbers with at most this many different values are binned by value. */
const MOST_VALUES = 40;
/** Text with more different values is no category. */
const MOST_CATEGORIES = 500;
/** Numbers that are counted in one query: each has up to {@link MOST_VALUES} bins. */
const NUMBERS_AT_A_TIME = 25;

/**
 * Drift of every number and category in the tables `before_sample` and `after_sample`, on bins of the older version's quantiles
 * or values.
 */
export async function findDrift(
  database: Database,
  columns: readonly SampledColumn[],
): Promise<readonly Drift[]> {
  const categories = await boundCategories(
    database,
    columns.filter((column) => column.kind === 'category'),
  );
  const numbers = columns.filter((column) => column.kind === 'number');
  const drifts: Drift[] = [];
  for (let i = 0; i < numbers.length; i += NUMBERS_AT_A_TIME)
    drifts.push(...(await numberDrift(database, numbers.slice(i, i + NUMBERS_AT_A_TIME))));
  return [...drifts, ...(await categoryDrift(database, categories))].toSorted(
    (a, b) => b.psi - a.psi || (a.name < b.name ? -1 : 1),
  );
}

async function numberDrift(
  database: Database,
  columns: readonly SampledColumn[],
): Promise<readonly Drift[]> {
  if (columns.length === 0) return [];
  const quantiles = Array.from({ length: BINS - 1 }, (_, i) => (i + 1) / BINS).join(', ');
  const reference = await database.row(
    `select ${columns
      .flatMap((column, i) => [
        `quantile_disc(${column.column}, [${quantiles}]) as q${i}`,
        `list_sort((list(distinct ${column.column}))[:${MOST_VALUES + 1}]) as v${i}`,
      ])
      .join(', ')} from before_sample`,
  );
  const edges = columns.map((_, i) => {
    const values = numbersOf(reference[`v${i}`]);
    const isFew = values.length <= MOST_VALUES;
    return { isFew, at: isFew ? values : [...new Set(numbersOf(reference[`q${i}`]))] };
  });
  const count = async (side: 'before' | 'after'): Promise<SqlRow> =>
    database.row(
      `select ${columns
        .flatMap((column, i) => {
          const sql = column.column;
          const bins =
            edges[i]?.isFew === true
              ? valueBins(sql, edges[i].at)
              : rangeBins(sql, edges[i]?.at ?? []);
          return [...bins, `${sql} is null`].map(
            (test, k) => `count(*) filter (where ${test}) as c${i}_${k}`,
          );
        })
        .join(', ')} from ${side}_sample`,
    );
  const [was, is] = [await count('before'), await count('after')];
  return columns.map((column, i) => {
    const { isFew = false, at = [] } = edges[i] ?? {};
    const labels = [...(isFew ? valueLabels(at) : rangeLabels(at)), 'no value'];
    return toDrift(
      { name: column.name, kind: column.kind, labels },
      countsOf(was, `c${i}_`, labels),
      countsOf(is, `c${i}_`, labels),
    );
  });
}

async function boundCategories(
  database: Database,
  columns: readonly SampledColumn[],
): Promise<readonly SampledColumn[]> {
  if (columns.length === 0) return [];
  const row = await database.row(
    `select count(*) as n, ${columns.map((column, i) => `approx_count_distinct(${column.column}) as n${i}`).join(', ')} from before_sample`,
  );
  return columns.filter(
    (_, i) => numberOf(row[`n${i}`]) <= Math.min(MOST_CATEGORIES, numberOf(row['n']) / 4),
  );
}

async function categoryDrift(
  database: Database,
  columns: readonly SampledColumn[],
): Promise<readonly Drift[]> {
  const found: Drift[] = [];
  for (const column of columns) {
    const rows = await database.rows(
      `with counted as (
         select value, count(*) filter (where side = 0) as was, count(*) filter (where side = 1) as became
         from (select 0 as side, ${column.column} as value from before_sample
           union all select 1, ${column.column} from after_sample)
         group by value),
       ranked as (select *, row_number() over (order by was desc, became desc, value) as place from counted)
       select if(place <= ${MOST_VALUES}, coalesce(value, 'no value'), 'all others') as label, sum(was)::bigint as was, sum(became)::bigint as became
       from ranked group by label order by min(place)`,
    );
    found.push(
      toDrift(
        {
          name: column.name,
          kind: column.kind,
          labels: rows.map((row) => formatValue(row['label'])),
        },
        rows.map((row) => numberOf(row['was'])),
        rows.map((row) => numberOf(row['became'])),
      ),
    );
  }
  return found;
}

/** Counts of the bins `<prefix>0`, `<prefix>1`… of a row. */
function countsOf(row: SqlRow, prefix: string, labels: readonly string[]): readonly number[] {
  return labels.map((_, k) => numberOf(row[`${prefix}${k}`] ?? 0));
}

function rangeBins(sql: string, edges: readonly number[]): string[] {
  return [
    ...edges.map((edge, i) =>
      i === 0 ? `${sql} <= ${edge}` : `${sql} > ${edges[i - 1]} and ${sql} <= ${edge}`,
    ),
    edges.length === 0 ? `${sql} is not null` : `${sql} > ${edges.at(-1)}`,
  ];
}

/** Each value a bin, and the gaps between them: a value that is new falls into one. */
function valueBins(sql: string, values: readonly number[]): string[] {
  return [
    ...values.flatMap((value, i) => [
      i === 0 ? `${sql} < ${value}` : `${sql} > ${values[i - 1]} and ${sql} < ${value}`,
      `${sql} = ${value}`,
    ]),
    values.length === 0 ? `${sql} is not null` : `${sql} > ${values.at(-1)}`,
  ];
}

function rangeLabels(edges: readonly number[]): string[] {
  const show = edges.map((edge) => formatValue(edge));
  return [
    ...show.map((edge, i) => (i === 0 ? `up to ${edge}` : `${show[i - 1]} – ${edge}`)),
    show.length === 0 ? 'any' : `over ${show.at(-1)}`,
  ];
}

function valueLabels(values: readonly number[]): string[] {
  const show = values.map((value) => formatValue(value));
  return [
    ...show.flatMap((value, i) => [
      i === 0 ? `under ${value}` : `${show[i - 1]} < … < ${value}`,
      value,
    ]),
    show.length === 0 ? 'any' : `over ${show.at(-1)}`,
  ];
}

function numbersOf(value: SqlValue | undefined): number[] {
  return Array.isArray(value) ? value.flatMap((each: SqlValue) => maybe(each, numberOf) ?? []) : [];
}
