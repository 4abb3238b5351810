import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compareVersions } from '../src/compare/compare-versions.ts';
import type { DiffDocument } from '../src/compare/diff-document.ts';
import { type Config, DEFAULT_CONFIG } from '../src/config/config.ts';
import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import { Database } from '../src/engine/database.ts';

export type TableRow = Readonly<Record<string, unknown>>;

/** Makes a folder, hands it over, and removes it. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-diff-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes rows as JSON Lines, in as many shards as asked for; returns the folder. */
export async function writeVersion(
  folder: string,
  name: string,
  rows: readonly TableRow[],
  shards = 1,
): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  for (let shard = 0; shard < shards; shard++) {
    const own = rows.filter((_, i) => i % shards === shard);
    if (own.length === 0 && shard > 0) continue;
    await writeFile(
      join(path, `part-${shard}.jsonl`),
      own.map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
  }
  return path;
}

/** Rewrites a version of JSON Lines as Parquet. */
export async function asParquet(
  from: string,
  to: string,
  options: { readonly compression: string; readonly rowGroup: number; readonly orderBy: string },
): Promise<string> {
  const database = await Database.open();
  try {
    await mkdir(to, { recursive: true });
    await database.run(
      `copy (select * from read_json(${quoteLiteral(join(from, '*.jsonl'))}) order by ${options.orderBy})
       to ${quoteLiteral(join(to, 'all.parquet'))} (format parquet, compression ${options.compression}, row_group_size ${options.rowGroup})`,
    );
  } finally {
    database.close();
  }
  return to;
}

/** Compares two versions without looking at media. */
export async function diffOf(
  before: string,
  after: string,
  config: Partial<Config> = {},
): Promise<DiffDocument> {
  return compareVersions({
    before,
    after,
    config: { ...DEFAULT_CONFIG, workers: 1, ...config },
    cwd: tmpdir(),
    mediaSample: '0',
    removed: null,
    changesFile: null,
    command: [],
  });
}

/** Ids of the rules that failed. */
export function failedRules(diff: DiffDocument): readonly string[] {
  return diff.rules.filter((rule) => rule.outcome === 'failed').map((rule) => rule.id);
}
