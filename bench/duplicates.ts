import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Database, numberOf } from '../src/engine/database.ts';
import { localEngine } from '../src/engine/local-engine.ts';
import { findRepeats } from '../src/judge/repeats.ts';
import { peakMemory_bytes } from './peak-memory.ts';

/** Keys, and the memory that DuckDB may use: a tenth of what a scan of ten times as many keys has; the arguments override them. */
const [KEYS = 10_000_000, LIMIT_MB = 90] = process.argv.slice(2).map(Number);
const THREADS = 2;
/** One key in so many stands twice. */
const REPEATED = 1_000;
const WATCH_MS = 50;

/** Finds the repeated keys of a ledger that does not fit into memory: what is spilled, where, and whether all are found. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-bench-spill-'));
  const database = await Database.open({
    memoryLimit: `${LIMIT_MB}MB`,
    tempDirectory: folder,
    threads: THREADS,
  });
  let spilled = 0;
  const watch = setInterval(() => {
    spilled = Math.max(spilled, sizeOf(folder));
  }, WATCH_MS);
  const start = performance.now();
  // The columns by which rows are counted as repeated, as a ledger has them.
  await database.run(
    `create temp table ledger as select i as clip_id, hash(i // if(i % ${REPEATED} < 2, 2, 1) * 2 + (i % ${REPEATED} >= 2)::integer) as key_hash,
       hash(i, 'path') as path_hash, hash(i, 'caption') as caption_hash, null::ubigint as content_hash_hash
     from range(${KEYS}) as numbers(i)`,
  );
  await findRepeats(database, localEngine(1), { signal: new AbortController().signal });
  const seconds = (performance.now() - start) / 1000;
  clearInterval(watch);
  const found = numberOf((await database.row('select count(*) as n from repeated_keys'))['n']);
  database.close();
  rmSync(folder, { recursive: true, force: true });
  const peak_mb = (await peakMemory_bytes()) / 1024 ** 2;
  console.log(
    `${KEYS.toLocaleString('en-US')} rows, limit ${LIMIT_MB} MB: ${found.toLocaleString('en-US')} of ${(KEYS / REPEATED).toLocaleString('en-US')} repeated keys in ${seconds.toFixed(1)} s; ${Math.round(spilled / 1024 ** 2)} MB spilled into the named folder, peak memory ${Math.round(peak_mb)} MB`,
  );
}

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (found?.size ?? 0);
  }, 0);
}

await main();
