// Packs the worker filter for machines that have nothing: one bundled file, the native parts it loads, and Node itself.
//
//   npm run pack:worker -- dailies-worker.tar.gz
//
// Use it as spark.archive in dailies.yaml, or unpack it anywhere and run bin/dailies-worker. It fits machines with the
// processor and C library of this one.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const archive = resolve(process.argv[2] ?? 'dailies-worker.tar.gz');
const folder = mkdtempSync(join(tmpdir(), 'dailies-worker-'));
try {
  const entry = join(folder, 'dist/src/engine/prober.js');
  await build({
    entryPoints: [join(root, 'src/engine/filter.ts')],
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['node-av', 'node-av/*', 'sharp'],
    // Parts of the AWS SDK ask for Node's modules by require.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, version, license, type: 'module' }),
  );
  for (const text of ['LICENSE', 'NOTICE']) cpSync(join(root, text), join(folder, text));
  mkdirSync(join(folder, 'bin'));
  cpSync(process.execPath, join(folder, 'bin/node'), { dereference: true });
  writeFileSync(
    join(folder, 'bin/dailies-worker'),
    '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/node" "$here/../dist/src/engine/prober.js" "$@"\n',
    { mode: 0o755 },
  );
  for (const each of ['sharp', 'node-av']) copyPackage(each, join(root, 'node_modules'), new Set());
  const packed = spawnSync('tar', ['-czf', archive, '-C', folder, '.'], { stdio: 'inherit' });
  if (packed.status !== 0) throw new Error('tar failed');
  console.log(archive);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Copies a package and what it needs; parts for other platforms are not installed, and so not copied. */
function copyPackage(name, modules, seen) {
  const from = join(modules, name);
  if (seen.has(name) || !existsSync(from)) return;
  seen.add(name);
  cpSync(from, join(folder, 'node_modules', name), { recursive: true, dereference: true });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(from, 'package.json'), 'utf8'),
  );
  for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
    copyPackage(next, modules, seen);
  }
}
