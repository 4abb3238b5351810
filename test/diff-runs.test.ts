import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';

import { renderDiffHtml } from '../reports/html/diff-page.ts';
import { renderDiffMarkdown } from '../reports/diff-markdown.ts';
import { renderDiffText } from '../reports/diff-text.ts';
import { compareVersions } from '../src/compare/compare-versions.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { scan } from '../src/scan.ts';
import { diffOf, failedRules, inFolder, type TableRow, writeVersion } from './diff-kit.ts';

const older: readonly TableRow[] = Array.from({ length: 40 }, (_, i) => ({
  key: `k${i}`,
  caption: i === 3 ? 'N/A' : `A Walk Along Street Number ${i}`,
  fps: 25,
  split: i % 5 === 0 ? 'val' : 'train',
}));

const newer: readonly TableRow[] = [
  ...older.slice(1).map((row, i) => ({
    ...row,
    caption: i === 7 ? '' : `a walk along street number ${i + 1}`,
    split: i === 10 ? 'test' : row['split'],
  })),
  { key: 'gone-before', caption: 'back again', fps: 25, split: 'train' },
];

/** Scans a version without its media. */
async function scanInto(
  folder: string,
  dataset: string,
  name: string,
  against?: string,
): Promise<string> {
  const { runFolder } = await scan({
    config: { ...DEFAULT_CONFIG, dataset: [dataset], tier: 'manifest', workers: 2 },
    cwd: folder,
    runFolder: join(folder, name),
    command: ['dailies', 'scan'],
    ...(against === undefined ? {} : { against }),
  });
  return runFolder;
}

/** Rows whose captions and notes are so many times as long. */
function walks(times: number): readonly TableRow[] {
  return Array.from({ length: 300 }, (_, i) => ({
    key: `k${i}`,
    caption: `a walk on day ${i}`.repeat(times),
    notes: `seen on day ${i}, rain and a long street with shops, number ${i} `.repeat(
      times + (i % 5),
    ),
  }));
}

