import { join, resolve } from 'node:path';

import pMap from 'p-map';

import type { Config } from '../config/config.ts';
import { resolveMediaPath } from '../dataset/media-path.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { Database, maybe, textOf } from '../engine/database.ts';
import { createEvidenceTables } from '../engine/evidence-store.ts';
import { localEngine } from '../engine/local-engine.ts';
import { gatherEvidence } from '../engine/gather-evidence.ts';
import { hammingDistance } from '../media/measures/perceptual-hashes.ts';
import { hashFile } from '../probes/files.ts';
import type { Progress } from '../progress.ts';
import { parseSample, sampleTarget } from '../sampling/draw-sample.ts';
import type { MediaChanges, MediaPair } from './diff-document.ts';
import { type MediaFacts, readMediaFacts, readRunFacts, thinFrames } from './media-facts.ts';
import type { Side } from './side.ts';

export type MediaPlan = {
  readonly before: Side;
  readonly after: Side;
  readonly config: Config;
  /** As for `parseSample`; null: {@link IMAGES} or {@link VIDEOS}. */
  readonly sample: string | null;
  readonly cwd: string;
};

/** Common clips that are looked at unless somebody says how many: pictures cost a millisecond, videos a tenth of a second. */
const IMAGES = 1_000;
const VIDEOS = 100;
const IMAGE_NAME = /\.(png|jpe?g|webp|gif|avif|tiff?|bmp)$/i;

/**
 * Bits of 64 up to which two pictures are the same. Of 847 emoji redrawn at another scale all but one (a new flag) stay within
 * 12 in the smaller of both hashes; of unrelated emoji 97 % lie beyond.
 */
export const SAME_PICTURE_BITS = 12;
const SAME_DURATION_S = 0.1;
/** Change of mean red, green or blue, of 255, that encoders and scalers do not make: the same emoji stay within 20. */
const SAME_COLOUR = 24;
const HASH_CONCURRENCY = 2;

/** What the media of the same clips are in both versions; a reason in place of it if they cannot be looked at. */
export async function compareMedia(
  database: Database,
  plan: MediaPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ readonly pairs: readonly MediaPair[]; readonly missing: string | null }> {
  const without = [plan.before, plan.after].filter(
    (side) => side.run === null && side.mediaColumns.length === 0,
  );
  if (without.length > 0)
    return {
      pairs: [],
      missing: `${without.map((side) => side.which).join(' and ')}: no column names media`,
    };
  const keys = await sampleKeys(database, plan);
  if (keys.length === 0)
    return { pairs: [], missing: 'the versions share no clip with a unique key' };
  const facts: ReadonlyMap<string, MediaFacts>[] = [];
  for (const side of [plan.before, plan.after])
    facts.push(await factsOf(database, side, keys, plan, progress, signal));
  const [older, newer] = facts;
  const common = keys.filter((key) => older?.has(key) === true && newer?.has(key) === true);
  if (common.length === 0)
    return {
      pairs: [],
      missing: `none of ${keys.length} sampled clips has readable media in both versions`,
    };
  const pairs = await pMap(
    common,
    async (key) => comparePair(key, older?.get(key), newer?.get(key)),
    { concurrency: HASH_CONCURRENCY },
  );
  return { pairs: pairs.filter((pair) => pair !== null), missing: null };
}

/** Keys that stand on one row of each version, chosen by the hash of the key: the same whatever the order or shards. */
async function sampleKeys(database: Database, plan: MediaPlan): Promise<readonly string[]> {
  const { before, after } = plan;
  const path = before.columns.find((column) => column.name === 'path');
  const [first] =
    path === undefined
      ? []
      : await database.rows(
          `select ${quoteIdentifier('path')}::varchar as path from ${before.relation} where path is not null limit 1`,
        );
  const isImage = IMAGE_NAME.test(maybe(first?.['path'], textOf) ?? '');
  const rows = Math.min(before.rows, after.rows);
  const target =
    plan.sample === null
      ? isImage
        ? IMAGES
        : VIDEOS
      : sampleTarget(parseSample(plan.sample), rows);
  // Only rows whose hash lies in the lowest part of the range are joined: four times what is wanted.
  const share = Math.min(1, (4 * target + 100) / Math.max(1, rows));
  const limit =
    share >= 1 ? '' : `where key_hash < ${BigInt(Math.floor(share * 2 ** 53)) << 11n}::ubigint`;
  const found = await database.rows(
    `with b as (select key_hash, min(clip_id) as clip_id from before_rows ${limit} group by key_hash having count(*) = 1),
       a as (select key_hash from after_rows ${limit} group by key_hash having count(*) = 1),
       picked as (select clip_id, key_hash from b join a using (key_hash) order by key_hash limit ${target})
     select key::varchar as key from ${before.relation} join picked using (clip_id) where key is not null order by key_hash`,
  );
  return found.map((row) => textOf(row['key']));
}

