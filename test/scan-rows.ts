import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Config, DEFAULT_CONFIG } from '../src/config/config.ts';
import type { ReportInput } from '../src/run/document.ts';
import { scan } from '../src/scan.ts';

/**
 * The report of a scan of these rows, written as JSON Lines into a folder of their own that goes again.
 *
 * @param rules - Ids of the rules that are judged.
 * @param more - Other settings than the default ones; the tier is `manifest` unless they say otherwise.
 */
export async function scanRows(
  rows: readonly Readonly<Record<string, unknown>>[],
  rules: readonly string[],
  more: Partial<Config> = {},
): Promise<ReportInput> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-rows-'));
  try {
    const file = join(folder, 'clips.jsonl');
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { report } = await scan({
      config: {
        ...DEFAULT_CONFIG,
        dataset: [file],
        tier: 'manifest',
        rules: { ...DEFAULT_CONFIG.rules, select: rules },
        ...more,
      },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: [],
    });
    return report;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
