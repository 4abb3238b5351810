import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readShard } from '../../src/analyses/alignment/assess-shard.ts';
import { readVectors } from '../../src/analyses/alignment/read-vectors.ts';
import { SimilarityBand } from '../../src/analyses/alignment/similarity-band.ts';
import { Database } from '../../src/engine/database.ts';

const DIMENSION = 512;
const DRAWN_ROWS = 20_480;
const COLUMNS = { left: 'clip_embedding', right: 'text_embedding' };

/** Each in a process of its own, so that its memory is its own. */
const STEPS: Readonly<Record<string, (database: Database, rows: number) => Promise<unknown>>> = {
  'one pass of DuckDB over the same bytes': async (database) =>
    database.rows('select sum(clip_embedding[1]), sum(list_sum(text_embedding)) from clips'),
  'reading both columns in order': async (database) => readVectors(database, COLUMNS, () => {}),
  'lag scan and tests, reading included': async (database, rows) => {
    const band = new SimilarityBand(DIMENSION, rows);
    await readVectors(database, COLUMNS, ({ row, left, right }) => band.add(row, left, right));
    return readShard(band.finish());
  },
};

const vector = (salt: number): string =>
  `list_transform(range(${DIMENSION}), i -> ((hash(i * 31 + r * ${salt}) % 2001)::float / 1000 - 1)::float)`;

async function openRoom(folder: string, memoryLimit: string): Promise<Database> {
  return Database.open({
    memoryLimit,
    tempDirectory: join(folder, 'spill'),
    threads: 2,
  });
}

/** Makes the shard, or runs one step on it and prints seconds, CPU seconds and megabytes. */
async function runStep(step: string, file: string, rows: number, groupRows: number): Promise<void> {
  const database = await openRoom(
    join(file, '..'),
    step === 'make' ? '4GB' : groupRows > 40_000 ? '1GB' : '512MB',
  );
  try {
    if (step === 'make') {
      // Numbers are drawn for some rows and repeated: what is in them costs nothing, only to draw them does.
      await database.run(
        `create table drawn as select ${vector(7)} as clip_embedding, ${vector(11)} as text_embedding from range(${DRAWN_ROWS}) as t(r)`,
      );
      await database.run(
        `copy (select drawn.* from range(${Math.ceil(rows / DRAWN_ROWS)}), drawn limit ${rows})
         to '${file}' (format parquet, row_group_size ${groupRows})`,
      );
      return;
    }
    await database.run(
      `create view clips as select 0 as shard_id, file_row_number as row_number, clip_embedding, text_embedding
       from read_parquet('${file}', file_row_number = true)`,
    );
    await database.run('create table ledger as select shard_id, row_number from clips');
    await database.run(
      `create table shards as select 0 as shard_id, max(row_group_num_rows) as row_group_rows_max from parquet_metadata('${file}')`,
    );
    const start = performance.now();
    const before = process.cpuUsage();
    await STEPS[step]?.(database, rows);
    const { user, system } = process.cpuUsage(before);
    console.log(
      [
        ((performance.now() - start) / 1000).toFixed(1),
        ((user + system) / 1e6).toFixed(1),
        Math.round(process.resourceUsage().maxRSS / 1024),
      ].join(' | '),
    );
  } finally {
    database.close();
  }
}

/** What the lag scan costs beside a pass over the same bytes, as a table. */
export function printCost(rows: number, groupRows: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-bench-alignment-'));
  const file = join(folder, 'part-0.parquet');
  const run = (step: string): string =>
    execFileSync(
      process.execPath,
      [fileURLToPath(import.meta.url), step, file, String(rows), String(groupRows)],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    ).trim();
  try {
    run('make');
    console.log(
      `\n### Cost: ${rows.toLocaleString('en-US')} rows of two vectors of ${DIMENSION} numbers, offsets -8 to 8\n`,
    );
    console.log('| step | seconds | CPU seconds | peak MB of the process |');
    console.log('| --- | --- | --- | --- |');
    for (const step of Object.keys(STEPS)) console.log(`| ${step} | ${run(step)} |`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [, script, step, file, rows, groupRows] = process.argv;
if (script === fileURLToPath(import.meta.url) && step !== undefined && file !== undefined)
  await runStep(step, file, Number(rows), Number(groupRows));
