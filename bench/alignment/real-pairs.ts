import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { DEFAULT_CONFIG } from '../../src/config/config.ts';
import { scan } from '../../src/scan.ts';
import { shuffled } from './simulate-pairs.ts';

type Row = Readonly<Record<string, unknown>>;
type Change = { readonly name: string; readonly order: (row: number, rows: number) => number };

/** What pipelines do to the captions of a manifest: row `i` gets the caption of row `order(i)`. */
const CHANGES: readonly Change[] = [
  { name: 'as it is', order: (row) => row },
  { name: 'moved down by one row', order: (row) => row - 1 },
  { name: 'a row dropped in the middle', order: (row, rows) => (row < rows / 2 ? row : row + 1) },
  {
    name: 'three rows dropped at 75 %',
    order: (row, rows) => (row < 0.75 * rows ? row : row + 3),
  },
  { name: 'turned by a third', order: (row, rows) => row + Math.floor(rows / 3) },
  {
    name: 'in order of completion, batches of 64, from the middle on',
    order: (row, rows) => {
      const start = Math.floor(rows / 2);
      if (row < start) return row;
      const batch = start + 64 * Math.floor((row - start) / 64);
      return shuffled(batch, Math.min(rows, batch + 64), batch)(row);
    },
  },
  { name: 'shuffled as a whole', order: (row, rows) => shuffled(0, rows, 7)(row) },
];

/** Scans a manifest with its captions as they are and in wrong rows, and prints what was found. */
export async function scanRealPairs(
  manifests: readonly string[],
  more: { readonly model?: string; readonly annotations?: boolean } = {},
): Promise<void> {
  for (const manifest of manifests) {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-real-pairs-'));
    try {
      const lines = (await readFile(manifest, 'utf8')).split('\n').filter((line) => line !== '');
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: whoever runs the bench names the manifest, and a wrong one ends it
      const rows = lines.map((line) => JSON.parse(line) as Row);
      console.log(
        `\n### ${basename(dirname(manifest))}/${basename(manifest)}, ${rows.length} rows\n`,
      );
      console.log('| captions | evidence | verdict | says |\n| --- | --- | --- | --- |');
      for (const [index, change] of CHANGES.entries()) {
        const changed = rows.map((row, at) => ({
          ...row,
          caption: rows[(change.order(at, rows.length) + rows.length) % rows.length]?.['caption'],
        }));
        const file = join(folder, `clips-${index}.jsonl`);
        await writeFile(file, changed.map((row) => `${JSON.stringify(row)}\n`).join(''));
        const { report } = await scan({
          config: {
            ...DEFAULT_CONFIG,
            dataset: [file],
            mediaRoot: dirname(manifest),
            cacheDirectory: join(folder, 'cache'),
            rules: {
              ...DEFAULT_CONFIG.rules,
              select: ['shifted-captions', 'reordered-captions', 'mispaired-captions'],
            },
            alignment: {
              ...DEFAULT_CONFIG.alignment,
              model: more.model ?? null,
              annotations: more.annotations === true ? manifest : null,
            },
          },
          cwd: folder,
          runFolder: join(folder, `run-${index}`),
          command: [],
        });
        for (const each of report.run.alignment ?? []) {
          if (/^(metadata|caption-words)$/.test(each.evidence)) continue;
          console.log(
            `| ${change.name} | ${each.evidence} | ${each.verdict} | ${each.stretch?.sentence.replaceAll(`clips-${index}.jsonl`, 'the shard') ?? each.reason ?? ''} |`,
          );
        }
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
