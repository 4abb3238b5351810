import { join, resolve } from 'node:path';

import pMap from 'p-map';

import type { Config } from '../config/config.ts';
import { findMedium } from '../dataset/embedded/held-media.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { Database, maybe, textOf } from '../engine/database.ts';
import { createEvidenceTables } from '../engine/evidence-store.ts';
import type { Engine } from '../engine/engine.ts';
import { gatherEvidence } from '../engine/gather-evidence.ts';
import type { Progress } from '../progress.ts';
import { parseSample, sampleTarget } from '../sampling/draw-sample.ts';
import type { MediaPair } from './diff-document.ts';
import { type MediaFacts, readMediaFacts, readRunFacts } from './media-facts.ts';
import { compareMediaPair } from './media-pair.ts';
import type { Side } from './side.ts';

type MediaPlan = {
  readonly before: Side;
  readonly after: Side;
  readonly config: Config;
  readonly engine: Engine;
  /** As for `parseSample`; null: {@link IMAGES} or {@link VIDEOS}. */
  readonly sample: string | null;
  readonly cwd: string;
};

/** Common clips that are looked at unless somebody says how many: pictures cost a millisecond, videos a tenth of a second. */
const IMAGES = 1_000;
const VIDEOS = 100;
const IMAGE_NAME = /\.(png|jpe?g|webp|gif|avif|tiff?|bmp)$/i;

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
  const { before, after } = plan;
  const access = { before: before.access, after: after.access };
  const pairs = await pMap(
    common,
    async (key) => {
      const [was, is] = [older?.get(key), newer?.get(key)];
      return was === undefined || is === undefined ? null : compareMediaPair(key, was, is, access);
    },
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
  if (side.run !== null)
    return readRunFacts(database, resolve(plan.cwd, side.path), side.run, side.access);
  const columns = ['clip_id', 'key', ...side.mediaColumns].map(quoteIdentifier).join(', ');
  const rows = await database.rows(
    `select ${columns} from ${side.relation} where key in (select unnest(from_json($keys::json, '["varchar"]')))`,
    { keys: JSON.stringify(keys) },
  );
  const own = await Database.open();
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
        held: side.held,
        access: side.access,
        mediaColumns: side.mediaColumns.slice(0, 1),
        wants: ['files', 'containers', 'images', 'frames', 'audio'],
        tier: 'frames',
        decoder: plan.config.decoder,
        engine: plan.engine,
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
    const places = new Map(
      rows.map((row) => {
        const found = findMedium(root, side.held, maybe(row[medium], textOf));
        return [textOf(row['key']), found.ok ? found.medium : null] as const;
      }),
    );
    return new Map(
      [...facts].map(([key, each]) => [key, { ...each, place: places.get(key) ?? null }]),
    );
  } finally {
    own.close();
  }
}
