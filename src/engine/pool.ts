import { availableParallelism } from 'node:os';

import { DailiesError } from '../dailies-error.ts';
import { type JobEnd, KillableChild } from '../media/decoders/killable-child.ts';
import { objectsIn } from '../media/decoders/plain-objects.ts';
import { handOver } from '../media/hand-over.ts';
import type { MediumFault } from '../media/medium-fault.ts';
import type { Medium } from '../media/medium.ts';
import { isUrl } from '../media/medium-text.ts';
import { MOST_READ_MS } from '../media/open-medium.ts';
import { dropScratchOf, scratchFor } from '../media/scratch-folder.ts';
import {
  errorRow,
  type EvidenceTable,
  type MediaErrorCode,
  isEvidenceTable,
} from '../probes/evidence-tables.ts';
import { DEFAULT_STORE_ACCESS, shareAccess } from '../stores/access.ts';
import { SIGNED_S } from '../stores/presign-object.ts';
import type { TravellingRow } from './probe-medium.ts';
import type { ProbeTask, ProbeVerdict } from './task.ts';

export type PoolOptions = {
  /** Processes; one a core if left out. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Seconds that a medium of this duration (null: unknown) may take. */
  readonly deadline_s?: (duration_s: number | null) => number;
};

/** A child above this is replaced after its answer. */
const MOST_RSS_BYTES = 600 * 1024 * 1024;
/** A child is replaced after so many media, whatever it leaked. */
const MOST_TASKS = 500;
/** A medium is given to a second child when the first died over it: the first may have been ill. */
const ATTEMPTS = 2;
/** Children that never got ready, one after the other, before the run is given up. */
const MOST_FAILED_STARTS = 6;
/** Pause before the second start; it doubles from one to the next. */
const RESTART_PAUSE_MS = 100;
/** Verdicts that wait for the consumer, a worker. */
const MOST_WAITING = 4;

/** 10 s and ten times the duration, at most two minutes; one minute where the duration is unknown. */
export function deadlineOf(duration_s: number | null): number {
  return duration_s === null ? 60 : Math.min(120, 10 + 10 * Math.max(0, duration_s));
}

/**
 * Probes media in child processes: exactly one verdict a task, in the order of completion. Tasks are taken as
 * workers get free, and no faster than verdicts are consumed. A child that crashes or overstays is killed, the task is
 * given to another one once, then its verdict is `bad`. Throws `interrupted` when the signal aborts, `engine` when
 * children can't be started; no process is left behind either way.
 */
