import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { compareVersions } from '../src/compare/compare-versions.ts';
import { isLaterName } from '../src/compare/find-gaps.ts';
import type { Tolerance } from '../src/compare/pair-columns.ts';
import type { DiffDocument } from '../src/compare/diff-document.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { SILENT } from '../src/progress.ts';
import { scan } from '../src/scan.ts';
import { diffOf, inFolder, type TableRow, writeVersion } from './diff-kit.ts';

const rows: readonly TableRow[] = Array.from({ length: 30 }, (_, i) => ({
  key: `k${i}`,
  caption: `clip number ${i}`,
  aesthetic: 0.5 + i / 100,
  width: 1280,
}));

describe('versions that a user gives', () => {
  it('are doubted when their names say that they changed places', async () => {
    await inFolder(async (folder) => {
      const older = await writeVersion(folder, 'set-v9', rows);
      const newer = await writeVersion(folder, 'set-v10', rows.slice(1));

      const right = await diffOf(older, newer);
      const swapped = await diffOf(newer, older);

      expect(right.verdict.sentence).not.toContain('swapped');
      expect(swapped.verdict.sentence).toContain('look swapped');
      expect(swapped.story[0]).toMatch(/^doubt: .*set-v10 is later than .*set-v9/);
    });
  });

  it.each([
    ['data/v2.jsonl', 'data/v1.jsonl', true],
    ['set-2026-02', 'set-2025-11', true],
    ['v1', 'v2', false],
    ['v2', 'v2', false],
    ['v2/test', 'v1/train', false],
    ['new', 'old', false],
  ])('%s is later than %s by name: %s', (one, other, expected) => {
    expect(isLaterName(one, other)).toBe(expected);
  });

  it('are doubted when hardly any key is in both', async () => {
    await inFolder(async (folder) => {
      const one = Array.from({ length: 200 }, (_, i) => ({ key: `a${i}`, caption: `x ${i}` }));
      const other = Array.from({ length: 200 }, (_, i) => ({
        key: i === 0 ? 'a0' : `b${i}`,
        caption: `y ${i}`,
      }));
      const diff = await diffOf(
        await writeVersion(folder, 'a', one),
        await writeVersion(folder, 'b', other),
      );

      expect(diff.verdict.sentence).toContain('hardly any key in common');
      expect(diff.notCompared).toContainEqual({
        what: 'keys',
        reason: expect.stringContaining('only 1 of 200 rows'),
      });
    });
  });

  it('are refused as a run that was redacted, with a way out', async () => {
    await inFolder(async (folder) => {
      const data = await writeVersion(folder, 'a', rows);
      const { runFolder } = await scan({
        config: { ...DEFAULT_CONFIG, dataset: [data], tier: 'manifest', isRedacted: true },
        cwd: folder,
        runFolder: join(folder, 'run'),
        command: [],
      });

      await expect(diffOf(runFolder, data)).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('--redact'),
        hint: expect.stringContaining('--against'),
      });
    });
  });

  it('pass no rule when the run was interrupted', async () => {
    await inFolder(async (folder) => {
      const data = await writeVersion(folder, 'a', rows);
      const stop = new AbortController();
      const runFolder = join(folder, 'run');
      await scan(
        { config: { ...DEFAULT_CONFIG, dataset: [data] }, cwd: folder, runFolder, command: [] },
        {
          signal: stop.signal,
          progress: {
            ...SILENT,
            stage: (label, total) => {
              if (label === 'judge') stop.abort();
              return SILENT.stage(label, total);
            },
          },
        },
      ).catch(() => undefined);

      const diff = await diffOf(runFolder, data);

      expect(diff.verdict).toMatchObject({ outcome: 'incomplete', exitCode: 3 });
      expect(diff.rules.filter(({ outcome }) => outcome === 'passed')).toEqual([]);
      expect(diff.notCompared.map(({ reason }) => reason).join('\n')).toContain('interrupted');
    });
  });
});

describe('a tolerance', () => {
  const moved = rows.map((row, i) => ({
    ...row,
    aesthetic: 0.5 + i / 100 + (i < 10 ? 0.2 : 0.004),
    width: 1281,
  }));
  const compare = async (
    folder: string,
    tolerances: Readonly<Record<string, Tolerance>>,
  ): Promise<DiffDocument> =>
    compareVersions({
      before: await writeVersion(folder, 'a', rows),
      after: await writeVersion(folder, 'b', moved),
      config: { ...DEFAULT_CONFIG, workers: 1 },
      cwd: folder,
      mediaSample: '0',
      removed: null,
      tolerances: new Map(Object.entries(tolerances)),
      changesFile: null,
      command: [],
    });

  it('of each column says which differences count', async () => {
    await inFolder(async (folder) => {
      const diff = await compare(folder, {
        aesthetic: { absolute: 0.01, relative: 0 },
        width: { absolute: 0, relative: 0.01 },
      });

      expect(diff.rowFlow).toMatchObject({ changed: 10, unchanged: 20 });
      const changed = Object.fromEntries(diff.columns.map((each) => [each.name, each.changed]));
      expect(changed).toMatchObject({ aesthetic: 10, width_px: 0 });
    });
  });

  it('that names no column of numbers is refused', async () => {
    await inFolder(async (folder) => {
      const tolerance = { absolute: 1, relative: 0 };
      await expect(compare(folder, { aestetic: tolerance })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining(`did you mean 'aesthetic'?`),
      });
      await expect(compare(folder, { caption: tolerance })).rejects.toMatchObject({
        message: expect.stringContaining('no numbers'),
      });
    });
  });
});
