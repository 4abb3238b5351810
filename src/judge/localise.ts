import type { Database } from '../engine/database.ts';
import type { Localisation } from '../run/document.ts';
import type { Examined, ShardCount } from './evaluate.ts';
import { type BlockCell, countCells, type HitCells, rowsPerBlock } from './hit-cells.ts';
import type { Dimension } from './ledger.ts';
import { type CellCount, type ScatterTest, testScatter } from './scatter-test.ts';

/** A failed rule: what it said of which rows, and its counts by shard. */
export type Failed = { readonly examined: Examined; readonly shards: readonly ShardCount[] };

/** Where a rule's hits lie, and the number of its first bad row; its key is not known yet. */
export type Located = Omit<Localisation, 'first'> & { readonly firstClip: bigint | null };

type Slice = Localisation['slices'][number];

/** Bad shards that fit into one line by name. */
const NAMED_SHARDS = 3;
/** Slices shown per rule. */
const MAX_SLICES = 8;
/** A slice is worth naming from this lift, share and number of the hits on. */
const MIN_LIFT = 1.5;
const MIN_SHARE = 0.1;
const MIN_SLICE_HITS = 3;
/** Fewer hits can't tell a cluster from chance. */
const MIN_HITS = 5;
/** Chance of calling scattered hits clustered, over all tests of a rule together. */
const FALSE_CLUSTERS = 0.01;
/** Clustered hits are this far from random, however sure the test is: millions of hits prove any trifle. */
const MIN_EXCESS = 0.1;
/** From this share of the examined rows on there is no place to name. */
const EVERYWHERE = 0.9;
/** Shards with most hits that are searched for a bad stretch of rows. */
const SEARCHED_SHARDS = 64;

/** Where the hits of every failed rule lie: by shard, stretch of rows and dimension. A handful of queries for all rules. */
export async function localise(
  database: Database,
  failed: readonly Failed[],
  dimensions: readonly Dimension[],
  shardName: (shard: number) => string,
): Promise<readonly Located[]> {
  if (failed.length === 0) return [];
  const blockRows = await rowsPerBlock(database);
  const cells = await countCells(
    database,
    failed.map((each) => each.examined),
    dimensions,
    blockRows,
  );
  return failed.map((each, i) => {
    const own = cells[i];
    if (own === undefined) throw new Error(`no cells of ${each.examined.compiled.rule.id}`);
    return locate(each.shards, own, dimensions, blockRows, shardName);
  });
}

function locate(
  shards: readonly ShardCount[],
  cells: HitCells,
  dimensions: readonly Dimension[],
  blockRows: number,
  shardName: (shard: number) => string,
): Located {
  const all = totalOf(shards);
  const first = cells.blocks.find((cell) => cell.firstHit !== null);
  const firstClip =
    first?.firstHit === undefined || first.firstHit === null
      ? null
      : (BigInt(first.shard) << 40n) + BigInt(first.firstHit);
  const base = { shards, firstClip };
  if (all.affected >= EVERYWHERE * all.examined) {
    return {
      ...base,
      pattern: 'everywhere',
      statistic: `${percent(all.affected / all.examined)} of the examined rows`,
      sentence: `nearly every row, in ${hitShards(shards)}`,
      slices: [],
    };
  }
  const tests: readonly (readonly [string, ScatterTest])[] = [
    ['shards', testScatter(shards)],
    [`blocks of ${blockRows.toLocaleString('en-US')} rows`, testScatter(cells.blocks)],
    ...dimensions.map(
      (dimension, d) =>
        [`values of ${dimension.name}`, testScatter(cells.buckets[d] ?? [])] as const,
    ),
  ];
  const usable = tests.filter(([, test]) => test.cells > 1);
  const bound = FALSE_CLUSTERS / Math.max(1, usable.length);
  const decisive = usable
    .filter(([, test]) => test.p <= bound && test.excess >= MIN_EXCESS)
    .toSorted(([, a], [, b]) => b.excess - a.excess)[0];
  const isClustered = decisive !== undefined && all.affected >= MIN_HITS;
  const stretch = isClustered ? worstStretch(cells.blocks, all) : null;
  const slices = nameSlices(shards, cells, dimensions, stretch, all, shardName);
  return {
    ...base,
    pattern: isClustered ? 'clustered' : 'scattered',
    statistic: tellStatistic(isClustered ? decisive : null, usable, all.affected),
    sentence: isClustered
      ? tellCluster(shards, slices, all, shardName)
      : `${all.affected === 1 ? 'one row' : 'scattered'} over ${hitShards(shards)}`,
    slices,
  };
}