export async function* runPool(
  tasks: Iterable<ProbeTask> | AsyncIterable<ProbeTask>,
  options: PoolOptions = {},
): AsyncGenerator<ProbeVerdict, void, undefined> {
  const workers = Math.max(1, Math.floor(options.workers ?? availableParallelism()));
  const source =
    Symbol.asyncIterator in tasks ? tasks[Symbol.asyncIterator]() : tasks[Symbol.iterator]();
  const outbox = new Outbox(workers * MOST_WAITING);
  const slots = Array.from(
    { length: workers },
    () => new Slot(options.deadline_s ?? deadlineOf, workers),
  );
  let isStopped = false;
  let taking: Promise<unknown> = Promise.resolve();
  const takeTask = (): Promise<ProbeTask | null> => {
    const taken = taking.then(async () => {
      if (isStopped) return null;
      const next = await source.next();
      return next.done === true ? null : next.value;
    });
    taking = taken.catch(() => undefined);
    return taken;
  };
  const work = async (slot: Slot): Promise<void> => {
    for (;;) {
      await outbox.hasRoom();
      if (isStopped) return;
      const task = await takeTask();
      if (task === null || isStopped) return;
      const verdict = await slot.probe(task);
      if (verdict === null) return;
      outbox.put(verdict);
    }
  };
  const stop = (): void => {
    isStopped = true;
    for (const slot of slots) slot.stop();
    outbox.close();
  };
  const onAbort = (): void => stop();
  if (options.signal?.aborted === true) stop();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const working = Promise.all(slots.map((slot) => work(slot)));
  const finished = working.then(
    () => outbox.close(),
    (error: unknown) => outbox.close(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    for (;;) {
      const verdict = await outbox.take();
      if (verdict === null) break;
      yield verdict;
    }
    if (options.signal?.aborted === true) {
      throw new DailiesError('interrupted', 'interrupted while looking at media');
    }
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    stop();
    await Promise.all(slots.map((slot) => slot.end()));
    await finished;
    await source.return?.();
  }
}

/** Verdicts on their way to the consumer: bounded, so that a slow consumer slows the workers down. */
class Outbox {
  readonly #most: number;
  readonly #verdicts: ProbeVerdict[] = [];
  #isClosed = false;
  #error: Error | null = null;
  #wake: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  put(verdict: ProbeVerdict): void {
    this.#verdicts.push(verdict);
    this.#changed();
  }

  close(error?: Error): void {
    this.#isClosed = true;
    this.#error ??= error ?? null;
    this.#changed();
  }

  async hasRoom(): Promise<void> {
    while (this.#verdicts.length >= this.#most && !this.#isClosed) await this.#change();
  }

  /** The next verdict; null after the last one. Throws what closed the outbox. */
  async take(): Promise<ProbeVerdict | null> {
    while (this.#verdicts.length === 0 && !this.#isClosed) await this.#change();
    const verdict = this.#verdicts.shift();
    this.#changed();
    if (verdict !== undefined) return verdict;
    if (this.#error !== null) throw this.#error;
    return null;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

/** One place in the pool: a child, replaced whenever it dies or has grown too large. */
class Slot {
  readonly #deadline_s: (duration_s: number | null) => number;
  /** Slots of the pool: together they keep the limits on requests. */
  readonly #workers: number;
  #child: KillableChild | null = null;
  #tasks = 0;
  #isStopped = false;

  constructor(deadline_s: (duration_s: number | null) => number, workers: number) {
    this.#deadline_s = deadline_s;
    this.#workers = workers;
  }

  /** The verdict of a task; null if the slot was stopped before there was one. */
  async probe(task: ProbeTask): Promise<ProbeVerdict | null> {
    let rows: Partial<Record<EvidenceTable, TravellingRow>> = {};
    let last: JobEnd | null = null;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const child = await this.#readyChild();
      if (child === null) return null;
      // Signed anew for each attempt.
      const handed = await handOver(task.medium, task.access ?? DEFAULT_STORE_ACCESS);
      if (!handed.ok) return unreadVerdict(task, handed);
      const { medium } = handed;
      const access = shareAccess(handed.access, this.#workers);
      rows = {};
      const job = { task: { ...task, medium, access }, scratch: await scratchFor(medium) };
      const isSigned = medium.source !== task.medium.source;
      const clock = new TaskClock(medium, this.#deadline_s, isSigned ? SIGNED_S - 60 : Infinity);
      last = await child.run(job, {
        deadline_s: clock.deadline_s,
        onNote: (note) => takeNote(note, rows, clock),
      });
      if (this.#isStopped && last.kind !== 'answered') return null;
      if (last.kind === 'answered' || last.kind === 'failed') {
        this.#tasks++;
        if (last.rss_bytes > MOST_RSS_BYTES || this.#tasks >= MOST_TASKS) await this.#dropChild();
        if (last.kind === 'answered') return { id: task.id, outcome: 'ok', evidence: rows };
      } else {
        this.#child = null;
        await dropScratchOf(child.pid);
      }
    }
    return badVerdict(task, rows, last);
  }

  /** Lets go at once; whatever runs is killed. */
  stop(): void {
    this.#isStopped = true;
    void this.#child?.kill();
  }

  /** Returns when no process is left. */
  async end(): Promise<void> {
    this.#isStopped = true;
    await this.#dropChild();
  }

  async #readyChild(): Promise<KillableChild | null> {
    let lastWords = '';
    for (let start = 0; start < MOST_FAILED_STARTS; start++) {
      if (this.#isStopped) return null;
      if (this.#child !== null && !this.#child.isAlive) this.#child = null;
      if (this.#child === null) {
        this.#child = new KillableChild('src/engine/prober.js');
        this.#tasks = 0;
      }
      const child = this.#child;
      if (await child.start()) return this.#isStopped ? null : child;
      lastWords = child.lastWords;
      this.#child = null;
      await new Promise((resolve) => setTimeout(resolve, RESTART_PAUSE_MS * 2 ** start));
    }
    if (this.#isStopped) return null;
    throw new DailiesError(
      'engine',
      `the probing process does not start: ${lastWords.slice(-500) || 'no reason given'}`,
      {
        hint: 'reinstall the package, or choose the other decoder with --decoder',
      },
    );
  }

  async #dropChild(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.kill();
    await dropScratchOf(child?.pid);
  }
}

/** How long a task may take: by the duration of its medium, and as long as its store takes. */
class TaskClock {
  readonly #of: (duration_s: number | null) => number;
  readonly #store_s: number;
  /** After which a store would refuse what it gave before: a task that lasts longer says that it was slow. */
  readonly #most_s: number;
  #duration_s: number | null = null;
  #waited_s = 0;

  constructor(medium: Medium, of: (duration_s: number | null) => number, most_s: number) {
    this.#of = of;
    this.#most_s = most_s;
    this.#store_s = isUrl(medium.source) ? MOST_READ_MS / 1000 : 0;
  }

  get deadline_s(): number {
    return Math.min(this.#most_s, this.#of(this.#duration_s) + this.#waited_s + this.#store_s);
  }

  /** Learns from a note; the new deadline where it tells something new. */
  learn({ duration_s, waited_s }: Readonly<Record<string, unknown>>): number | undefined {
    if (typeof duration_s === 'number') this.#duration_s = duration_s;
    else if (typeof waited_s === 'number') this.#waited_s = waited_s;
    else return undefined;
    return this.deadline_s;
  }
}

function takeNote(
  note: unknown,
  rows: Partial<Record<EvidenceTable, TravellingRow>>,
  clock: TaskClock,
): number | undefined {
  const content = objectsIn([note])[0];
  if (content === undefined) return undefined;
  const row = objectsIn([content['row']])[0];
  const table = content['table'];
  if (isEvidenceTable(table) && row !== undefined) rows[table] = row;
  return clock.learn(content);
}

/** The verdict about a medium whose store said no before anybody looked. */
function unreadVerdict(task: ProbeTask, { code, message }: MediumFault): ProbeVerdict {
  const evidence = Object.fromEntries(
    task.wants.map((table) => [table, errorRow(table, code, message)]),
  );
  return { id: task.id, outcome: 'ok', evidence };
}

function badVerdict(
  task: ProbeTask,
  rows: Readonly<Partial<Record<EvidenceTable, TravellingRow>>>,
  end: JobEnd | null,
): ProbeVerdict {
  const reason = end === null || end.kind === 'answered' ? 'no answer' : end.reason;
  const code = codeOf(end);
  const evidence: Partial<Record<EvidenceTable, TravellingRow>> = {};
  for (const table of task.wants) evidence[table] = rows[table] ?? errorRow(table, code, reason);
  return { id: task.id, outcome: 'bad', evidence, reason };
}

function codeOf(end: JobEnd | null): MediaErrorCode {
  switch (end?.kind) {
    case 'timed-out':
      return 'decoder-timeout';
    case 'crashed':
      return 'decoder-crashed';
    default:
      return 'internal';
  }
}
