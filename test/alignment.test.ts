import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { array, assert, double, property } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  DIMENSION,
  type Pairs,
  reorder,
  shuffled,
  simulatePairs,
} from '../bench/alignment/simulate-pairs.ts';
import {
  adjustForMany,
  assessShards,
  readShard,
  type ShardAssessment,
} from '../src/analyses/alignment/assess-shard.ts';
import { describeMechanism, describePlace } from '../src/analyses/alignment/describe-segment.ts';
import { SimilarityBand } from '../src/analyses/alignment/similarity-band.ts';
import { upperTailOfT } from '../src/analyses/alignment/student-t.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import type { ScanResult } from '../src/audit.ts';
import { scan } from '../src/scan.ts';

const PLAN = { rows: 200, dPrime: 1.75, sourceShare: 0.5, noiseShare: 0.6, sourceRows: 8, seed: 1 };

function readingOf(pairs: Pairs): ReturnType<typeof readShard> {
  const rows = pairs.picture.length / DIMENSION;
  const band = new SimilarityBand(DIMENSION, rows);
  for (let row = 0; row < rows; row += 1) {
    const slice = { start: row * DIMENSION, length: DIMENSION };
    band.add(row, { values: pairs.picture, ...slice }, { values: pairs.text, ...slice });
  }
  return readShard(band.finish());
}

function assess(pairs: Pairs): ShardAssessment {
  const [assessment] = assessShards([readingOf(pairs)]);
  if (assessment === undefined) throw new Error('no assessment');
  return assessment;
}

describe('a shard of pairs', () => {
  it('is aligned when each caption stands with its clip', () => {
    expect(assess(simulatePairs(PLAN))).toMatchObject({ verdict: 'aligned', segments: [] });
  });

  it.each([1, -1, 3, -8])('is found moved by %i rows', (offset) => {
    const { picture, text } = simulatePairs(PLAN);
    const found = assess({ picture, text: reorder(text, (row) => row - offset) });
    expect(found.verdict).toBe('shifted');
    expect(found.segments.map((segment) => segment.offset)).toEqual([offset]);
  });

  it('shows the row from which on a dropped caption moved the rest', () => {
    const { picture, text } = simulatePairs({ ...PLAN, rows: 1000 });
    const found = assess({ picture, text: reorder(text, (row) => (row < 940 ? row : row + 1)) });
    expect(found.verdict).toBe('shifted');
    const [segment] = found.segments;
    expect(segment?.offset).toBe(-1);
    expect(Math.abs((segment?.from ?? 0) - 940)).toBeLessThanOrEqual(3);
    expect(segment?.to).toBe(1000);
  });

  it('shows a block whose order is lost', () => {
    const { picture, text } = simulatePairs({ ...PLAN, rows: 1000 });
    const found = assess({ picture, text: reorder(text, shuffled(300, 450, 9)) });
    expect(found.verdict).toBe('unaligned-block');
    expect(found.segments).toHaveLength(1);
    expect(Math.abs((found.segments[0]?.from ?? 0) - 300)).toBeLessThan(20);
  });

  it('cannot be told anything about without a relation, however much neighbours resemble each other', () => {
    const found = assess(
      simulatePairs({ ...PLAN, rows: 400, dPrime: 0, sourceShare: 0.9, noiseShare: 0.9 }),
    );
    expect(found).toMatchObject({ verdict: 'not-assessable', segments: [] });
    expect(found.reason).toContain('no relation');
  });

  it('cannot be told anything about with a dozen pairs', () => {
    const found = assess(simulatePairs({ ...PLAN, rows: 12 }));
    expect(found.reason).toBe('12 pairs are too few: at least 20 are needed');
  });

  it.each([
    ['zero', () => 0],
    ['NaN', () => Number.NaN],
    ['all alike', () => 1],
  ])('survives vectors that are %s', (_name, value) => {
    const { picture } = simulatePairs(PLAN);
    const found = assess({ picture, text: picture.map(value) });
    expect(found).toMatchObject({ verdict: 'not-assessable', segments: [] });
  });

  it('gives the same reading whatever the lengths of the vectors', () => {
    const { picture, text } = simulatePairs(PLAN);
    const stretched = text.map((value, index) => value * (1 + (Math.floor(index / DIMENSION) % 7)));
    expect(assess({ picture, text: stretched })).toEqual(assess({ picture, text }));
  });

  it('bounds the share of wrong pairs', () => {
    const { picture, text } = simulatePairs({ ...PLAN, rows: 1000, dPrime: 3 });
    const order = shuffled(0, 1000, 3);
    const wrong = reorder(text, (row) => (row % 10 === 0 ? order(row) : row));
    const { mismatch } = readingOf({ picture, text: wrong });
    expect(mismatch?.low).toBeGreaterThan(0.05);
    expect(mismatch?.low).toBeLessThan(0.1);
    expect(mismatch?.high).toBeGreaterThan(0.1);
    expect(readingOf({ picture, text }).mismatch?.low).toBeLessThan(0.02);
  });

  it('stands out among others when all its captions are of other clips', () => {
    const shards = Array.from({ length: 8 }, (_, seed) => simulatePairs({ ...PLAN, seed }));
    const readings = shards.map(({ picture, text }, index) =>
      readingOf({ picture, text: index === 5 ? reorder(text, shuffled(0, 200, 5)) : text }),
    );
    expect(assessShards(readings).map((each) => each.verdict)).toEqual(
      shards.map((_, index) => (index === 5 ? 'unrelated' : 'aligned')),
    );
  });
});

