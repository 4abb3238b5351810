import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { DEFAULT_STORE_ACCESS } from '../src/stores/access.ts';
import { Database } from '../src/engine/database.ts';
import type { Engine } from '../src/engine/engine.ts';
import { createEvidenceTables } from '../src/engine/evidence-store.ts';
import { gatherEvidence } from '../src/engine/gather-evidence.ts';
import { localEngine } from '../src/engine/local-engine.ts';
import { deadlineOf, runPool, type PoolOptions } from '../src/engine/pool.ts';
import type { ProbeTask, ProbeVerdict } from '../src/engine/task.ts';
import { toJsonLine } from '../src/engine/json-line.ts';
import { runWorker } from '../src/engine/worker.ts';
import { fileMedium } from '../src/media/medium-text.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { SILENT } from '../src/progress.ts';
import { makeClip } from './media-kit/media-kit.ts';

let folder: string;
let short: string;
let long: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-engine-'));
  short = await makeClip({
    source: 'mandelbrot',
    fps: 24,
    duration_s: 1,
    width_px: 160,
    height_px: 90,
  });
  long = await makeClip({
    source: 'testsrc2',
    fps: 30,
    duration_s: 60,
    width_px: 640,
    height_px: 360,
    preset: 'ultrafast',
  });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

afterEach(() => {
  const left = childrenOf(process.pid);
  if (left.length > 0) throw new Error(`probing processes were left behind: ${left.join(' ')}`);
});