function nameSlices(
  shards: readonly ShardCount[],
  cells: HitCells,
  dimensions: readonly Dimension[],
  stretch: Stretch | null,
  all: CellCount,
  shardName: (shard: number) => string,
): readonly Slice[] {
  const rows =
    stretch === null
      ? []
      : [
          slice(
            'rows',
            `${shardName(stretch.shard)} ${stretch.firstHit}–${stretch.lastHit}`,
            stretch,
            all,
          ),
        ];
  return [
    ...shards.map((each) => slice('shard', shardName(each.shard), each, all)),
    ...rows,
    ...dimensions.flatMap((dimension, d) =>
      (cells.values[d] ?? []).map((cell) => slice(dimension.name, cell.value, cell, all)),
    ),
  ]
    .filter(
      (each) =>
        each.lift >= MIN_LIFT &&
        each.share >= MIN_SHARE &&
        each.affected >= Math.min(MIN_SLICE_HITS, all.affected) &&
        each.examined < all.examined,
    )
    .toSorted(
      (a, b) =>
        score(b) - score(a) || compare(a.dimension, b.dimension) || compare(a.value, b.value),
    )
    .slice(0, MAX_SLICES);
}

function score(each: Slice): number {
  return each.share * Math.log(each.lift);
}

type Stretch = CellCount & {
  readonly shard: number;
  readonly firstHit: number;
  readonly lastHit: number;
};

/** The run of blocks inside one shard with the highest likelihood ratio of Kulldorff's scan statistic (1997). */
function worstStretch(blocks: readonly BlockCell[], all: CellCount): Stretch | null {
  const byShard = new Map<number, BlockCell[]>();
  for (const cell of blocks) {
    const list = byShard.get(cell.shard);
    if (list === undefined) byShard.set(cell.shard, [cell]);
    else list.push(cell);
  }
  const searched = [...byShard.entries()]
    .map(([shard, list]) => ({ shard, list, total: totalOf(list) }))
    .toSorted((a, b) => b.total.affected - a.total.affected || a.shard - b.shard)
    .slice(0, SEARCHED_SHARDS);
  let best: { readonly stretch: Stretch; readonly ratio: number } | null = null;
  for (const { shard, list, total } of searched) {
    for (let from = 0; from < list.length; from++) {
      if ((list[from]?.affected ?? 0) === 0) continue;
      let [examined, affected, lastHit] = [0, 0, 0];
      for (const cell of list.slice(from)) {
        examined += cell.examined;
        affected += cell.affected;
        if (cell.lastHit === null) continue;
        lastHit = cell.lastHit;
        const isWhole = examined > 0.8 * total.examined;
        const ratio = isWhole ? 0 : likelihoodRatio({ examined, affected }, all);
        if (ratio > (best?.ratio ?? 0)) {
          const firstHit = list[from]?.firstHit ?? 0;
          best = { ratio, stretch: { shard, firstHit, lastHit, examined, affected } };
        }
      }
    }
  }
  return best?.stretch ?? null;
}

/** Log likelihood ratio of a higher rate inside than outside; 0 if the rate inside is not higher. */
function likelihoodRatio(inside: CellCount, all: CellCount): number {
  const outside = {
    examined: all.examined - inside.examined,
    affected: all.affected - inside.affected,
  };
  if (outside.examined <= 0) return 0;
  if (inside.affected / inside.examined <= all.affected / all.examined) return 0;
  return logLikelihood(inside) + logLikelihood(outside) - logLikelihood(all);
}

