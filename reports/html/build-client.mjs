// Bundles the script and the style of the HTML report into dist/reports/html/assets.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: { client: here('./client/main.ts'), style: here('./style.css') },
  outdir: here('../../dist/reports/html/assets'),
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['chrome123', 'firefox121', 'safari17.5'],
  charset: 'ascii',
  legalComments: 'none',
  tsconfig: here('./client/tsconfig.json'),
});
