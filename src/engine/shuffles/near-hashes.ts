import { differingBits, type Dialect } from './dialect.ts';

/** Blocks that a hash of 64 bits is cut into. Two hashes that differ in at most three bits agree in two blocks of five. */
const BLOCKS = [
  { shift: 0, width: 13 },
  { shift: 13, width: 13 },
  { shift: 26, width: 13 },
  { shift: 39, width: 13 },
  { shift: 52, width: 12 },
] as const;

/** A choice of two blocks: places and widths in bits. */
type BlockPair = {
  readonly pair: number;
  readonly a: (typeof BLOCKS)[number];
  readonly b: (typeof BLOCKS)[number];
};

export const BLOCK_PAIRS: readonly BlockPair[] = BLOCKS.flatMap((a, i) =>
  BLOCKS.slice(i + 1).map((b, j) => ({ pair: i * BLOCKS.length + i + 1 + j, a, b })),
);

/** The bucket of a hash: both blocks side by side. At a billion hashes one holds some 15-30, where 16 bits hold 15,000. */
export function bucketOf(dialect: Dialect, hash: string, { a, b }: BlockPair): string {
  return twoBlocks(dialect, hash, [`${a.shift}`, `${a.width}`], [`${b.shift}`, `${b.width}`]);
}

function twoBlocks(
  dialect: Dialect,
  hash: string,
  a: readonly [string, string],
  b: readonly [string, string],
): string {
  return `(${dialect.bitsFrom(hash, ...a)} * 8192 + ${dialect.bitsFrom(hash, ...b)})`;
}

/**
 * A row for each hash and each choice of two blocks, with the bucket that it falls into.
 *
 * @param hashes - Relation with a BIGINT column `hash`; its other columns are kept.
 */
function bucketed(dialect: Dialect, hashes: string): string {
  const pairs = BLOCK_PAIRS.map(
    ({ pair, a, b }) => `(${pair}, ${a.shift}, ${a.width}, ${b.shift}, ${b.width})`,
  );
  const bucket = twoBlocks(
    dialect,
    'hashed.hash',
    ['choice.shift_a', 'choice.width_a'],
    ['choice.shift_b', 'choice.width_b'],
  );
  return `select hashed.*, choice.pair, ${bucket} as bucket
    from ${hashes} as hashed
    cross join (values ${pairs.join(', ')}) as choice (pair, shift_a, width_a, shift_b, width_b)`;
}

/**
 * Buckets with more members than `most`: what so many share says nothing, and comparing all with all would never end. One
 * row for each first member, however many of its buckets are hot.
 *
 * @param hashes - Relation with `hash BIGINT` and the BIGINT column `member`, which counts once a bucket.
 */
export function hotBucketsSql(
  dialect: Dialect,
  hashes: string,
  options: { readonly member: string; readonly most: number },
): string {
  return `select first_member, max(members) as members from (
      select min(${options.member}) as first_member, count(distinct ${options.member}) as members
      from (${bucketed(dialect, hashes)}) as bucketed
      group by pair, bucket having count(distinct ${options.member}) > ${options.most}) as hot
    group by first_member`;
}

/**
 * Pairs (id < other_id) of hashes that differ in at most `bits` of 64 and share a bucket of at most `most`: complete up
 * to three bits.
 *
 * @param hashes - Relation with unique `id BIGINT` and `hash BIGINT`.
 */
export function nearPairsSql(
  dialect: Dialect,
  hashes: string,
  options: { readonly bits: number; readonly most: number },
): string {
  const bits = differingBits(dialect, 'mine.hash', 'theirs.hash');
  return `with bucketed as (${bucketed(dialect, hashes)}),
    cool as (${coolSql('bucketed', 'count(*)', options.most)})
    select distinct mine.id, theirs.id as other_id, cast(${bits} as int) as bits
    from cool as mine join cool as theirs on mine.pair = theirs.pair and mine.bucket = theirs.bucket
    where mine.id < theirs.id and ${bits} <= ${options.bits}`;
}

/**
 * Offsets in time at which frames of two clips are near: clip < other, `shift = tick - other tick`, frames that match
 * there. Buckets with frames of more than `most` clips are left out.
 *
 * @param hashes - Relation with `clip BIGINT`, `tick INT` (unique in its clip) and `hash BIGINT`.
 */
export function nearOffsetsSql(
  dialect: Dialect,
  hashes: string,
  options: { readonly bits: number; readonly most: number; readonly leastMatches: number },
): string {
  const bits = differingBits(dialect, 'mine.hash', 'theirs.hash');
  return `with bucketed as (${bucketed(dialect, hashes)}),
    cool as (${coolSql('bucketed', 'count(distinct clip)', options.most)}),
    near as (
      select distinct mine.clip, theirs.clip as other_clip, mine.tick, theirs.tick as other_tick
      from cool as mine join cool as theirs on mine.pair = theirs.pair and mine.bucket = theirs.bucket
      where mine.clip < theirs.clip and ${bits} <= ${options.bits})
    select clip, other_clip, tick - other_tick as shift, count(*) as matches
    from near group by clip, other_clip, tick - other_tick having count(*) >= ${options.leastMatches}`;
}

/** Rows of buckets that are not hot. */
function coolSql(relation: string, members: string, most: number): string {
  return `select ${relation}.* from ${relation}
    left join (select pair, bucket from ${relation} group by pair, bucket having ${members} > ${most}) as hot
      on hot.pair = ${relation}.pair and hot.bucket = ${relation}.bucket
    where hot.pair is null`;
}
