import type { Dialect } from './dialect.ts';

/** Blocks that a hash of 64 bits is cut into. Two hashes that differ in at most three bits agree in two blocks of five. */
const BLOCKS = [
  { shift: 0, width: 13 },
  { shift: 13, width: 13 },
  { shift: 26, width: 13 },
  { shift: 39, width: 13 },
  { shift: 52, width: 12 },
] as const;

/**
 * A row for each hash and each choice of two blocks, with the bucket that it falls into. At a billion hashes a bucket of
 * 25 or 26 bits holds some 15-30, where one of 16 bits holds 15,000.
 *
 * @param hashes - Relation with a BIGINT column `hash`; its other columns are kept.
 */
function bucketed(dialect: Dialect, hashes: string): string {
  const pairs = BLOCKS.flatMap((a, i) =>
    BLOCKS.slice(i + 1).map(
      (b, j) =>
        `(${i * BLOCKS.length + i + 1 + j}, ${a.shift}, ${a.width}, ${b.shift}, ${b.width})`,
    ),
  );
  return `select hashed.*, choice.pair,
      ${dialect.bitsFrom('hashed.hash', 'choice.shift_a', 'choice.width_a')} * 8192
        + ${dialect.bitsFrom('hashed.hash', 'choice.shift_b', 'choice.width_b')} as bucket
    from ${hashes} as hashed
    cross join (values ${pairs.join(', ')}) as choice (pair, shift_a, width_a, shift_b, width_b)`;
}

/** Buckets with more members than `most`: what so many share says nothing, and comparing all with all would never end. */
export function hotBucketsSql(dialect: Dialect, hashes: string, most: number): string {
  return `select pair, bucket, count(*) as members, min(id) as first_id
    from (${bucketed(dialect, hashes)}) as bucketed
    group by pair, bucket having count(*) > ${most}`;
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
  return `with bucketed as (${bucketed(dialect, hashes)}),
    hot as (select pair, bucket from bucketed group by pair, bucket having count(*) > ${options.most}),
    cool as (
      select bucketed.id, bucketed.hash, bucketed.pair, bucketed.bucket from bucketed
      left join hot on hot.pair = bucketed.pair and hot.bucket = bucketed.bucket where hot.pair is null)
    select distinct mine.id, theirs.id as other_id,
      cast(${dialect.differingBits('mine.hash', 'theirs.hash')} as int) as bits
    from cool as mine join cool as theirs on mine.pair = theirs.pair and mine.bucket = theirs.bucket
    where mine.id < theirs.id and ${dialect.differingBits('mine.hash', 'theirs.hash')} <= ${options.bits}`;
}
