import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  assessShards,
  readShard,
  type ShardAssessment,
  type ShardReading,
} from '../../src/analyses/alignment/assess-shard.ts';
import { weighWords } from '../../src/analyses/alignment/caption-words.ts';
import { bandsFromWords, type FeaturedShard } from '../../src/analyses/alignment/words-band.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { normal, shuffled, uniform } from './simulate-pairs.ts';

/** Numbers that stand for what a picture looks like. */
const FEATURES = 64;

/** Captions of real clips in shards, with features of pictures that may have to do with them. */
export type WordPlan = {
  readonly rows: number;
  readonly shards: number;
  /**
   * How features come about: from another person's caption of the same clip through a random map with noise, or with nothing
   * to do with captions, either at random or alike inside runs of eight rows.
   */
  readonly features: 'seen' | 'random' | 'alike';
  /** Whether neighbouring rows have captions that resemble each other. */
  readonly isSorted: boolean;
  readonly seed: number;
  /** Row `i` gets the caption of row `order(i)` of its shard. */
  readonly order?: (row: number, rows: number) => number;
};

/** Two captions of one clip. */
export type Twice = { readonly text: string; readonly other: string };

let pool: readonly Twice[] | null = null;

/** Captions of real clips, each by two people. */
export function realCaptions(): readonly Twice[] {
  pool ??= readFileSync(join(PACKAGE_ROOT, 'bench', 'alignment', 'audio-captions.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [text = '', other = ''] = line.split('\t');
      return { text, other };
    });
  return pool;
}

/** Verdicts on the shards of the plan. */
export function assessWords(plan: WordPlan): {
  readonly readings: readonly ShardReading[];
  readonly assessments: readonly ShardAssessment[];
} {
  const shards = drawShards(plan);
  const readings = bandsFromWords(shards, FEATURES).map((band) => ({
    ...readShard(band),
    mismatch: null,
  }));
  return { readings, assessments: assessShards(readings) };
}

function drawShards(plan: WordPlan): readonly FeaturedShard[] {
  const all = realCaptions();
  const order = shuffled(0, all.length, plan.seed);
  const drawn = Array.from({ length: plan.rows * plan.shards }, (_, at) => {
    const found = all[order(at % all.length)];
    if (found === undefined) throw new Error('no captions');
    return found;
  });
  if (plan.isSorted) drawn.sort((a, b) => (a.text < b.text ? -1 : 1));
  const features = plan.features === 'seen' ? seenFeatures(drawn, plan.seed) : noise(drawn, plan);
  return Array.from({ length: plan.shards }, (_, shardId) => {
    const first = shardId * plan.rows;
    const own = drawn.slice(first, first + plan.rows);
    const place = plan.order ?? ((row: number): number => row);
    return {
      shardId,
      rows: own.map((_unused, row) => row),
      features: features.slice(first * FEATURES, (first + plan.rows) * FEATURES),
      captions: new Map(
        own.map((_unused, row) => {
          const from = (place(row, own.length) + own.length) % own.length;
          return [row, own[from]?.text ?? ''] as const;
        }),
      ),
    };
  });
}

/** What another person's caption says, seen through a random map, with as much noise again. */
function seenFeatures(drawn: readonly Twice[], seed: number): Float64Array {
  const gauss = normal(seed + 1);
  const { vocabulary, vectors } = weighWords(drawn.map((each) => each.other));
  const map = Float64Array.from({ length: vocabulary * FEATURES }, gauss);
  const features = new Float64Array(drawn.length * FEATURES);
  for (const [row, vector] of vectors.entries())
    for (let i = 0; i < FEATURES; i += 1) {
      let sum = gauss();
      vector?.places.forEach((place, at) => {
        sum += (vector.weights[at] ?? 0) * (map[place * FEATURES + i] ?? 0);
      });
      features[row * FEATURES + i] = sum;
    }
  return features;
}

function noise(drawn: readonly Twice[], plan: WordPlan): Float64Array {
  const gauss = normal(plan.seed + 2);
  const draw = uniform(plan.seed + 3);
  const features = new Float64Array(drawn.length * FEATURES);
  let common = Float64Array.from({ length: FEATURES }, gauss);
  const share = plan.features === 'alike' ? 0.9 : 0;
  for (let row = 0; row < drawn.length; row += 1) {
    if (draw() < 1 / 8) common = Float64Array.from({ length: FEATURES }, gauss);
    for (let i = 0; i < FEATURES; i += 1)
      features[row * FEATURES + i] =
        Math.sqrt(share) * (common[i] ?? 0) + Math.sqrt(1 - share) * gauss();
  }
  return features;
}

const isAlarm = ({ assessments }: ReturnType<typeof assessWords>): boolean =>
  assessments.some(({ segments }) => segments.length > 0);

/** How often a shift by a row is found in shards of 200 rows. */
export function wordShiftPower(runs: number): string {
  return count(runs, { order: (row) => row - 1 }, isBy(1, 0));
}

const EVERY: Omit<WordPlan, 'seed'> = { rows: 200, shards: 1, features: 'seen', isSorted: false };

function count(
  runs: number,
  plan: Partial<WordPlan>,
  test: (found: ReturnType<typeof assessWords>) => boolean,
): string {
  let found = 0;
  for (let run = 0; run < runs; run += 1)
    if (test(assessWords({ ...EVERY, ...plan, seed: 1 + run * 7919 }))) found += 1;
  return `${found} of ${runs}`;
}

/** Alarms in clean datasets of real captions, by evidence without a shared space. */
export function printWordAlarms(runs: number): void {
  console.log(
    '\n### Evidence B, real captions: datasets with any alarm, none of them wrong (nominal 1 %)\n',
  );
  console.log('| features | order of captions | 100 rows | 200 rows | 4 shards of 200 |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const features of ['seen', 'random', 'alike'] as const)
    for (const isSorted of [false, true]) {
      const cells = [
        { rows: 100, shards: 1 },
        { rows: 200, shards: 1 },
        { rows: 200, shards: 4 },
      ].map((size) => count(runs, { ...size, features, isSorted }, isAlarm));
      const order = isSorted ? 'sorted: neighbours alike' : 'random';
      console.log(`| ${features} | ${order} | ${cells.join(' | ')} |`);
    }
}

const half = (row: number, rows: number): number => (row < rows / 2 ? row : row + 1);

const isBy = (offset: number, from: number) => (found: ReturnType<typeof assessWords>) =>
  found.assessments[0]?.segments.some(
    (segment) => segment.offset === offset && Math.abs(segment.from - from) <= 10,
  ) ?? false;

/** What evidence without a shared space finds in real captions that were moved. */
export function printWordPower(runs: number): void {
  console.log('\n### Evidence B, real captions: found with the right offset, from the right row\n');
  console.log('| captions | order | 100 rows | 200 rows | 400 rows |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const isSorted of [false, true]) {
    const cells = (order: NonNullable<WordPlan['order']>, offset: number, share: number): string =>
      [100, 200, 400]
        .map((rows) => count(runs, { rows, isSorted, order }, isBy(offset, share * rows)))
        .join(' | ');
    const name = isSorted ? 'sorted: neighbours alike' : 'random';
    console.log(`| moved down by a row | ${name} | ${cells((row) => row - 1, 1, 0)} |`);
    console.log(`| a row dropped in the middle | ${name} | ${cells(half, -1, 0.5)} |`);
  }
}