function logLikelihood({ examined, affected }: CellCount): number {
  const rate = affected / examined;
  if (rate <= 0 || rate >= 1) return 0;
  return affected * Math.log(rate) + (examined - affected) * Math.log(1 - rate);
}

function slice(dimension: string, value: string, own: CellCount, all: CellCount): Slice {
  const rate = own.examined === 0 ? 0 : own.affected / own.examined;
  const overall = all.examined === 0 ? 0 : all.affected / all.examined;
  return {
    dimension,
    value,
    affected: own.affected,
    examined: own.examined,
    lift: overall === 0 ? 0 : rate / overall,
    share: all.affected === 0 ? 0 : own.affected / all.affected,
  };
}

function tellStatistic(
  decisive: readonly [string, ScatterTest] | null,
  usable: readonly (readonly [string, ScatterTest])[],
  hits: number,
): string {
  if (hits < MIN_HITS)
    return `${hits} hit${hits === 1 ? '' : 's'}: too few to tell a cluster from chance`;
  const shown = decisive ?? usable.toSorted(([, a], [, b]) => a.p - b.p)[0];
  if (shown === undefined) return 'one shard, too short to compare its parts';
  const [what, test] = shown;
  const p = test.p < 1e-9 ? 'p < 1e-9' : `p = ${test.p.toPrecision(2)}`;
  return `chi-square ${test.chiSquare.toFixed(1)} over ${test.cells.toLocaleString('en-US')} ${what}, ${p}; ${percent(test.excess)} of the hits would have to move to lie at random`;
}

/** 'N of M shards hold 99 % of the hits' where few shards do, with the names of very few, else the worst slice. */
function tellCluster(
  shards: readonly ShardCount[],
  slices: readonly Slice[],
  all: CellCount,
  shardName: (shard: number) => string,
): string {
  const [top] = slices;
  const ranked = shards
    .filter((each) => each.affected > 0)
    .toSorted((a, b) => b.affected - a.affected || a.shard - b.shard);
  let [held, rows, count] = [0, 0, 0];
  for (const each of ranked) {
    // A shard that adds next to nothing ends the list, once most hits are held.
    if (held >= 0.8 * all.affected && each.affected < 0.2 * (held / count)) break;
    held += each.affected;
    rows += each.examined;
    count += 1;
  }
  const share = held / all.affected;
  const isFew = count <= shards.length / 2 && share >= 0.8 && rows <= 0.5 * all.examined * share;
  const ofShards = `${count} of ${shards.length} shards hold${count === 1 ? 's' : ''} ${percent(share)} of the hits`;
  if (isFew && count > 1) {
    const names = ranked
      .slice(0, count)
      .map((each) => each.shard)
      .toSorted((a, b) => a - b)
      .map((shard) => shardName(shard));
    return count <= NAMED_SHARDS ? `${ofShards}: ${names.join(', ')}` : ofShards;
  }
  if (top === undefined) {
    return isFew ? ofShards : `in clusters over ${hitShards(shards)}`;
  }
  const where = `${top.dimension} ${top.value}`;
  const lift = `${percent(top.share)} of the hits, ${top.lift.toFixed(1)} times the usual rate`;
  return isFew ? `${ofShards}; ${where}: ${lift}` : `${where}: ${lift}`;
}

function hitShards(shards: readonly ShardCount[]): string {
  const hit = shards.filter((each) => each.affected > 0).length;
  return `${hit} of ${shards.length} shard${shards.length === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.1 ? 0 : 1)} %`;
}

function totalOf(cells: readonly CellCount[]): CellCount {
  return cells.reduce(
    (total, each) => ({
      examined: total.examined + each.examined,
      affected: total.affected + each.affected,
    }),
    { examined: 0, affected: 0 },
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
