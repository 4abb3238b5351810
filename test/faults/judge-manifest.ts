import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compareAnnotatedPaths } from '../../src/analyses/alignment/annotated-paths.ts';
import { quoteLiteral } from '../../src/dataset/sql-quote.ts';
import { Database } from '../../src/engine/database.ts';
import { compileRule } from '../../src/judge/compile-rule.ts';
import { judge } from '../../src/judge/judge.ts';
import { writeLedger } from '../../src/judge/ledger.ts';
import { numberColumns } from '../../src/judge/number-columns.ts';
import { completeClips, furnish } from '../../src/judge/room.ts';
import type { Rule } from '../../src/judge/rule.ts';
import type { ManifestRow } from './clean-manifest.ts';

const TYPES = {
  key: 'varchar',
  path: 'varchar',
  caption: 'varchar',
  split: 'varchar',
  source_id: 'varchar',
  start_s: 'double',
  end_s: 'double',
  source_duration_s: 'double',
  width_px: 'bigint',
  height_px: 'bigint',
  fps: 'double',
  duration_s: 'double',
  frame_count: 'bigint',
  size_bytes: 'bigint',
  content_hash: 'varchar',
  bucket: 'varchar',
  created_at: 'timestamp',
  latent_shape: 'bigint[]',
  latent_dtype: 'varchar',
  clip_embedding: 'float[]',
  text_embedding: 'float[]',
  latent_std: 'double',
  motion_score: 'double',
  watermark_score: 'double',
  views: 'bigint',
  shard: 'integer',
} as const satisfies Readonly<Record<keyof ManifestRow, string>>;

/** Runs manifest rules over rows in the same room, scan and judge as a dataset; gives the keys that each rule reported. */
export async function judgeManifest(
  rules: readonly Rule[],
  rows: readonly ManifestRow[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-manifest-'));
  const database = await Database.open({
    memoryLimit: '1GB',
    tempDirectory: folder,
    threads: 2,
  });
  try {
    const file = join(folder, 'rows.jsonl');
    await writeFile(file, `${rows.map((row) => JSON.stringify(row, asText)).join('\n')}\n`);
    const columns = Object.entries(TYPES).map(([name, type]) => `${name}: '${type}'`);
    const own = Object.keys(TYPES).filter((name) => name !== 'shard');
    await database.run(
      `create table rows_of_test as
       select (shard::bigint << 40) + row_number() over (partition by shard order by place) - 1 as clip_id,
         shard as shard_id, 'part-' || shard as shard,
         row_number() over (partition by shard order by place) - 1 as row_number, ${own.join(', ')}
       from (select *, row_number() over () as place
         from read_json(${quoteLiteral(file)}, format = 'newline_delimited', columns = {${columns.join(', ')}}))`,
    );
    await database.run('create view clips as select * from rows_of_test');
    await database.run(
      `create table shards as select shard_id, any_value(shard) as shard, count(*) as rows, 'read' as state
       from rows_of_test group by shard_id`,
    );
    await completeClips(database);
    await furnish(database);
    await compareAnnotatedPaths(database, new Set(), null);
    const context = {
      today: '2026-01-01',
      numbers: numberColumns(await database.columns('select * from rows_of_test')),
    };
    const compiled = [];
    for (const [index, rule] of rules.entries()) {
      compiled.push(await compileRule(database, rule, index, {}, context));
    }
    const answers = await writeLedger(database, {
      seed: 'faults',
      rules: compiled,
      dimensions: [],
    });
    await database.run('create temp table sampled_clips as select * from clips limit 0');
    await database.run(
      'create temp table sampled_media (clip_id bigint, medium varchar, identity varchar)',
    );
    const { outcomes, findings } = await judge(database, {
      compiled,
      excluded: [],
      answers,
      dimensions: [],
      shardName: String,
      unread: [],
      population: rows.length,
      sampleSize: rows.length,
      maxFindings: rows.length,
    });
    for (const each of outcomes) {
      if (each.outcome === 'errored') throw new Error(`${each.id}: ${each.reason ?? ''}`);
    }
    return new Map(
      rules.map((rule) => [
        rule.id,
        new Set(
          findings
            .filter((finding) => finding.rule_id === rule.id)
            .map((finding) => finding.key ?? finding.message),
        ),
      ]),
    );
  } finally {
    database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** JSON knows neither NaN nor infinity; DuckDB casts their names. */
function asText(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
