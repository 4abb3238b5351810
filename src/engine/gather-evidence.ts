import type { EvidenceTable } from '../probes/evidence-tables.ts';
import type { Progress } from '../progress.ts';
import { type Database, numberOf } from './database.ts';
import { countEvidence } from './evidence-store.ts';
import type { GatherPlan } from './gather-plan.ts';
import { hashSameSizes } from './hash-same-sizes.ts';
import { holdAndLocate, listMedia, locateMedia } from './locate-media.ts';
import { lookAtMedia, type Pass } from './look-at-media.ts';
import { ObjectLog } from './object-log.ts';
import { SilentStores } from './silent-stores.ts';

/** planned = ok + bad + unreachable for one evidence table; cached counts media that were looked at in an earlier run. */
export type ProbeCount = {
  readonly table: EvidenceTable;
  readonly planned: number;
  readonly ok: number;
  readonly bad: number;
  /** Not measured because a store or disk did not give the bytes. */
  readonly unreachable: number;
  readonly cached: number;
  readonly bytesRead: number;
};

/**
 * Fills the evidence tables for all clips in `sampled_clips` in one pass, and writes
 * `sampled_media (clip_id, medium, identity)`. Throws `interrupted` if the signal aborts; what was finished by then is kept in
 * the cache.
 */
export async function gatherEvidence(
  database: Database,
  given: Omit<GatherPlan, 'objects' | 'silent'> & Pick<Pass, 'wants' | 'tier'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const objects = await ObjectLog.open(given.cacheFolder, given.runId);
  const plan = { ...given, objects, silent: new SilentStores() };
  const media = await locateMedia(database, plan, signal);
  const most = { bytes: null, decode_s: null };
  const pass = { name: 'look at media', wants: plan.wants, tier: plan.tier, media, most };
  await lookAtMedia(database, plan, pass, progress, signal);
  await hashSameSizes(database, media, plan, progress, signal);
}

/**
 * Looks at the files of latents and other features that the drawn clips name, after their media: rows of `files` and of
 * `latents`.
 */
export async function lookAtLatents(
  database: Database,
  plan: GatherPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<ProbeCount> {
  const listed = await listMedia(database, plan.mediaColumns);
  // Not every clip has been encoded: a clip without a path is no fault here.
  const named = listed.filter((each) => each.path !== null && each.path !== '');
  const { located: media } = await holdAndLocate(database, named, plan, signal);
  const most = { bytes: null, decode_s: null };
  const wants = ['files', 'latents'] as const;
  const pass = { name: 'read latents', wants, tier: 'header', media, most } as const;
  const { cached } = await lookAtMedia(database, plan, pass, progress, signal);
  return countProbes(database, 'latents', cached);
}

/** Rows of an evidence table by outcome, and the bytes that they cost. */
export async function countProbes(
  database: Database,
  table: EvidenceTable,
  cached: number,
): Promise<ProbeCount> {
  const { ok, bad, unreachable } = await countEvidence(database, table);
  const hasBytes = table !== 'files' && table !== 'audio';
  const bytes = hasBytes
    ? numberOf((await database.row(`select coalesce(sum(bytes_read), 0) as n from ${table}`))['n'])
    : 0;
  const planned = ok + bad + unreachable;
  return { table, planned, ok, bad, unreachable, cached, bytesRead: bytes };
}
