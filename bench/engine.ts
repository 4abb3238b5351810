import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { Database } from '../src/engine/database.ts';
import type { Engine } from '../src/engine/engine.ts';
import { toJsonLine } from '../src/engine/json-line.ts';
import { localEngine } from '../src/engine/local-engine.ts';
import { probeMedium } from '../src/engine/probe-medium.ts';
import { repeatedHashesSql } from '../src/engine/shuffles/repeated-hashes.ts';
import { DEFAULT_SPARK } from '../src/engine/spark/settings.ts';
import { sparkEngine } from '../src/engine/spark/spark-engine.ts';
import type { ProbeTask } from '../src/engine/task.ts';
import { fileMedium } from '../src/media/medium-text.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { processesLike, startCluster, until } from '../test/spark/cluster.ts';

/** Every medium of the quickstart data is probed so often, and on Spark, whose parts take a second to start. */
const COPIES = 1;
const SPARK_COPIES = 6;
const ROWS = 4_000_000;
const CLIPS = 10_000_000;
/** Node's start and the prober's, for each call of the filter. */
const TASK_START_S = 0.8;
/** From the start of spark-sql to its first task. */
const DRIVER_START_S = 20;
const context = { signal: new AbortController().signal };

function tasksOf(copies: number): readonly ProbeTask[] {
  const media = join(PACKAGE_ROOT, 'examples/quickstart/media');
  const files = readdirSync(media, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(mp4|mkv|webm|mov)$/.test(name),
  );
  return Array.from({ length: copies }, (_, copy) => copy).flatMap((copy) =>
    files.map((file) => ({
      id: `${copy}:${file}`,
      medium: fileMedium(join(media, file)),
      wants: ['files', 'containers', 'packets', 'frames', 'audio'],
      tier: 'frames',
      decoder: 'auto',
    })),
  );
}

