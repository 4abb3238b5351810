import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import { Database } from '../src/engine/database.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { makeManifest } from './make-manifest.ts';

/** Rows of the benchmark; the first argument overrides it. */
const ROWS = Number(process.argv[2] ?? 2_000_000);

type Cost = { readonly cpu_s: number; readonly wall_s: number };

async function main(): Promise<void> {
  const folder = await makeManifest(ROWS);
  const read = await readOnce(folder);
  const scanned = scan(folder);
  const rows = [
    ['DuckDB reads the same columns once', read, 1, ''],
    [
      'dailies scan, all row rules',
      scanned,
      scanned.cpu_s / read.cpu_s,
      `${Math.round(scanned.peakRss_mb)} MB peak`,
    ],
  ] as const;
  console.log(`${ROWS.toLocaleString('en-US')} rows, captions of about 100 words`);
  for (const [name, cost, ratio, note] of rows) {
    console.log(
      `${name.padEnd(40)} ${cost.cpu_s.toFixed(1).padStart(7)} CPU-s ${cost.wall_s.toFixed(1).padStart(7)} s ${ratio.toFixed(2).padStart(6)}x  ${note}`,
    );
  }
}

/** Every column that the rules read, decoded and hashed once by DuckDB alone. */
async function readOnce(folder: string): Promise<Cost> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => quoteLiteral(join(folder, name)));
  const database = await Database.open({
    file: ':memory:',
    memoryLimit: '2GB',
    tempDirectory: tmpdir(),
    threads: 2,
  });
  const before = process.cpuUsage();
  const start = performance.now();
  await database.row(`select bit_xor(hash(columns(*))) from read_parquet([${files.join(', ')}])`);
  const used = process.cpuUsage(before);
  const wall_s = (performance.now() - start) / 1000;
  database.close();
  return { cpu_s: (used.user + used.system) / 1e6, wall_s };
}

/** The command as a user runs it, start-up and report included. */
function scan(folder: string): Cost & { readonly peakRss_mb: number } {
  const runFolder = mkdtempSync(join(tmpdir(), 'dailies-bench-run-'));
  const start = performance.now();
  const before = process.resourceUsage();
  const child = spawnSync(
    '/usr/bin/env',
    [
      'node',
      '--import',
      `data:text/javascript,process.on('exit',()=>{const r=process.resourceUsage();process.stderr.write('\\nusage '+JSON.stringify({cpu:(r.userCPUTime+r.systemCPUTime)/1e6,rss:r.maxRSS/1024})+'\\n')})`,
      join(PACKAGE_ROOT, 'dist/src/cli.js'),
      'scan',
      folder,
      '--tier',
      'manifest',
      '--run-dir',
      runFolder,
      '--quiet',
      '--format',
      'json',
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const usage = /usage (\{.*\})/.exec(child.stderr)?.[1];
  if (usage === undefined)
    throw new Error(
      `the scan told no usage: ${child.stderr.slice(0, 500)}${String(before.maxRSS)}`,
    );
  const { cpu, rss } = JSON.parse(usage) as { cpu: number; rss: number };
  const timings = (JSON.parse(child.stdout) as { timings: Record<string, number> }).timings;
  console.log(`exit ${child.status}; stages, s: ${JSON.stringify(timings)}`);
  return { cpu_s: cpu, wall_s: (performance.now() - start) / 1000, peakRss_mb: rss };
}

await main();
