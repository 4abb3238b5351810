import { DailiesError } from '../dailies-error.ts';
import { isUrl } from '../media/medium-text.ts';
import { errorRow, type EvidenceTable } from '../probes/evidence-tables.ts';
import type { Progress } from '../progress.ts';
import type { Database } from './database.ts';
import { EvidenceStore, insertEvidence, isToolFault } from './evidence-store.ts';
import type { GatherPlan } from './gather-plan.ts';
import { type Located, writeMedia } from './located-media.ts';
import type { ProbeTask, ProbeVerdict } from './task.ts';

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

/**
 * Looks at media and adds what was measured to the evidence tables; rows of `frames` and `images` take the place of shallower ones.
 * Evidence of an unchanged file (path, size, time) is taken from the cache; the rest goes to the workers.
 */
export async function lookAtMedia(
  database: Database,
  plan: GatherPlan,
  pass: Pass,
  progress: Progress,
  signal: AbortSignal,
): Promise<PassReport> {
  await writeMedia(database, 'media_of_pass', pass.media);
  for (const table of ['frames', 'images'] as const)
    if (pass.wants.includes(table))
      await database.run(
        `delete from ${table} using media_of_pass as deeper
         where ${table}.clip_id = deeper.clip_id and ${table}.medium = deeper.medium`,
      );
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
