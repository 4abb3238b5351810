import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import { Database } from '../src/engine/database.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { captionWordsOf, makeManifest } from './make-manifest.ts';

/** Rows of each run; the arguments override them, such as 100000000, whose captions are shorter. */
const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2_000_000, 10_000_000];

type Cost = { readonly cpu_s: number; readonly wall_s: number };
type Scan = Cost & {
  readonly peak_mb: number;
  readonly spilled_mb: number;
  readonly stages_s: Readonly<Record<string, number>>;
};

/** One pattern in one alternation, case-insensitive: what the search of captions costs at least, whoever does it. */
const REGEX_FLOOR = String.raw`(?i)\b(sorry, but i|as an ai|lorem ipsum|www\.|https?://|<br|&amp;|traceback)\b`;

/** Five of the checks in one query, as one would write it by hand. */
const FIVE_CHECKS = `select
    count(*) filter (where caption is null or not regexp_matches(caption, '\\S')) as empty,
    count(*) filter (where regexp_matches(caption, '(?i)\\b(i''m sorry|i cannot|as an ai)\\b')) as refusals,
    count(*) filter (where regexp_matches(caption, 'https?://|www\\.')) as links,
    count(*) filter (where regexp_matches(caption, '<(br|p|div|a)[ />]|&(amp|lt|gt|quot);')) as html,
    count(*) filter (where contains(caption, 'Ã') or contains(caption, 'â€')) as mojibake`;

async function main(): Promise<void> {
  const peaks: number[] = [];
  for (const rows of SIZES) {
    const folder = await makeManifest(rows);
    const source = sourceOf(folder);
    const read = await query(`select bit_xor(hash(columns(*))) from ${source}`);
    const floor = await query(
      `select count(*) filter (where regexp_matches(caption, ${quoteLiteral(REGEX_FLOOR)})) from ${source}`,
    );
    const caption = await query(`select bit_xor(hash(caption)) from ${source}`);
    const five = await query(`${FIVE_CHECKS} from ${source}`);
    const scanned = scan(folder);
    peaks.push(scanned.peak_mb);
    const regex: Cost = {
      cpu_s: Math.max(0, floor.cpu_s - caption.cpu_s),
      wall_s: Math.max(0, floor.wall_s - caption.wall_s),
    };
    console.log(
      `\n${rows.toLocaleString('en-US')} rows, captions of about ${captionWordsOf(rows)} words`,
    );
    tell('DuckDB reads the same columns once', read, read, rows);
    tell('one alternation over the captions (regex floor)', regex, read, rows);
    tell('five checks in one query by hand', five, read, rows);
    tell('dailies scan: the whole L0 catalogue', scanned, read, rows);
    const bound = read.cpu_s + regex.cpu_s;
    console.log(
      `scan / (read + regex floor): ${(scanned.cpu_s / bound).toFixed(1)}x of CPU, ${(scanned.wall_s / (read.wall_s + regex.wall_s)).toFixed(1)}x of time`,
    );
    console.log(
      `peak memory ${Math.round(scanned.peak_mb)} MB, spilled ${Math.round(scanned.spilled_mb)} MB; stages, s: ${JSON.stringify(scanned.stages_s)}`,
    );
  }
  const [first = 0] = peaks;
  const last = peaks.at(-1) ?? 0;
  if (peaks.length > 1) {
    console.log(
      `\npeak memory from the first to the last size: ${(100 * (last / first - 1)).toFixed(0)} % more`,
    );
  }
  console.log('\n## Recall and false alarms\n');
  spawnSync(process.execPath, [join(PACKAGE_ROOT, 'dist/bench/recall.js')], { stdio: 'inherit' });
}

function tell(name: string, cost: Cost, read: Cost, rows: number): void {
  const rate = Math.round(rows / cost.wall_s).toLocaleString('en-US');
  console.log(
    `${name.padEnd(48)} ${cost.cpu_s.toFixed(1).padStart(7)} CPU-s ${cost.wall_s.toFixed(1).padStart(7)} s ${(cost.cpu_s / read.cpu_s).toFixed(2).padStart(6)}x ${rate.padStart(11)} rows/s`,
  );
}

function sourceOf(folder: string): string {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => quoteLiteral(join(folder, name)));
  return `read_parquet([${files.join(', ')}])`;
}

/** A query in DuckDB alone, with the threads and the memory of a scan. */
async function query(sql: string): Promise<Cost> {
  const database = await Database.open({
    memoryLimit: '2GB',
    tempDirectory: tmpdir(),
    threads: 2,
  });
  const before = process.cpuUsage();
  const start = performance.now();
  await database.row(sql);
  const used = process.cpuUsage(before);
  const wall_s = (performance.now() - start) / 1000;
  database.close();
  return { cpu_s: (used.user + used.system) / 1e6, wall_s };
}

/** A module that tells at the end of a process what it used, and the most that lay in a folder. */
function tellUsage(folder: string): string {
  return `import { readdirSync, statSync } from 'node:fs';
    const folder = ${JSON.stringify(folder)};
    let spilled = 0;
    const look = () => {
      try {
        spilled = Math.max(spilled, readdirSync(folder).reduce((sum, name) => sum + statSync(folder + '/' + name).size, 0));
      } catch {}
    };
    setInterval(look, 250).unref();
    process.on('exit', () => {
      const used = process.resourceUsage();
      const usage = { cpu: (used.userCPUTime + used.systemCPUTime) / 1e6, rss: used.maxRSS / 1024, spilled: spilled / 1e6 };
      process.stderr.write('\\nusage ' + JSON.stringify(usage) + '\\n');
    });`;
}

/** The command as a user runs it, start-up and report included. */
function scan(folder: string): Scan {
  const runFolder = mkdtempSync(join(tmpdir(), 'dailies-bench-run-'));
  const start = performance.now();
  const child = spawnSync(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(tellUsage(join(runFolder, 'spill')))}`,
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
  const wall_s = (performance.now() - start) / 1000;
  rmSync(runFolder, { recursive: true, force: true });
  const usage = /usage (\{.*\})/.exec(child.stderr)?.[1];
  if (usage === undefined) throw new Error(`the scan told no usage: ${child.stderr.slice(0, 500)}`);
  const { cpu, rss, spilled } = parseNumbers(usage);
  const stages_s = parseNumbers(/"timings": (\{[^}]*\})/.exec(child.stdout)?.[1] ?? '{}');
  return { cpu_s: cpu ?? 0, wall_s, peak_mb: rss ?? 0, spilled_mb: spilled ?? 0, stages_s };
}

function parseNumbers(json: string): Readonly<Record<string, number>> {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null) return {};
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([name, value]) =>
      typeof value === 'number' ? [[name, value] as const] : [],
    ),
  );
}

await main();
