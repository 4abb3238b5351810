import pMap from 'p-map';

import { findMedium, type MediaHolder } from '../dataset/embedded/held-media.ts';
import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { createTableSql } from '../dataset/table-columns.ts';
import { DailiesError } from '../dailies-error.ts';
import { stampMedium } from '../media/medium-stamp.ts';
import { isUrl, textOfMedium } from '../media/medium-text.ts';
import type { Medium } from '../media/medium.ts';
import { openMedium } from '../media/open-medium.ts';
import { type EvidenceTable, errorRow, type MediaErrorCode } from '../probes/evidence-tables.ts';
import { hashMedium } from '../probes/files.ts';
import type { Progress } from '../progress.ts';
import type { StoreAccess } from '../stores/access.ts';
import { maskSecrets } from '../stores/mask-secrets.ts';
import { refusalOfUrl } from '../stores/address-guard.ts';
import { md5OfVersion } from '../stores/object-version.ts';
import type { Engine } from './engine.ts';
import { type Database, maybe, numberOf, textOf } from './database.ts';
import { countEvidence, EvidenceStore, insertEvidence, isToolFault } from './evidence-store.ts';
import { bindRows, insertRows, selectRows } from './insert-rows.ts';
import { ObjectLog } from './object-log.ts';
import { SilentStores } from './silent-stores.ts';
import type { ProbeTask, ProbeVerdict } from './task.ts';

export type GatherPlan = {
  readonly mediaRoot: string;
  /** Media that lie in columns; null or none: all are files. */
  readonly held?: MediaHolder | null;
  readonly access: StoreAccess;
  /** Columns of `sampled_clips` that name media. */
  readonly mediaColumns: readonly string[];
  readonly decoder: ProbeTask['decoder'];
  readonly engine: Engine;
  readonly cacheFolder: string;
  readonly runId: string;
  readonly objects: ObjectLog;
  readonly silent: SilentStores;
};

/** What is looked at in one go, and how deep. */
export type Pass = {
  /** For people: 'decode keyframes'. */
  readonly name: string;
  readonly wants: readonly EvidenceTable[];
  readonly tier: ProbeTask['tier'];
  /** In the order in which they are looked at. */
  readonly media: readonly Located[];
  /** Where one is reached, media that were not begun by then are left out; null: no limit. */
  readonly most: { readonly bytes: number | null; readonly decode_s: number | null };
};

/** What came of a pass. Evidence of earlier runs costs nothing. */
export type PassReport = {
  /** Media that were not looked at, because a limit was reached. */
  readonly leftOut: readonly Located[];
  readonly cached: number;
  readonly bytes: number;
  /** Of these, for packet tables beyond the header. */
  readonly packetBytes: number;
  /** CPU seconds of decoding. */
  readonly decode_s: number;
};

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

type NamedMedium = {
  readonly clipId: bigint;
  readonly medium: string;
  readonly path: string | null;
};

/** A medium of a sampled clip whose file was found. */
export type Located = NamedMedium & {
  readonly place: Medium;
  readonly identity: string;
  readonly sizeBytes: number;
};

/** Media stat'ed at once. */
const STAT_CONCURRENCY = 16;
/** Media hashed at once: reading is the limit. */
const HASH_CONCURRENCY = 2;

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
  await lookAt(database, plan, pass, progress, signal);
  await hashSameSizes(database, media, plan, progress, signal);
}

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

type Place = Pick<GatherPlan, 'mediaRoot' | 'held' | 'access' | 'objects' | 'silent'>;

