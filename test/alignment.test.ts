import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { array, assert, double, property } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  DIMENSION,
  normal,
  type Pairs,
  reorder,
  shuffled,
  simulatePairs,
  uniform,
} from '../bench/alignment/simulate-pairs.ts';
import {
  adjustForMany,
  assessShards,
  readShard,
  type ShardAssessment,
} from '../src/analyses/alignment/assess-shard.ts';
import { describeMechanism, describePlace } from '../src/analyses/alignment/describe-segment.ts';
import { renderHtml } from '../reports/html/page.ts';
import { assessMetadata } from '../src/analyses/alignment/metadata-evidence.ts';
import { SimilarityBand } from '../src/analyses/alignment/similarity-band.ts';
import { upperTailOfT } from '../src/analyses/alignment/student-t.ts';
import { bandsFromWords, type FeaturedShard } from '../src/analyses/alignment/words-band.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import type { ScanResult } from '../src/audit/scan-request.ts';
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

function verdictOf(shard: FeaturedShard): ShardAssessment {
  const [band] = bandsFromWords([shard], 12);
  if (band === undefined) throw new Error('no band');
  const [assessment] = assessShards([readShard(band)]);
  if (assessment === undefined) throw new Error('no assessment');
  return assessment;
}

describe('captions and features that share no space', () => {
  const subjects = [
    'dog',
    'cat',
    'boat',
    'house',
    'train',
    'child',
    'bird',
    'horse',
    'car',
    'tree',
  ];
  const colours = ['red', 'blue', 'green', 'white', 'black', 'yellow'];
  const doings = ['runs', 'sleeps', 'waits', 'turns', 'jumps', 'falls'];

  /** Captions of three words, and features in which each word leaves its mark. */
  function shardOf(rows: number, move: (row: number) => number, noise: number): FeaturedShard {
    const draw = uniform(4);
    const gauss = normal(5);
    const pick = (words: readonly string[]): string =>
      words[Math.floor(draw() * words.length)] ?? '';
    const captions = Array.from({ length: rows }, () => [
      pick(colours),
      pick(subjects),
      pick(doings),
    ]);
    const marks = new Map(
      [...subjects, ...colours, ...doings].map((word) => [
        word,
        Float64Array.from({ length: 12 }, gauss),
      ]),
    );
    const features = Float64Array.from({ length: rows * 12 }, (_, at) =>
      (captions[Math.floor(at / 12)] ?? []).reduce(
        (sum, word) => sum + (marks.get(word)?.[at % 12] ?? 0),
        noise * gauss(),
      ),
    );
    const all = captions.map(
      (_, row) => [row, `a ${captions[move(row)]?.join(' ') ?? ''}`] as const,
    );
    return { shardId: 0, rows: captions.map((_, row) => row), features, captions: new Map(all) };
  }

  it('are aligned when each caption stands with its clip', () => {
    expect(verdictOf(shardOf(300, (row) => row, 1)).verdict).toBe('aligned');
  });

  it('are found moved by a row', () => {
    const found = verdictOf(shardOf(300, (row) => row - 1, 1));
    expect(found.verdict).toBe('shifted');
    expect(found.segments.map((segment) => segment.offset)).toEqual([1]);
  });

  it('show the row from which on captions moved', () => {
    const found = verdictOf(shardOf(400, (row) => (row < 280 ? row : row - 1), 1));
    expect(found.segments.map((segment) => segment.offset)).toEqual([1]);
    expect(Math.abs((found.segments[0]?.from ?? 0) - 280)).toBeLessThan(8);
  });

  it('say nothing where a shard is there twice and the map could learn its pairs by heart', () => {
    const shard = shardOf(300, (row) => row, 1e6);
    const bands = bandsFromWords([shard, { ...shard, shardId: 1 }], 12);
    const verdicts = assessShards(bands.map((band) => readShard(band)));
    expect(verdicts.map((each) => each.verdict)).toEqual(['not-assessable', 'not-assessable']);
  });

  it('say nothing where features have nothing to do with words', () => {
    expect(verdictOf(shardOf(300, (row) => row, 1e6)).verdict).toBe('not-assessable');
  });
});

