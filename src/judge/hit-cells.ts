import { type Database, numberOf, type SqlRow, textOf } from '../engine/database.ts';
import type { Examined } from './evaluate.ts';
import type { Dimension } from './ledger.ts';
import type { CellCount } from './scatter-test.ts';

/** A stretch of a shard's rows; the hits lie between its first and last hit. */
export type BlockCell = CellCount & {
  readonly shard: number;
  readonly block: number;
  readonly firstHit: number | null;
  readonly lastHit: number | null;
};

type ValueCell = CellCount & { readonly value: string };

/** Where the examined rows and the hits of one rule lie. */
export type HitCells = {
  /** In order of shard and block. */
  readonly blocks: readonly BlockCell[];
  /** By dimension: cells for the test of scatter (values, or buckets of values where there are many). */
  readonly buckets: readonly (readonly CellCount[])[];
  /** By dimension: the values with most hits. */
  readonly values: readonly (readonly ValueCell[])[];
};

/** Cells of all hits over row order, at most; more shards than that have one cell each. */
const BLOCKS = 2_048;
const BLOCKS_PER_SHARD = 64;
const LEAST_BLOCK_ROWS = 8;
/** A dimension with more values is tested in as many buckets of values. */
const MOST_VALUES = 512;
/** Values with most hits of a rule whose rates are looked up. */
const TOP_VALUES = 12;

/** Rows per block, so that neither a shard nor all of them together have too many. */
export async function rowsPerBlock(database: Database): Promise<number> {
  const row = await database.row(
    `select coalesce(max(shard_rows), 0) as longest, coalesce(sum(shard_rows), 0)::bigint as total
     from (select max(row_number) + 1 as shard_rows from ledger group by shard_id)`,
  );
  return Math.max(
    LEAST_BLOCK_ROWS,
    Math.ceil(numberOf(row['longest']) / BLOCKS_PER_SHARD),
    Math.ceil(numberOf(row['total']) / BLOCKS),
  );
}

