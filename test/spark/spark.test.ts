import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Database } from '../../src/engine/database.ts';
import type { EngineContext } from '../../src/engine/engine.ts';
import { localEngine } from '../../src/engine/local-engine.ts';
import { differingKeysSql } from '../../src/engine/shuffles/differing-keys.ts';
import {
  hotBucketsSql,
  nearOffsetsSql,
  nearPairsSql,
} from '../../src/engine/shuffles/near-hashes.ts';
import { repeatedHashesSql } from '../../src/engine/shuffles/repeated-hashes.ts';
import type { Shuffle } from '../../src/engine/shuffles/shuffle.ts';
import { DEFAULT_SPARK, type SparkSettings } from '../../src/engine/spark/settings.ts';
import { sparkEngine } from '../../src/engine/spark/spark-engine.ts';
import type { ProbeTask, ProbeVerdict } from '../../src/engine/task.ts';
import { fileMedium } from '../../src/media/medium-text.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { type Cluster, processesLike, startCluster, until } from './cluster.ts';

const CLI = join(PACKAGE_ROOT, 'dist/src/cli.js');
const QUICKSTART = join(PACKAGE_ROOT, 'examples/quickstart');
const CONF = {
  // A machine may have a name that leads nowhere.
  'spark.driver.host': '127.0.0.1',
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.executor.memory': '512m',
  'spark.sql.shuffle.partitions': '4',
  'spark.ui.showConsoleProgress': 'false',
};

let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  cluster = await startCluster(2);
}, 600_000);
afterAll(async () => {
  await cluster?.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies on spark '));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function settings(more: Partial<SparkSettings> = {}): SparkSettings {
  return { ...DEFAULT_SPARK, home: cluster.home, master: cluster.master, conf: CONF, ...more };
}

/** Header probes of one clip under many names. */
function tasksOf(path: string, count: number): readonly ProbeTask[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `clip-${index}`,
    medium: fileMedium(path),
    wants: ['files', 'containers', 'packets'],
    tier: 'frames',
    decoder: 'auto',
  }));
}

async function collect(
  tasks: readonly ProbeTask[],
  more: Partial<SparkSettings>,
  context: EngineContext = { signal: new AbortController().signal },
): Promise<readonly ProbeVerdict[]> {
  const verdicts: ProbeVerdict[] = [];
  for await (const verdict of sparkEngine(settings(more), folder).map(tasks, context)) {
    verdicts.push(verdict);
  }
  return verdicts;
}

/** Process ids of filters that executors started. */
function filters(): readonly number[] {
  return processesLike(/node \S*dist\/src\/cli\.js worker --workers 1$/);
}

/** Files that each process has open. */
function openFiles(): readonly { readonly pid: number; readonly open: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        const handles = join('/proc', pid, 'fd');
        const open = readdirSync(handles).map((handle) => readlinkSync(join(handles, handle)));
        return { pid: Number(pid), open };
      } catch {
        // It has gone meanwhile.
        return { pid: Number(pid), open: [] };
      }
    });
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone meanwhile.
  }
}

async function aClip(): Promise<string> {
  const media = join(QUICKSTART, 'media');
  const names = await readdir(media, { recursive: true });
  const path = join(folder, 'clip.mp4');
  await copyFile(join(media, names.find((name) => name.endsWith('.mp4')) ?? ''), path);
  return path;
}

function listOf(rows: readonly (readonly unknown[])[], columns: string): string {
  return `select * from (values ${rows.map((row) => `(${row.join(', ')})`).join(', ')}) as v (${columns})`;
}

function executors(): readonly number[] {
  return processesLike(/CoarseGrainedExecutorBackend/);
}