/** Seconds of each probe, called in a loop in this process. */
async function probeInLoop(tasks: readonly ProbeTask[]): Promise<readonly number[]> {
  const seconds: number[] = [];
  for (const task of tasks) {
    const start = performance.now();
    await probeMedium(task, null, () => undefined);
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}

async function map(
  engine: Engine,
  tasks: readonly ProbeTask[],
): Promise<{ readonly seconds: number; readonly bytes: number }> {
  const start = performance.now();
  let bytes = 0;
  for await (const verdict of engine.map(tasks, context)) {
    bytes += gzipSync(`${toJsonLine(verdict)}\n`).length;
  }
  return { seconds: (performance.now() - start) / 1000, bytes };
}

/** Wall time of a run by list scheduling: the next part goes to whoever is free first; a wave ends with its last part. */
function simulate(
  seconds: readonly number[],
  plan: { readonly workers: number; readonly perTask: number; readonly perWave: number },
): { readonly wall_s: number; readonly busy: number; readonly tail_s: number } {
  let random = 1;
  const draw = (): number => {
    random = (random * 48_271) % 2_147_483_647;
    return seconds[random % seconds.length] ?? 0;
  };
  let wall_s = DRIVER_START_S;
  let work_s = 0;
  let tail_s = 0;
  for (let done = 0; done < CLIPS; done += plan.perWave) {
    const clips = Math.min(plan.perWave, CLIPS - done);
    const free = new Float64Array(plan.workers);
    for (let part = 0; part < clips; part += plan.perTask) {
      let first = 0;
      for (let worker = 1; worker < free.length; worker++) {
        if ((free[worker] ?? 0) < (free[first] ?? 0)) first = worker;
      }
      let part_s = TASK_START_S;
      for (let clip = part; clip < Math.min(clips, part + plan.perTask); clip++) part_s += draw();
      free[first] = (free[first] ?? 0) + part_s;
      work_s += part_s;
    }
    const end = free.reduce((a, b) => Math.max(a, b), 0);
    wall_s += end;
    tail_s += end - free.reduce((a, b) => a + b, 0) / free.length;
  }
  return { wall_s, busy: work_s / (wall_s * plan.workers), tail_s };
}

/** Seconds from the abort of a run in full swing until nothing of it is left. */
async function cancel(engine: Engine, tasks: readonly ProbeTask[]): Promise<number> {
  const many = Array.from({ length: 40 }, (_, copy) =>
    tasks.map((task) => ({ ...task, id: `${task.id}-${copy}` })),
  ).flat();
  const stop = new AbortController();
  const running = (async () => {
    for await (const verdict of engine.map(many, { signal: stop.signal }))
      if (verdict.id === '') break;
  })().catch(() => undefined);
  await until(() => processesLike(/cli\.js worker --workers 1$/).length > 0, 240_000);
  const start = performance.now();
  stop.abort();
  await running;
  await until(
    () => processesLike(/cli\.js worker --workers 1$|SparkSQLCLIDriver/).length === 0,
    60_000,
  );
  return (performance.now() - start) / 1000;
}

async function shuffleSeconds(folder: string): Promise<number> {
  const database = await Database.open({
    memoryLimit: '600MB',
    tempDirectory: join(folder, 'spill'),
    threads: 2,
  });
  await database.run(
    `create temp table hashes as select i as id, (hash(i % ${(ROWS * 99) / 100}) >> 1)::bigint as hash from range(${ROWS}) as t (i)`,
  );
  const start = performance.now();
  await localEngine(1).query(
    database,
    [
      {
        name: 'answer',
        inputs: { hashed: 'select * from hashes' },
        sql: () => repeatedHashesSql('hashed'),
      },
    ],
    context,
  );
  const seconds = (performance.now() - start) / 1000;
  database.close();
  return seconds;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-bench-engine-'));
  const tasks = tasksOf(COPIES);
  const per = (seconds: number): string => `${((1000 * seconds) / tasks.length).toFixed(1)} ms`;
  await probeInLoop(tasks.slice(0, 4));
  const loop = await probeInLoop(tasks);
  const loop_s = loop.reduce((a, b) => a + b, 0);
  const one = await map(localEngine(1), tasks);
  const two = await map(localEngine(2), tasks);
  console.log(`${tasks.length} clips, every frame`);
  console.log(`  probe in a loop        ${per(loop_s)} a clip`);
  console.log(
    `  local engine, 1 worker ${per(one.seconds)}, ${per(one.seconds - loop_s)} of it overhead`,
  );
  console.log(
    `  local engine, 2 workers: ${(one.seconds / two.seconds).toFixed(2)} times as fast as one`,
  );
  const spark: number[] = [];
  if (process.argv.includes('--spark')) {
    const many = tasksOf(SPARK_COPIES);
    const perMany = (seconds: number): string =>
      `${((1000 * seconds) / many.length).toFixed(1)} ms`;
    for (const count of [1, 2]) {
      const cluster = await startCluster(count);
      const settings = {
        ...DEFAULT_SPARK,
        home: cluster.home,
        master: cluster.master,
        clipsPerTask: Math.ceil(many.length / 8),
        conf: { 'spark.executor.memory': '512m' },
      };
      // The start of the driver is paid once a run, not once a clip.
      const start = await map(
        sparkEngine(settings, join(folder, `start-${count}`)),
        many.slice(0, 1),
      );
      const all = await map(sparkEngine(settings, join(folder, `all-${count}`)), many);
      spark.push(all.seconds - start.seconds);
      console.log(
        `  Spark, ${count} worker(s)     ${perMany(all.seconds - start.seconds)}, after ${start.seconds.toFixed(0)} s of start`,
      );
      if (count === 2) {
        const gone_s = await cancel(sparkEngine(settings, join(folder, 'cancelled')), tasks);
        console.log(
          `  Spark, cancelled: ${gone_s.toFixed(1)} s until no filter and no driver is left`,
        );
      }
      await cluster.stop();
    }
    console.log(
      `  Spark, 2 workers: ${((spark[0] ?? 0) / (spark[1] ?? 1)).toFixed(2)} times as fast as one`,
    );
  } else {
    console.log(
      '  Spark: not measured; pass --spark (it is installed from PyPI, and needs Java 17)',
    );
  }

  const taskBytes =
    tasks.reduce((sum, task) => sum + toJsonLine(task).length + 1, 0) / tasks.length;
  const mediaBytes =
    tasks.reduce((sum, task) => sum + statSync(task.medium.source).size, 0) / tasks.length;
  const verdictBytes = one.bytes / tasks.length;
  console.log(
    `\n10 M clips with these times, simulated; ${(taskBytes * 10).toFixed(0)} MB of tasks out, ${((verdictBytes * 10) / 1000).toFixed(1)} GB of verdicts back, ${((mediaBytes * 10) / 1e6).toFixed(1)} TB of media read`,
  );
  console.log('  workers  clips a wave      wall     busy   waiting for the last of a wave');
  for (const workers of [10, 100, 1000]) {
    for (const perWave of [20_000, 200_000, 2_000_000]) {
      const { wall_s, busy, tail_s } = simulate(loop, { workers, perTask: 200, perWave });
      console.log(
        `  ${String(workers).padStart(7)}  ${String(perWave).padStart(12)}  ${(wall_s / 3600).toFixed(2).padStart(6)} h  ${(100 * busy).toFixed(0).padStart(4)} %  ${(tail_s / 60).toFixed(1).padStart(7)} min`,
      );
    }
  }

  const shuffle_s = await shuffleSeconds(folder);
  const day = 86_400 / (loop_s / tasks.length);
  console.log(
    `\nOne machine: ${(day / 1e6).toFixed(2)} M clips a core and day, every frame; equal hashes among ${ROWS / 1e6} M rows in ${shuffle_s.toFixed(1)} s under 600 MB, so a billion rows in some ${((shuffle_s * 1e9) / ROWS / 3600).toFixed(1)} h. Decoding outgrows it first: at 64 cores and a day that is ${((day * 64) / 1e6).toFixed(0)} M clips.`,
  );
  rmSync(folder, { recursive: true });
}

await main();
