import { quoteIdentifier } from '../../dataset/sql-quote.ts';
import { type Database, maybe, numberOf, type SqlRow, textOf } from '../../engine/database.ts';
import { OFFSET_REACH } from './offset-band.ts';
import type { FeaturedShard } from './words-band.ts';

/** Shards with features of one length. */
export type Featured = { readonly dimension: number; readonly shards: readonly FeaturedShard[] };

/** Rows looked at in all: enough for a weak relation, few enough for a second of work. */
const MOST_ROWS = 4_000;
const MOST_SHARDS = 20;
/** Rows read together; offsets are compared only inside a stretch. */
const STRETCH_ROWS = 128;

/** Stretches of rows spread over the shards, the end of each shard included: that is where a dropped row shows. */
export async function readEmbeddedRows(database: Database, column: string): Promise<Featured> {
  const ranges = await planStretches(database);
  if (ranges.length === 0) return { dimension: 0, shards: [] };
  const rows = await database.rows(
    `select shard_id, row_number, caption, ${quoteIdentifier(column)} as features
     from clips
     where ${ranges.map(({ shard, from, to }) => `(shard_id = ${shard} and row_number >= ${from} and row_number < ${to})`).join(' or ')}
     order by shard_id, row_number`,
  );
  return gather(rows, rows);
}

/** Colours and layout of the sampled pictures, with the captions of the rows around them. */
export async function readColouredRows(
  database: Database,
  captions: readonly SqlRow[],
): Promise<Featured> {
  const rows = await database.rows(
    `select sampled.shard_id, sampled.row_number, ${COLOUR_FEATURES} as features
     from sampled_clips as sampled
     left join (select * from frames where decoded_frame_count > 0 qualify row_number() over (partition by clip_id order by medium) = 1) as frames
       on frames.clip_id = sampled.clip_id
     left join (select * from images where luma_mean is not null qualify row_number() over (partition by clip_id order by medium) = 1) as images
       on images.clip_id = sampled.clip_id
     where frames.clip_id is not null or images.clip_id is not null
     order by sampled.shard_id, sampled.row_number`,
  );
  if (rows.length === 0) return { dimension: 0, shards: [] };
  return standardise(gather(rows, captions));
}

/** Captions of the sampled rows and of all rows within reach of them. */
export async function readCaptionsAround(database: Database): Promise<readonly SqlRow[]> {
  if ((await database.rows('select 1 from sampled_clips limit 1')).length === 0) return [];
  await database.run(
    `create or replace temp table alignment_around as
     select distinct clip_id + offset_rows as clip_id, row_number + offset_rows as row_number
     from sampled_clips, (select unnest(range(-${OFFSET_REACH}, ${OFFSET_REACH + 1})) as offset_rows)
     where row_number + offset_rows >= 0`,
  );
  return database.rows(
    `select shard_id, row_number, caption from clips
     where row_number in (select row_number from alignment_around)
       and clip_id in (select clip_id from alignment_around)`,
  );
}

const middle = (list: string): string => `frames.${list}[1 + len(frames.${list}) // 2]`;

/** Numbers that describe how a picture looks; a bit of the difference hash says where it is brighter to the right. */
const COLOUR_FEATURES = `list_concat([
    coalesce(images.mean_red, list_avg(frames.mean_red)), coalesce(images.mean_green, list_avg(frames.mean_green)),
    coalesce(images.mean_blue, list_avg(frames.mean_blue)),
    coalesce(images.mean_red - images.mean_blue, list_avg(frames.mean_red) - list_avg(frames.mean_blue)),
    coalesce(images.mean_green * 2 - images.mean_red - images.mean_blue, list_avg(frames.mean_green) * 2 - list_avg(frames.mean_red) - list_avg(frames.mean_blue)),
    coalesce(images.luma_mean, list_avg(frames.luma_mean)), coalesce(images.luma_spread, list_avg(frames.luma_spread)),
    coalesce(images.chroma_spread, frames.chroma_spread),
    coalesce(images.entropy_bits, 0), coalesce(ln(1 + images.sharpness), 0), coalesce(images.luma_p1, 0), coalesce(images.luma_p99, 0),
    coalesce(list_avg(frames.difference), 0), coalesce(list_max(frames.difference), 0),
    coalesce(ln(images.width_px::double / images.height_px), ln(frames.width_px::double / frames.height_px))
  ]::double[], list_transform(range(0, 64), bit -> ((coalesce(images.dhash, ${middle('dhash')}, 0) >> bit) & 1)::double))`;

