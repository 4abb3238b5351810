/**
 * Throughput of each tier over real clips, mutated files, near duplicates among a million clips, then recall and false
 * alarms of the media rules.
 *
 *     npm run build && npx tsc -p tsconfig.bench.json && node dist/bench/media.js [folder…]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const folders = process.argv.slice(2);
const clips = folders.length === 0 ? ['examples/quickstart/media', 'test/media/clips'] : folders;

for (const [script, args] of [
  ['tiers.js', clips],
  ['mutations.js', []],
  ['near-duplicates.js', []],
  ['detection-media.js', folders],
] as const) {
  console.log(`\n${script.replace('.js', '')}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
