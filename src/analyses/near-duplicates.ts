import { type Database, numberOf, textOf } from '../engine/database.ts';
import type { Engine, EngineContext } from '../engine/engine.ts';
import { hotBucketsSql, nearOffsetsSql, nearPairsSql } from '../engine/shuffles/near-hashes.ts';
import type { Shuffle } from '../engine/shuffles/shuffle.ts';
import { alignSeries, hashDistances, type LumaSeries } from './align-series.ts';

/** Frames of a clip that are compared, a second: hashes change slowly. */
const HASHES_PER_S = 4;
/** Flatter pictures have no hash to speak of: standard deviation of luma. */
const LEAST_SPREAD = 10;
/** Two fifths of a hash that so many clips share say nothing (a studio, a title, a border). */
const MOST_CLIPS_A_BUCKET = 50;
/** Differing bits of 64 between two codings of one frame. */
const NEAR_BITS = 6;
/** Hashes that must agree at one offset, and their share of what overlaps. */
const LEAST_MATCHES = 3;
const LEAST_SHARE = 0.5;
/** Differing bits of aligned frames over those of others: copies are at 0.05 to 0.37 where they differ by few bits, else up to 0.2; two people who leave one room are at 0.25. */
const MOST_ALIGNED_SHARE = 0.44;
const FEW_BITS = 2;
/** Pairs that are looked at closely: the best by matching hashes. */
const MOST_PAIRS = 20_000;
/** Differing bits of the DCT hash and of the difference hash of two codings of one picture. */
const IMAGE_PHASH_BITS = 6;
const IMAGE_DHASH_BITS = 8;
const LEAST_ENTROPY_BITS = 3;

/** The columns of `near_duplicates`: a row for each clip of a pair; of a crowd too large to compare, one for its first clip. */
const TABLE = `create or replace temp table near_duplicates (
  clip_id bigint, medium varchar, other_clip_id bigint, other_medium varchar,
  kind varchar, offset_s double, overlap_s double, overlap_share double, similarity double, members bigint)`;

/**
 * Finds media that show the same although their bytes differ, from the evidence of one run: clips by frame hashes that
 * agree at one offset in time, confirmed by their changes of brightness (two clips of one room agree in the first and
 * not in the second); images by two hashes. Writes `near_duplicates`.
 */
export async function findNearDuplicates(
  database: Database,
  engine: Engine,
  context: EngineContext,
): Promise<void> {
  await database.run(TABLE);
  await numberHashes(database);
  await engine.query(database, [imagePairs, imageCrowds, clipOffsets, clipCrowds], context);
  await writeImagePairs(database);
  await writeClipPairs(database);
  await writeCrowds(database);
  for (const table of WORKING_TABLES) {
    await database.run(`drop table ${table}`);
  }
}

const WORKING_TABLES = [
  'image_pairs',
  'image_crowds',
  'clip_offsets',
  'clip_crowds',
  'frame_hashes',
  'hashed_clips',
  'hashed_images',
];

const IMAGE_INPUTS = { image_hashes: 'select id, phash as hash from hashed_images' };
const CLIP_INPUTS = { clip_hashes: 'select clip, tick, hash from frame_hashes' };

/** Images whose DCT hashes are near. */
const imagePairs: Shuffle = {
  name: 'image_pairs',
  inputs: IMAGE_INPUTS,
  sql: (dialect) =>
    nearPairsSql(dialect, 'image_hashes', { bits: IMAGE_PHASH_BITS, most: MOST_CLIPS_A_BUCKET }),
};

/** Pairs of clips and the offsets at which several of their frames are near. */
const clipOffsets: Shuffle = {
  name: 'clip_offsets',
  inputs: CLIP_INPUTS,
  sql: (dialect) =>
    nearOffsetsSql(dialect, 'clip_hashes', {
      bits: NEAR_BITS,
      most: MOST_CLIPS_A_BUCKET,
      leastMatches: LEAST_MATCHES,
    }),
};

