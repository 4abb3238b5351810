import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { renderSelftest } from '../reports/selftest-text.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import type { RowFault } from '../src/faults/row-fault.ts';
import { CAPTION_ROW_FAULTS, SET_FAULTS } from '../src/faults/set-faults.ts';
import { VERSION_FAULTS } from '../src/faults/version-faults.ts';
import { WITHOUT_FAULT } from '../src/faults/without-fault.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { FAULT_CASES } from '../src/media/faults/fault-cases.ts';
import { IMAGE_FAULTS } from '../src/media/faults/image-faults.ts';
import { SET_CASES } from '../src/media/faults/set-cases.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { SILENT } from '../src/progress.ts';
import { scan } from '../src/scan.ts';
import type { SelftestDocument } from '../src/selftest/document.ts';
import { ROW_FAULTS } from '../src/selftest/row-trials.ts';
import { selftest } from '../src/selftest/selftest.ts';
import { seededRandom, writeCleanCaption } from './faults/clean-captions.ts';

const SELECTED = [
  'empty-caption',
  'refusal-caption',
  'duplicate-key',
  'duration-mismatch',
  'unreadable-shard',
  'lost-clips',
];

describe('a self-test', () => {
  let folder: string;
  let before: string;
  let document: SelftestDocument;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-selftest-'));
    const random = seededRandom(3);
    const rows = Array.from({ length: 120 }, (_, index) => ({
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

  it.each([
    ['unreadable-shard', 'shards'],
    ['lost-clips', 'versions'],
  ])('tries %s on copies of the manifest: %s', (id, method) => {
    const rule = document.rules.find((each) => each.id === id);
    expect(rule).toMatchObject({ method, recall: 1, falseAlarmRate: 0, isBelowMark: false });
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

describe('a self-test of media', () => {
  it('encodes clips of the dataset anew with each fault, and leaves them as they are', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-selftest-'));
    await copyFile(
      join(PACKAGE_ROOT, 'examples/quickstart/media/asl/brother.mkv'),
      join(folder, 'clip.mkv'),
    );
    await writeFile(join(folder, 'clips.jsonl'), '{"key": "a", "path": "clip.mkv"}\n');
    const config = {
      ...DEFAULT_CONFIG,
      dataset: [join(folder, 'clips.jsonl')],
      rules: {
        ...DEFAULT_CONFIG.rules,
        select: ['trailing-index', 'silent-audio'],
      },
    };
    const context = { signal: new AbortController().signal, progress: SILENT };
    const scanned = await scan({ config, cwd: folder, runFolder: null, command: [] }, context);
    const { encodedMedia, rules } = await selftest(
      {
        config,
        cwd: folder,
        runFolder: scanned.runFolder,
        report: scanned.report,
        configuredSample: '3000',
      },
      context,
    );
    const left = (await readdir(folder)).filter((name) => name !== '.dailies');
    await rm(folder, { recursive: true, force: true });

    expect(rules.map((rule) => [rule.id, rule.method, rule.recall, rule.falseAlarmRate])).toEqual([
      ['silent-audio', 'media', 1, 0],
      ['trailing-index', 'media', 1, 0],
    ]);
    expect(encodedMedia).toBe(5);
    expect(left.toSorted()).toEqual(['clip.mkv', 'clips.jsonl']);
  });
});

describe('the catalogue of faults', () => {
  const known = new Set([
    ...ROW_FAULTS.map((fault) => fault.rule),
    ...SET_FAULTS.map((fault) => fault.rule),
    ...VERSION_FAULTS.map((fault) => fault.rule),
    ...Object.keys(FAULT_CASES),
    ...Object.keys(SET_CASES),
    ...Object.keys(IMAGE_FAULTS),
  ]);

  it('has a fault for every rule, or says why it has none', async () => {
    const ids = (await loadRules()).map((rule) => rule.id);
    const stated = Object.keys(WITHOUT_FAULT);
    expect(ids.filter((id) => !known.has(id) && !stated.includes(id))).toEqual([]);
    expect([...known, ...stated].filter((id) => !ids.includes(id))).toEqual([]);
    expect(stated.filter((id) => known.has(id))).toEqual([]);
  });

  it('gives the same faults for the same seed', () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      key: `clip-${index}`,
      shard: 0,
      caption: `A boat number ${index} crosses the bay.`,
    }));
    const at = new Set(['clip-3', 'clip-7']);
    const inject = (fault: RowFault): unknown =>
      fault.inject(rows, at, {
        random: seededRandom(7),
        free: new Set(['clip-9', 'clip-11']),
        integerColumn: null,
        realColumn: null,
      });
    for (const fault of CAPTION_ROW_FAULTS) expect(inject(fault)).toEqual(inject(fault));
  });
});
