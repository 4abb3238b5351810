import pMap from 'p-map';

import { findMedium, type MediaHolder } from '../dataset/embedded/held-media.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { type Database, maybe, numberOf, type SqlRow, type SqlValue } from '../engine/database.ts';
import { findMediaType } from '../media/find-media-type.ts';
import type { FilmStrip } from '../media/film-strip-request.ts';
import { isUrl } from '../media/medium-text.ts';
import type { Medium } from '../media/medium.ts';
import { formatValue } from '../format-value.ts';
import type { Progress } from '../progress.ts';
import type { StoreAccess } from '../stores/access.ts';
import { type CaptionPatterns, findCaptionSpans } from './caption-spans.ts';
import { planCloseUp } from './close-up.ts';
import type { ClipCard, Finding } from './document.ts';

type CardPlan = {
  readonly findings: readonly Finding[];
  readonly mediaRoot: string;
  /** Media that lie in columns; null: all are files. */
  readonly held?: MediaHolder | null;
  readonly access: StoreAccess;
  /** Column of `clips` that names the medium to show. */
  readonly mediaColumn: string | null;
  /** Cards of each rule. */
  readonly perRule: number;
  /** Cards in all. */
  readonly most: number;
  /** What rules look for in captions, to mark it. */
  readonly captionPatterns: CaptionPatterns;
  /** Makes the film strip of a medium, or null where no picture can be made. */
  readonly makeStrip: (medium: Medium, look: StripLook) => Promise<FilmStrip | null>;
  /** False: no object of a store is asked for a picture, because the run has looked at none. */
  readonly asksStores?: boolean;
};

/** How to show the pixels: upright and square. */
export type StripLook = {
  readonly kind: 'video' | 'image';
  readonly rotation_deg: number;
  readonly sar: number;
  /** Frames at these times, s, instead of frames spread over the clip. */
  readonly times?: readonly number[];
  readonly withSound?: boolean;
};

/** Strips asked for at once; the processes that make them are fewer. */
const STRIP_CONCURRENCY = 4;

/** Columns about the sound: clips of findings that tell them are shown with its level over time. */
const SOUND_COLUMN = /^audio\.|\.(audio|sample_rate)_/;

/** Points of the difference curve of a card. */
const MAX_POINTS = 240;

/** Declared columns and the measures that stand beside them, as SQL over the joined tables. */
const VALUES: readonly {
  readonly name: string;
  readonly declared: string | null;
  readonly measured: string | null;
}[] = [
  {
    name: 'width',
    declared: 'clips.width_px',
    measured: 'coalesce(containers.display_width_px, images.upright_width_px)',
  },
  {
    name: 'height',
    declared: 'clips.height_px',
    measured: 'coalesce(containers.display_height_px, images.upright_height_px)',
  },
  { name: 'fps', declared: 'clips.fps', measured: 'containers.fps' },
  { name: 'duration, s', declared: 'clips.duration_s', measured: 'containers.duration_s' },
  {
    name: 'frames',
    declared: 'clips.frame_count',
    measured: 'coalesce(containers.presented_frame_count, frames.decoded_frame_count)',
  },
  { name: 'bytes', declared: 'clips.size_bytes', measured: 'files.size_bytes' },
  { name: 'rotation, degrees', declared: null, measured: 'nullif(containers.rotation_deg, 0)' },
  { name: 'EXIF orientation', declared: null, measured: 'nullif(images.orientation, 1)' },
  { name: 'sample aspect ratio', declared: null, measured: 'nullif(containers.sar, 1)' },
  { name: 'codec', declared: null, measured: 'coalesce(containers.video_codec, images.format)' },
  {
    name: 'frames that repeat',
    declared: null,
    measured: `round(100 * nullif(frames.duplicate_share, 0), 1) || ' %'`,
  },
];