describe('queries', () => {
  // Nulls, both signs, a bucket too hot to compare, and clips that share frames at an offset.
  const hashes = Array.from({ length: 400 }, (_, index): bigint | null => {
    if (index % 97 === 96) return null;
    if (index < 70) return -12_345n;
    const family = BigInt.asIntN(64, BigInt(Math.floor(index / 3)) * 0x9e3779b97f4a7c15n);
    return BigInt.asIntN(64, family ^ (1n << BigInt((index % 3) * 20 + 3)));
  });
  const hashed = listOf(
    hashes.map((hash, id) => [`${id}::bigint`, `${hash}::bigint`]),
    'id, hash',
  );
  const framed = listOf(
    hashes
      .slice(70)
      .flatMap((hash, index) =>
        [0, 1, 2, 3].map((tick) => [
          `${index % 40}::bigint`,
          `${tick + 4 * Math.floor(index / 40) + (index % 3)}::int`,
          `${hash === null ? null : BigInt.asIntN(64, hash + BigInt(tick) * 0x1234567n)}::bigint`,
        ]),
      ),
    'clip, tick, hash',
  );
  const versionOf = (shift: number): string =>
    listOf(
      Array.from({ length: 60 }, (_, index) => [
        `'${['naïve', '猫', '𝒳', 'ключ', "o''k"][index % 5]}-${(index + shift) % 55}'`,
        `${index % 7 === shift ? -index : index}::bigint`,
      ]),
      'key, row',
    );
  const shuffles: readonly Shuffle[] = [
    {
      name: 'near_pairs',
      inputs: { hashed },
      sql: (d) => nearPairsSql(d, 'hashed', { bits: 4, most: 50 }),
    },
    {
      name: 'hot_buckets',
      inputs: { hashed },
      sql: (d) => hotBucketsSql(d, 'hashed', { member: 'id', most: 50 }),
    },
    {
      name: 'near_offsets',
      inputs: { framed },
      sql: (d) => nearOffsetsSql(d, 'framed', { bits: 6, most: 50, leastMatches: 2 }),
    },
    { name: 'repeated', inputs: { hashed }, sql: () => repeatedHashesSql('hashed') },
    {
      name: 'differing_keys',
      inputs: { older: versionOf(0), newer: versionOf(1) },
      sql: (d) => differingKeysSql(d, 'older', 'newer'),
    },
  ];

  it('have the same answers on Spark and on DuckDB', async () => {
    const database = await Database.open({
      threads: 2,
    });
    const context = { signal: new AbortController().signal };
    const answers = async (): Promise<Readonly<Record<string, unknown>>> => {
      const read: Record<string, unknown> = {};
      for (const { name } of shuffles) {
        read[name] = await database.rows(`select * from ${name} order by all`);
      }
      return read;
    };

    await localEngine(1).query(database, shuffles, context);
    const here = await answers();
    await sparkEngine(settings(), folder).query(database, shuffles, context);
    const there = await answers();
    database.close();

    expect(existsSync('spark-warehouse')).toBe(false);
    for (const { name } of shuffles) {
      expect(here[name], name).not.toEqual([]);
      expect(there[name], name).toEqual(here[name]);
    }
  });
});

describe('a whole audit', () => {
  it('finds the same, byte for byte, on both engines', async () => {
    await writeFile(
      join(folder, 'spark.yaml'),
      JSON.stringify({
        engine: 'spark',
        spark: {
          home: cluster.home,
          master: cluster.master,
          conf: CONF,
          clips_per_task: 20,
          clips_per_wave: 40,
        },
      }),
    );
    const scan = async (name: string, more: readonly string[]): Promise<string> => {
      const run = join(folder, name);
      const done = await runCli([
        'scan',
        QUICKSTART,
        '--quiet',
        '--fail-on=never',
        `--run-dir=${run}`,
        `--cache-dir=${join(folder, `${name}-cache`)}`,
        ...more,
      ]);
      expect(done).toEqual({ code: 0, stderr: '' });
      return run;
    };
    const here = await scan('here', []);
    const there = await scan('there', ['--config', join(folder, 'spark.yaml')]);

    const database = await Database.open({
      threads: 2,
    });
    const findings = (run: string) =>
      database.rows(`select * from read_parquet('${run}/findings.parquet') order by all`);
    expect(await findings(here)).not.toEqual([]);
    expect(await findings(there)).toEqual(await findings(here));
    // Seconds differ from run to run; nothing else may.
    for (const table of ['frames', 'images']) {
      const evidence = (run: string) =>
        database.rows(
          `select columns(lambda name: name <> 'decode_s') from read_parquet('${run}/evidence/${table}.parquet') order by all`,
        );
      expect(await evidence(there), table).toEqual(await evidence(here));
    }
    database.close();
  });
});

