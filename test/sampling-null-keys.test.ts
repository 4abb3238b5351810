import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { scan } from '../src/scan.ts';

it('draws rows without a key like any others, and not all of them from the front', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-null-keys-'));
  const rows = Array.from({ length: 400 }, (_, row) =>
    JSON.stringify({ key: row % 2 === 0 ? null : `k${row}`, path: `${row}.mp4`, caption: 'a dog' }),
  );
  await writeFile(join(folder, 'clips.jsonl'), `${rows.join('\n')}\n`);

  const { report } = await scan({
    config: {
      ...DEFAULT_CONFIG,
      dataset: [join(folder, 'clips.jsonl')],
      sample: '80',
      tier: 'header',
      rules: { ...DEFAULT_CONFIG.rules, select: ['missing-file'] },
    },
    cwd: folder,
    runFolder: join(folder, 'run'),
    command: [],
  });

  const drawn = report.findings.map((finding) => finding.row_number ?? -1);
  const keyless = drawn.filter((row) => row % 2 === 0);
  expect(drawn).toHaveLength(80);
  expect(keyless.length).toBeGreaterThan(20);
  expect(keyless.length).toBeLessThan(60);
  expect(Math.max(...keyless)).toBeGreaterThan(200);
  await rm(folder, { recursive: true, force: true });
});