/** Children of a process that run Node; test runners have helpers of their own. */
function childrenOf(pid: number): readonly number[] {
  if (!existsSync('/proc/self/stat')) {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split(
      '\n',
    );
    return lines
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .filter((parts) => Number(parts?.[2]) === pid && parts?.[3]?.includes('prober.js') === true)
      .map((parts) => Number(parts?.[1]));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return (
          parent === pid && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes('prober.js')
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

function taskOf(id: string, path: string): ProbeTask {
  return {
    id,
    medium: fileMedium(path),
    wants: ['containers', 'frames'],
    tier: 'frames',
    decoder: 'auto',
  };
}

async function runAll(
  tasks: readonly ProbeTask[],
  options: PoolOptions,
): Promise<readonly ProbeVerdict[]> {
  const verdicts: ProbeVerdict[] = [];
  for await (const verdict of runPool(tasks, options)) verdicts.push(verdict);
  return verdicts;
}

/** Sends a signal to probing children of this process, so many times in all. */
function harass(signal: 'SIGKILL' | 'SIGSTOP', times: number): Promise<void> {
  return (async () => {
    for (let sent = 0, looks = 0; sent < times && looks < 200; looks++) {
      await sleep(50);
      for (const pid of childrenOf(process.pid).slice(0, times - sent)) {
        process.kill(pid, signal);
        sent++;
      }
    }
  })();
}

const ids = (verdicts: readonly ProbeVerdict[]): readonly string[] =>
  verdicts.map((each) => each.id).toSorted();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function* endlessTasks(): Generator<ProbeTask> {
  for (let i = 0; ; i++) yield taskOf(`${i}`, long);
}

function* breakingTasks(): Generator<ProbeTask> {
  yield taskOf('one', short);
  throw new Error('the source broke');
}

describe('the pool', () => {
  it('gives one verdict a task, whatever the medium is', async () => {
    const text = join(folder, 'text.mp4');
    await writeFile(text, 'no video');
    const tasks = [
      taskOf('clip', short),
      taskOf('text', text),
      taskOf('gone', join(folder, 'gone.mp4')),
      taskOf('folder', folder),
    ];
    const verdicts = await runAll(tasks, { workers: 2 });
    expect(ids(verdicts)).toEqual(['clip', 'folder', 'gone', 'text']);
    expect(verdicts.map((each) => each.outcome)).toEqual(['ok', 'ok', 'ok', 'ok']);
    const codes = Object.fromEntries(
      verdicts.map((each) => [each.id, each.evidence.frames?.['error_code']]),
    );
    expect(codes).toEqual({
      clip: null,
      text: 'unknown-format',
      gone: 'missing-file',
      folder: 'not-a-file',
    });
  });

  it('loses nothing when children are killed', async () => {
    const tasks = [taskOf('a', long), taskOf('b', short), taskOf('c', long), taskOf('d', short)];
    const [verdicts] = await Promise.all([runAll(tasks, { workers: 2 }), harass('SIGKILL', 3)]);
    expect(ids(verdicts)).toEqual(['a', 'b', 'c', 'd']);
    for (const verdict of verdicts.filter((each) => each.outcome === 'bad')) {
      expect(verdict.reason).toContain('SIGKILL');
      expect(verdict.evidence.frames?.['error_code']).toBe('decoder-crashed');
    }
  });

  it('is not fooled by a child that is stopped', async () => {
    const tasks = [taskOf('a', short), taskOf('b', long), taskOf('c', long)];
    const seen: string[] = [];
    for await (const verdict of runPool(tasks, { workers: 1, deadline_s: () => 3 })) {
      seen.push(verdict.id);
      // Its first answer shows that the child has started; now it falls silent over the next medium.
      if (verdict.id === 'a') await harass('SIGSTOP', 1);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('calls a medium bad that is too slow twice, and keeps what was learnt before', async () => {
    const [verdict] = await runAll([taskOf('slow', long)], {
      workers: 1,
      deadline_s: (duration_s) => (duration_s === null ? 30 : 0.05),
    });
    expect(verdict).toMatchObject({ id: 'slow', outcome: 'bad', reason: 'no answer in 0.1 s' });
    expect(verdict?.evidence.frames?.['error_code']).toBe('decoder-timeout');
    expect(verdict?.evidence.containers?.['coded_width_px']).toBe(640);
  });

  it('stops when the signal aborts, and leaves no process', async () => {
    const stop = new AbortController();
    const running = (async () => {
      for await (const verdict of runPool(endlessTasks(), { workers: 2, signal: stop.signal }))
        expect(verdict).toBeDefined();
    })();
    while (childrenOf(process.pid).length === 0) await sleep(20);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('leaves no process when its consumer stops early or its source breaks', async () => {
    await expect(
      (async () => {
        for await (const verdict of runPool(breakingTasks(), { workers: 2 }))
          expect(verdict.id).toBe('one');
      })(),
    ).rejects.toThrow('the source broke');
    for await (const verdict of runPool([taskOf('a', short), taskOf('b', long)], { workers: 2 })) {
      expect(verdict.id).toBe('a');
      break;
    }
  });

  it('takes tasks no faster than verdicts are consumed', async () => {
    let taken = 0;
    const counted = function* (): Generator<ProbeTask> {
      for (let i = 0; i < 40; i++) {
        taken++;
        yield taskOf(`${i}`, join(folder, 'gone.mp4'));
      }
    };
    let seen = 0;
    for await (const verdict of runPool(counted(), { workers: 1 })) {
      if (seen === 0) await sleep(300);
      expect(taken - seen).toBeLessThanOrEqual(7);
      expect(verdict.outcome).toBe('ok');
      seen++;
    }
    expect(seen).toBe(40);
  });

  it('gives longer clips more time, within limits', () => {
    expect(deadlineOf(0)).toBe(10);
    expect(deadlineOf(5)).toBe(60);
    expect(deadlineOf(1e6)).toBe(120);
    expect(deadlineOf(null)).toBe(60);
  });

  it('survives hundreds of damaged clips', async () => {
    const bytes = await readFile(short);
    const random = fc.sample(fc.tuple(fc.nat(), fc.nat(255), fc.nat(3)), { numRuns: 150, seed: 5 });
    const tasks: ProbeTask[] = [];
    for (const [i, [at, value, kind]] of random.entries()) {
      const mutant = Buffer.from(bytes);
      const place = at % bytes.length;
      if (kind === 0) mutant.fill(value, place, place + 64);
      if (kind === 1) mutant[place] = value;
      // The index lies in front: that is where a flipped byte asks for gigabytes.
      if (kind === 2) mutant.writeUInt32BE(value << 23, Math.min(place % 2000, bytes.length - 4));
      const path = join(folder, `mutant-${i}.mp4`);
      await writeFile(path, kind === 3 ? mutant.subarray(0, place) : mutant);
      tasks.push(taskOf(`${i}`, path));
    }
    const verdicts = await runAll(tasks, { workers: 2 });
    expect(verdicts).toHaveLength(150);
    expect(new Set(ids(verdicts)).size).toBe(150);
    expect(verdicts.filter((each) => each.outcome === 'bad')).toEqual([]);
  });
});

async function filter(
  lines: readonly string[],
): Promise<{ verdicts: readonly unknown[]; tasks: number; answered: number }> {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(lines.map((line) => `${line}\n`).join(''));
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const count = await runWorker(input, output, { workers: 1 });
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    ...count,
    verdicts: text
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line)),
  };
}

describe('the worker filter', () => {
  it('writes one verdict line for each task line, also for wrong ones', async () => {
    const { verdicts, tasks, answered } = await filter([
      JSON.stringify(taskOf('good', short)),
      'no json',
      JSON.stringify({ ...taskOf('relative', ''), medium: undefined, path: 'x.mp4' }),
      '',
      JSON.stringify({ ...taskOf('more', short), wants: ['secrets'] }),
      JSON.stringify({ ...taskOf('extra', short), shell: 'rm' }),
    ]);
    expect({ tasks, answered }).toEqual({ tasks: 5, answered: 5 });
    expect(verdicts).toHaveLength(5);
    expect(verdicts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'good', outcome: 'ok' }),
        expect.objectContaining({
          id: 'line:2',
          outcome: 'bad',
          reason: expect.stringContaining('no JSON'),
        }),
        expect.objectContaining({
          id: 'relative',
          outcome: 'bad',
          reason: 'path must be an absolute path',
        }),
        expect.objectContaining({ id: 'more', outcome: 'bad' }),
        expect.objectContaining({ id: 'extra', outcome: 'bad', reason: 'unknown member "shell"' }),
      ]),
    );
  });

  it('writes 64-bit hashes with all their digits', () => {
    const line = toJsonLine({
      id: 'a',
      outcome: 'ok',
      evidence: {
        frames: {
          dhash: [-9_223_372_036_854_775_808n, 9_007_199_254_740_993n],
          note: '12n "x"',
          gap: undefined,
          nan: Number.NaN,
        },
      },
    });
    expect(line).toBe(
      '{"id":"a","outcome":"ok","evidence":{"frames":{"dhash":["-9223372036854775808","9007199254740993"],"note":"12n \\"x\\"","nan":null}}}',
    );
  });

  it('goes with its children when whoever started it is killed', async () => {
    const cli = join(PACKAGE_ROOT, 'dist/src/cli.js');
    // A shell in between is the parent that dies; the pipe stays open in this process.
    const shell = spawn(
      'sh',
      ['-c', `exec 3<&0; '${process.execPath}' '${cli}' worker <&3 & echo $!; wait`],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    const worker = await new Promise<number>((resolve) => {
      shell.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString('utf8').trim())));
    });
    for (let i = 0; i < 20; i++) shell.stdin.write(`${JSON.stringify(taskOf(`${i}`, long))}\n`);
    let probers: readonly number[] = [];
    for (let look = 0; look < 200 && probers.length === 0; look++) {
      await sleep(50);
      probers = childrenOf(worker);
    }
    expect(probers).not.toEqual([]);
    shell.kill('SIGKILL');
    for (let look = 0; look < 200 && [worker, ...probers].some(isAlive); look++) await sleep(50);
    expect([worker, ...probers].filter(isAlive)).toEqual([]);
    shell.stdin.destroy();
  });
});

