import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DailiesError } from '../../dailies-error.ts';
import { objectsIn } from './plain-objects.ts';

/** How a job in a child ended. */
export type JobEnd =
  | { readonly kind: 'answered'; readonly answer: unknown; readonly rss_bytes: number }
  /** The handler threw: the child is fine. */
  | { readonly kind: 'failed'; readonly reason: string; readonly rss_bytes: number }
  /** The process died; it is gone. */
  | { readonly kind: 'crashed'; readonly reason: string }
  /** The process was killed at the deadline; it is gone. */
  | { readonly kind: 'timed-out'; readonly reason: string };

/** A child may take this long to start: the machine may be busy, and its clock has not begun. */
const START_TIMEOUT_MS = 30_000;
/** An answer that was sent in time but not yet read (the parent itself was stopped) still counts. */
const GRACE_MS = 250;
/** Kept of what a dying child says. */
const STDERR_CHARACTERS = 2000;
/** Old generation of the child's heap; decoded pictures lie outside it. */
const HEAP_MB = 512;

/** What a child may know of the parent's environment: untrusted input is parsed there, secrets stay away. */
const KEPT_ENVIRONMENT = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'LC_ALL',
  'SystemRoot',
  'LD_LIBRARY_PATH',
  'DAILIES_FFMPEG',
  'DAILIES_FFPROBE',
  // Whom to trust, where a network has its own authority.
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_SYSTEM_CA',
];

/**
 * A forked Node process that decodes untrusted media, in a process group of its own, so that it and what it spawned
 * can be killed at any moment. Runs one job at a time. A forked process rather than a thread: a thread can't be ended
 * inside a native call without taking the process along.
 */
export class KillableChild {
  readonly #process: ChildProcess;
  readonly #ended: Promise<string>;
  #stderr = '';
  #isReady = false;
  #hasEnded = false;
  #listener: ((message: Readonly<Record<string, unknown>>) => void) | null = null;