/** What the report shows of the clips that have findings: the first of each rule, with a film strip where one can be made. */
export async function buildClipCards(
  database: Database,
  plan: CardPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly ClipCard[]> {
  const wanted = chooseClips(plan);
  if (wanted.length === 0) return [];
  const rows = await readCards(
    database,
    wanted,
    plan.mediaColumn,
    !plan.findings.some(isAboutNeighbours),
  );
  const findings = findingsByPlace(plan.findings);
  await plan.held?.hold(
    rows.map((row) => maybe(row['path'], String)),
    signal,
  );
  const stage = progress.stage('make film strips', rows.length);
  const cards = await pMap(
    rows,
    async (row) => {
      const own = findings.get(placeId(row['shard'], row['row_number'])) ?? [];
      const spans = await findCaptionSpans(
        database,
        maybe(row['caption'], String),
        own,
        plan.captionPatterns,
      );
      const card = {
        ...(await toCard(row, plan, own)),
        ...(Object.keys(spans).length === 0 ? {} : { captionSpans: spans }),
      };
      stage.advance(1);
      return card;
    },
    { concurrency: STRIP_CONCURRENCY, signal },
  );
  stage.done();
  return cards;
}

function placeId(shard: unknown, row: unknown): string {
  return `${String(shard)}\0${String(row)}`;
}

function findingsByPlace(all: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const byPlace = new Map<string, Finding[]>();
  for (const finding of all) {
    if (finding.shard === null || finding.row_number === null) continue;
    const id = placeId(finding.shard, finding.row_number);
    byPlace.set(id, [...(byPlace.get(id) ?? []), finding]);
  }
  return byPlace;
}

type Place = { readonly shard: string; readonly rowNumber: number };

function chooseClips(plan: CardPlan): readonly Place[] {
  const perRule = new Map<string, number>();
  const places = new Map<string, Place>();
  for (const finding of plan.findings) {
    if (finding.shard === null || finding.row_number === null) continue;
    const count = perRule.get(finding.rule_id) ?? 0;
    const id = `${finding.shard}\0${finding.row_number}`;
    if (count >= plan.perRule || (places.size >= plan.most && !places.has(id))) continue;
    perRule.set(finding.rule_id, count + 1);
    places.set(id, { shard: finding.shard, rowNumber: finding.row_number });
    const other = count === 0 ? otherClip(finding, plan.findings) : null;
    if (other !== null) places.set(placeId(other.shard, other.rowNumber), other);
    if (!isAboutNeighbours(finding)) continue;
    for (const rowNumber of [finding.row_number - 1, finding.row_number + 1])
      places.set(`${finding.shard}\0${rowNumber}`, { shard: finding.shard, rowNumber });
  }
  return [...places.values()];
}

/** The clip that the first finding of a rule names as the same as its own: the two are shown as a pair. */
function otherClip(finding: Finding, all: readonly Finding[]): Place | null {
  const named = finding.values['other_key'];
  if (typeof named !== 'string') return null;
  const other = all.find((each) => each.key === named && each.shard !== null);
  return other === undefined || other.shard === null || other.row_number === null
    ? null
    : { shard: other.shard, rowNumber: other.row_number };
}

/** Findings that tell the captions of the rows around theirs are shown with the frames of those rows. */
function isAboutNeighbours(finding: Finding): boolean {
  return typeof (finding.values['caption_before'] ?? finding.values['caption_after']) === 'string';
}

async function readCards(
  database: Database,
  places: readonly Place[],
  mediaColumn: string | null,
  isComplete: boolean,
): Promise<readonly SqlRow[]> {
  const path =
    mediaColumn === null ? 'null::varchar' : `clips.${quoteIdentifier(mediaColumn)}::varchar`;
  const values = VALUES.flatMap((value, index) => [
    `${value.declared ?? 'null'} as declared_${index}`,
    `${value.measured ?? 'null'} as measured_${index}`,
  ]);
  return database.rows(
    `with wanted as (
       select place ->> 'shard' as shard, (place ->> 'rowNumber')::bigint as row_number
       from (select unnest(from_json($places::json, '["json"]')) as place))
     select clips.key as key, files.error_code as file_error, clips.shard as shard, clips.row_number as row_number, clips.caption as caption,
       ${path} as path, images.format as image_format,
       containers.clip_id is not null or frames.clip_id is not null as is_measured, containers.rotation_deg as rotation_deg, containers.sar as sar,
       frames.difference as difference, frames.pts_s as pts_s, ${values.join(', ')}
     from (${rowsOf(places, isComplete)}) as clips
     join wanted on wanted.shard = clips.shard and wanted.row_number = clips.row_number
     left join files on files.clip_id = clips.clip_id and files.medium = $medium
     left join containers on containers.clip_id = clips.clip_id and containers.medium = $medium
     left join frames on frames.clip_id = clips.clip_id and frames.medium = $medium
     left join images on images.clip_id = clips.clip_id and images.medium = $medium
     order by clips.clip_id`,
    { places: JSON.stringify(places), medium: mediaColumn ?? 'path' },
  );
}

/** The reported clips; with neighbours, also the rows that no rule reported. The row numbers prune row groups. */
function rowsOf(places: readonly Place[], isComplete: boolean): string {
  if (isComplete) return 'select * from picked_clips';
  const rows = [...new Set(places.map((place) => place.rowNumber))].join(', ');
  return `select * from picked_clips union all select * from clips
     where row_number in (${rows}) and (shard, row_number) in (select (shard, row_number) from wanted)
       and clip_id not in (select clip_id from picked_clips)`;
}

async function toCard(
  row: SqlRow,
  plan: CardPlan,
  findings: readonly Finding[] = [],
): Promise<ClipCard> {
  const path = maybe(row['path'], String);
  const resolved = path === null ? null : findMedium(plan.mediaRoot, plan.held ?? null, path);
  // What could not be reached is not asked for again.
  const found = resolved?.ok === true && row['file_error'] === null ? resolved.medium : null;
  const file = found !== null && isUrl(found.source) && plan.asksStores === false ? null : found;
  const isAboutSound = findings.some(({ values }) =>
    Object.keys(values).some((column) => SOUND_COLUMN.test(column)),
  );
  const look: StripLook = {
    kind: await kindOf(row, file, plan.access),
    rotation_deg: maybe(row['rotation_deg'], numberOf) ?? 0,
    sar: maybe(row['sar'], numberOf) ?? 1,
  };
  const film =
    file === null
      ? null
      : await plan.makeStrip(file, isAboutSound ? { ...look, withSound: true } : look);
  const { sound, ...strip } = film ?? {};
  const closeUp = file === null ? null : await closeUpOf(row, file, look, plan, findings);
  return {
    key: maybe(row['key'], String) ?? '',
    shard: maybe(row['shard'], String) ?? '',
    rowNumber: numberOf(row['row_number']),
    path,
    caption: maybe(row['caption'], String),
    values: VALUES.map((value, index) => ({
      name: value.name,
      declared: shown(row[`declared_${index}`]),
      measured: shown(row[`measured_${index}`]),
    })).filter((value) => value.declared !== null || value.measured !== null),
    strip: 'webpBase64' in strip ? strip : null,
    ...(closeUp === null ? {} : { closeUp }),
    ...(sound === undefined ? {} : { sound: thinSound(sound) }),
    difference: differenceOf(row),
  };
}

/** Rows that no probe looked at, such as neighbours, are told by the first bytes of their file. */
async function kindOf(
  row: SqlRow,
  file: Medium | null,
  access: StoreAccess,
): Promise<StripLook['kind']> {
  if (row['image_format'] !== null) return 'image';
  if (row['is_measured'] === true || file === null) return 'video';
  return (await findMediaType(file, access))?.kind ?? 'video';
}

async function closeUpOf(
  row: SqlRow,
  file: Medium,
  look: StripLook,
  plan: CardPlan,
  findings: readonly Finding[],
): Promise<NonNullable<ClipCard['closeUp']> | null> {
  if (look.kind === 'image') return null;
  const difference = numbers(row['difference']);
  const pts_s = numbers(row['pts_s']).filter((each) => each !== null);
  for (const finding of findings) {
    const planned = planCloseUp(finding, difference, pts_s);
    if (planned === null) continue;
    const strip = await plan.makeStrip(file, { ...look, times: planned.times_s });
    if (strip?.times_s.length === planned.marks.length) return { strip, marks: planned.marks };
  }
  return null;
}

/** At most {@link MAX_POINTS} windows, each the loudest of those it stands for. */
function thinSound({
  levels_db,
  window_s,
}: NonNullable<FilmStrip['sound']>): NonNullable<ClipCard['sound']> {
  const step = Math.max(1, Math.ceil(levels_db.length / MAX_POINTS));
  const levels = Array.from({ length: Math.ceil(levels_db.length / step) }, (_, index) =>
    Math.max(...levels_db.slice(index * step, (index + 1) * step)),
  );
  return { levels_db: levels, window_s: window_s * step };
}

function shown(value: SqlValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  return formatValue(typeof value === 'bigint' ? Number(value) : value);
}

/**
 * The luma-difference curve, thinned to the least and the largest of neighbours in the order in which they come: no cut is
 * lost, and neither is the comb of zeros that repeated frames draw.
 */
function differenceOf(row: SqlRow): ClipCard['difference'] {
  const values = numbers(row['difference']);
  const times = numbers(row['pts_s']).filter((each) => each !== null);
  if (values.length < 2 || times.length < 2) return null;
  return { values: thin(values), duration_s: Math.max(...times) - Math.min(...times) };
}

function thin(values: readonly (number | null)[]): readonly (number | null)[] {
  const step = Math.ceil((2 * values.length) / MAX_POINTS);
  const groups =
    values.length <= MAX_POINTS
      ? values.map((value) => [value])
      : Array.from({ length: Math.ceil(values.length / step) }, (_, group) =>
          leastAndLargest(values.slice(group * step, (group + 1) * step)),
        );
  return groups.flat().map((value) => (value === null ? null : Math.round(100 * value) / 100));
}

function leastAndLargest(values: readonly (number | null)[]): readonly (number | null)[] {
  const known = values.filter((each) => each !== null);
  if (known.length === 0) return [null, null];
  const pair = [Math.min(...known), Math.max(...known)];
  return known.indexOf(pair[0] ?? 0) <= known.indexOf(pair[1] ?? 0) ? pair : pair.toReversed();
}

function numbers(value: SqlValue | undefined): readonly (number | null)[] {
  return Array.isArray(value) ? value.map((each: SqlValue) => maybe(each, numberOf)) : [];
}