describe('a comparison of two versions', () => {
  it('finds the same, byte for byte, on both engines', async () => {
    const config = join(folder, 'spark.yaml');
    const spark = { home: cluster.home, master: cluster.master, conf: CONF };
    await writeFile(config, JSON.stringify({ engine: 'spark', spark }));
    const [older, newer] = ['v1.csv', 'v2.csv'].map((name) => join(folder, name));
    const rows = Array.from({ length: 3000 }, (_, i) => `ключ-${i},"caption ${i % 40} of, 猫"`);
    await writeFile(older ?? '', ['key,caption', ...rows].join('\n'));
    const changed = rows.flatMap((row, i) =>
      i % 100 === 7
        ? []
        : i % 50 === 3
          ? [row.replace('of', 'by')]
          : i % 200 === 5
            ? [row, row]
            : [row],
    );
    await writeFile(newer ?? '', ['key,caption', ...changed].join('\n'));
    const diff = async (name: string, more: readonly string[]): Promise<unknown> => {
      const file = join(folder, `${name}.json`);
      const done = await runCli([
        'diff',
        older ?? '',
        newer ?? '',
        '--quiet',
        '--fail-on=never',
        '--allow-incomplete',
        `--output=json=${file}`,
        ...more,
      ]);
      expect(done.code).toBe(0);
      return { ...JSON.parse(await readFile(file, 'utf8')), timings: null };
    };

    const here = await diff('here', []);
    const there = await diff('there', ['--config', config]);

    expect(here).toMatchObject({ rowFlow: { removed: 30, changed: 60 } });
    expect(there).toEqual(here);
  });
});

describe('an archive with the worker', () => {
  it('is all that executors need', async () => {
    const archive = join(folder, 'worker.tar.gz');
    const pack = join(PACKAGE_ROOT, 'examples/cluster/pack-worker.mjs');
    expect(await runProgram(process.execPath, [pack, archive])).toEqual({ code: 0, stderr: '' });

    const tasks = tasksOf(await aClip(), 4).map((task): ProbeTask => ({
      ...task,
      wants: ['files', 'containers', 'frames'],
    }));
    const verdicts = await collect(tasks, { archive, clipsPerTask: 2 });

    expect(verdicts.map(({ id, outcome }) => `${id} ${outcome}`).toSorted()).toEqual(
      tasks.map(({ id }) => `${id} ok`),
    );
    for (const { evidence } of verdicts) {
      expect(evidence.frames?.['error_code']).toBeNull();
      expect(evidence.frames?.['decoder']).toBe('node-av');
    }
  });
});

