import { type Database, maybe, numberOf, type SqlRow, textOf } from '../../engine/database.ts';
import { insertRows, type PlainRow } from '../../engine/insert-rows.ts';
import { claimsOf } from './caption-claims.ts';
import { cuesOf, fitOfCues, type Look, scoreCues } from './colour-cues.ts';
import { OFFSET_REACH, type OffsetBand } from './offset-band.ts';
import { CAPTION_CLAIM_COLUMNS } from './row-tables.ts';

type ByRow<T> = ReadonlyMap<number, ReadonlyMap<number, T>>;

/** Named cues of colour and light of captions and pictures, by shard and row. */
export type Cues = {
  /** Words that captions mention. */
  readonly said: ByRow<readonly string[]>;
  /** How much pictures show of them, standard deviations of all pictures. */
  readonly shown: ByRow<ReadonlyMap<string, number>>;
};

/** Unrelated pairs drawn for each clip. */
const FAR_PAIRS = 8;
/** Standard deviations by which a picture shows more, or less, of a colour than others do. */
const CLEARLY = 0.5;

/** Reads what captions say and pictures show of colour and light, and notes what captions state of their media. */
export async function readCues(database: Database, captions: readonly SqlRow[]): Promise<Cues> {
  if (captions.length === 0) return { said: new Map(), shown: new Map() };
  const rows = await readMeasured(database);
  const texts = captionsByRow(captions);
  const claims = rows.flatMap((row) => claimsIn(row, texts.get(placeOf(row)) ?? ''));
  await insertRows(database, 'caption_claims', CAPTION_CLAIM_COLUMNS, claims);
  const seen = rows.flatMap((row) => {
    const look = lookOf(row);
    return look === null ? [] : [{ row, look }];
  });
  const scores = scoreCues(seen.map((each) => each.look));
  const shown = new Map<number, Map<number, ReadonlyMap<string, number>>>();
  for (const [index, { row }] of seen.entries()) {
    const shardId = numberOf(row['shard_id']);
    const shard = shown.get(shardId) ?? new Map<number, ReadonlyMap<string, number>>();
    shown.set(shardId, shard);
    shard.set(numberOf(row['row_number']), scores[index] ?? new Map());
  }
  const said = new Map<number, Map<number, readonly string[]>>();
  for (const row of seen.length === 0 ? [] : captions) {
    const caption = texts.get(placeOf(row));
    if (caption === undefined) continue;
    const shardId = numberOf(row['shard_id']);
    const shard = said.get(shardId) ?? new Map<number, readonly string[]>();
    said.set(shardId, shard);
    shard.set(numberOf(row['row_number']), cuesOf(caption));
  }
  return { said, shown };
}

/** Bands of how pictures fit the colour words of the captions around them. */
export function bandsOfCues({
  said,
  shown,
}: Cues): readonly { readonly shardId: number; readonly band: OffsetBand }[] {
  return [...shown]
    .toSorted((a, b) => a[0] - b[0])
    .map(([shardId, pictures]) => ({
      shardId,
      band: bandOf(pictures, said.get(shardId) ?? new Map()),
    }));
}

/** The row of a stretch whose colour words speak most plainly of another picture, in words; null if none does. */
export function explainByCues(
  { said, shown }: Cues,
  shardId: number,
  stretch: { readonly from: number; readonly to: number; readonly offset: number | null },
): string | null {
  const pictures = shown.get(shardId);
  const captions = said.get(shardId);
  if (pictures === undefined || captions === undefined) return null;
  let best: { readonly what: string; readonly gap: number } | null = null;
  for (const [row, cues] of captions) {
    if (row < stretch.from || row >= stretch.to) continue;
    for (const cue of cues) {
      const own = pictures.get(row)?.get(cue) ?? Number.NaN;
      const home = row - (stretch.offset ?? 0);
      const other = stretch.offset === null ? 0 : (pictures.get(home)?.get(cue) ?? Number.NaN);
      if (!(own < -CLEARLY) || !(stretch.offset === null || other > CLEARLY)) continue;
      if (best !== null && best.gap >= other - own) continue;
      const what =
        stretch.offset === null
          ? `the caption of row ${count(row)} speaks of ${cue}, and its picture shows less of it than most`
          : `the caption of row ${count(row)} speaks of ${cue}, which not its picture but that of row ${count(home)} shows`;
      best = { what, gap: other - own };
    }
  }
  return best?.what ?? null;
}

