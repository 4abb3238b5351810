import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DEFAULT_CONFIG } from '../../src/config/config.ts';
import { discoverShards } from '../../src/dataset/discover-shards.ts';
import { openDataset } from '../../src/dataset/open-dataset.ts';
import { quoteLiteral } from '../../src/dataset/sql-quote.ts';
import { Database, numberOf, textOf } from '../../src/engine/database.ts';
import { scan } from '../../src/scan.ts';
import { SILENT } from '../../src/progress.ts';
import { serveFolder } from './range-server.ts';

const ROWS = 200_000;

/** Opening a manifest and reading one column of it may cost so much of the column's chunks; a scan with one rule too. */
const GOAL_FACTOR = 1.2;
/** Beside the chunks: the footer, and first pages to tell what the columns are. */
const GOAL_BESIDE_BYTES = 1_000_000;

async function openRoom(spill: string): Promise<Database> {
  return Database.open({ memoryLimit: '2GB', tempDirectory: spill, threads: 2 });
}

/** Writes a manifest like those of image-text sets: captions, numbers, hashes and vectors of 512 halves. */
async function makeManifest(folder: string): Promise<string> {
  const file = join(folder, 'clips.parquet');
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const database = await openRoom(join(folder, 'spill'));
  await database.run(`copy (
    select 'clip-' || i as key, 'media/' || md5(i::varchar) || '.mp4' as path,
      'A scene of ' || md5('a' || i) || ' and ' || md5('b' || i) || ' by the sea.' as caption,
      md5('content' || i) as content_hash, 640 + i % 1280 as width, 360 + i % 720 as height, 24.0 as fps,
      (hash(i) % 1000000) / 1e6 as aesthetic, (hash(i * 7) % 1000000) / 1e6 as similarity,
      list_transform(range(64), x -> ((hash(i * 64 + x) % 65536) / 32768.0 - 1)::float) as clip_embedding
    from range(${ROWS}) t(i)) to ${quoteLiteral(file)} (format parquet, compression zstd, row_group_size 50000)`);
  database.close();
  return file;
}

/** Prints what one column of a remote manifest costs, beside its chunks; gives whether the goals are met. */
export async function benchRemoteManifest(): Promise<boolean> {
  const folder = join(tmpdir(), `dailies-bench-remote-${ROWS}`);
  const file = await makeManifest(folder);
  const work = await mkdtemp(join(tmpdir(), 'dailies-bench-io-'));
  const server = await serveFolder(folder);
  const url = `${server.origin}/clips.parquet`;
  const lines = [
    '| what is read | chunks of it | fetched | requests | factor | beside the chunks |',
    '|---|---|---|---|---|---|',
  ];
  let isMet = true;
  const tell = (what: string, chunks: number, opening: number): void => {
    const { bytes, requests } = server.take();
    const beside = bytes + opening - chunks;
    const isGood =
      opening === 0
        ? bytes <= chunks * GOAL_FACTOR + GOAL_BESIDE_BYTES
        : bytes <= chunks * GOAL_FACTOR;
    isMet &&= isGood;
    lines.push(
      `| ${what} | ${mb(chunks)} | ${mb(bytes)} | ${requests} | ${chunks === 0 ? '–' : (bytes / chunks).toFixed(2)} | ${mb(beside)}${isGood ? '' : ' (goal missed)'} |`,
    );
  };
  try {
    const known = await openRoom(join(work, 'spill-0'));
    const chunks = new Map(
      (
        await known.rows(
          `select split_part(path_in_schema, ', ', 1) as name, sum(total_compressed_size)::bigint as n
           from parquet_metadata(${quoteLiteral(file)}) group by 1`,
        )
      ).map((row) => [textOf(row['name']), numberOf(row['n'])]),
    );
    known.close();
    const sum = (...names: readonly string[]): number =>
      names.reduce((total, name) => total + (chunks.get(name) ?? 0), 0);
    for (const column of ['caption', 'content_hash', 'aesthetic', 'clip_embedding']) {
      const database = await openRoom(join(work, `spill-${column}`));
      const discovery = await discoverShards([url], { cwd: work });
      await openDataset(database.connection, discovery, { readsLittle: true });
      const opening = server.take();
      await database.rows(`select max(hash(${column})) as n from clips`);
      tell(`\`${column}\`, opened before for ${mb(opening.bytes)}`, sum(column), opening.bytes);
      database.close();
    }
    for (const [rule, names] of [
      ['empty-caption', ['key', 'caption']],
      ['duplicate-key', ['key']],
    ] as const) {
      await scan(
        {
          config: {
            ...DEFAULT_CONFIG,
            dataset: [url],
            tier: 'manifest',
            rules: { ...DEFAULT_CONFIG.rules, select: [rule] },
          },
          cwd: work,
          runFolder: join(work, rule),
          command: [],
        },
        { signal: new AbortController().signal, progress: SILENT },
      );
      tell(`\`dailies scan --select ${rule}\``, sum(...names), 0);
    }
    console.log(
      `one column of a manifest of ${ROWS.toLocaleString('en')} rows over HTTP, ${mb((await stat(file)).size)} in all\n`,
    );
    console.log(lines.join('\n'));
    console.log(
      `\ngoal: at most ${GOAL_FACTOR}x the column's chunks, for a scan ${mb(GOAL_BESIDE_BYTES)} besides: ${isMet ? 'met' : 'NOT met'}`,
    );
    return isMet;
  } finally {
    server.close();
    await rm(work, { recursive: true, force: true });
  }
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