describe('runs compared', () => {
  it('say the same as the data that they were made of', async () => {
    await inFolder(async (folder) => {
      const a = await writeVersion(folder, 'a', older);
      const b = await writeVersion(folder, 'b', newer, 2);
      const runA = await scanInto(folder, a, 'run-a');
      const runB = await scanInto(folder, b, 'run-b');

      const [data, runs, mixed] = [
        await diffOf(a, b),
        await diffOf(runA, runB),
        await diffOf(runA, b),
      ];

      for (const diff of [runs, mixed]) {
        expect(diff.rowFlow).toEqual(data.rowFlow);
        expect(diff.captions?.changed).toBe(data.captions?.changed);
        expect(diff.captions?.kinds.find(({ kind }) => kind === 'case')).toEqual(
          data.captions?.kinds.find(({ kind }) => kind === 'case'),
        );
        expect(diff.columns.map(({ name, changed }) => [name, changed])).toEqual(
          data.columns.map(({ name, changed }) => [name, changed]),
        );
        expect(failedRules(diff)).toEqual(expect.arrayContaining([...failedRules(data)]));
      }
      expect(failedRules(data)).toContain('split-migration');
      expect(runs.ruleChanges.find(({ id }) => id === 'placeholder-caption')).toMatchObject({
        absent: 1,
      });
    });
  });

  it('measure the drift of long text by their profiles, where signatures keep hashes', async () => {
    await inFolder(async (folder) => {
      const runA = await scanInto(folder, await writeVersion(folder, 'a', walks(1)), 'run-a');
      const runB = await scanInto(folder, await writeVersion(folder, 'b', walks(7)), 'run-b');

      const diff = await diffOf(runA, runB);
      const none = await diffOf(runA, runA);

      for (const name of ['caption words', 'notes length'])
        expect(diff.drift.find((each) => each.name === name)?.ks).toBe(1);
      expect(failedRules(diff)).toContain('column-drift');
      expect(none.drift.find(({ name }) => name === 'notes length')).toMatchObject({
        psi: 0,
        ks: 0,
      });
    });
  });

  it('mark findings as new, unchanged or absent against an earlier run', async () => {
    await inFolder(async (folder) => {
      const runA = await scanInto(folder, await writeVersion(folder, 'a', older), 'run-a');
      const runB = await scanInto(folder, await writeVersion(folder, 'b', newer), 'run-b', runA);

      const run: unknown = JSON.parse(await readFile(join(runB, 'run.json'), 'utf8'));

      expect(run).toMatchObject({ baseline: { new: 1, absent: 1, unchanged: 0 } });
    });
  });

  it('are refused when another release or an interrupted scan wrote them', async () => {
    await inFolder(async (folder) => {
      const data = await writeVersion(folder, 'a', older);
      const run = await scanInto(folder, data, 'run');
      const index = join(run, 'signatures.json');
      const good = await readFile(index, 'utf8');

      await writeFile(index, good.replace('"version": 3', '"version": 99'));
      await expect(diffOf(run, data)).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('version 99'),
      });

      await writeFile(
        index,
        good.replace(/"hashes": \[\s*"\d/, (hashes) => `${hashes}0`),
      );
      await expect(diffOf(run, data)).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('hashes text otherwise'),
      });

      await writeFile(index, good);
      const document = join(run, 'run.json');
      const text = await readFile(document, 'utf8');
      await writeFile(document, text.replace('"rows": 40', '"rows": 90'));
      await expect(diffOf(run, data)).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('interrupted or changed'),
      });

      await writeFile(document, text.replace('"schemaVersion": 1', '"schemaVersion": 7'));
      await expect(diffOf(run, data)).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('schema version 7'),
      });
    });
  });

  it('are told apart when the arguments were swapped', async () => {
    await inFolder(async (folder) => {
      const runA = await scanInto(folder, await writeVersion(folder, 'a', older), 'run-a');
      const runB = await scanInto(folder, await writeVersion(folder, 'b', newer), 'run-b');

      const diff = await diffOf(runB, runA);

      expect(diff.notCompared.map(({ reason }) => reason).join('\n')).toContain('swapped');
    });
  });
});

describe('a comparison', () => {
  it('knows clips that had been removed, fits its schema, and is told in every format', async () => {
    await inFolder(async (folder) => {
      const hostile = newer.map((row, i) =>
        i === 1 ? { ...row, caption: '<script>alert(1)</script> | `x` \u202E@all' } : row,
      );
      const removed = join(folder, 'removed.txt');
      await writeFile(removed, 'gone-before\nnever-there\n');
      const diff = await compareVersions({
        before: await writeVersion(folder, 'a', older),
        after: await writeVersion(folder, 'b', hostile),
        config: { ...DEFAULT_CONFIG, workers: 1 },
        cwd: folder,
        mediaSample: '0',
        removed,
        changesFile: join(folder, 'changes.parquet'),
        command: ['dailies', 'diff'],
      });

      expect(diff.rowFlow).toMatchObject({ returned: 1, added: 1 });
      expect(failedRules(diff)).toContain('returned-clip');
      const schema: object = JSON.parse(
        await readFile(join(PACKAGE_ROOT, 'src/compare/diff.schema.json'), 'utf8'),
      );
      const validate = new Ajv2020({
        strict: true,
        allErrors: true,
        allowUnionTypes: true,
      }).compile(schema);
      validate(diff);
      expect(validate.errors).toBeNull();
      const html = renderDiffHtml(diff);
      expect(html).not.toContain('<script>alert');
      expect(html).toContain('U+202E');
      const markdown = renderDiffMarkdown(diff);
      expect(markdown).not.toContain('\u202E');
      const text = renderDiffText(diff, { colour: false, width: 100 });
      expect(text).toContain('returned-clip');
      expect((await readFile(join(folder, 'changes.parquet'))).subarray(0, 4).toString()).toBe(
        'PAR1',
      );
    });
  });
});
