import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { PACKAGE_ROOT } from '../src/package-root.ts';

/** Every benchmark of the main job, one after the other: figures to quote are ratios within one run. */
const BENCHES: readonly { readonly title: string; readonly file: string }[] = [
  { title: 'Manifest', file: 'manifest.js' },
  { title: 'Row rules', file: 'row-rules.js' },
  { title: 'Tiers', file: 'tiers.js' },
  { title: 'Second run', file: 'rescan.js' },
];

for (const { title, file } of BENCHES) {
  console.log(`\n## ${title}\n`);
  const child = spawnSync(process.execPath, [join(PACKAGE_ROOT, 'dist/bench', file)], {
    stdio: 'inherit',
  });
  if (child.status !== 0) process.exitCode = 1;
}
