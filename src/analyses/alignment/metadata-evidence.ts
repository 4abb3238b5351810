import { type Database, maybe, numberOf, type SqlRow } from '../../engine/database.ts';
import type { ShardAssessment } from './assess-shard.ts';
import type { LagProfile } from './lag-profile.ts';
import { assessMatches, bestRate, WIDTH } from './match-evidence.ts';
import { OFFSET_REACH } from './offset-band.ts';

/** What the declared values of one shard say about where they stand. */
type MetadataEvidence = {
  readonly shardId: number;
  readonly rowNumbers: Float64Array;
  /** Fields that were compared, in words. */
  readonly fields: readonly string[];
  readonly assessment: ShardAssessment;
  /** Shares of rows that match, over the shard and over each segment. */
  readonly profiles: readonly LagProfile[];
};

/** A declared column, the measures it may mean, and how far apart they may lie. */
type Field = {
  readonly name: string;
  readonly column: string;
  readonly measured: readonly string[];
  readonly tolerance: (declared: number) => number;
};

/** Sizes match as coded, as displayed and upright: which one a pipeline declares is not this analysis's question. */
const FIELDS: readonly Field[] = [
  {
    name: 'width',
    column: 'width_px',
    measured: [
      'containers.display_width_px',
      'containers.coded_width_px',
      'images.width_px',
      'images.upright_width_px',
    ],
    tolerance: () => 0.5,
  },
  {
    name: 'height',
    column: 'height_px',
    measured: [
      'containers.display_height_px',
      'containers.coded_height_px',
      'images.height_px',
      'images.upright_height_px',
    ],
    tolerance: () => 0.5,
  },
  { name: 'fps', column: 'fps', measured: ['containers.fps'], tolerance: (fps) => fps * 0.005 },
  {
    name: 'duration',
    column: 'duration_s',
    measured: ['containers.duration_s'],
    tolerance: (duration) => Math.max(0.05, duration * 0.01),
  },
  {
    name: 'frame count',
    column: 'frame_count',
    measured: ['containers.presented_frame_count'],
    tolerance: () => 1.5,
  },
  {
    name: 'file size',
    column: 'size_bytes',
    measured: ['files.size_bytes'],
    tolerance: () => 0.5,
  },
];

/** A field that matches fewer clips than this at every offset means something else. */
const LEAST_MATCH = 0.3;
const LEAST_CLIPS = 20;

type Clip = { readonly row: number; readonly measured: readonly (readonly number[])[] };

/**
 * Do the declared width, height, rate, duration, frame count and file size of a row describe its own medium, or that of a row
 * nearby? Needs no neighbouring media: the declared values of the rows around each measured clip are in the manifest.
 */
export async function readMetadataEvidence(
  database: Database,
  columns: ReadonlySet<string>,
): Promise<readonly MetadataEvidence[]> {
  const fields = FIELDS.filter((field) => columns.has(field.column));
  if (fields.length === 0) return [];
  const measured = await database.rows(
    `select sampled.clip_id, any_value(sampled.shard_id) as shard_id,
       any_value(sampled.row_number) as row_number,
       ${fields.map((field, index) => `list_distinct(flatten(list([${field.measured.map((each) => `${each}::double`).join(', ')}]))) as measured_${index}`).join(', ')}
     from sampled_clips as sampled
     left join containers on containers.clip_id = sampled.clip_id
     left join images on images.clip_id = sampled.clip_id
     left join (from files anti join latents using (clip_id, medium)) as files on files.clip_id = sampled.clip_id
     where containers.clip_id is not null or images.clip_id is not null or files.clip_id is not null
     group by sampled.clip_id
     order by sampled.clip_id`,
  );
  if (measured.length === 0) return [];
  const declared = await readDeclared(database, fields);
  const shards = new Map<number, SqlRow[]>();
  for (const row of measured) {
    const id = numberOf(row['shard_id']);
    shards.set(id, [...(shards.get(id) ?? []), row]);
  }
  return [...shards].map(([shardId, rows]) => ({
    shardId,
    ...assessMetadata(
      fields.map((field) => field.name),
      rows.map((row) => ({
        row: numberOf(row['row_number']),
        measured: fields.map((_, index) => numbersOf(row[`measured_${index}`])),
      })),
      (row, field) => declared.get(shardId)?.get(row)?.[field] ?? null,
    ),
  }));
}

/** Rows held against the annotations, in all. */
const MOST_ANNOTATED = 40_000;