describe('numbers', () => {
  it.each([
    [0, 5, 0.5],
    [2.015, 5, 0.05],
    [2.764, 10, 0.01],
    [-2.764, 10, 0.99],
    [3.09, 10_000, 0.001],
  ])('gives the tail of Student’s t at %f with %i degrees of freedom', (t, df, p) => {
    expect(upperTailOfT(t, df)).toBeCloseTo(p, 4);
  });

  it('adjusts p-values upwards, keeping their order', () => {
    assert(
      property(array(double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        const adjusted = adjustForMany(sorted);
        expect(adjusted).toEqual(adjusted.toSorted((a, b) => a - b));
        expect(adjusted.every((each, index) => each >= (sorted[index] ?? 0))).toBe(true);
      }),
    );
  });
});

describe('words for a stretch', () => {
  it('say where and what', () => {
    const stretch = { shard: 'part-00117', from: 81_204, to: 90_000, rows: 90_000, offset: 1 };
    expect(`${describePlace(stretch)} ${describeMechanism(stretch, 'caption')}`).toBe(
      'from row 81,204 of part-00117 on each caption is that of the row before: a row was dropped or repeated on one side only',
    );
    expect(describeMechanism({ ...stretch, offset: -3 }, 'caption')).toContain(
      'that of the row 3 rows after',
    );
  });
});

describe('a scan of manifests with embeddings', () => {
  let folder = '';
  let result: ScanResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-alignment-'));
    const write = async (name: string, { picture, text }: Pairs): Promise<void> => {
      const lines = Array.from({ length: picture.length / DIMENSION }, (_, row) =>
        JSON.stringify({
          key: `${name}-${row}`,
          caption: `what clip ${name} ${row} shows`,
          image_embedding: [...picture.subarray(row * DIMENSION, (row + 1) * DIMENSION)],
          text_embedding: [...text.subarray(row * DIMENSION, (row + 1) * DIMENSION)],
        }),
      );
      await writeFile(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`);
    };
    const clean = simulatePairs({ ...PLAN, seed: 2 });
    const moved = simulatePairs({ ...PLAN, seed: 3 });
    await write('a', clean);
    await write('b', {
      picture: moved.picture,
      text: reorder(moved.text, (row) => (row < 120 ? row : row - 1)),
    });
    await write('c', simulatePairs({ ...PLAN, rows: 9 }));
    result = await scan({
      config: {
        ...DEFAULT_CONFIG,
        dataset: [folder],
        tier: 'manifest',
        rules: {
          ...DEFAULT_CONFIG.rules,
          select: ['shifted-captions', 'reordered-captions', 'mispaired-captions'],
        },
      },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: [],
    });
  });

  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it('names the shard, the row and the mechanism, and shows the captions around', () => {
    const findings = result.report.findings.filter((each) => each.rule_id === 'shifted-captions');
    expect(findings).toHaveLength(1);
    const [finding] = findings;
    expect(finding?.message).toMatch(
      /^from row 1(19|20|21) of b\.jsonl on each caption is that of the row before: /,
    );
    const row = finding?.row_number ?? 0;
    expect(finding?.values).toMatchObject({
      k: 1,
      caption_before: `what clip b ${row - 1} shows`,
      caption: `what clip b ${row} shows`,
      caption_after: `what clip b ${row + 1} shows`,
    });
    expect(result.report.clips.map((clip) => clip.key)).toEqual([`b-${row}`]);
  });

  it('passes rules that found nothing and says which shard was too small', () => {
    const outcome = result.report.run.rules.find((rule) => rule.id === 'reordered-captions');
    expect(outcome).toMatchObject({ outcome: 'passed', examined: 400 });
    expect(outcome?.reason).toBe('c.jsonl: 9 pairs are too few: at least 20 are needed');
  });
});
