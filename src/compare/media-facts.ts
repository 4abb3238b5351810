import { access as reach } from 'node:fs/promises';
import { join } from 'node:path';

import { resolveMediaPath } from '../dataset/media-path.ts';
import { escapeGlob, quoteLiteral } from '../dataset/sql-quote.ts';
import {
  type Database,
  maybe,
  numberOf,
  type SqlRow,
  type SqlValue,
  textOf,
} from '../engine/database.ts';
import { stampMedium } from '../media/medium-stamp.ts';
import type { Medium } from '../media/medium.ts';

import type { StoreAccess } from '../stores/access.ts';
import type { RunDocument } from '../run/document.ts';

/** What was measured of one medium, as far as two versions of it can be compared by it. */
export type MediaFacts = {
  /** Where it still is what was measured; null: nowhere. */
  readonly place: Medium | null;
  readonly size_bytes: number | null;
  readonly contentHash: string | null;
  /** Difference hashes of frames, and their times from the first one; an image has one frame at 0. */
  readonly frames: readonly {
    readonly time_s: number;
    readonly hash: bigint;
    /** DCT hash; null where only difference hashes were made. */
    readonly dctHash: bigint | null;
  }[];
  readonly duration_s: number | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
  /** Means of red, green and blue, 0-255. */
  readonly colour: readonly [number, number, number] | null;
  /** Root mean square of the sound, dB of full scale. */
  readonly loudness_db: number | null;
  readonly audioTracks: number | null;
};

const TABLES = ['files', 'containers', 'images', 'frames', 'audio'] as const;
type Table = (typeof TABLES)[number];

/** Frames of a clip that are compared, spread evenly. */
const MOST_FRAMES = 24;

/**
 * Reads the evidence tables of a version: `relation(table)` is the SQL of one, with `key` and `medium`, or null if it is not there.
 * Only the first medium of a clip is looked at.
 */
export async function readMediaFacts(
  database: Database,
  relation: (table: Table) => string | null,
): Promise<ReadonlyMap<string, MediaFacts>> {
  const facts = new Map<string, MediaFacts>();
  const add = (key: string, more: Partial<MediaFacts>): void => {
    facts.set(key, { ...(facts.get(key) ?? NO_FACTS), ...more });
  };
  const read = async (
    table: Table,
    columns: string,
    use: (row: SqlRow) => Partial<MediaFacts>,
    only = 'true',
  ): Promise<void> => {
    const from = relation(table);
    if (from === null) return;
    const rows = await database.rows(
      `select key, ${columns} from ${from} where error_code is null and key is not null and ${only}
       qualify row_number() over (partition by key order by medium) = 1`,
    );
    for (const row of rows) add(textOf(row['key']), use(row));
  };
  await read(
    'files',
    'size_bytes, content_hash',
    (row) => ({
      size_bytes: maybe(row['size_bytes'], numberOf),
      contentHash: maybe(row['content_hash'], textOf),
    }),
    // Files of latents are no media.
    `coalesce(extension, '') not in ('npy', 'npz', 'safetensors', 'pt', 'pth')`,
  );
  await read(
    'containers',
    'duration_s, display_width_px, display_height_px, audio_track_count',
    (row) => ({
      audioTracks: maybe(row['audio_track_count'], numberOf),
      duration_s: maybe(row['duration_s'], numberOf),
      width_px: maybe(row['display_width_px'], numberOf),
      height_px: maybe(row['display_height_px'], numberOf),
    }),
  );
  await read(
    'images',
    'dhash, phash, upright_width_px, upright_height_px, duration_s, mean_red, mean_green, mean_blue',
    (row) => ({
      frames:
        maybe(row['dhash'], (hash) => [
          { time_s: 0, hash: bigintOf(hash), dctHash: maybe(row['phash'], bigintOf) },
        ]) ?? [],
      duration_s: maybe(row['duration_s'], numberOf),
      width_px: maybe(row['upright_width_px'], numberOf),
      height_px: maybe(row['upright_height_px'], numberOf),
      colour: colourOf(row),
    }),
  );
  await read(
    'frames',
    `dhash, pts_s, list_avg(mean_red) as mean_red, list_avg(mean_green) as mean_green, list_avg(mean_blue) as mean_blue`,
    (row) => ({ frames: framesOf(row['dhash'], row['pts_s']), colour: colourOf(row) }),
  );
  await read('audio', 'rms_db', (row) => ({ loudness_db: maybe(row['rms_db'], numberOf) }));
  return facts;
}

