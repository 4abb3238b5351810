import pMap from 'p-map';

import { findMedium, type MediaHolder } from '../dataset/embedded/held-media.ts';
import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { stampMedium } from '../media/medium-stamp.ts';
import { isUrl } from '../media/medium-text.ts';
import type { Medium } from '../media/medium.ts';
import { openMedium } from '../media/open-medium.ts';
import type { MediaErrorCode } from '../probes/evidence-tables.ts';
import { faultyFile } from '../probes/files.ts';
import { refusalOfUrl } from '../stores/address-guard.ts';
import { maskSecrets } from '../stores/mask-secrets.ts';
import { type Database, maybe, numberOf, textOf } from './database.ts';
import { insertEvidence } from './evidence-store.ts';
import type { GatherPlan } from './gather-plan.ts';
import { type Located, type NamedMedium, writeMedia } from './located-media.ts';

/** Media stat'ed at once. */
const STAT_CONCURRENCY = 16;

type Place = Pick<GatherPlan, 'mediaRoot' | 'held' | 'access' | 'objects' | 'silent'>;

/** Finds the media of the clips in `sampled_clips` and writes `sampled_media`; what is not there becomes a row of `files`. */
export async function locateMedia(
  database: Database,
  plan: Place & Pick<GatherPlan, 'mediaColumns'>,
  signal?: AbortSignal,
): Promise<readonly Located[]> {
  const listed = await listMedia(database, plan.mediaColumns);
  const { media, located } = await holdAndLocate(database, listed, plan, signal);
  await writeSampledMedia(database, media, located);
  return located;
}

/** Takes media out of their columns where they lie in some, and finds all of them; what is not there becomes a row of `files`. */
export async function holdAndLocate(
  database: Database,
  listed: readonly NamedMedium[],
  plan: Place,
  signal?: AbortSignal,
): Promise<{ readonly media: readonly NamedMedium[]; readonly located: readonly Located[] }> {
  const held = plan.held ?? null;
  await held?.hold(
    listed.map((each) => each.path),
    signal,
  );
  const media = held === null ? listed : withoutHoles(listed, held);
  return { media, located: await locate(database, media, plan, signal) };
}

/** Without the cells that are empty, but for one of each clip that has no medium at all. */
function withoutHoles(media: readonly NamedMedium[], held: MediaHolder): readonly NamedMedium[] {
  const full = new Set(
    media.filter((each) => held.find(each.path)?.kind !== 'hole').map((each) => each.clipId),
  );
  const empty = new Set<bigint>();
  return media.filter((each) => {
    if (held.find(each.path)?.kind !== 'hole') return true;
    if (full.has(each.clipId) || empty.has(each.clipId)) return false;
    empty.add(each.clipId);
    return true;
  });
}

/** The media that the clips in `sampled_clips` name; of a clip that names none, one without a path. */
export async function listMedia(
  database: Database,
  columns: readonly string[],
): Promise<readonly NamedMedium[]> {
  const parts = columns.map(
    (column) =>
      `select clip_id, ${quoteLiteral(column)} as medium, ${quoteIdentifier(column)}::varchar as path from sampled_clips`,
  );
  if (parts.length === 0) return [];
  const rows = await database.rows(
    // A clip without any path keeps one row, so that it is reported and not forgotten.
    `select * from (${parts.join(' union all ')}) as media
     qualify path is not null or (count(path) over (partition by clip_id) = 0
       and row_number() over (partition by clip_id order by medium) = 1)
     order by clip_id, medium`,
  );
  return rows.map((row) => ({
    clipId: BigInt(numberOf(row['clip_id'])),
    medium: textOf(row['medium']),
    path: maybe(row['path'], textOf),
  }));
}

/** Finds each file and its identity; what cannot be found becomes a row of `files` at once. */
async function locate(
  database: Database,
  media: readonly NamedMedium[],
  plan: Place,
  signal?: AbortSignal,
): Promise<readonly Located[]> {
  const held = plan.held ?? null;
  const located = await pMap(
    media,
    async (each): Promise<Located | null> => {
      const resolved = findMedium(plan.mediaRoot, held, each.path);
      if (!resolved.ok) {
        await insertFault(database, each, resolved.error_code, resolved.error_message);
        return null;
      }
      const { medium: place } = resolved;
      // A relative path lies where the user pointed; what a row spells out does not.
      const refused = isUrl(each.path ?? '') ? refusalOfUrl(place.source, plan.access) : null;
      if (refused !== null) {
        await insertFault(database, each, 'refused-address', refused.message);
        return null;
      }
      const own = held?.find(each.path);
      if (own?.kind === 'file') {
        const { identity, sizeBytes } = own;
        return { ...each, place, identity: identity.slice(0, 32), sizeBytes };
      }
      const stamp = isUrl(place.source)
        ? await recallObject(place, plan)
        : await stampMedium(place, plan.access);
      if (!stamp.ok) {
        const message = stamp.code === 'missing-file' ? 'no such file' : stamp.message;
        await insertFault(
          database,
          each,
          stamp.code,
          `${maskSecrets(each.path ?? '')}: ${message}`,
        );
        return null;
      }
      return { ...each, place, identity: stamp.identity, sizeBytes: stamp.sizeBytes };
    },
    { concurrency: STAT_CONCURRENCY, ...(signal === undefined ? {} : { signal }) },
  );
  return located.filter((each) => each !== null);
}

/** Size that an object is taken to have until its store has told it. */
const UNKNOWN_BYTES = 1_000_000;

/** An object that an earlier run saw is asked whether it still is what it was; a new one is asked nothing yet. */
async function recallObject(
  place: Medium,
  { access, objects, silent }: Pick<GatherPlan, 'access' | 'objects' | 'silent'>,
): Promise<Awaited<ReturnType<typeof stampMedium>>> {
  const seen = objects.earlier(place);
  const fresh = {
    ok: true,
    identity: objects.newIdentity(place),
    sizeBytes: UNKNOWN_BYTES,
  } as const;
  if (seen === null || silent.isSilent(place)) return fresh;
  const opened = await openMedium(place, access, seen.version, 1);
  silent.note(place, !opened.ok && opened.code === 'unreachable');
  // What is wrong now is for the look itself to find.
  if (!opened.ok) return fresh;
  await opened.reader.close();
  objects.recall(seen);
  return { ok: true, identity: seen.identity, sizeBytes: seen.sizeBytes };
}

async function insertFault(
  database: Database,
  medium: NamedMedium,
  code: MediaErrorCode,
  message: string,
): Promise<void> {
  const row = faultyFile({ code, message });
  await insertEvidence(database, 'files', medium.clipId, medium.medium, row);
}

async function writeSampledMedia(
  database: Database,
  media: readonly NamedMedium[],
  located: readonly Located[],
): Promise<void> {
  const identities = new Map(
    located.map((each) => [`${each.clipId}:${each.medium}`, each.identity]),
  );
  const rows = media.map((each) => ({
    clipId: each.clipId,
    medium: each.medium,
    identity: identities.get(`${each.clipId}:${each.medium}`) ?? null,
  }));
  await writeMedia(database, 'sampled_media', rows);
}
