import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { compareVersions } from '../src/compare/compare-versions.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { Database, numberOf } from '../src/engine/database.ts';
import { peakMemory_bytes } from './peak-memory.ts';

/**
 * `npm run bench:diff [rows] [folder]`: compares two versions of a dataset (1 % of the rows changed, 0.1 % added, 0.1 % removed, in
 * another order and shard layout), beside DuckDB's bare full outer joins of the same files, each in a process of its own.
 */

const BEFORE_SHARDS = 20;
const AFTER_SHARDS = 13;
/** Every hundredth row changed, every thousandth gone. */
const CHANGED_EVERY = 100;
const REMOVED_EVERY = 1_000;

const COLUMNS = [
  'path',
  'caption',
  'source_id',
  'split',
  'duration_s',
  'fps',
  'width',
  'height',
  'sha256',
  'aesthetic',
] as const;

type Task = 'diff' | 'join-key' | 'read' | 'join-columns';
type Measure = {
  readonly seconds: number;
  readonly cpu_s: number;
  readonly peak_bytes: number;
  readonly found: readonly number[];
};

const [first = '10000000', folderArgument, task] = process.argv.slice(2);
const rows = Number(first);
if (!Number.isInteger(rows) || rows < 1_000)
  throw new Error('rows must be a whole number from 1000');

async function main(): Promise<void> {
  const own = folderArgument === undefined ? await mkdtemp(join(tmpdir(), 'dailies-bench-')) : null;
  const folder = folderArgument ?? own ?? '.';
  try {
    await makeVersions(folder);
    const planted = {
      changed: Math.floor(rows / CHANGED_EVERY) - Math.floor(rows / REMOVED_EVERY),
      removed: Math.floor(rows / REMOVED_EVERY),
      added: Math.floor(rows / REMOVED_EVERY),
    };
    print(
      `${rows.toLocaleString('en-US')} rows in ${BEFORE_SHARDS} and ${AFTER_SHARDS} shards, shuffled`,
    );
    const results = new Map<Task, Measure>();
    for (const each of ['join-key', 'read', 'join-columns', 'diff'] as const) {
      const result = await inChild(each, folder);
      results.set(each, result);
      print(
        `${NAMES[each].padEnd(44)} ${result.seconds.toFixed(1).padStart(7)} s  ${result.cpu_s.toFixed(1).padStart(6)} CPU-s  ${Math.round(
          (2 * rows) / result.seconds,
        )
          .toLocaleString('en-US')
          .padStart(11)} rows/s  peak ${(result.peak_bytes / 1e9).toFixed(2)} GB`,
      );
    }
    const diff = results.get('diff');
    if (diff === undefined) return;
    for (const each of ['join-key', 'read', 'join-columns'] as const) {
      const other = results.get(each);
      if (other !== undefined)
        print(
          `dailies diff takes ${(diff.seconds / other.seconds).toFixed(2)} times as long as the ${NAMES[each]}, and ${(diff.cpu_s / other.cpu_s).toFixed(2)} times its CPU`,
        );
    }
    const [added = 0, removed = 0, changed = 0] = diff.found;
    const isExact =
      added === planted.added && removed === planted.removed && changed === planted.changed;
    print(
      `${isExact ? 'exact' : 'NOT EXACT'}: ${added} added, ${removed} removed, ${changed} changed (planted ${planted.added}, ${planted.removed}, ${planted.changed})`,
    );
  } finally {
    if (own !== null) await rm(own, { recursive: true, force: true });
  }
}

const NAMES = {
  'join-key': 'bare full outer join on the key',
  read: 'bare reading: one hash of all columns a row',
  'join-columns': 'bare full outer join, all columns compared',
  diff: 'dailies diff',
} as const satisfies Record<Task, string>;