/** Takes media out of their columns where they lie in some, and finds all of them. */
async function holdAndLocate(
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
  const { cached } = await lookAt(database, plan, pass, progress, signal);
  return countProbes(database, 'latents', cached);
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

/**
 * Looks at media and adds what was measured to the evidence tables; rows of `frames` take the place of shallower ones.
 * Evidence of an unchanged file (path, size, time) is taken from the cache; the rest goes to the workers.
 */
export async function lookAt(
  database: Database,
  plan: GatherPlan,
  pass: Pass,
  progress: Progress,
  signal: AbortSignal,
): Promise<PassReport> {
  await writeMedia(database, 'media_of_pass', pass.media);
  if (pass.wants.includes('frames')) {
    await database.run(
      'delete from frames using media_of_pass as deeper where frames.clip_id = deeper.clip_id and frames.medium = deeper.medium',
    );
  }
  if (pass.wants.includes('images')) {
    await database.run(
      'delete from images using media_of_pass as deeper where images.clip_id = deeper.clip_id and images.medium = deeper.medium',
    );
  }
  const store = new EvidenceStore(plan.cacheFolder, plan.runId, {
    tier: pass.tier,
    decoder: plan.decoder,
  });
  const missing = await store.missing(database, 'media_of_pass', pass.wants);
  const cached = new Set(pass.media.map((each) => each.identity)).size - missing.size;
  const tasks = planTasks(pass, missing, plan);
  const meter = new Meter(pass);
  try {
    await probe(database, store, tasks, { plan, pass, meter }, progress, signal);
  } finally {
    await store.close();
  }
  if (signal.aborted) throw new DailiesError('interrupted', 'interrupted while looking at media');
  await store.load(database, 'media_of_pass', pass.wants);
  await database.run('drop table media_of_pass');
  const leftOut = pass.media.filter((each) => meter.leftOut.has(each.identity));
  const { bytes, packetBytes, decode_s } = meter;
  return { leftOut, cached, bytes, packetBytes, decode_s };
}

/** What a pass has spent, and whether it may go on. */
class Meter {
  readonly #most: Pass['most'];
  readonly leftOut = new Set<string>();
  bytes = 0;
  packetBytes = 0;
  decode_s = 0;

  constructor(pass: Pass) {
    this.#most = pass.most;
  }

  add(verdict: ProbeVerdict): void {
    const { containers, packets, images, frames } = verdict.evidence;
    for (const row of [containers, packets, images, frames])
      this.bytes += numberIn(row, 'bytes_read');
    this.packetBytes += numberIn(packets, 'bytes_read');
    this.decode_s += numberIn(frames, 'decode_s');
  }

  /** Whether a task fits; once a limit is reached, all that follow are left out. */
  takes(task: ProbeTask): boolean {
    const { bytes, decode_s } = this.#most;
    const isSpent =
      (bytes !== null && this.bytes >= bytes) || (decode_s !== null && this.decode_s >= decode_s);
    if (isSpent) this.leftOut.add(task.id);
    return !isSpent;
  }
}

function numberIn(row: Readonly<Record<string, unknown>> | undefined, column: string): number {
  const value = row?.[column];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

async function listMedia(
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
  await insertEvidence(database, 'files', medium.clipId, medium.medium, {
    ...errorRow('files', code, message),
    exists: code === 'missing-file' ? false : code === 'not-a-file' ? true : null,
    is_file: code === 'not-a-file' ? false : null,
  });
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

/** A medium of a clip and the name of its evidence; null: none was found. */
const MEDIA_COLUMNS = { clip_id: 'BIGINT', medium: 'VARCHAR', identity: 'VARCHAR' } as const;

async function writeMedia(
  database: Database,
  table: string,
  media: readonly {
    readonly clipId: bigint;
    readonly medium: string;
    readonly identity: string | null;
  }[],
): Promise<void> {
  await database.run(createTableSql(table, MEDIA_COLUMNS, 'temp table'));
  const rows = media.map(({ clipId, medium, identity }) => ({
    clip_id: clipId,
    medium,
    identity,
  }));
  await insertRows(database, table, MEDIA_COLUMNS, rows);
}

function planTasks(
  pass: Pass,
  missing: ReadonlyMap<string, readonly EvidenceTable[]>,
  plan: GatherPlan,
): readonly ProbeTask[] {
  const planned = new Set<string>();
  const tasks: ProbeTask[] = [];
  for (const each of pass.media) {
    const wants = missing.get(each.identity);
    if (wants === undefined || planned.has(each.identity)) continue;
    planned.add(each.identity);
    tasks.push({
      id: each.identity,
      medium: each.place,
      ...(isUrl(each.place.source) ? { access: plan.access } : {}),
      ...versionOf(plan.objects.versionOf(each.identity)),
      wants,
      tier: pass.tier,
      decoder: plan.decoder,
    });
  }
  return tasks;
}

function versionOf(version: string | null): Pick<ProbeTask, 'version'> {
  return version === null ? {} : { version };
}

async function probe(
  database: Database,
  store: EvidenceStore,
  tasks: readonly ProbeTask[],
  { plan, pass, meter }: { readonly plan: GatherPlan; readonly pass: Pass; readonly meter: Meter },
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  if (tasks.length === 0) return;
  const wants = new Map(tasks.map((task) => [task.id, task.wants]));
  const byIdentity = new Map<string, Located[]>();
  for (const each of pass.media) {
    const same = byIdentity.get(each.identity);
    if (same === undefined) byIdentity.set(each.identity, [each]);
    else same.push(each);
  }
  const stage = progress.stage(pass.name, tasks.length);
  const { silent } = plan;
  const insertToolFault = async (
    row: Readonly<Record<string, unknown>>,
    table: EvidenceTable,
    identity: string,
  ): Promise<void> => {
    for (const each of byIdentity.get(identity) ?? []) {
      await insertEvidence(database, table, each.clipId, each.medium, row);
    }
  };
  for await (const verdict of plan.engine.map(tasks, {
    signal,
    isWanted: (task) => meter.takes(task) && !silent.isSilent(task.medium),
  })) {
    const wanted = wants.get(verdict.id);
    // Neither a stranger nor a second answer counts.
    if (wanted === undefined) continue;
    wants.delete(verdict.id);
    stage.advance(1);
    meter.add(verdict);
    const [first] = byIdentity.get(verdict.id) ?? [];
    if (first !== undefined && isUrl(first.place.source)) {
      const rows = Object.values(verdict.evidence);
      silent.note(
        first.place,
        rows.every((row) => row['error_code'] === 'unreachable'),
      );
      await plan.objects.note(verdict.id, first.place, verdict.evidence.files);
    }
    await store.append(verdict.id, wanted, verdict);
    for (const table of wanted) {
      const row = verdict.evidence[table];
      if (verdict.outcome === 'ok' && !isToolFault(row)) continue;
      await insertToolFault(
        row ?? errorRow(table, 'decoder-crashed', verdict.reason ?? 'no verdict'),
        table,
        verdict.id,
      );
    }
  }
  // What an engine lost is counted as not looked at, whatever the engine says of itself.
  for (const [id, wanted] of wants) {
    if (meter.leftOut.has(id)) continue;
    for (const table of wanted) {
      const [first] = byIdentity.get(id) ?? [];
      const row =
        first !== undefined && silent.isSilent(first.place)
          ? errorRow(table, 'unreachable', 'not asked: its store had not answered for a minute')
          : errorRow(table, 'internal', 'no verdict came back');
      await insertToolFault(row, table, id);
    }
  }
  stage.done();
}

/** Bytes of objects that are read at most to compare those of equal size. */
const MOST_REMOTE_HASH_BYTES = 2_000_000_000;

/**
 * Exact duplicates have equal sizes: only those media are read whole, and objects not even then, where their store tells the MD5
 * of all of them. Of other objects as many are read as may be; the rest has no hash.
 */
export async function hashSameSizes(
  database: Database,
  located: readonly Located[],
  { access, objects, silent }: Pick<GatherPlan, 'access' | 'objects' | 'silent'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const rows = await database.rows(
    `select clip_id, medium, size_bytes, version from files where size_bytes > 0
     qualify count(*) over (partition by size_bytes) > 1 order by clip_id, medium`,
  );
  if (rows.length === 0) return;
  const wanted = new Map(
    rows.map((row) => [
      `${numberOf(row['clip_id'])}:${textOf(row['medium'])}`,
      { size: numberOf(row['size_bytes']), version: maybe(row['version'], textOf) ?? '' },
    ]),
  );
  const unsummed = new Set<number>();
  const places = new Map<
    string,
    {
      readonly place: Medium;
      readonly identity: string;
      readonly size: number;
      readonly version: string;
    }
  >();
  for (const each of located) {
    const found = wanted.get(`${each.clipId}:${each.medium}`);
    if (found === undefined) continue;
    const { place, identity } = each;
    places.set(textOfMedium(place), { place, identity, ...found });
    const isBucket = /^(s3|gs):/.test(each.place.source) && each.place.range === null;
    if (!isBucket || md5OfVersion(found.version) === null) unsummed.add(found.size);
  }
  const stage = progress.stage('hash files of equal size', places.size);
  let left = MOST_REMOTE_HASH_BYTES;
  const hashes = await pMap(
    places,
    async ([text, { place, identity, size, version }]) => {
      const isRemote = isUrl(place.source);
      const md5 = unsummed.has(size) ? null : md5OfVersion(version);
      const known = md5 === null ? objects.hashOf(identity) : `md5:${md5}`;
      const mayRead = !isRemote || (size <= left && !silent.isSilent(place));
      if (isRemote && known === null && mayRead) left -= size;
      const hash =
        known ?? (mayRead ? await hashMedium(place, access, objects.versionOf(identity)) : null);
      if (isRemote && md5 === null) await objects.noteHash(identity, hash);
      stage.advance(1);
      return [text, hash] as const;
    },
    { concurrency: HASH_CONCURRENCY, signal },
  );
  stage.done();
  const byPlace = new Map(hashes);
  const updates = located
    .filter((each) => wanted.has(`${each.clipId}:${each.medium}`))
    .map((each) => ({
      clip_id: each.clipId,
      medium: each.medium,
      hash: byPlace.get(textOfMedium(each.place)) ?? null,
    }));
  const columns = { clip_id: 'BIGINT', medium: 'VARCHAR', hash: 'VARCHAR' } as const;
  await database.run(
    `update files set content_hash = hashes.hash from (${selectRows(columns)}) as hashes
     where files.clip_id = hashes.clip_id and files.medium = hashes.medium`,
    bindRows(updates),
  );
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
