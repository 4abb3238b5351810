/** Compiles the frame kernel and writes its bytes as a module: `npm run make:kernel`, which fetches the compiler. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMPILER = 'assemblyscript@0.28.20';
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'dailies-kernel-'));
try {
  const wasm = join(folder, 'frame-kernel.wasm');
  execFileSync(
    'npx',
    [
      '--yes',
      '-p',
      COMPILER,
      'asc',
      join('kernels', 'frame-kernel.ts'),
      '--outFile',
      wasm,
      '-O3',
      '--converge',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--noAssert',
    ],
    { cwd: root, stdio: 'inherit' },
  );
  const text = readFileSync(wasm).toString('base64');
  const lines = text.match(/.{1,96}/g) ?? [];
  writeFileSync(
    join(root, 'src/media/measures/frame-kernel-bytes.ts'),
    [
      '/** The compiled frame kernel, base64: made by `npm run make:kernel` of `kernels/frame-kernel.ts`. */',
      'export const FRAME_KERNEL_BASE64 = [',
      ...lines.map((line) => `  '${line}',`),
      "].join('');",
      '',
    ].join('\n'),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