const imageCrowds: Shuffle = {
  name: 'image_crowds',
  inputs: IMAGE_INPUTS,
  sql: (dialect) =>
    hotBucketsSql(dialect, 'image_hashes', { member: 'id', most: MOST_CLIPS_A_BUCKET }),
};

const clipCrowds: Shuffle = {
  name: 'clip_crowds',
  inputs: CLIP_INPUTS,
  sql: (dialect) =>
    hotBucketsSql(dialect, 'clip_hashes', { member: 'clip', most: MOST_CLIPS_A_BUCKET }),
};

/** `hashed_images` and `hashed_clips` number what has hashes; `frame_hashes` has some frames of each second. */
async function numberHashes(database: Database): Promise<void> {
  await database.run(
    `create or replace temp table hashed_images as
     select row_number() over (order by clip_id, medium) as id, clip_id, medium, phash, dhash,
       upright_width_px / upright_height_px as shape from images
     where phash is not null and dhash is not null and entropy_bits >= ${LEAST_ENTROPY_BITS} and upright_height_px > 0`,
  );
  await database.run(
    `create or replace temp table hashed_clips as
     select row_number() over (order by clip_id, medium) as clip, clip_id, medium from frames
     where len(dhash) >= 4 and tier = 'frames'`,
  );
  await database.run(
    `create or replace temp table frame_hashes as
     select clip, tick, hash from (
       select clip, unnest(dhash) as hash, unnest(luma_spread) as spread,
         floor(unnest(list_transform(pts_s, lambda t: t - pts_s[1])) * ${HASHES_PER_S})::integer as tick
       from frames join hashed_clips using (clip_id, medium))
     where spread >= ${LEAST_SPREAD}
     qualify row_number() over (partition by clip, tick order by hash) = 1`,
  );
}

async function writeImagePairs(database: Database): Promise<void> {
  await database.run(
    `insert into near_duplicates
     with mirrored as (
       select id, other_id, bits from image_pairs union all select other_id, id, bits from image_pairs)
     select a.clip_id, a.medium, b.clip_id, b.medium, 'image', null, null, null, 1 - bits / 64, null
     from mirrored join hashed_images as a using (id) join hashed_images as b on b.id = mirrored.other_id
     where bit_count(xor(a.dhash, b.dhash)) <= ${IMAGE_DHASH_BITS} and abs(a.shape / b.shape - 1) < 0.05
     order by all`,
  );
}

/** What too many share is one row: nobody compares all with all. */
async function writeCrowds(database: Database): Promise<void> {
  await database.run(
    `insert into near_duplicates
     select clip_id, medium, null, null, 'crowd', null, null, null, null, members from (
       select clip_id, medium, members from image_crowds join hashed_images on id = first_member
       union all
       select clip_id, medium, members from clip_crowds join hashed_clips on clip = first_member)
     order by all`,
  );
}