/** The same against another table instead of the media: what the source annotations say of the row's key. */
export async function readAnnotatedMetadata(
  database: Database,
  columns: ReadonlySet<string>,
  annotated: ReadonlySet<string>,
): Promise<readonly MetadataEvidence[]> {
  const fields = FIELDS.filter((field) => columns.has(field.column) && annotated.has(field.column));
  if (fields.length === 0 || !annotated.has('key')) return [];
  const rows = await database.rows(
    `select shard_id, row_number,
       ${fields.map(({ column }, index) => `clips.${column}::double as declared_${index}, told.told_${index}`).join(', ')}
     from clips left join (
       select key as told_key, ${fields.map(({ column }, index) => `list(distinct ${column}) as told_${index}`).join(', ')}
       from annotations where key is not null group by key
     ) as told on told.told_key = clips.key::varchar
     order by shard_id, row_number limit ${MOST_ANNOTATED}`,
  );
  const shards = new Map<number, SqlRow[]>();
  for (const row of rows) {
    const id = numberOf(row['shard_id']);
    const shard = shards.get(id) ?? [];
    shards.set(id, shard);
    shard.push(row);
  }
  return [...shards].map(([shardId, own]) => {
    const byRow = new Map(own.map((row) => [numberOf(row['row_number']), row]));
    return {
      shardId,
      ...assessMetadata(
        fields.map((field) => field.name),
        own.map((row) => ({
          row: numberOf(row['row_number']),
          measured: fields.map((_, index) => numbersOf(row[`told_${index}`])),
        })),
        (row, field) => maybe(byRow.get(row)?.[`declared_${field}`], numberOf),
      ),
    };
  });
}

/** Compares the clips of one shard, ascending by row, with the values declared around them. */
export function assessMetadata(
  names: readonly string[],
  clips: readonly Clip[],
  declared: (row: number, field: number) => number | null,
): Omit<MetadataEvidence, 'shardId'> {
  const rowNumbers = Float64Array.from(clips, (clip) => clip.row);
  const silent = (reason: string): Omit<MetadataEvidence, 'shardId'> => ({
    rowNumbers,
    fields: [],
    assessment: { verdict: 'not-assessable', segments: [], shiftP: 1, reason },
    profiles: [],
  });
  if (clips.length < LEAST_CLIPS)
    return silent(`${clips.length} measured clips are too few: at least ${LEAST_CLIPS} are needed`);
  const tables = names.map((name, field) => matchTable(clips, name, field, declared));
  const used = names.filter((_, field) => bestRate(tables[field]) >= LEAST_MATCH);
  if (used.length === 0) return silent('declared values match the media of no row nearby');
  const matches = joinTables(tables.filter((_, field) => used.includes(names[field] ?? '')));
  return {
    rowNumbers,
    fields: used,
    ...assessMatches({ rowNumbers, matches }, `declared ${used.join(' and ')}`),
  };
}

/** 1 where the values declared `k` rows further down describe the clip, 0 where not, NaN where nothing is declared. */
function matchTable(
  clips: readonly Clip[],
  name: string,
  field: number,
  declared: (row: number, field: number) => number | null,
): Float32Array {
  const tolerance = FIELDS.find((each) => each.name === name)?.tolerance ?? (() => 0);
  const table = new Float32Array(clips.length * WIDTH).fill(Number.NaN);
  clips.forEach((clip, index) => {
    const measured = clip.measured[field] ?? [];
    if (measured.length === 0) return;
    for (let offset = -OFFSET_REACH; offset <= OFFSET_REACH; offset += 1) {
      const value = declared(clip.row + offset, field);
      if (value === null) continue;
      const fits = measured.some((each) => Math.abs(each - value) <= tolerance(Math.abs(value)));
      table[index * WIDTH + offset + OFFSET_REACH] = fits ? 1 : 0;
    }
  });
  return table;
}

/** A row matches if all its fields do. */
function joinTables(tables: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(), ...others] = tables;
  return first.map((start, at) => {
    let joined = start;
    for (const table of others) {
      const each = table[at] ?? Number.NaN;
      if (Number.isNaN(each)) continue;
      joined = Number.isNaN(joined) ? each : Math.min(joined, each);
    }
    return joined;
  });
}

/** Declared values of all rows within reach of a sampled clip, by shard and row. */
async function readDeclared(
  database: Database,
  fields: readonly Field[],
): Promise<ReadonlyMap<number, ReadonlyMap<number, readonly (number | null)[]>>> {
  await database.run(
    `create or replace temp table alignment_neighbours as
     select distinct clip_id + offset_rows as clip_id, row_number + offset_rows as row_number
     from sampled_clips, (select unnest(range(-${OFFSET_REACH}, ${OFFSET_REACH + 1})) as offset_rows)
     where row_number + offset_rows >= 0`,
  );
  const rows = await database.rows(
    `select shard_id, row_number, ${fields.map((field, index) => `clips.${field.column}::double as declared_${index}`).join(', ')}
     from clips
     where row_number in (select row_number from alignment_neighbours)
       and clip_id in (select clip_id from alignment_neighbours)`,
  );
  const found = new Map<number, Map<number, readonly (number | null)[]>>();
  for (const row of rows) {
    const shardId = numberOf(row['shard_id']);
    const shard = found.get(shardId) ?? new Map<number, readonly (number | null)[]>();
    found.set(shardId, shard);
    shard.set(
      numberOf(row['row_number']),
      fields.map((_, index) => maybe(row[`declared_${index}`], numberOf)),
    );
  }
  return found;
}

function numbersOf(value: SqlRow[string] | undefined): readonly number[] {
  return Array.isArray(value)
    ? value.flatMap((each) => (typeof each === 'number' ? [each] : []))
    : [];
}