/** Counts the hits of many rules over row order and dimensions, in three queries whatever the number of rules. */
export async function countCells(
  database: Database,
  examined: readonly Examined[],
  dimensions: readonly Dimension[],
  blockRows: number,
): Promise<readonly HitCells[]> {
  if (examined.length === 0) return [];
  const hasFew = await fewValues(database, dimensions);
  // Rules that are about the same rows share their count of examined rows.
  const abouts = [...new Set(examined.map((each) => each.about))];
  const sets = ['rule, shard_id, block', ...dimensions.map((_, d) => `rule, bucket_${d}`)];
  const buckets = dimensions.map((_, d) =>
    hasFew[d] === true
      ? `coalesce(dimension_${d}, '')`
      : `coalesce((hash(dimension_${d}) % ${MOST_VALUES})::varchar, '')`,
  );
  const marked = (rule: number, relation: string, only: string): string =>
    `select ${[
      `${rule} as rule`,
      'shard_id',
      `row_number // ${blockRows} as block`,
      'row_number',
      ...buckets.map((sql, d) => `${sql} as bucket_${d}`),
    ].join(', ')} from ${relation} as examined where ${only}`;
  const grouped = (parts: readonly string[]): string =>
    `select ${[
      'rule',
      'shard_id',
      'block',
      ...dimensions.map((_, d) => `bucket_${d}`),
      `grouping(${['shard_id', ...dimensions.map((_, d) => `bucket_${d}`)].join(', ')}) as which`,
      'count(*) as n',
      'min(row_number) as first_hit',
      'max(row_number) as last_hit',
    ].join(', ')}
     from (${parts.join('\nunion all\n')})
     group by grouping sets (${sets.map((set) => `(${set})`).join(', ')})`;
  const totals = await database.rows(grouped(abouts.map((about, i) => marked(i, about, 'true'))));
  const hits = await database.rows(
    grouped(examined.map((each, i) => marked(i, each.relation, 'hit'))),
  );
  const values = await topValues(database, examined, abouts, dimensions);
  const readers = sets.map((_, at) => setReader(at, dimensions.length));
  const totalsOf = new Map(abouts.map((about, i) => [about, cellsOf(totals, i, readers)]));
  return examined.map((each, i) => {
    const mine = cellsOf(hits, i, readers);
    const all = totalsOf.get(each.about) ?? [];
    const [blocks = new Map<string, SqlRow>(), ...others] = all;
    return {
      blocks: [...blocks.entries()]
        .map(([name, row]): BlockCell => {
          const hit = mine[0]?.get(name);
          return {
            shard: numberOf(row['shard_id']),
            block: numberOf(row['block']),
            examined: numberOf(row['n']),
            affected: hit === undefined ? 0 : numberOf(hit['n']),
            firstHit: hit === undefined ? null : numberOf(hit['first_hit']),
            lastHit: hit === undefined ? null : numberOf(hit['last_hit']),
          };
        })
        .toSorted((a, b) => a.shard - b.shard || a.block - b.block),
      buckets: others.map((cells, d) =>
        [...cells.entries()]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, row]) => {
            const hit = mine[d + 1]?.get(name);
            return {
              examined: numberOf(row['n']),
              affected: hit === undefined ? 0 : numberOf(hit['n']),
            };
          }),
      ),
      values: dimensions.map((_, d) =>
        values
          .filter((row) => numberOf(row['rule']) === i && numberOf(row['dimension']) === d)
          .map((row) => ({
            value: textOf(row['value']),
            examined: numberOf(row['examined']),
            affected: numberOf(row['affected']),
          })),
      ),
    };
  });
}

async function fewValues(
  database: Database,
  dimensions: readonly Dimension[],
): Promise<readonly boolean[]> {
  if (dimensions.length === 0) return [];
  const row = await database.row(
    `select ${dimensions.map((_, d) => `approx_count_distinct(dimension_${d}) as n${d}`).join(', ')} from ledger`,
  );
  return dimensions.map((_, d) => numberOf(row[`n${d}`]) <= MOST_VALUES);
}

/** The values with most hits of each rule and dimension, with the rows examined of each. */
async function topValues(
  database: Database,
  examined: readonly Examined[],
  abouts: readonly string[],
  dimensions: readonly Dimension[],
): Promise<readonly SqlRow[]> {
  if (dimensions.length === 0) return [];
  const long = (rule: number, relation: string, only: string): string =>
    dimensions
      .map(
        (_, d) =>
          `select ${rule} as rule, ${d} as dimension, dimension_${d} as value, count(*) as n
           from ${relation} as examined where ${only} and dimension_${d} is not null group by dimension_${d}`,
      )
      .join('\nunion all\n');
  await database.run(
    `create or replace temp table top_values as
     select * from (${examined.map((each, i) => `(${long(i, each.relation, 'hit')})`).join('\nunion all\n')})
     qualify row_number() over (partition by rule, dimension order by n desc, value) <= ${TOP_VALUES}`,
  );
  const counted = abouts.flatMap((about, i) =>
    dimensions.map(
      (_, d) =>
        `select ${i} as about, ${d} as dimension, dimension_${d} as value, count(*) as n
         from ${about} as examined
         where dimension_${d} in (select value from top_values where dimension = ${d}) group by dimension_${d}`,
    ),
  );
  const rules = examined.map((each, i) => `(${i}, ${abouts.indexOf(each.about)})`);
  return database.rows(
    `with counted as (${counted.join('\nunion all\n')}), rules(rule, about) as (values ${rules.join(', ')})
     select top_values.rule, top_values.dimension, top_values.value, counted.n as examined, top_values.n as affected
     from top_values join rules using (rule)
     join counted on counted.about = rules.about and counted.dimension = top_values.dimension and counted.value = top_values.value
     order by top_values.rule, top_values.dimension, affected desc, top_values.value`,
  );
}

type SetReader = { readonly which: number; readonly nameOf: (row: SqlRow) => string };

/** `grouping()` has a bit for every argument that is not in the set, the first argument highest. */
function setReader(at: number, dimensions: number): SetReader {
  const all = 2 ** (dimensions + 1) - 1;
  const which = all - 2 ** (dimensions - at);
  if (at === 0)
    return { which, nameOf: (row) => `${numberOf(row['shard_id'])}/${numberOf(row['block'])}` };
  return { which, nameOf: (row) => textOf(row[`bucket_${at - 1}`]) };
}

function cellsOf(
  rows: readonly SqlRow[],
  rule: number,
  readers: readonly SetReader[],
): readonly ReadonlyMap<string, SqlRow>[] {
  const own = rows.filter((row) => numberOf(row['rule']) === rule);
  return readers.map(
    (reader) =>
      new Map(
        own
          .filter((row) => numberOf(row['which']) === reader.which)
          .map((row) => [reader.nameOf(row), row]),
      ),
  );
}
