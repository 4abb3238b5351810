import { listValue } from '@duckdb/node-api';

import { type Database, numberOf, type SqlValue, textOf } from '../engine/database.ts';
import type { Engine, EngineContext } from '../engine/engine.ts';
import { differingBits, DUCKDB } from '../engine/shuffles/dialect.ts';
import {
  BLOCK_PAIRS,
  bucketOf,
  hotBucketsSql,
  nearOffsetsSql,
  nearPairsSql,
} from '../engine/shuffles/near-hashes.ts';
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
/**
 * Levels that the mean colour of any of 64 cells may differ by once brightness and contrast are made equal. Of copies of 220
 * pictures (JPEG and WebP at 30 to 85, half size, a tenth brighter or darker, a mark) 98 to 100 % stay below; of 203 pairs of
 * emoji that differ in colour, a hand or a badge all but the flags of Chad and Romania lie above.
 */
const CELL_LEVELS = 20;
/** Most contrast of a copy over that of the other. */
const MOST_GAIN = 1.3;

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
  const hashes = numberOf((await database.row('select count(*) as n from frame_hashes'))['n']);
  if (engine.name === 'local' && hashes > HASHES_A_PASS) {
    await engine.query(database, [imagePairs, imageCrowds], context);
    await matchInPasses(database, Math.ceil(hashes / HASHES_A_PASS));
  } else {
    await engine.query(database, [imagePairs, imageCrowds, clipOffsets, clipCrowds], context);
  }
  await writeImagePairs(database);
  await writeClipPairs(database);
  await writeCrowds(database);
  for (const table of WORKING_TABLES) {
    await database.run(`drop table ${table}`);
  }
}

/** Hashes that one machine compares in one statement: their keys take some 500 bytes each. */
const HASHES_A_PASS = 1_000_000;

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
     select clip, tick, min(hash) as hash from (
       select clip, unnest(dhash) as hash, unnest(luma_spread) as spread,
         floor(unnest(list_transform(pts_s, lambda t: t - pts_s[1])) * ${HASHES_PER_S})::integer as tick
       from frames join hashed_clips using (clip_id, medium))
     where spread >= ${LEAST_SPREAD}
     group by clip, tick`,
  );
}

/**
 * Answers `clipOffsets` and `clipCrowds` key by key and in parts of the keys, so that memory does not grow with the clips.
 */
async function matchInPasses(database: Database, parts: number): Promise<void> {
  await database.run(
    `create or replace temp table near_frames (clip integer, other_clip integer, tick integer, other_tick integer)`,
  );
  await database.run(
    'create or replace temp table hot_buckets (first_member bigint, members bigint)',
  );
  for (const pair of BLOCK_PAIRS) {
    const key = bucketOf(DUCKDB, 'hash', pair);
    for (let part = 0; part < parts; part++) {
      await database.run(
        `create or replace temp table keyed as
         select clip, tick, hash, ${key} as key from frame_hashes where ${key} % ${parts} = ${part}`,
      );
      await database.run(
        `create or replace temp table shared as
         select key, count(*) as members, min(clip) as first_member from (select distinct key, clip from keyed)
         group by key having count(*) > 1`,
      );
      await database.run(
        `insert into hot_buckets select first_member, members from shared where members > ${MOST_CLIPS_A_BUCKET}`,
      );
      await database.run(
        `insert into near_frames
         with few as (
           select clip, tick, hash, key from keyed
           semi join (select key from shared where members <= ${MOST_CLIPS_A_BUCKET}) as cool using (key))
         select distinct a.clip, b.clip, a.tick, b.tick
         from few as a join few as b using (key)
         where a.clip < b.clip and ${differingBits(DUCKDB, 'a.hash', 'b.hash')} <= ${NEAR_BITS}`,
      );
    }
  }
  await database.run(
    `create or replace temp table clip_offsets as
     select clip, other_clip, tick - other_tick as shift, count(*) as matches
     from (select distinct * from near_frames) group by all having count(*) >= ${LEAST_MATCHES}`,
  );
  await database.run(
    `create or replace temp table clip_crowds as
     select first_member, max(members) as members from hot_buckets group by first_member`,
  );
  for (const table of ['keyed', 'shared', 'near_frames', 'hot_buckets']) {
    await database.run(`drop table ${table}`);
  }
}

/**
 * Pairs whose hashes are near and whose cells have one picture's colours: hashes of brightness take flags of other colours,
 * clocks of other hours and drawings with another badge for one. Copies may be lighter and of other contrast.
 */
async function writeImagePairs(database: Database): Promise<void> {
  const channels = ['red', 'green', 'blue'].map(
    (channel, at) =>
      `list_transform(cell_colours, lambda c: ((c >> ${16 - 8 * at}) & 255) - mean_${channel})`,
  );
  await database.run(
    `insert into near_duplicates
     with near as (
       select image_pairs.*, a.clip_id, a.medium, b.clip_id as other_clip_id, b.medium as other_medium
       from image_pairs join hashed_images as a using (id) join hashed_images as b on b.id = image_pairs.other_id
       where bit_count(xor(a.dhash, b.dhash)) <= ${IMAGE_DHASH_BITS} and abs(a.shape / b.shape - 1) < 0.05
     ), centred as (
       select clip_id, medium, list_concat(${channels.join(', ')}) as cells from images
       where (clip_id, medium) in (select (clip_id, medium) from near union all select (other_clip_id, other_medium) from near)
     ), compared as (
       select near.*, a.cells as cells, b.cells as other_cells, least(${MOST_GAIN}, greatest(1 / ${MOST_GAIN},
           list_dot_product(a.cells, b.cells) / greatest(1, list_dot_product(b.cells, b.cells)))) as gain
       from near
       left join centred as a on a.clip_id = near.clip_id and a.medium = near.medium
       left join centred as b on b.clip_id = near.other_clip_id and b.medium = near.other_medium
     ), copies as (
       select * from compared
       where coalesce(list_max(list_transform(list_zip(cells, other_cells), lambda c: abs(c[1] - gain * c[2])))
         <= ${CELL_LEVELS} * greatest(1, gain), true)
     ), mirrored as (
       select clip_id, medium, other_clip_id, other_medium, bits from copies
       union all
       select other_clip_id, other_medium, clip_id, medium, bits from copies)
     select clip_id, medium, other_clip_id, other_medium, 'image', null, null, null, 1 - bits / 64, null
     from mirrored order by all`,
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
    `with paired as (select clip from clip_offsets union select other_clip from clip_offsets),
     lengths as (
       select clip, max(tick) + 1 as ticks from frame_hashes where clip in (select clip from paired) group by clip)
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
  const series = new SeriesReader(
    database,
    candidates.flatMap((row) => [
      seriesKey(row['clip_id'], row['medium']),
      seriesKey(row['other_clip_id'], row['other_medium']),
    ]),
  );
  const known = new Set<string>();
  const pairs: Readonly<Record<string, string | number>>[] = [];
  for (const row of candidates) {
    const mine = { clipId: String(numberOf(row['clip_id'])), medium: textOf(row['medium']) };
    const theirs = {
      clipId: String(numberOf(row['other_clip_id'])),
      medium: textOf(row['other_medium']),
    };
    const mineKey = seriesKey(row['clip_id'], row['medium']);
    const theirsKey = seriesKey(row['other_clip_id'], row['other_medium']);
    const pair = `${mineKey}:${theirsKey}`;
    if (known.has(pair)) continue;
    // Equal bytes are told by the hash of the content, and nothing is left to compare.
    const content = contents.get(mineKey);
    if (content !== undefined && content === contents.get(theirsKey)) continue;
    const a = await series.read(mineKey);
    const b = await series.read(theirsKey);
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
    rows.map((row) => [seriesKey(row['clip_id'], row['medium']), textOf(row['content_hash'])]),
  );
}

