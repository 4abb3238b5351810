import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PACKAGE_ROOT } from '../src/package-root.ts';

/** A first and a second scan of unchanged media: the second reads evidence and pictures from the cache. */
function main(): void {
  const dataset = process.argv[2] ?? join(PACKAGE_ROOT, 'examples/quickstart');
  const folder = mkdtempSync(join(tmpdir(), 'dailies-bench-rescan-'));
  const seconds = [1, 2].map((run) => {
    const start = performance.now();
    const child = spawnSync(
      process.execPath,
      [
        join(PACKAGE_ROOT, 'dist/src/cli.js'),
        'scan',
        dataset,
        '--fail-on',
        'never',
        '--allow-incomplete',
        '--quiet',
        '--cache-dir',
        join(folder, 'cache'),
        '--run-dir',
        join(folder, `run-${run}`),
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    if (child.status !== 0) throw new Error(`the scan ended with ${String(child.status)}`);
    return (performance.now() - start) / 1000;
  });
  const [first = 0, second = 0] = seconds;
  console.log(`second scan of unchanged data: ${second.toFixed(2)} s of ${first.toFixed(2)} s, ${((100 * second) / first).toFixed(1)} %`);
}

main();
