import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The release that is tested: PySpark's wheel is the vehicle for Spark's jars and scripts. */
const PYSPARK = '4.3.0';

/** A real Spark on loopback: a master and workers, each in a process group of its own. */
export type Cluster = {
  readonly home: string;
  readonly master: string;
  /** Process ids of the workers. */
  readonly workers: readonly number[];
  readonly stop: () => Promise<void>;
};

/** Folder of an installed Spark: `$SPARK_HOME`, else PySpark from PyPI in a virtual environment that is kept. */
export function installSpark(): string {
  const given = process.env['SPARK_HOME'];
  if (given !== undefined && given !== '') return given;
  const folder = join(homedir(), '.cache', 'dailies-test', `pyspark-${PYSPARK}`);
  const python = join(folder, 'bin/python3');
  const asked = 'import os, pyspark; print(os.path.dirname(pyspark.__file__))';
  if (!existsSync(python) || spawnSync(python, ['-c', asked]).status !== 0) {
    run('python3', ['-m', 'venv', folder]);
    run(python, ['-m', 'pip', 'install', '-q', `pyspark==${PYSPARK}`]);
  }
  return run(python, ['-c', asked]).trim();
}

function run(program: string, args: readonly string[]): string {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(`${program} ${args.join(' ')} failed: ${done.stderr ?? done.error?.message}`);
  }
  return done.stdout;
}

/** Starts a master and `count` workers of one core each; waits until all are registered. */
export async function startCluster(count: number): Promise<Cluster> {
  const home = installSpark();
  const folder = await mkdtemp(join(tmpdir(), 'dailies-spark-'));
  const [port, ui] = [await freePort(), await freePort()];
  const master = `spark://127.0.0.1:${port}`;
  const children: ChildProcess[] = [];
  const start = (args: readonly string[]): ChildProcess => {
    const child = spawn(join(home, 'bin/spark-class'), args, {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, SPARK_HOME: home, SPARK_LOCAL_IP: '127.0.0.1' },
    });
    children.push(child);
    return child;
  };
  const deploy = 'org.apache.spark.deploy';
  start([
    `${deploy}.master.Master`,
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--webui-port',
    `${ui}`,
  ]);
  const workers: number[] = [];
  for (let index = 0; index < count; index++) {
    await mkdir(join(folder, `${index}`));
    const { pid } = start([
      `${deploy}.worker.Worker`,
      '--host',
      '127.0.0.1',
      '--cores',
      '1',
      '--memory',
      '1g',
      '--webui-port',
      '0',
      '--work-dir',
      join(folder, `${index}`),
      master,
    ]);
    if (pid !== undefined) workers.push(pid);
  }
  await until(async () => {
    const state: unknown = await (await fetch(`http://127.0.0.1:${ui}/json/`)).json();
    return (
      typeof state === 'object' &&
      state !== null &&
      'aliveworkers' in state &&
      state.aliveworkers === count
    );
  }, 120_000);
  return {
    home,
    master,
    workers,
    stop: async () => {
      for (const { pid } of children) killGroup(pid);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      );
    });
  });
}

/** Waits until something is so; throws when it never is. What throws is not so yet. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  limit_ms: number,
): Promise<void> {
  const start = Date.now();
  for (;;) {
    const found = await Promise.resolve()
      .then(isSo)
      .catch(() => false);
    if (found) return;
    if (Date.now() - start > limit_ms) throw new Error(`not so after ${limit_ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes whose command line matches, by pid. */
export function processesLike(pattern: RegExp): readonly number[] {
  const listing = run('ps', ['-eo', 'pid,args']);
  return listing
    .split('\n')
    .filter((line) => pattern.test(line))
    .map((line) => Number.parseInt(line, 10));
}