describe('declared values and measured media', () => {
  const sizes = Array.from({ length: 120 }, (_, row) => 200 + ((row * 7919) % 40));
  const compare = (move: (row: number) => number): ReturnType<typeof assessMetadata> =>
    assessMetadata(
      ['width'],
      sizes.map((size, row) => ({ row, measured: [[size]] })),
      (row) => sizes[move(row)] ?? null,
    );

  it('are aligned when they agree', () => {
    expect(compare((row) => row).assessment).toMatchObject({ verdict: 'aligned', segments: [] });
  });

  it('show from which row on they are those of the row before', () => {
    const { assessment } = compare((row) => (row < 70 ? row : row - 1));
    expect(assessment.verdict).toBe('shifted');
    expect(assessment.segments).toMatchObject([{ from: 70, to: 120, offset: 1 }]);
  });

  it('say nothing where all rows declare the same', () => {
    const same = assessMetadata(
      ['width'],
      sizes.map((_, row) => ({ row, measured: [[640]] })),
      () => 640,
    );
    expect(same.assessment.reason).toBe('declared width alike in neighbouring rows');
  });

  it('leave values that fit no row nearby to other rules', () => {
    expect(compare((row) => (row + 61) % 120).assessment.segments).toEqual([]);
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

  it('shows the rows before, of and after the first bad one beside each other', () => {
    const row =
      result.report.findings.find((each) => each.rule_id === 'shifted-captions')?.row_number ?? 0;
    const rows = result.report.clips
      .filter((card) => card.shard === 'b.jsonl')
      .map((card) => card.rowNumber);
    expect(rows).toEqual(expect.arrayContaining([row - 1, row, row + 1]));
    const html = renderHtml(result.report);
    const shown = /<ol class="neighbours".*?<\/ol>/s.exec(html)?.[0] ?? '';
    for (const each of [row - 1, row, row + 1])
      expect(shown).toContain(`what clip b ${each} shows`);
  });

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
    expect(result.report.clips.map((clip) => clip.key)).toEqual([
      `b-${row - 1}`,
      `b-${row}`,
      `b-${row + 1}`,
    ]);
  });

  it('keeps how well captions fit at every offset, and how pairs spread, for the report', () => {
    const [alarm, ...others] = result.report.run.alignment ?? [];
    expect(alarm).toMatchObject({
      shard: 'b.jsonl',
      evidence: 'embeddings',
      verdict: 'shifted',
      stretch: { toRow: 200, offset: 1 },
      histogram: { offset: 1 },
    });
    expect(alarm?.stretch?.certainty).toMatch(
      /^odds of 1e\d+ to 1, first row between 11\d and 12\d$/,
    );
    expect(alarm?.lags.map((each) => each.offset)).toEqual(
      Array.from({ length: 17 }, (_, index) => index - 8),
    );
    const best = alarm?.lags.toSorted((a, b) => b.mean - a.mean)[0];
    expect(best?.offset).toBe(1);
    expect(best?.low).toBeGreaterThan(1);
    const pairs = alarm?.histogram?.own.reduce((sum, each) => sum + each, 0);
    expect(pairs).toBe((alarm?.stretch?.toRow ?? 0) - (alarm?.stretch?.fromRow ?? 0));
    expect(others.filter((each) => each.evidence === 'embeddings')).toMatchObject([
      { shard: 'a.jsonl', verdict: 'aligned', stretch: null },
      { shard: 'c.jsonl', verdict: 'not-assessable', stretch: null },
    ]);
  });

  it('keeps its tables in the run folder', async () => {
    for (const table of ['alignment', 'alignment_segments'])
      expect(existsSync(join(result.runFolder, 'evidence', `${table}.parquet`))).toBe(true);
  });

  it('passes rules that found nothing and says which shard was too small', () => {
    const outcome = result.report.run.rules.find((rule) => rule.id === 'reordered-captions');
    expect(outcome).toMatchObject({ outcome: 'passed', examined: 400 });
    expect(outcome?.reason).toBe('c.jsonl: 9 pairs are too few: at least 20 are needed');
  });
});