describe('faults', () => {
  it('loses none of 2,000 media, and counts none twice, when filters, an executor and a worker are killed', async () => {
    const tasks = tasksOf(await aClip(), 2000);
    const running = collect(tasks, { clipsPerTask: 50, clipsPerWave: 1000 });

    for (let kill = 0; kill < 3; kill++) {
      await until(() => filters().length > 0, 240_000);
      process.kill(filters()[0] ?? 0, 'SIGKILL');
      await until(() => filters().length > 0, 240_000);
    }
    await until(() => executors().length > 0, 240_000);
    process.kill(executors()[0] ?? 0, 'SIGKILL');
    await until(() => filters().length > 0, 240_000);
    process.kill(-(cluster.workers[0] ?? 0), 'SIGKILL');

    const verdicts = await running;
    expect(verdicts).toHaveLength(2000);
    expect(new Set(verdicts.map((verdict) => verdict.id)).size).toBe(2000);
    expect(verdicts.filter((verdict) => verdict.outcome === 'bad')).toEqual([]);
  });

  it('pays one bad verdict each for a medium that kills, one that hangs and one that is no medium', async () => {
    const path = await aClip();
    const poisons = { kills: join(folder, 'kills.mp4'), hangs: join(folder, 'hangs.mp4') };
    await copyFile(path, poisons.kills);
    await copyFile(path, poisons.hangs);
    const deep = { wants: ['frames'], tier: 'full' } as const;
    const lines: readonly ProbeTask[] = [
      ...tasksOf(path, 20),
      ...tasksOf(poisons.kills, 1).map((task) => ({ ...task, ...deep, id: 'kills' })),
      ...tasksOf(poisons.hangs, 1).map((task) => ({ ...task, ...deep, id: 'hangs' })),
      ...tasksOf('no/absolute/path', 1).map((task) => ({ ...task, id: 'throws' })),
    ];
    const watch = setInterval(() => {
      for (const { pid, open } of openFiles()) {
        if (open.includes(poisons.kills)) signalTo(pid, 'SIGKILL');
        if (open.includes(poisons.hangs)) signalTo(pid, 'SIGSTOP');
      }
    }, 2);

    const verdicts = await collect(lines, { clipsPerTask: lines.length });
    clearInterval(watch);

    expect(verdicts.map((verdict) => verdict.id).toSorted()).toEqual(
      lines.map((task) => task.id).toSorted(),
    );
    const outcomes = new Map(verdicts.map((verdict) => [verdict.id, verdict]));
    expect(outcomes.get('kills')?.evidence.frames?.['error_code']).toBe('decoder-crashed');
    expect(outcomes.get('hangs')?.evidence.frames?.['error_code']).toBe('decoder-timeout');
    expect(outcomes.get('throws')?.reason).toContain('medium must have a source');
    expect(
      verdicts.filter((each) => each.outcome === 'bad').map((verdict) => verdict.id),
    ).toHaveLength(3);
  });

  it('goes on where a killed driver left off', async () => {
    const tasks = tasksOf(await aClip(), 600);
    const stop = new AbortController();
    const seen: string[] = [];
    const first = (async () => {
      const engine = sparkEngine(settings({ clipsPerTask: 50, clipsPerWave: 200 }), folder);
      for await (const verdict of engine.map(tasks, { signal: stop.signal })) seen.push(verdict.id);
    })();
    const failed = first.catch((error: unknown) => error);
    await until(() => seen.length >= 200, 240_000);
    for (const driver of processesLike(/SparkSQLCLIDriver/)) process.kill(driver, 'SIGKILL');
    expect(await failed).toMatchObject({ code: 'engine' });

    const advances: number[] = [];
    const verdicts = await collect(
      tasks,
      { clipsPerTask: 50, clipsPerWave: 200 },
      { signal: stop.signal, onAdvance: (_done, of) => advances.push(of) },
    );

    expect(new Set(verdicts.map((verdict) => verdict.id)).size).toBe(600);
    expect(verdicts).toHaveLength(600);
    // What was committed is not done again.
    expect(Math.max(...advances)).toBeLessThanOrEqual(400);
  });

  it('leaves no process when it is cancelled', async () => {
    const tasks = tasksOf(await aClip(), 5000);
    const stop = new AbortController();
    const cancelled = collect(tasks, { clipsPerTask: 2500 }, { signal: stop.signal }).catch(
      (error: unknown) => error,
    );
    await until(() => filters().length > 0, 240_000);

    stop.abort();
    expect(await cancelled).toMatchObject({ code: 'interrupted' });

    await until(
      () => filters().length === 0 && processesLike(/SparkSQLCLIDriver/).length === 0,
      10_000,
    );
    expect(filters()).toEqual([]);
  });

  it('says what Spark said when it does not work', async () => {
    await expect(
      collect(tasksOf(await aClip(), 1), { home: join(folder, 'nowhere') }),
    ).rejects.toMatchObject({ code: 'engine', message: expect.stringContaining('does not start') });
    await expect(
      collect(tasksOf(await aClip(), 1), { master: 'nonsense://here' }),
    ).rejects.toMatchObject({ code: 'engine', message: expect.stringContaining('Master must') });
  });
});

async function runProgram(
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stderr };
}

function runCli(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  return runProgram(process.execPath, [CLI, ...args]);
}