/** Clips whose series are kept at once, some 10 KB each, and those that are read in one go. */
const KEPT_SERIES = 2_000;
const READ_SERIES = 200;

function seriesKey(clipId: SqlValue | undefined, medium: SqlValue | undefined): string {
  return `${numberOf(clipId)}:${textOf(medium)}`;
}

/** Reads brightness over time of clips in the order in which they will be wanted, some at once; keeps the last ones. */
class SeriesReader {
  readonly #database: Database;
  readonly #order: readonly string[];
  readonly #kept = new Map<string, LumaSeries>();
  #at = 0;

  constructor(database: Database, order: readonly string[]) {
    this.#database = database;
    this.#order = order;
  }

  async read(key: string): Promise<LumaSeries> {
    this.#at = Math.max(this.#at, this.#order.indexOf(key, this.#at));
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size + READ_SERIES > KEPT_SERIES) this.#kept.clear();
    const wanted = new Set([key]);
    for (let at = this.#at; wanted.size < READ_SERIES; at += 1) {
      const next = this.#order[at];
      if (next === undefined) break;
      if (!this.#kept.has(next)) wanted.add(next);
    }
    const rows = await this.#database.rows(
      `select clip_id, medium, list_transform(pts_s, lambda t: t - pts_s[1]) as times, luma_mean,
         list_transform(dhash, lambda h: h::varchar) as hashes from frames
       where clip_id || ':' || medium in (select unnest($wanted::varchar[]))`,
      { wanted: listValue([...wanted]) },
    );
    for (const row of rows) {
      this.#kept.set(seriesKey(row['clip_id'], row['medium']), {
        times_s: numbersOf(row['times']),
        luma: numbersOf(row['luma_mean']),
        hashes: hashesOf(row['hashes']),
      });
    }
    const read = this.#kept.get(key);
    if (read === undefined) throw new Error(`no frames of ${key}`);
    return read;
  }
}

function numbersOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

function hashesOf(value: unknown): readonly bigint[] {
  return Array.isArray(value) ? value.map((each) => BigInt(String(each))) : [];
}
