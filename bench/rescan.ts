import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PACKAGE_ROOT } from '../src/package-root.ts';

/** Copies of every medium, so that decoding outweighs the start of the process as it does in a real dataset. */
const COPIES = 24;

/** A folder with `COPIES` of every video of the quickstart data, each a file of its own. */
function multiply(folder: string): string {
  const media = join(folder, 'media');
  cpSync(join(PACKAGE_ROOT, 'examples/quickstart/media'), join(media, 'copy-0'), {
    recursive: true,
  });
  const files = readdirSync(join(media, 'copy-0'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(mp4|mkv|webm|mov)$/.test(name),
  );
  for (let copy = 1; copy < COPIES; copy += 1) {
    for (const file of files)
      copyFileSync(
        join(media, 'copy-0', file),
        join(media, `${copy}-${file.replaceAll('/', '-')}`),
      );
  }
  writeFileSync(
    join(folder, 'manifest.jsonl'),
    files
      .flatMap((file) =>
        Array.from({ length: COPIES }, (_, copy) =>
          copy === 0 ? `copy-0/${file}` : `${copy}-${file.replaceAll('/', '-')}`,
        ),
      )
      .map(
        (path) =>
          `${JSON.stringify({ key: path, path: `media/${path}`, caption: `A clip called ${path}.` })}\n`,
      )
      .join(''),
  );
  return join(folder, 'manifest.jsonl');
}

/** A first and a second scan of unchanged media: the second reads evidence and pictures from the cache. */
function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-bench-rescan-'));
  const dataset = process.argv[2] ?? multiply(folder);
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
  rmSync(folder, { recursive: true });
  console.log(
    `second scan of unchanged data: ${second.toFixed(2)} s of ${first.toFixed(2)} s, ${((100 * second) / first).toFixed(1)} %`,
  );
}

main();
