import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { quoteLiteral } from '../../src/dataset/sql-quote.ts';
import { Database } from '../../src/engine/database.ts';
import { compileRule } from '../../src/judge/compile-rule.ts';
import { judge } from '../../src/judge/judge.ts';
import { writeLedger } from '../../src/judge/ledger.ts';
import { completeClips, furnish } from '../../src/judge/room.ts';
import type { Rule } from '../../src/judge/rule.ts';

/** A row of a manifest made for these tests; the shard is a number from 0. */
export type FaultRow = {
  readonly key: string;
  readonly caption: string | null;
  readonly duration_s?: number | null;
  readonly shard: number;
};

/** Runs rules over rows in the same room, scan and judge as a dataset; gives the keys that each rule reported. */
export async function judgeCaptions(
  rules: readonly Rule[],
  rows: readonly FaultRow[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-captions-'));
  const database = await Database.open({
    memoryLimit: '1GB',
    tempDirectory: folder,
    threads: 2,
  });
  try {
    const file = join(folder, 'rows.jsonl');
    const lines = rows.map((row) =>
      JSON.stringify({ ...row, duration_s: row.duration_s ?? null, path: `${row.key}.mp4` }),
    );
    await writeFile(file, `${lines.join('\n')}\n`);
    await database.run(
      `create table rows_of_test as
       select row_number() over () - 1 as clip_id, shard::integer as shard_id, 'part-' || shard as shard,
         row_number() over (partition by shard) - 1 as row_number, key, path, caption, duration_s
       from read_json(${quoteLiteral(file)}, format = 'newline_delimited', maximum_object_size = 100000000,
         columns = {key: 'varchar', path: 'varchar', caption: 'varchar', duration_s: 'double', shard: 'integer'})`,
    );
    await database.run('create view clips as select * from rows_of_test');
    await completeClips(database);
    await furnish(database);
    const compiled = [];
    for (const [index, rule] of rules.entries()) {
      compiled.push(await compileRule(database, rule, index));
    }
    const answers = await writeLedger(database, {
      seed: 'faults',
      rules: compiled,
      dimensions: [],
    });
    const { findings } = await judge(database, {
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
    return new Map(
      rules.map((rule) => [
        rule.id,
        findings
          .filter((finding) => finding.rule_id === rule.id)
          .map((finding) => finding.key ?? ''),
      ]),
    );
  } finally {
    database.close();
    await rm(folder, { recursive: true, force: true });
  }
}