/** Evidence of a run folder, by key; with the path of each file that is still what it was. */
export async function readRunFacts(
  database: Database,
  folder: string,
  run: RunDocument,
  access: StoreAccess,
): Promise<ReadonlyMap<string, MediaFacts>> {
  const present = new Map<string, string>();
  for (const table of TABLES) {
    const file = join(folder, 'evidence', `${table}.parquet`);
    if (await exists(file)) present.set(table, `read_parquet(${quoteLiteral(escapeGlob(file))})`);
  }
  const facts = await readMediaFacts(database, (table) => present.get(table) ?? null);
  const places = await readRunPlaces(database, folder, run);
  const found = new Map<string, MediaFacts>();
  for (const [key, each] of facts) {
    const place = places.get(key) ?? null;
    const stamp =
      place === null || each.size_bytes === null ? null : await stampMedium(place, access);
    const isSame = stamp?.ok === true && stamp.sizeBytes === each.size_bytes;
    found.set(key, isSame ? { ...each, place } : each);
  }
  return found;
}

/** Where the media of a run lay, by key. */
async function readRunPlaces(
  database: Database,
  folder: string,
  run: RunDocument,
): Promise<ReadonlyMap<string, Medium>> {
  const file = join(folder, 'clips.parquet');
  const root = run.dataset.mediaRoot;
  if (root === null || !(await exists(file))) return new Map();
  const rows = await database.rows(
    `select key::varchar as key, path::varchar as path from read_parquet(${quoteLiteral(escapeGlob(file))})
     where key is not null and path is not null
     qualify row_number() over (partition by key order by medium) = 1`,
  );
  return new Map(
    rows.flatMap((row) => {
      const resolved = resolveMediaPath(root, textOf(row['path']));
      return resolved.ok ? [[textOf(row['key']), resolved.medium] as const] : [];
    }),
  );
}

async function exists(file: string): Promise<boolean> {
  return reach(file).then(
    () => true,
    () => false,
  );
}

const NO_FACTS: MediaFacts = {
  place: null,
  size_bytes: null,
  contentHash: null,
  frames: [],
  duration_s: null,
  width_px: null,
  height_px: null,
  colour: null,
  loudness_db: null,
  audioTracks: null,
};

function framesOf(hashes: SqlValue | undefined, times: SqlValue | undefined): MediaFacts['frames'] {
  if (!Array.isArray(hashes) || !Array.isArray(times)) return [];
  const all = hashes.flatMap((hash: SqlValue, i) => {
    const time: SqlValue | undefined = times[i];
    return hash === null || typeof time !== 'number'
      ? []
      : [{ time_s: time, hash: bigintOf(hash), dctHash: null }];
  });
  const first = all[0]?.time_s ?? 0;
  return all.map((frame) => ({ ...frame, time_s: frame.time_s - first }));
}

/** At most {@link MOST_FRAMES} of them, evenly spread. */
export function thinFrames(frames: MediaFacts['frames']): MediaFacts['frames'] {
  if (frames.length <= MOST_FRAMES) return frames;
  return Array.from(
    { length: MOST_FRAMES },
    (_, i) => frames[Math.floor((i * frames.length) / MOST_FRAMES)],
  ).filter((frame) => frame !== undefined);
}

function colourOf(row: SqlRow): MediaFacts['colour'] {
  const [red, green, blue] = ['mean_red', 'mean_green', 'mean_blue'].map((name) =>
    maybe(row[name], numberOf),
  );
  return red == null || green == null || blue == null ? null : [red, green, blue];
}

function bigintOf(value: SqlValue): bigint {
  return typeof value === 'bigint' ? value : BigInt(numberOf(value));
}