async function factsOf(
  database: Database,
  side: Side,
  keys: readonly string[],
  plan: MediaPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MediaFacts>> {
  if (side.run !== null) return readRunFacts(database, resolve(plan.cwd, side.path));
  const columns = ['clip_id', 'key', ...side.mediaColumns].map(quoteIdentifier).join(', ');
  const rows = await database.rows(
    `select ${columns} from ${side.relation} where key in (select unnest(from_json($keys::json, '["varchar"]')))`,
    { keys: JSON.stringify(keys) },
  );
  const own = await Database.open({
    file: ':memory:',
    memoryLimit: '500MB',
    tempDirectory: '',
    threads: 1,
  });
  try {
    await createEvidenceTables(own);
    const media = side.mediaColumns.map((name, i) => `row ->> 'm${i}' as ${quoteIdentifier(name)}`);
    const lines = rows.map((row) => ({
      clip_id: typeof row['clip_id'] === 'bigint' ? row['clip_id'].toString() : null,
      key: row['key'],
      ...Object.fromEntries(side.mediaColumns.map((name, i) => [`m${i}`, row[name]])),
    }));
    await own.run(
      `create temp table sampled_clips as select (row ->> 'clip_id')::bigint as clip_id, row ->> 'key' as key, ${media.join(', ')}
       from (select unnest(from_json($rows::json, '["json"]')) as row)`,
      { rows: JSON.stringify(lines) },
    );
    const root = side.mediaRoot ?? plan.cwd;
    await gatherEvidence(
      own,
      {
        mediaRoot: root,
        mediaColumns: side.mediaColumns.slice(0, 1),
        wants: ['files', 'containers', 'images', 'frames'],
        tier: 'frames',
        decoder: plan.config.decoder,
        engine: localEngine(plan.config.workers ?? 2),
        cacheFolder: plan.config.cacheDirectory ?? join(plan.cwd, '.dailies', 'cache'),
        runId: `diff-${process.pid}`,
      },
      progress,
      signal,
    );
    const facts = await readMediaFacts(
      own,
      (table) =>
        `(select clips.key, ${table}.* from ${table} join sampled_clips as clips using (clip_id))`,
    );
    const [medium = 'path'] = side.mediaColumns;
    const paths = new Map(
      rows.map((row) => {
        const found = resolveMediaPath(root, maybe(row[medium], textOf));
        return [textOf(row['key']), found.ok ? found.absolutePath : null] as const;
      }),
    );
    return new Map(
      [...facts].map(([key, each]) => [key, { ...each, path: paths.get(key) ?? null }]),
    );
  } finally {
    own.close();
  }
}

async function comparePair(
  key: string,
  older: MediaFacts | undefined,
  newer: MediaFacts | undefined,
): Promise<MediaPair | null> {
  if (older === undefined || newer === undefined) return null;
  const sizes = [older, newer].map((each) =>
    each.width_px === null || each.height_px === null
      ? null
      : `${each.width_px} × ${each.height_px}`,
  );
  const [was = null, is = null] = sizes;
  return {
    key,
    bytesChanged: await haveBytesChanged(older, newer),
    pictureDistance: pictureDistance(older.frames, newer.frames),
    durationChange_s: change(older.duration_s, newer.duration_s),
    sizeBefore: was,
    sizeAfter: is,
    fileBefore: older.path,
    fileAfter: newer.path,
    isSizeChanged: was === null || is === null ? null : was !== is,
    colourDistance:
      older.colour === null || newer.colour === null
        ? null
        : Math.max(
            ...older.colour.map((value, i) => Math.abs(value - (newer.colour?.[i] ?? value))),
          ),
  };
}

function change(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : b - a;
}

async function hashOf(facts: MediaFacts): Promise<string | null> {
  return facts.contentHash ?? (facts.path === null ? null : hashFile(facts.path).catch(() => null));
}

/** Files of different size differ; equal sizes are decided by the whole content, as far as it can be read. */
async function haveBytesChanged(older: MediaFacts, newer: MediaFacts): Promise<boolean | null> {
  if (older.size_bytes === null || newer.size_bytes === null) return null;
  if (older.size_bytes !== newer.size_bytes) return true;
  const [a, b] = [await hashOf(older), await hashOf(newer)];
  return a === null || b === null ? null : a !== b;
}

/** Median Hamming distance of the hashes of frames at equal times; of two kinds of hash the smaller distance counts. */
export function pictureDistance(
  older: MediaFacts['frames'],
  newer: MediaFacts['frames'],
): number | null {
  const distances = thinFrames(older)
    .map(({ time_s, hash, dctHash }) => {
      const nearest = newer.reduce<MediaFacts['frames'][number] | null>(
        (best, each) =>
          best === null || Math.abs(each.time_s - time_s) < Math.abs(best.time_s - time_s)
            ? each
            : best,
        null,
      );
      if (nearest === null) return null;
      const byDifference = hammingDistance(hash, nearest.hash);
      return dctHash === null || nearest.dctHash === null
        ? byDifference
        : Math.min(byDifference, hammingDistance(dctHash, nearest.dctHash));
    })
    .filter((distance) => distance !== null)
    .toSorted((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? null;
}

/** Counts of a media comparison, and its story in one sentence. */
export function summariseMedia(
  pairs: readonly MediaPair[],
  missing: string | null,
): MediaChanges | null {
  if (pairs.length === 0) return missing === null ? null : { ...NO_MEDIA, missing };
  const count = (test: (pair: MediaPair) => boolean | null): number =>
    pairs.filter((pair) => test(pair) === true).length;
  const distances = pairs.flatMap((pair) => pair.pictureDistance ?? []).toSorted((a, b) => a - b);
  return {
    looked: pairs.length,
    bytesChanged: count((pair) => pair.bytesChanged),
    bytesUnknown: count((pair) => pair.bytesChanged === null),
    pictureLooked: distances.length,
    pictureChanged: distances.filter((distance) => distance > SAME_PICTURE_BITS).length,
    largestDistance: distances.at(-1) ?? null,
    durationChanged: count((pair) => Math.abs(pair.durationChange_s ?? 0) > SAME_DURATION_S),
    sizeChanged: count((pair) => pair.isSizeChanged),
    colourChanged: count((pair) => (pair.colourDistance ?? 0) > SAME_COLOUR),
    examples: pairs
      .filter(
        (pair) =>
          (pair.pictureDistance ?? 0) > SAME_PICTURE_BITS ||
          pair.isSizeChanged === true ||
          Math.abs(pair.durationChange_s ?? 0) > SAME_DURATION_S,
      )
      .toSorted(
        (a, b) => (b.pictureDistance ?? 0) - (a.pictureDistance ?? 0) || (a.key < b.key ? -1 : 1),
      )
      .slice(0, 20),
    missing,
  };
}

const NO_MEDIA: MediaChanges = {
  looked: 0,
  bytesChanged: 0,
  bytesUnknown: 0,
  pictureLooked: 0,
  pictureChanged: 0,
  largestDistance: null,
  durationChanged: 0,
  sizeChanged: 0,
  colourChanged: 0,
  examples: [],
  missing: null,
};

/** Rows of `media_pairs` for the rules; the caption flag is filled from the comparison of rows. */
export async function insertMediaPairs(
  database: Database,
  pairs: readonly MediaPair[],
): Promise<void> {
  if (pairs.length === 0) return;
  await database.run(
    `insert into media_pairs
     select row ->> 'key', (row ->> 'bytesChanged')::boolean, (row ->> 'pictureDistance')::double,
       (row ->> 'durationChange_s')::double, (row ->> 'isSizeChanged')::boolean, (row ->> 'colourDistance')::double,
       (row ->> 'key') in (select key from pairs where caption_kind in ('words', 'replaced', 'filled', 'emptied') and key is not null)
     from (select unnest(from_json($rows::json, '["json"]')) as row)`,
    { rows: JSON.stringify(pairs) },
  );
}