async function writeClipPairs(database: Database): Promise<void> {
  const candidates = await database.rows(
    `with lengths as (select clip, max(tick) + 1 as ticks from frame_hashes group by clip)
     select mine.clip_id, mine.medium, theirs.clip_id as other_clip_id, theirs.medium as other_medium, shift, matches
     from clip_offsets as offsets
     join lengths as my_length on my_length.clip = offsets.clip
     join lengths as their_length on their_length.clip = offsets.other_clip
     join hashed_clips as mine on mine.clip = offsets.clip
     join hashed_clips as theirs on theirs.clip = offsets.other_clip
     where matches >= ${LEAST_SHARE} * (least(my_length.ticks, their_length.ticks + shift) - greatest(0, shift))
     qualify row_number() over (partition by offsets.clip, offsets.other_clip order by matches desc, abs(shift), shift) <= 3
     order by matches desc, mine.clip_id, other_clip_id, mine.medium, other_medium, shift limit ${MOST_PAIRS}`,
  );
  const contents = await readContents(database);
  const series = new SeriesReader(database);
  const known = new Set<string>();
  const pairs: Readonly<Record<string, string | number>>[] = [];
  for (const row of candidates) {
    const mine = { clipId: String(numberOf(row['clip_id'])), medium: textOf(row['medium']) };
    const theirs = {
      clipId: String(numberOf(row['other_clip_id'])),
      medium: textOf(row['other_medium']),
    };
    const pair = `${mine.clipId}:${mine.medium}:${theirs.clipId}:${theirs.medium}`;
    if (known.has(pair)) continue;
    // Equal bytes are told by the hash of the content, and nothing is left to compare.
    const content = contents.get(`${mine.clipId}:${mine.medium}`);
    if (content !== undefined && content === contents.get(`${theirs.clipId}:${theirs.medium}`))
      continue;
    const a = await series.read(mine);
    const b = await series.read(theirs);
    const aligned = alignSeries(a, b, numberOf(row['shift']) / HASHES_PER_S, 1 / HASHES_PER_S);
    if (aligned === null) continue;
    const bits = hashDistances(a, b, aligned.offset_s);
    if (bits === null) continue;
    const most = bits.aligned <= FEW_BITS ? MOST_ALIGNED_SHARE : MOST_ALIGNED_SHARE / 2;
    if (bits.aligned > most * bits.strange) continue;
    known.add(pair);
    const length_s = Math.min(a.times_s.at(-1) ?? 0, b.times_s.at(-1) ?? 0);
    const found = {
      offset: aligned.offset_s,
      overlap: aligned.overlap_s,
      share: Math.min(1, aligned.overlap_s / Math.max(0.001, length_s)),
      similarity: aligned.correlation,
    };
    pairs.push(
      { a: mine.clipId, m: mine.medium, b: theirs.clipId, n: theirs.medium, ...found },
      {
        a: theirs.clipId,
        m: theirs.medium,
        b: mine.clipId,
        n: mine.medium,
        ...found,
        offset: -found.offset,
      },
    );
  }
  await database.run(
    `insert into near_duplicates
     select (pair ->> 'a')::bigint, pair ->> 'm', (pair ->> 'b')::bigint, pair ->> 'n', 'clip',
       (pair ->> 'offset')::double, (pair ->> 'overlap')::double, (pair ->> 'share')::double, (pair ->> 'similarity')::double, null
     from (select unnest(from_json($pairs::json, '["json"]')) as pair)`,
    { pairs: JSON.stringify(pairs) },
  );
}

/** Content hashes of the media that have one, by clip and medium. */
async function readContents(database: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await database.rows(
    'select clip_id, medium, content_hash from files where content_hash is not null',
  );
  return new Map(
    rows.map((row) => [
      `${numberOf(row['clip_id'])}:${textOf(row['medium'])}`,
      textOf(row['content_hash']),
    ]),
  );
}

/** Clips whose series are kept at once: some 10 KB each. */
const KEPT_SERIES = 2_000;

/** Reads brightness over time of one clip after another; keeps the last few. */
class SeriesReader {
  readonly #database: Database;
  readonly #kept = new Map<string, LumaSeries>();

  constructor(database: Database) {
    this.#database = database;
  }

  async read(of: { readonly clipId: string; readonly medium: string }): Promise<LumaSeries> {
    const key = `${of.clipId}:${of.medium}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const row = await this.#database.row(
      `select list_transform(pts_s, lambda t: t - pts_s[1]) as times, luma_mean,
         list_transform(dhash, lambda h: h::varchar) as hashes from frames
       where clip_id = $clip::bigint and medium = $medium`,
      { clip: of.clipId, medium: of.medium },
    );
    const series = {
      times_s: numbersOf(row['times']),
      luma: numbersOf(row['luma_mean']),
      hashes: hashesOf(row['hashes']),
    };
    if (this.#kept.size > KEPT_SERIES) this.#kept.clear();
    this.#kept.set(key, series);
    return series;
  }
}

function numbersOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

function hashesOf(value: unknown): readonly bigint[] {
  return Array.isArray(value) ? value.map((each) => BigInt(String(each))) : [];
}
