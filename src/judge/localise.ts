import { type Database, numberOf, textOf } from '../engine/database.ts';
import type { Localisation } from '../run/document.ts';
import type { ShardCount } from './evaluate.ts';
import type { Dimension } from './ledger.ts';

/** Slices shown per rule. */
const MAX_SLICES = 8;
/** A slice is worth naming from this lift and share of the hits on. */
const MIN_LIFT = 1.5;
const MIN_SHARE = 0.1;

/** Where the hits of a rule lie: by shard, by dimension, and the first bad row in manifest order. */
export async function localise(
  database: Database,
  relation: string,
  shards: readonly ShardCount[],
  dimensions: readonly Dimension[],
  shardName: (shard: number) => string,
): Promise<Localisation> {
  const examined = sum(shards.map((each) => each.examined));
  const affected = sum(shards.map((each) => each.affected));
  const slices = shards.map((each) =>
    slice('shard', shardName(each.shard), each.affected, each.examined, affected, examined),
  );
  for (const [index, dimension] of dimensions.entries()) {
    const rows = await database.rows(
      `select dimension_${index} as value, count(*) as examined, count(*) filter (where hit) as affected
       from ${relation} as examined where dimension_${index} is not null
       group by 1 having count(*) filter (where hit) > 0
       order by affected desc, value limit 200`,
    );
    for (const row of rows) {
      slices.push(
        slice(
          dimension.name,
          textOf(row['value']),
          numberOf(row['affected']),
          numberOf(row['examined']),
          affected,
          examined,
        ),
      );
    }
  }
  const shardTest = chiSquare(shards);
  const named = slices
    .filter((each) => each.lift >= MIN_LIFT && each.share >= MIN_SHARE && each.examined < examined)
    .toSorted(
      (a, b) =>
        b.share * Math.log(b.lift) - a.share * Math.log(a.lift) || compare(a.value, b.value),
    )
    .slice(0, MAX_SLICES);
  const [first] = await database.rows(
    `select min(clip_id) as clip_id from ${relation} as examined where hit`,
  );
  const firstId = first?.['clip_id'];
  const { pattern, statistic } = describe(shardTest, affected, examined, named.length > 0);
  return {
    pattern,
    statistic,
    sentence: sentence(pattern, shards, affected, named[0] ?? null),
    shards,
    slices: named,
    first: typeof firstId === 'bigint' ? await firstRow(database, firstId, shardName) : null,
  };
}

type Slice = Localisation['slices'][number];

function slice(
  dimension: string,
  value: string,
  affected: number,
  examined: number,
  allAffected: number,
  allExamined: number,
): Slice {
  const rate = examined === 0 ? 0 : affected / examined;
  const overall = allExamined === 0 ? 0 : allAffected / allExamined;
  return {
    dimension,
    value,
    affected,
    examined,
    lift: overall === 0 ? 0 : rate / overall,
    share: allAffected === 0 ? 0 : affected / allAffected,
  };
}

async function firstRow(
  database: Database,
  clipId: bigint,
  shardName: (shard: number) => string,
): Promise<Localisation['first']> {
  const shard = Number(clipId >> 40n);
  const rowNumber = Number(clipId & ((1n << 40n) - 1n));
  const [row] = await database.rows(
    'select key from clips where row_number = $row and clip_id = $clip',
    { row: BigInt(rowNumber), clip: clipId },
  );
  const key = row?.['key'];
  return { shard: shardName(shard), rowNumber, key: typeof key === 'string' ? key : '' };
}

/** Pearson's chi-square of hits over shards against one common rate, with its standard score (Wilson-Hilferty). */
function chiSquare(shards: readonly ShardCount[]): {
  readonly x: number;
  readonly freedom: number;
  readonly z: number;
} {
  const used = shards.filter((each) => each.examined > 0);
  const examined = sum(used.map((each) => each.examined));
  const rate = examined === 0 ? 0 : sum(used.map((each) => each.affected)) / examined;
  const freedom = used.length - 1;
  if (freedom < 1 || rate === 0 || rate === 1) return { x: 0, freedom: 0, z: 0 };
  const x = sum(
    used.map(
      (each) => (each.affected - each.examined * rate) ** 2 / (each.examined * rate * (1 - rate)),
    ),
  );
  const spread = 2 / (9 * freedom);
  return { x, freedom, z: (Math.cbrt(x / freedom) - (1 - spread)) / Math.sqrt(spread) };
}

function describe(
  test: { readonly x: number; readonly freedom: number; readonly z: number },
  affected: number,
  examined: number,
  hasSlice: boolean,
): { readonly pattern: Localisation['pattern']; readonly statistic: string } {
  if (affected >= 0.9 * examined) {
    return {
      pattern: 'everywhere',
      statistic: `${percent(affected / examined)} of the examined rows`,
    };
  }
  if (test.freedom === 0) {
    return {
      pattern: hasSlice ? 'clustered' : 'scattered',
      statistic: hasSlice
        ? 'one shard; some slices hold far more than their share'
        : 'one shard, no slice stands out',
    };
  }
  // 3.09: one-sided p < 0.001.
  const isClustered = test.z > 3.09;
  return {
    pattern: isClustered ? 'clustered' : 'scattered',
    statistic: `chi-square ${test.x.toFixed(1)} over ${test.freedom + 1} shards, z ${test.z.toFixed(1)}`,
  };
}

function sentence(
  pattern: Localisation['pattern'],
  shards: readonly ShardCount[],
  affected: number,
  top: Slice | null,
): string {
  const hit = shards.filter((each) => each.affected > 0);
  const of = `${hit.length} of ${shards.length} shard${shards.length === 1 ? '' : 's'}`;
  if (pattern === 'everywhere') return `nearly every row, in ${of}`;
  if (top !== null) {
    const where = `${top.dimension} ${top.value}`;
    return `${where}: ${percent(top.share)} of the hits, ${top.lift.toFixed(1)} times the usual rate`;
  }
  return `${affected === 1 ? 'one row' : 'scattered'} over ${of}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.1 ? 0 : 1)} %`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
