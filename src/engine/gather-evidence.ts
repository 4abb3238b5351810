import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

import pMap from 'p-map';

import { resolveMediaPath } from '../dataset/media-path.ts';
import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { DailiesError } from '../dailies-error.ts';
import { type EvidenceTable, errorRow, type MediaErrorCode } from '../probes/evidence-tables.ts';
import { hashFile } from '../probes/files.ts';
import type { Progress } from '../progress.ts';
import type { Engine } from './engine.ts';
import { type Database, maybe, numberOf, textOf } from './database.ts';
import { countEvidence, EvidenceStore, insertEvidence, isToolFault } from './evidence-store.ts';
import type { ProbeTask } from './task.ts';

export type GatherPlan = {
  readonly mediaRoot: string;
  /** Columns of `sampled_clips` that name media. */
  readonly mediaColumns: readonly string[];
  readonly wants: readonly EvidenceTable[];
  readonly tier: ProbeTask['tier'];
  readonly decoder: ProbeTask['decoder'];
  readonly engine: Engine;
  readonly cacheFolder: string;
  readonly runId: string;
};

/** planned = ok + bad for one evidence table; cached counts media that were looked at in an earlier run. */
export type ProbeCount = {
  readonly table: EvidenceTable;
  readonly planned: number;
  readonly ok: number;
  readonly bad: number;
  readonly cached: number;
  readonly bytesRead: number;
};

type Medium = { readonly clipId: bigint; readonly medium: string; readonly path: string | null };
type Located = Medium & { readonly absolutePath: string; readonly identity: string };

/** Media stat'ed at once. */
const STAT_CONCURRENCY = 16;
/** Media hashed at once: reading is the limit. */
const HASH_CONCURRENCY = 2;

/**
 * Fills the evidence tables for the clips in `sampled_clips`, and writes `sampled_media (clip_id, medium, identity)`.
 * Evidence of an unchanged file (path, size, time) is taken from the cache; the rest goes to the workers.
 * Throws `interrupted` if the signal aborts; what was finished by then is kept in the cache.
 */
