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

/** Hashes from which quarters are too short to tell: each of their 65,536 values is shared by dozens of clips. */
const MANY_HASHES = 1_000_000;
/** Hashes whose keys are grouped at once: some 100 bytes each. */
const HASHES_A_PASS = 4_000_000;

/** Quarters of a hash; two hashes that differ in three bits agree in one, in two bits in two of them. */
const QUARTERS = [0, 1, 2, 3] as const;

/** SQL of a quarter of `hash`. */
function quarterOf(at: number): string {
  return `((hash >> (16 * ${at})) & 65535)`;
}

/** SQL of the parts of `hash` of which near hashes share one: a quarter, or of very many hashes two quarters. */
function keysOf(hashes: number): readonly string[] {
  if (hashes <= MANY_HASHES) return QUARTERS.map(quarterOf);
  return QUARTERS.flatMap((a) =>
    QUARTERS.filter((b) => b > a).map((b) => `(${quarterOf(a)} * 65536 + ${quarterOf(b)})`),
  );
}

/**
 * Writes `near_frames (unit, other_unit, tick, other_tick)`: frames whose hashes are near and share a key that few clips have.
 * Key by key and in parts of the keys, so that memory does not grow with the clips.
 */
async function matchFrames(database: Database): Promise<void> {
  const hashes = numberOf((await database.row('select count(*) as n from frame_hashes'))['n']);
  await database.run(
    'create or replace temp table near_frames (unit integer, other_unit integer, tick integer, other_tick integer)',
  );
  const parts = Math.max(1, Math.ceil(hashes / HASHES_A_PASS));
  for (const key of keysOf(hashes)) {
    for (let part = 0; part < parts; part++) {
      await database.run(
        `create or replace temp table keyed as
         select unit, tick, hash, ${key} as key from frame_hashes where ${key} % ${parts} = ${part}`,
      );
      await database.run(
        `insert into near_frames
         with shared as (
           select key from (select distinct key, unit from keyed)
           group by key having count(*) between 2 and ${MOST_CLIPS_A_BAND}),
         few as (select unit, tick, hash, key from keyed semi join shared using (key))
         select distinct a.unit, b.unit, a.tick, b.tick
         from few as a join few as b using (key)
         where a.unit < b.unit and bit_count(xor(a.hash, b.hash)) <= ${NEAR_BITS}`,
      );
    }
  }
  await database.run('drop table keyed');
}

async function findClipPairs(database: Database): Promise<void> {
  await database.run(
    `create or replace temp table series_units as
     select row_number() over (order by clip_id, medium)::integer as unit, clip_id, medium
     from frames where len(dhash) >= 4 and tier = 'frames'`,
  );
  await database.run(
    `create or replace temp table frame_hashes as
     select unit, tick, min(hash) as hash from (
       select unit, unnest(dhash) as hash, unnest(luma_spread) as spread,
         floor(unnest(list_transform(pts_s, lambda t: t - pts_s[1])) * ${HASHES_PER_S})::integer as tick
       from frames join series_units using (clip_id, medium) where len(dhash) >= 4 and tier = 'frames')
     where spread >= ${LEAST_SPREAD}
     group by unit, tick`,
  );
  await matchFrames(database);
  const candidates = await database.rows(
    `with offsets as (
       select unit, other_unit, tick - other_tick as shift, count(*) as matches
       from (select distinct * from near_frames) group by all having count(*) >= ${LEAST_MATCHES}),
     paired as (select unit from offsets union select other_unit from offsets),
     lengths as (
       select unit, max(tick) + 1 as ticks from frame_hashes where unit in (select unit from paired) group by unit)
     select one.clip_id, one.medium, two.clip_id as other_clip_id, two.medium as other_medium, shift, matches
     from offsets
     join lengths as mine using (unit)
     join lengths as theirs on theirs.unit = other_unit
     join series_units as one on one.unit = offsets.unit
     join series_units as two on two.unit = other_unit
     where matches >= ${LEAST_SHARE} * (least(mine.ticks, theirs.ticks + shift) - greatest(0, shift))
     qualify row_number() over (partition by offsets.unit, other_unit order by matches desc, abs(shift)) <= 3
     order by matches desc, one.clip_id, two.clip_id, shift limit ${MOST_PAIRS}`,
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
  for (const table of ['frame_hashes', 'near_frames', 'series_units'])
    await database.run(`drop table ${table}`);
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
