import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import type { Finding, RuleOutcome } from '../src/run/document.ts';
import { scan } from '../src/scan.ts';
import { makeFolder, runAlone } from './dataset-room.ts';

/** The outcome of one rule over a dataset, with what it found. */
async function judgeOne(
  dataset: string,
  rule: string,
  tier: 'manifest' | 'header' = 'header',
): Promise<{ readonly outcome: RuleOutcome | undefined; readonly findings: readonly Finding[] }> {
  const { report } = await scan({
    config: {
      ...DEFAULT_CONFIG,
      dataset: [dataset],
      tier,
      rules: { ...DEFAULT_CONFIG.rules, select: [rule] },
    },
    cwd: makeFolder(),
    runFolder: join(makeFolder(), 'run'),
    command: [],
  });
  return { outcome: report.run.rules[0], findings: report.findings };
}

const clips = (paths: readonly string[]): string =>
  ['key,path,caption', ...paths.map((path, i) => `k${i},${path},A dog runs ${i}.`), ''].join('\n');

describe('media that no row names', () => {
  it('are told by folder, however rows spell the paths of the others', async () => {
    const folder = makeFolder({
      'clips/a.mp4': 'a',
      'clips/b.mp4': 'b',
      'clips/lost one #1.mp4': 'twelve bytes',
      'clips/más/c.mp4': 'c',
      'clips/más/lost.mp4': 'x',
    });
    const manifest = makeFolder({
      'm.csv': clips(['clips/a.mp4', './clips/b.mp4', `${folder}/clips/más/c.mp4`]),
    });
    const { outcome, findings } = await judgeAt(manifest, folder);

    expect(outcome?.outcome).toBe('failed');
    expect(findings.map((each) => each.message).toSorted()).toEqual([
      '1 of 2 media in clips/más are named by no row (0 MB), first lost.mp4',
      '1 of 3 media in clips are named by no row (0 MB), first lost one #1.mp4',
    ]);
  });

  it('are not the thumbnails, side-cars and datasets beside them', async () => {
    const folder = makeFolder({
      'm.csv': clips(['clips/a.mp4', 'clips/b.mp4']),
      'clips/a.mp4': 'a',
      'clips/b.mp4': 'b',
      'clips/a.jpg': 'thumbnail',
      'clips/a.json': '{}',
      'clips/.hidden.mp4': 'h',
      'other/c.mp4': 'c',
      'clips/raw/d.mp4': 'd',
    });
    const { outcome, findings } = await judgeOne(folder, 'orphan-file');

    expect(outcome?.outcome).toBe('passed');
    expect(findings).toEqual([]);
  });

  it('are not looked for by a scan of the manifest alone, which says so', async () => {
    const folder = makeFolder({ 'm.csv': clips(['a.mp4']), 'a.mp4': 'a', 'b.mp4': 'b' });
    const { outcome } = await judgeOne(folder, 'orphan-file', 'manifest');

    expect(outcome?.outcome).toBe('not-applicable');
    expect(outcome?.reason).toContain('--tier manifest');
  });
});

const info = (train: number, test: number): string =>
  JSON.stringify({
    splits: { train: { name: 'train', num_examples: train }, test: { num_examples: test } },
  });

describe('row counts written beside the manifest', () => {
  const shards = {
    'train-00000-of-00002.csv': clips(['a', 'b', 'c']),
    'train-00001-of-00002.csv': clips(['d', 'e']),
    'test-00000-of-00001.csv': clips(['f']),
  };
  it('that agree pass, in every file that states them', async () => {
    const card = `---\nlicense: mit\ndataset_info:\n  features:\n  - name: caption\n    dtype: string\n  splits:\n  - name: train\n    num_bytes: 9\n    num_examples: 5\n  - name: test\n    num_examples: 1\n  download_size: 3\n---\n# Clips`;
    const folder = makeFolder({ ...shards, 'dataset_info.json': info(5, 1), 'README.md': card });
    const { outcome, findings } = await judgeOne(folder, 'row-count-mismatch', 'manifest');

    expect(outcome?.outcome).toBe('passed');
    expect(findings).toEqual([]);
  });

  it('that differ are told by file and split', async () => {
    const folder = makeFolder({
      ...shards,
      'dataset_info.json': info(7, 1),
      'dataset_infos.json': JSON.stringify({ default: JSON.parse(info(5, 2)) }),
    });
    const { findings } = await judgeOne(folder, 'row-count-mismatch', 'manifest');

    expect(findings.map((each) => each.message).toSorted()).toEqual([
      'dataset_info.json says 7 rows for split train, the manifest holds 5',
      'dataset_infos.json says 2 rows for split test, the manifest holds 1',
    ]);
  });

  it('are no mismatch where one shard of the dataset is scanned', async () => {
    const folder = makeFolder({ ...shards, 'dataset_info.json': info(5, 1) });
    const { findings } = await judgeOne(
      join(folder, 'train-00001-of-00002.csv'),
      'row-count-mismatch',
      'manifest',
    );

    expect(findings).toEqual([]);
  });

  it('in the _metadata of Parquet and in the sidecars of img2dataset count too', async () => {
    const folder = makeFolder({
      '00000_stats.json': '{"count": 12, "successes": 9}',
      '00001_stats.json': '{"count": 10}',
    });
    for (const shard of ['00000', '00001'])
      await runAlone(
        `copy (select i as key, 'c ' || i as caption from range(10) t(i)) to '${folder}/${shard}.parquet'`,
      );
    await runAlone(
      `copy (select i as key, 'c ' || i as caption from range(25) t(i)) to '${folder}/_metadata' (format parquet)`,
    );
    const { findings } = await judgeOne(folder, 'row-count-mismatch', 'manifest');

    expect(findings.map((each) => each.message).toSorted()).toEqual([
      '00000_stats.json says 12 rows for 00000.parquet, the manifest holds 10',
      '_metadata says 25 rows for all rows, the manifest holds 20',
    ]);
  });
});