type Stretch = { readonly shard: number; readonly from: number; readonly to: number };

async function planStretches(database: Database): Promise<readonly Stretch[]> {
  const rows = await database.rows(
    'select shard_id, max(row_number) + 1 as n from ledger group by shard_id having count(*) >= 20 order by shard_id',
  );
  const step = Math.max(1, rows.length / MOST_SHARDS);
  const chosen = rows.filter(
    (_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step),
  );
  const each = Math.floor(MOST_ROWS / Math.max(1, chosen.length));
  return chosen.flatMap((row): readonly Stretch[] => {
    const shard = numberOf(row['shard_id']);
    const size = numberOf(row['n']);
    if (size <= each) return [{ shard, from: 0, to: size }];
    const stretches = Math.max(1, Math.floor(each / STRETCH_ROWS));
    return Array.from({ length: stretches }, (_, index) => {
      const to = Math.round((size * (index + 1)) / stretches);
      return { shard, from: to - STRETCH_ROWS, to };
    });
  });
}

function gather(featured: readonly SqlRow[], captioned: readonly SqlRow[]): Featured {
  const vectors = featured.map((row) => numbersOf(row['features']));
  const dimension = vectors.find((vector) => vector.length > 0)?.length ?? 0;
  const shards = new Map<
    number,
    { rows: number[]; features: number[]; captions: Map<number, string> }
  >();
  const shardOf = (
    id: number,
  ): { rows: number[]; features: number[]; captions: Map<number, string> } => {
    const found = shards.get(id) ?? { rows: [], features: [], captions: new Map<number, string>() };
    shards.set(id, found);
    return found;
  };
  featured.forEach((row, index) => {
    const vector = vectors[index] ?? [];
    const squares = vector.reduce((sum, each) => sum + each * each, 0);
    if (vector.length !== dimension || !(squares > 0 && squares < Number.POSITIVE_INFINITY)) return;
    const shard = shardOf(numberOf(row['shard_id']));
    shard.rows.push(numberOf(row['row_number']));
    for (const each of vector) shard.features.push(each);
  });
  for (const row of captioned) {
    const caption = maybe(row['caption'], textOf);
    if (caption !== null)
      shardOf(numberOf(row['shard_id'])).captions.set(numberOf(row['row_number']), caption);
  }
  return {
    dimension,
    shards: [...shards]
      .filter(([, shard]) => shard.rows.length > 0)
      .toSorted((a, b) => a[0] - b[0])
      .map(([shardId, shard]) => ({
        ...shard,
        shardId,
        features: Float64Array.from(shard.features),
      })),
  };
}

/** Features of different units, each with unit spread. */
function standardise({ dimension, shards }: Featured): Featured {
  const scale = Float64Array.from({ length: dimension }, (_, column) => {
    let count = 0;
    let sum = 0;
    let squares = 0;
    for (const { features } of shards) {
      for (let at = column; at < features.length; at += dimension) {
        const value = features[at] ?? 0;
        count += 1;
        sum += value;
        squares += value * value;
      }
    }
    const spread = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
    return spread > 1e-9 ? 1 / spread : 0;
  });
  return {
    dimension,
    shards: shards.map((shard) => ({
      ...shard,
      features: shard.features.map(
        (value, at) => value * (scale[at % dimension] ?? 0) * weightOf(at % dimension),
      ),
    })),
  };
}

/** A bit of the hash, which stand after the measures, says little by itself. */
function weightOf(column: number): number {
  return column < 15 ? 1 : 0.3;
}

function numbersOf(value: SqlRow[string] | undefined): readonly number[] {
  return Array.isArray(value)
    ? value.map((each) => (typeof each === 'number' ? each : Number.NaN))
    : [];
}