describe('gathering evidence', () => {
  it('calls what an engine lost not looked at, and counts a second answer once', async () => {
    const database = await Database.open();
    await createEvidenceTables(database);
    await database.run(
      `create temp table sampled_clips as select * from (values (0, 'a', 'short.mp4'), (1, 'b', 'long.mp4')) as v (clip_id, key, path)`,
    );
    await copyFile(short, join(folder, 'short.mp4'));
    await copyFile(long, join(folder, 'long.mp4'));
    const local = localEngine(1);
    let lost = '';
    const careless: Engine = {
      ...local,
      map: async function* (tasks, context) {
        lost = tasks[0]?.id ?? '';
        for await (const verdict of local.map(tasks, context)) {
          if (verdict.id !== lost) yield* [verdict, verdict];
        }
      },
    };

    await gatherEvidence(
      database,
      {
        mediaRoot: folder,
        access: DEFAULT_STORE_ACCESS,
        mediaColumns: ['path'],
        wants: ['files', 'containers'],
        tier: 'header',
        decoder: 'auto',
        engine: careless,
        cacheFolder: join(folder, 'cache'),
        runId: 'run',
      },
      SILENT,
      new AbortController().signal,
    );

    const rows = await database.rows(
      'select clip_id, error_code, error_message from containers order by clip_id',
    );
    database.close();
    expect(rows).toEqual([
      { clip_id: 0n, error_code: 'internal', error_message: 'no verdict came back' },
      { clip_id: 1n, error_code: null, error_message: null },
    ]);
  });
});