function isTask(text: string | undefined): text is Task {
  return text !== undefined && Object.hasOwn(NAMES, text);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function makeVersions(folder: string): Promise<void> {
  const done = join(folder, `made-${rows}`);
  if (
    await access(done).then(
      () => true,
      () => false,
    )
  )
    return;
  const database = await openDatabase(join(folder, 'spill'));
  try {
    for (const [version, shards] of [
      ['before', BEFORE_SHARDS],
      ['after', AFTER_SHARDS],
    ] as const) {
      await mkdir(join(folder, version), { recursive: true });
      const isAfter = version === 'after';
      for (let shard = 0; shard < shards; shard++) {
        const from = isAfter
          ? `select * from (
               select range as id from range(${rows}) where range % ${REMOVED_EVERY} <> 7
               union all select range + ${rows} from range(${Math.floor(rows / REMOVED_EVERY)}))
             where hash(id) % ${shards} = ${shard} order by hash(id, 1)`
          : `select range as id from range(${Math.floor((shard * rows) / shards)}, ${Math.floor(((shard + 1) * rows) / shards)})`;
        const isChanged = isAfter ? `id % ${CHANGED_EVERY} = 7` : 'false';
        await database.run(
          `copy (
             select 'clip_' || lpad(id::varchar, 9, '0') as key, 'clips/' || (id // 1000) || '/' || id || '.mp4' as path,
               'A person number ' || hash(id, 2) % 100000 || ' walks along street ' || hash(id, 3) % 1000 || ' in the rain, holding item '
                 || hash(id, 4) || if(${isChanged} and id % 200 = 7, ' today', '') as caption,
               'video_' || id // 20 as source_id, if(hash(id, 5) % 50 = 0, 'val', 'train') as split,
               (hash(id, 6) % 20000) / 1000.0 as duration_s, [24, 25, 30][(hash(id, 7) % 3 + 1)::int]::double as fps,
               1280::int as width, (720 + if(${isChanged} and id % 200 = 107, 16, 0))::int as height,
               md5(id::varchar) as sha256, (hash(id, 8) % 10000) / 10000.0 as aesthetic
             from (${from})
           ) to '${join(folder, version, `part-${String(shard).padStart(3, '0')}.parquet`)}' (format parquet, compression zstd)`,
        );
      }
    }
    await database.run(`copy (select 1 as made) to '${done}' (format csv)`);
  } finally {
    database.close();
  }
}

async function openDatabase(spill: string): Promise<Database> {
  return Database.open({
    memoryLimit: '1200MB',
    tempDirectory: spill,
    threads: 2,
  });
}

async function measure(what: Task, folder: string): Promise<Measure> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const found =
    what === 'diff'
      ? await runDiff(folder)
      : what === 'read'
        ? await runRead(folder)
        : await runJoin(folder, what);
  const used = process.cpuUsage(cpu);
  return {
    seconds: (performance.now() - start) / 1000,
    cpu_s: (used.user + used.system) / 1e6,
    peak_bytes: await peakMemory_bytes(),
    found,
  };
}

async function runDiff(folder: string): Promise<readonly number[]> {
  const diff = await compareVersions({
    before: join(folder, 'before'),
    after: join(folder, 'after'),
    config: { ...DEFAULT_CONFIG, workers: 2 },
    cwd: folder,
    mediaSample: '0',
    removed: null,
    changesFile: null,
    command: [],
  });
  process.stderr.write(`${JSON.stringify(diff.timings)}\n`);
  return [diff.rowFlow.added, diff.rowFlow.removed, diff.rowFlow.changed];
}

/** The least that any comparison of all columns does: both versions decoded and hashed, nothing joined. */
async function runRead(folder: string): Promise<readonly number[]> {
  const database = await openDatabase(join(folder, 'spill'));
  try {
    for (const version of ['before', 'after'])
      await database.row(
        `select bit_xor(hash(key, ${COLUMNS.join(', ')})) from '${join(folder, version)}/*.parquet'`,
      );
    return [];
  } finally {
    database.close();
  }
}

/** What one would type into DuckDB: the files joined on the key, rows counted. */
async function runJoin(folder: string, what: Task): Promise<readonly number[]> {
  const database = await openDatabase(join(folder, 'spill'));
  const differ =
    what === 'join-key'
      ? 'false'
      : COLUMNS.map((name) => `b.${name} is distinct from a.${name}`).join(' or ');
  try {
    const row = await database.row(
      `select count(*) filter (where b.key is null) as added, count(*) filter (where a.key is null) as removed,
         count(*) filter (where b.key is not null and a.key is not null and (${differ})) as changed
       from '${join(folder, 'before')}/*.parquet' as b full join '${join(folder, 'after')}/*.parquet' as a on a.key = b.key`,
    );
    return ['added', 'removed', 'changed'].map((name) => numberOf(row[name]));
  } finally {
    database.close();
  }
}

async function inChild(what: Task, folder: string): Promise<Measure> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), String(rows), folder, what],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${what} ended with code ${code}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: the child of this bench printed it
  return JSON.parse(out) as Measure;
}

if (isTask(task) && folderArgument !== undefined) {
  process.stdout.write(`${JSON.stringify(await measure(task, folderArgument))}\n`);
} else {
  await main();
}
