import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { renderSelftest } from '../reports/selftest-text.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { exampleFaults } from '../src/faults/example-faults.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { SILENT } from '../src/progress.ts';
import { scan } from '../src/scan.ts';
import type { SelftestDocument } from '../src/selftest/document.ts';
import { selftest } from '../src/selftest/selftest.ts';
import { seededRandom, writeCleanCaption } from './faults/clean-captions.ts';

const SELECTED = ['empty-caption', 'refusal-caption', 'duplicate-key', 'duration-mismatch'];

describe('a self-test', () => {
  let folder: string;
  let before: string;
  let document: SelftestDocument;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-selftest-'));
    const random = seededRandom(3);
    const rows = Array.from({ length: 300 }, (_, index) => ({
      key: `clip-${index}`,
      caption: writeCleanCaption(random),
    }));
    before = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await writeFile(join(folder, 'clips.jsonl'), before);
    const config = {
      ...DEFAULT_CONFIG,
      dataset: [join(folder, 'clips.jsonl')],
      rules: { ...DEFAULT_CONFIG.rules, select: SELECTED },
    };
    const context = { signal: new AbortController().signal, progress: SILENT };
    const scanned = await scan({ config, cwd: folder, runFolder: null, command: [] }, context);
    document = await selftest(
      {
        config,
        cwd: folder,
        runFolder: scanned.runFolder,
        report: scanned.report,
        configuredSample: '3000',
      },
      context,
    );
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('finds what it injects into rows, raises no alarm, and leaves the dataset alone', async () => {
    const onRows = document.rules.filter((rule) => rule.method === 'rows');
    expect(new Set(onRows.map((rule) => rule.id))).toEqual(
      new Set(['empty-caption', 'refusal-caption', 'duplicate-key']),
    );
    expect(onRows.filter((rule) => rule.isBelowMark)).toEqual([]);
    for (const rule of onRows) expect(rule.smallestRate).toBeGreaterThan(0);
    expect(await readFile(join(folder, 'clips.jsonl'), 'utf8')).toBe(before);
  });

  it('falls back to the examples of a rule that the dataset gives nothing to work on', () => {
    const rule = document.rules.find((each) => each.id === 'duration-mismatch');
    expect(rule).toMatchObject({ method: 'examples', recall: 1, falseAlarmRate: 0 });
    expect(rule?.reason).not.toBeNull();
  });

  it('is told as a table, with what falls below the mark by name', () => {
    const text = renderSelftest(document, { markdown: false });
    for (const id of SELECTED) expect(text).toContain(id);
    const [first] = document.rules;
    const broken = {
      ...document,
      rules: first === undefined ? [] : [{ ...first, recall: 0.5, isBelowMark: true }],
    };
    expect(renderSelftest(broken, { markdown: true })).toContain(
      `above 1 % false alarms: ${first?.id}.`,
    );
  });
});

describe('the catalogue of faults', () => {
  it('has a fault for every rule', async () => {
    const without = (await loadRules()).filter(
      (rule) =>
        exampleFaults(rule).faults.length === 0 &&
        rule.examples.every((example) => example.finds === 0 || Object.is(example.finds, [])),
    );
    expect(without.map((rule) => rule.id)).toEqual([]);
  });
});