describe('rules that compare media', () => {
  it.each(['near-duplicate-media', 'near-duplicate-leak'])(
    '%s does not pass where a scan of the manifest alone looked at none',
    async (rule) => {
      const folder = makeFolder({
        'rows.csv': 'key,split,path\na,train,a.mp4\nb,test,b.mp4\n',
      });
      const { outcome } = await judgeOne(folder, rule, 'manifest');

      expect(outcome?.outcome).toBe('not-applicable');
      expect(outcome?.reason).toBe('--tier manifest compares no media');
    },
  );
});

describe('rules that hold the manifest against media', () => {
  const RULES = [
    'frame-count-mismatch',
    'ignored-rotation',
    'placeholder-media',
    'resolution-mismatch',
    'stretched-frames',
    'swapped-channels',
    'swapped-dimensions',
  ];

  it.each(RULES)('%s does not pass where no medium was looked at', async (rule) => {
    const folder = makeFolder({
      'rows.csv':
        'key,path,caption,width,height,num_frames,source_id\na,a.mp4,a dog,640,480,30,s\nb,b.mp4,a cat,640,480,30,t\n',
    });
    const { outcome } = await judgeOne(folder, rule, 'manifest');

    expect(outcome?.outcome).toBe('not-applicable');
    expect(outcome?.reason).toMatch(/^--tier manifest does not look at /);
  });

  it('judge what the manifest alone shows, where it shows it', async () => {
    const folder = makeFolder({
      'rows.csv': 'key,path,width,height,duration\na,a.mp4,641,480,2\nb,b.mp4,640,480,2\n',
    });
    const { outcome } = await judgeOne(folder, 'odd-dimensions', 'manifest');

    expect(outcome).toMatchObject({ outcome: 'failed', examined: 2, affected: 1 });
  });
});

describe('schemas beside the manifest', () => {
  const rows = `select i as key, 'c ' || i as caption, i::integer as width from range(10) t(i)`;
  const writeSet = async (): Promise<string> => {
    const folder = makeFolder();
    for (const bucket of ['a', 'b']) {
      mkdirSync(join(folder, `bucket=${bucket}`));
      await runAlone(`copy (${rows}) to '${folder}/bucket=${bucket}/0.parquet'`);
    }
    return folder;
  };

  it('that name other columns or types than the shards are told', async () => {
    const folder = await writeSet();
    await runAlone(
      `copy (select i as key, i::bigint as width, '' as bucket from range(0) t(i)) to '${folder}/_common_metadata' (format parquet)`,
    );
    const { findings } = await judgeOne(folder, 'schema-drift', 'manifest');

    expect(findings.map((each) => each.message)).toEqual([
      'lacks caption; stores width as BIGINT, usually INTEGER; 2 of 2 shards have the usual columns',
    ]);
    expect(findings[0]?.shard).toBe('_common_metadata');
  });

  it('that agree, partition columns apart, are none', async () => {
    const folder = await writeSet();
    for (const name of ['_common_metadata', '_metadata'])
      await runAlone(
        `copy (select *, 'a' as bucket from (${rows})) to '${folder}/${name}' (format parquet)`,
      );
    const { findings } = await judgeOne(folder, 'schema-drift', 'manifest');

    expect(findings).toEqual([]);
  });
});

async function judgeAt(dataset: string, mediaRoot: string): ReturnType<typeof judgeOne> {
  const { report } = await scan({
    config: {
      ...DEFAULT_CONFIG,
      dataset: [dataset],
      tier: 'header',
      mediaRoot,
      rules: { ...DEFAULT_CONFIG.rules, select: ['orphan-file'] },
    },
    cwd: dataset,
    runFolder: join(makeFolder(), 'run'),
    command: [],
  });
  return { outcome: report.run.rules[0], findings: report.findings };
}
