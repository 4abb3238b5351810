import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Database, type SqlParameters } from '../src/engine/database.ts';
import type { CompiledRule } from '../src/judge/compile-rule.ts';
import { selectShared } from '../src/judge/ledger.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { openRoom } from '../src/judge/room.ts';
import { compileAll } from '../src/judge/select-rules.ts';
import { makeManifest } from './make-manifest.ts';

/** Rows of the manifest; the first argument overrides it. */
const ROWS = Number(process.argv[2] ?? 1_000_000);

/** The row rules of the first release, which are the ones that every caption meets. */
const FIRST = new Set(
  'empty-caption placeholder-caption refusal-caption looping-caption mojibake-caption web-noise-caption'.split(
    ' ',
  ),
);

/** CPU of all row predicates fused into one statement, beside DuckDB reading the same columns once. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-bench-rows-'));
  const database = await Database.open({
    memoryLimit: '2GB',
    tempDirectory: folder,
    threads: 2,
  });
  const dataset = await openRoom(database, {
    inputs: [await makeManifest(ROWS)],
    cwd: folder,
    columns: {},
    mediaRoot: null,
    ownFolders: [],
  });
  const clipColumns = new Set(dataset.columns.map((column) => column.role ?? column.name));
  const { compiled } = await compileAll(
    database,
    await loadRules(),
    {},
    {
      clipColumns,
      evidence: new Set(),
      tier: 'manifest',
      hasMedia: false,
      hasLatents: false,
      noDecoder: null,
      decoder: null,
      tables: new Set(['ledger', 'shards']),
      numbers: [],
      today: '2026-01-01',
    },
  );
  const fused = compiled.filter((each) => each.where !== null && each.evidence.length === 0);
  const read = await cpu(database, 'select bit_xor(hash(columns(*))) from manifest', []);
  console.log(`${ROWS.toLocaleString('en-US')} rows, captions of about 100 words`);
  console.log(`the columns read once      ${read.toFixed(2)} CPU-s`);
  for (const [name, rules] of [
    ['row rules of 0.1', fused.filter((each) => FIRST.has(each.rule.id))],
    ['all row rules', fused],
  ] as const) {
    const used = await cpu(database, countAll(rules), rules);
    console.log(
      `${`${name} (${rules.length})`.padEnd(26)} ${used.toFixed(2)} CPU-s  ${(used / read).toFixed(2)}x`,
    );
  }
  database.close();
  rmSync(folder, { recursive: true, force: true });
}

function countAll(rules: readonly CompiledRule[]): string {
  const counts = rules.map(
    (each, i) => `count(*) filter (where ${each.where ?? 'false'}\n) as n${i}`,
  );
  return selectShared(counts.join(', '));
}

async function cpu(
  database: Database,
  sql: string,
  rules: readonly CompiledRule[],
): Promise<number> {
  const parameters: Record<string, SqlParameters[string]> = {};
  for (const rule of rules) {
    for (const [name, value] of Object.entries(rule.parameters)) {
      if (new RegExp(`\\$${name}\\b`).test(sql)) parameters[name] = value;
    }
  }
  const before = process.cpuUsage();
  await database.row(sql, parameters);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

await main();