function placeOf(row: SqlRow): string {
  return `${numberOf(row['shard_id'])}/${numberOf(row['row_number'])}`;
}

function captionsByRow(rows: readonly SqlRow[]): ReadonlyMap<string, string> {
  return new Map(
    rows.flatMap((row) => {
      const caption = maybe(row['caption'], textOf);
      return caption === null ? [] : [[placeOf(row), caption] as const];
    }),
  );
}

async function readMeasured(database: Database): Promise<readonly SqlRow[]> {
  const known = await database.columns('select * from sampled_clips');
  const declared = (column: string): string =>
    known.some(({ name }) => name === column) ? `sampled.${column}::double` : 'null::double';
  return database.rows(
    `select sampled.clip_id, sampled.shard_id, sampled.shard, sampled.row_number, sampled.key,
       coalesce(images.mean_red, list_avg(frames.mean_red)) as red,
       coalesce(images.mean_green, list_avg(frames.mean_green)) as green,
       coalesce(images.mean_blue, list_avg(frames.mean_blue)) as blue,
       coalesce(images.luma_mean, list_avg(frames.luma_mean)) as luma,
       coalesce(images.chroma_spread, frames.chroma_spread) as chroma,
       coalesce(containers.display_width_px, images.upright_width_px, ${declared('width_px')})::double as width,
       coalesce(containers.display_height_px, images.upright_height_px, ${declared('height_px')})::double as height,
       coalesce(containers.duration_s, ${declared('duration_s')})::double as duration
     from sampled_clips as sampled
     left join (select * from frames where decoded_frame_count > 0 qualify row_number() over (partition by clip_id order by medium) = 1) as frames
       on frames.clip_id = sampled.clip_id
     left join (select * from images where luma_mean is not null qualify row_number() over (partition by clip_id order by medium) = 1) as images
       on images.clip_id = sampled.clip_id
     left join (select * from containers qualify row_number() over (partition by clip_id order by medium) = 1) as containers
       on containers.clip_id = sampled.clip_id
     order by sampled.shard_id, sampled.row_number`,
  );
}

/** What a caption says outright of its medium, beside what the medium is: rows of `caption_claims`. */
function claimsIn(row: SqlRow, caption: string): readonly PlainRow[] {
  const { shard_id, shard, row_number, key, width: width_px, height: height_px } = row;
  const { chroma: chroma_spread, duration: duration_s } = row;
  const place = { shard_id, shard, row_number, key, caption };
  return claimsOf(caption).map((claim) => ({
    ...place,
    claim: claim.kind,
    claimed_s: claim.kind === 'duration' ? claim.duration_s : null,
    chroma_spread,
    width_px,
    height_px,
    duration_s,
  }));
}

function lookOf(row: SqlRow): Look | null {
  const [red, green, blue, luma] = ['red', 'green', 'blue', 'luma'].map((name) =>
    maybe(row[name], numberOf),
  );
  if (typeof red !== 'number' || typeof green !== 'number' || typeof blue !== 'number') return null;
  return { red, green, blue, luma: luma ?? 0.2126 * red + 0.7152 * green + 0.0722 * blue };
}

function bandOf(
  pictures: ReadonlyMap<number, ReadonlyMap<string, number>>,
  captions: ReadonlyMap<number, readonly string[]>,
): OffsetBand {
  const rows = [...pictures.keys()].toSorted((a, b) => a - b);
  const width = 2 * OFFSET_REACH + 1;
  const z = new Float32Array(rows.length * width).fill(Number.NaN);
  const far: number[] = [];
  const fit = (clip: number, caption: number): number =>
    fitOfCues(pictures.get(clip) ?? new Map(), captions.get(caption) ?? []);
  for (const [index, row] of rows.entries()) {
    for (let place = 0; place < width; place += 1)
      z[index * width + place] = fit(row, row + place - OFFSET_REACH);
    for (let draw = 1; draw <= FAR_PAIRS; draw += 1) {
      const other = (index + 2 * OFFSET_REACH + draw * 7919) % rows.length;
      if (Math.abs(other - index) > 2 * OFFSET_REACH) far.push(fit(row, rows[other] ?? row));
    }
  }
  const known = far.filter((each) => !Number.isNaN(each));
  return {
    rows: Float64Array.from(rows),
    reach: OFFSET_REACH,
    z,
    far: Float32Array.from(known).toSorted(),
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
