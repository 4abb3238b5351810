import { listValue } from '@duckdb/node-api';

import { type Database, numberOf, type SqlValue, textOf } from '../engine/database.ts';
import { alignSeries, hashDistances, type LumaSeries } from './align-series.ts';

/** Frames of a clip that are compared, a second: hashes change slowly. */
const HASHES_PER_S = 4;
/** Flatter pictures have no hash to speak of: standard deviation of luma. */
const LEAST_SPREAD = 10;
/** A quarter of a hash that so many clips share says nothing (a studio, a title, a border). */
const MOST_CLIPS_A_BAND = 50;
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

/** The columns of `near_duplicates`: a row for each clip of a pair. */
const TABLE = `create or replace temp table near_duplicates (
  clip_id bigint, medium varchar, other_clip_id bigint, other_medium varchar,
  kind varchar, offset_s double, overlap_s double, overlap_share double, similarity double)`;

/**
 * Finds media that show the same although their bytes differ, from the evidence of one run: clips by frame hashes that
 * agree at one offset in time, confirmed by their changes of brightness (two clips of one room agree in the first and
 * not in the second); images by two hashes. Writes `near_duplicates`.
 */
export async function findNearDuplicates(database: Database): Promise<void> {
  await database.run(TABLE);
  await findImagePairs(database);
  await findClipPairs(database);
}

async function findImagePairs(database: Database): Promise<void> {
  await database.run(
    `create or replace temp table picture_bands as
     select clip_id, medium, phash, dhash, upright_width_px / upright_height_px as shape, band,
       (phash >> (16 * band)) & 65535 as part
     from images, range(4) as bands (band)
     where phash is not null and dhash is not null and entropy_bits >= ${LEAST_ENTROPY_BITS} and upright_height_px > 0
     qualify count(*) over (partition by band, part) <= ${MOST_CLIPS_A_BAND}`,
  );
  await database.run(
    `insert into near_duplicates
     with pairs as (
       select distinct a.clip_id, a.medium, b.clip_id as other_clip_id, b.medium as other_medium,
         1 - bit_count(xor(a.phash, b.phash)) / 64 as similarity
       from picture_bands as a join picture_bands as b using (band, part)
       where (a.clip_id, a.medium) <> (b.clip_id, b.medium)
         and bit_count(xor(a.phash, b.phash)) <= ${IMAGE_PHASH_BITS}
         and bit_count(xor(a.dhash, b.dhash)) <= ${IMAGE_DHASH_BITS}
         and abs(a.shape / b.shape - 1) < 0.05)
     select clip_id, medium, other_clip_id, other_medium, 'image', null, null, null, similarity
     from pairs order by all`,
  );
  await database.run('drop table picture_bands');
}

async function findClipPairs(database: Database): Promise<void> {
  await database.run(
    `create or replace temp table frame_hashes as
     select clip_id, medium, tick, hash from (
       select clip_id, medium, unnest(dhash) as hash, unnest(luma_spread) as spread,
         floor(unnest(list_transform(pts_s, lambda t: t - pts_s[1])) * ${HASHES_PER_S})::integer as tick
       from frames where len(dhash) >= 4 and tier = 'frames')
     where spread >= ${LEAST_SPREAD}
     qualify row_number() over (partition by clip_id, medium, tick order by hash) = 1`,
  );
  const candidates = await database.rows(
    `with bands as (
       select clip_id, medium, tick, hash, band, (hash >> (16 * band)) & 65535 as part
       from frame_hashes, range(4) as four (band)
       where true
       qualify count(distinct clip_id) over (partition by band, part) between 2 and ${MOST_CLIPS_A_BAND}),
     near as (
       select distinct a.clip_id, a.medium, b.clip_id as other_clip_id, b.medium as other_medium, a.tick, b.tick as other_tick
       from bands as a join bands as b using (band, part)
       where (a.clip_id, a.medium) < (b.clip_id, b.medium)
         and bit_count(xor(a.hash, b.hash)) <= ${NEAR_BITS}),
     offsets as (
       select clip_id, medium, other_clip_id, other_medium, tick - other_tick as shift, count(*) as matches
       from near group by all),
     lengths as (select clip_id, medium, max(tick) + 1 as ticks from frame_hashes group by all)
     select offsets.*, mine.ticks, theirs.ticks as other_ticks
     from offsets
     join lengths as mine using (clip_id, medium)
     join lengths as theirs on theirs.clip_id = other_clip_id and theirs.medium = other_medium
     where matches >= ${LEAST_MATCHES}
       and matches >= ${LEAST_SHARE} * (least(mine.ticks, theirs.ticks + shift) - greatest(0, shift))
     qualify row_number() over (partition by clip_id, medium, other_clip_id, other_medium order by matches desc, abs(shift)) <= 3
     order by matches desc, clip_id, other_clip_id, shift limit ${MOST_PAIRS}`,
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
       (pair ->> 'offset')::double, (pair ->> 'overlap')::double, (pair ->> 'share')::double, (pair ->> 'similarity')::double
     from (select unnest(from_json($pairs::json, '["json"]')) as pair)`,
    { pairs: JSON.stringify(pairs) },
  );
  await database.run('drop table frame_hashes');
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