  /** Starts `entry`, a path inside the package's `dist` such as `src/engine/prober.js`. */
  constructor(entry: string, options: { readonly heap_mb?: number } = {}) {
    this.#process = fork(builtEntry(entry), [String(process.pid)], {
      serialization: 'advanced',
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [`--max-old-space-size=${options.heap_mb ?? HEAP_MB}`],
      env: Object.fromEntries(KEPT_ENVIRONMENT.map((name) => [name, process.env[name]])),
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-STDERR_CHARACTERS);
    });
    this.#process.on('message', (message) => {
      const content = objectsIn([message])[0];
      if (content?.['kind'] === 'ready') this.#isReady = true;
      if (content !== undefined) this.#listener?.(content);
    });
    this.#ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#hasEnded = true;
        resolve(reason);
      };
      this.#process.on('error', (error) => end(error.message));
      this.#process.on('exit', (code, signal) => {
        // What it started may outlive it.
        killGroupOf(this.#process.pid);
        end(signal === null ? `exit code ${code}` : `signal ${signal}`);
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether it still runs. */
  get isAlive(): boolean {
    return !this.#hasEnded;
  }

  /** Lets the parent exit although the child waits for work. */
  unref(): void {
    this.#process.unref();
    this.#process.channel?.unref();
    if (this.#process.stderr instanceof Socket) this.#process.stderr.unref();
  }

  /** Keeps the parent alive again while it waits for an answer. */
  ref(): void {
    this.#process.ref();
    this.#process.channel?.ref();
  }

  /** Waits until the child takes jobs; false if it died or was too slow, and then it is gone. */
  async start(): Promise<boolean> {
    if (this.#isReady) return this.isAlive;
    const outcome = await this.#waitFor(
      (message) => (message['kind'] === 'ready' ? true : undefined),
      () => START_TIMEOUT_MS,
    );
    if (outcome === true) return true;
    await this.kill();
    return false;
  }

  /** What the child last wrote on its standard error. */
  get lastWords(): string {
    return this.#stderr.trim();
  }

  /**
   * Runs one job. The clock starts here, not at the fork. `onNote` gets what the job tells in between, and may set
   * a new deadline, counted from the start of the job.
   */
  async run(
    job: unknown,
    options: {
      readonly deadline_s: number;
      readonly onNote?: (note: unknown) => number | undefined;
    },
  ): Promise<JobEnd> {
    let deadline_ms = options.deadline_s * 1000;
    if (!this.isAlive) return { kind: 'crashed', reason: await this.#ended };
    this.#process.send({ kind: 'job', job }, (error) => {
      if (error !== null) killGroup(this.#process);
    });
    const outcome = await this.#waitFor<JobEnd>(
      (message) => {
        if (message['kind'] === 'note') {
          const changed_s = options.onNote?.(message['note']);
          if (changed_s !== undefined) deadline_ms = changed_s * 1000;
          return undefined;
        }
        const rss_bytes = Number(message['rss_bytes']);
        if (message['kind'] === 'answer')
          return { kind: 'answered', answer: message['answer'], rss_bytes };
        if (message['kind'] === 'failure')
          return { kind: 'failed', reason: String(message['reason']), rss_bytes };
        return undefined;
      },
      () => deadline_ms,
    );
    if (outcome === 'timed-out') {
      await this.kill();
      return {
        kind: 'timed-out',
        reason: `no answer in ${Number((deadline_ms / 1000).toFixed(1))} s`,
      };
    }
    if (outcome === 'ended')
      return { kind: 'crashed', reason: `the decoding process ended: ${await this.#ended}` };
    return outcome;
  }

  /** Kills the child and all it started; returns when it is gone. */
  async kill(): Promise<void> {
    // Nothing else may keep the parent alive until the end is known.
    if (this.isAlive) this.ref();
    killGroup(this.#process);
    await this.#ended;
  }

  #waitFor<T extends object | true>(
    take: (message: Readonly<Record<string, unknown>>) => T | undefined,
    deadline_ms: () => number,
  ): Promise<T | 'timed-out' | 'ended'> {
    const started = performance.now();
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout;
      const settle = (outcome: T | 'timed-out' | 'ended'): void => {
        clearTimeout(timer);
        this.#listener = null;
        resolve(outcome);
      };
      const check = (): void => {
        const left = deadline_ms() - (performance.now() - started);
        if (left > 0) timer = setTimeout(check, left);
        else timer = setTimeout(() => settle('timed-out'), GRACE_MS);
      };
      this.#listener = (message) => {
        const outcome = take(message);
        if (outcome !== undefined) settle(outcome);
        else if (message['kind'] === 'note') {
          clearTimeout(timer);
          check();
        }
      };
      check();
      void this.#ended.then(() => settle('ended'));
    });
  }
}

function killGroup(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // Not yet a group of its own, or a system without groups.
  if (!killGroupOf(child.pid)) child.kill('SIGKILL');
}

/** Kills all processes of a group; false if there is none. */
export function killGroupOf(pid: number | undefined): boolean {
  if (pid === undefined || process.platform === 'win32') return false;
  try {
    return process.kill(-pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** The built file of an entry: found from the package's root, so that sources run by a test runner fork the build. */
function builtEntry(entry: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new DailiesError('engine', `no package.json of dailies above ${import.meta.url}`);
    folder = parent;
  }
  const path = join(folder, 'dist', entry);
  if (!existsSync(path)) {
    throw new DailiesError('engine', `${path} is missing`, { hint: 'run `npm run build`' });
  }
  return path;
}

function isPackageRoot(folder: string): boolean {
  const path = join(folder, 'package.json');
  return (
    existsSync(path) &&
    objectsIn([JSON.parse(readFileSync(path, 'utf8'))])[0]?.['name'] === 'dailies'
  );
}