export async function gatherEvidence(
  database: Database,
  plan: GatherPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly ProbeCount[]> {
  const media = await listMedia(database, plan.mediaColumns);
  const located = await locate(database, media, plan.mediaRoot);
  await writeSampledMedia(database, media, located);
  const store = new EvidenceStore(plan.cacheFolder, plan.runId, {
    tier: plan.tier,
    decoder: plan.decoder,
  });
  const missing = await store.missing(database, 'sampled_media', plan.wants);
  const cached = new Set(located.map((each) => each.identity)).size - missing.size;
  const tasks = planTasks(located, missing, plan);
  try {
    await probe(database, store, tasks, located, plan, progress, signal);
  } finally {
    await store.close();
  }
  if (signal.aborted) throw new DailiesError('interrupted', 'interrupted while looking at media');
  await store.load(database, 'sampled_media', plan.wants);
  await hashSameSizes(database, located, progress, signal);
  return Promise.all(plan.wants.map(async (table) => countOf(database, table, cached)));
}

async function listMedia(
  database: Database,
  columns: readonly string[],
): Promise<readonly Medium[]> {
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
  media: readonly Medium[],
  root: string,
): Promise<readonly Located[]> {
  const located = await pMap(
    media,
    async (each): Promise<Located | null> => {
      const resolved = resolveMediaPath(root, each.path);
      if (!resolved.ok) {
        await insertFault(database, each, resolved.error_code, resolved.error_message);
        return null;
      }
      try {
        const found = await stat(resolved.absolutePath, { bigint: true });
        const identity = createHash('sha256')
          .update(`${resolved.absolutePath}\0${found.size}\0${found.mtimeNs}\0${found.ino}`)
          .digest('hex')
          .slice(0, 32);
        return { ...each, absolutePath: resolved.absolutePath, identity };
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        await insertFault(
          database,
          each,
          code === 'EACCES' || code === 'EPERM' ? 'permission-denied' : 'missing-file',
          `${each.path}: ${code === 'ENOENT' ? 'no such file' : code}`,
        );
        return null;
      }
    },
    { concurrency: STAT_CONCURRENCY },
  );
  return located.filter((each) => each !== null);
}

async function insertFault(
  database: Database,
  medium: Medium,
  code: MediaErrorCode,
  message: string,
): Promise<void> {
  await insertEvidence(database, 'files', medium.clipId, medium.medium, {
    ...errorRow('files', code, message),
    exists: code === 'missing-file' ? false : null,
  });
}

async function writeSampledMedia(
  database: Database,
  media: readonly Medium[],
  located: readonly Located[],
): Promise<void> {
  await database.run(
    'create temp table sampled_media (clip_id bigint, medium varchar, identity varchar)',
  );
  const identities = new Map(
    located.map((each) => [`${each.clipId}:${each.medium}`, each.identity]),
  );
  const rows = media.map((each) => ({
    c: each.clipId.toString(),
    m: each.medium,
    i: identities.get(`${each.clipId}:${each.medium}`) ?? null,
  }));
  await database.run(
    `insert into sampled_media
     select (row ->> 'c')::bigint, row ->> 'm', row ->> 'i' from (select unnest(from_json($rows::json, '["json"]')) as row)`,
    { rows: JSON.stringify(rows) },
  );
}

function planTasks(
  located: readonly Located[],
  missing: ReadonlyMap<string, readonly EvidenceTable[]>,
  plan: GatherPlan,
): readonly ProbeTask[] {
  const planned = new Set<string>();
  const tasks: ProbeTask[] = [];
  for (const each of located) {
    const wants = missing.get(each.identity);
    if (wants === undefined || planned.has(each.identity)) continue;
    planned.add(each.identity);
    tasks.push({
      id: each.identity,
      path: each.absolutePath,
      wants,
      tier: plan.tier,
      decoder: plan.decoder,
    });
  }
  return tasks;
}

async function probe(
  database: Database,
  store: EvidenceStore,
  tasks: readonly ProbeTask[],
  located: readonly Located[],
  plan: GatherPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  if (tasks.length === 0) return;
  const wants = new Map(tasks.map((task) => [task.id, task.wants]));
  const stage = progress.stage('look at media', tasks.length);
  const insertToolFault = async (
    row: Readonly<Record<string, unknown>>,
    table: EvidenceTable,
    identity: string,
  ): Promise<void> => {
    for (const each of located.filter((medium) => medium.identity === identity)) {
      await insertEvidence(database, table, each.clipId, each.medium, row);
    }
  };
  for await (const verdict of plan.engine.map(tasks, { signal })) {
    const wanted = wants.get(verdict.id);
    // Neither a stranger nor a second answer counts.
    if (wanted === undefined) continue;
    wants.delete(verdict.id);
    stage.advance(1);
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
    for (const table of wanted) {
      await insertToolFault(errorRow(table, 'internal', 'no verdict came back'), table, id);
    }
  }
  stage.done();
}

/** Exact duplicates have equal sizes: only those files are read whole. */
async function hashSameSizes(
  database: Database,
  located: readonly Located[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const rows = await database.rows(
    `select clip_id, medium from files where size_bytes > 0
     qualify count(*) over (partition by size_bytes) > 1 order by clip_id, medium`,
  );
  if (rows.length === 0) return;
  const wanted = new Set(rows.map((row) => `${numberOf(row['clip_id'])}:${textOf(row['medium'])}`));
  const paths = [
    ...new Set(
      located
        .filter((each) => wanted.has(`${each.clipId}:${each.medium}`))
        .map((each) => each.absolutePath),
    ),
  ];
  const stage = progress.stage('hash files of equal size', paths.length);
  const hashes = await pMap(
    paths,
    async (path) => {
      const hash = await hashFile(path).catch(() => null);
      stage.advance(1);
      return [path, hash] as const;
    },
    { concurrency: HASH_CONCURRENCY, signal },
  );
  stage.done();
  const byPath = new Map(hashes);
  const updates = located
    .filter((each) => wanted.has(`${each.clipId}:${each.medium}`))
    .map((each) => ({
      c: each.clipId.toString(),
      m: each.medium,
      h: byPath.get(each.absolutePath) ?? null,
    }));
  await database.run(
    `update files set content_hash = hashes.hash
     from (select (row ->> 'c')::bigint as clip_id, row ->> 'm' as medium, row ->> 'h' as hash
           from (select unnest(from_json($rows::json, '["json"]')) as row)) as hashes
     where files.clip_id = hashes.clip_id and files.medium = hashes.medium`,
    { rows: JSON.stringify(updates) },
  );
}

async function countOf(
  database: Database,
  table: EvidenceTable,
  cached: number,
): Promise<ProbeCount> {
  const { ok, bad } = await countEvidence(database, table);
  const hasBytes = table !== 'files' && table !== 'frames' && table !== 'audio';
  const bytes = hasBytes
    ? numberOf((await database.row(`select coalesce(sum(bytes_read), 0) as n from ${table}`))['n'])
    : 0;
  return { table, planned: ok + bad, ok, bad, cached, bytesRead: bytes };
}
