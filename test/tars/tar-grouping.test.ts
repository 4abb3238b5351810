import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../../src/config/config.ts';
import { scan } from '../../src/scan.ts';
import { makeFolder } from '../dataset-room.ts';
import { END, entry, type Entry, tarOf } from './make-tar.ts';

/** Samples `first` to `last`, each with a clip, a caption and metadata. */
function samples(first: number, last: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, i) => sample(first + i)).flat();
}

function sample(i: number, key = `${i}`.padStart(6, '0')): Entry[] {
  return [
    { name: `${key}.mp4`, body: `media ${i}` },
    { name: `${key}.txt`, body: `a caption that tells what happens in clip ${i}` },
    { name: `${key}.json`, body: `{"width": ${i}}` },
  ];
}

/** What the rules about tars say of them. */
async function findingsIn(
  tars: Readonly<Record<string, Uint8Array>>,
): Promise<readonly (readonly [string, string, string])[]> {
  const folder = makeFolder(tars);
  const { report } = await scan({
    config: {
      ...DEFAULT_CONFIG,
      dataset: [folder],
      tier: 'manifest',
      workers: 1,
      rules: {
        ...DEFAULT_CONFIG.rules,
        select: ['tar-grouping', 'unreadable-shard', 'row-count-mismatch'],
      },
    },
    cwd: folder,
    runFolder: join(makeFolder(), 'run'),
    command: [],
  });
  return report.findings.map((each) => [each.rule_id, each.shard ?? '', each.message]);
}

const CLEAN = tarOf(...samples(10, 29));

describe('tar-grouping', () => {
  it.each<readonly [string, Readonly<Record<string, Uint8Array>>]>([
    ['whole tars', { '0.tar': tarOf(...samples(0, 9)), '1.tar': CLEAN }],
    [
      'splits that number their keys alike',
      { 'train/0.tar': CLEAN, 'test/0.tar': tarOf(...samples(10, 12)) },
    ],
    [
      'parallel tars in step',
      {
        'video/0.tar': tarOf({ name: 'a.mp4' }, { name: 'b.mp4' }),
        'metas/0.tar': tarOf({ name: 'a.json', body: '{}' }, { name: 'b.json', body: '{}' }),
        't5/0.tar': tarOf({ name: 'a.npy', body: 'N' }, { name: 'b.npy', body: 'N' }),
      },
    ],
    [
      'views that are fields with dots in every sample, and a README',
      {
        '0.tar': tarOf(
          { name: 'README' },
          { name: '__meta__/x.json' },
          ...['a', 'b', 'c'].flatMap((key) =>
            ['left.jpg', 'right.jpg', 'top.jpg', 'front.jpg', 'seg.v2.png', 'txt'].map((field) => ({
              name: `dir.v1/${key}.${field}`,
            })),
          ),
        ),
      },
    ],
    [
      'a field that half of the samples have',
      {
        '0.tar': tarOf(...samples(0, 5), ...samples(6, 9).filter(({ name }) => !/txt/.test(name))),
      },
    ],
  ])('says nothing of %s', async (_, tars) => {
    expect(await findingsIn(tars)).toEqual([]);
  });

  it.each<readonly [string, Readonly<Record<string, Uint8Array>>, readonly string[]]>([
    [
      'a caption that is missing',
      {
        '0.tar': tarOf(...samples(30, 49).filter(({ name }) => name !== '000037.txt')),
        '1.tar': CLEAN,
      },
      ['0.tar: 1 sample has no .txt, which 39 of 40 samples have, first 000037'],
    ],
    [
      'clips whose names have dots',
      {
        '0.tar': tarOf(...[1, 2, 3, 4, 5].flatMap((i) => sample(i, `film.00${i}`))),
        '1.tar': CLEAN,
      },
      [
        '0.tar: 15 members have dots in their names, and all behind the first one became the field: .001.mp4 of film',
        '0.tar: 1 sample has no .json, which 20 of 21 samples have, first film',
        '0.tar: 1 sample has no .mp4, which 20 of 21 samples have, first film',
        '0.tar: 1 sample has no .txt, which 20 of 21 samples have, first film',
      ],
    ],
    [
      'members sorted by kind',
      {
        '0.tar': tarOf(
          ...samples(0, 9).toSorted((a, b) => (a.name.slice(-3) < b.name.slice(-3) ? -1 : 1)),
        ),
      },
      [
        '0.tar: 10 keys are more than one sample: their members do not follow each other, first 000000',
      ],
    ],
    [
      'a key in two shards',
      { '0.tar': tarOf(...samples(0, 10)), '1.tar': CLEAN },
      ['1.tar: 1 key stands in 0.tar too, first 000010'],
    ],
    [
      'a field that comes twice',
      { '0.tar': tarOf(...sample(1), { name: '000001.TXT', body: 'x' }, ...samples(2, 9)) },
      ['0.tar: 1 sample has a field twice, where readers raise an error: .txt of 000001'],
    ],
    [
      'an empty tar and links',
      {
        '0.tar': Buffer.concat([
          entry({ name: 'l.mp4' }, 'SymbolicLink'),
          ...samples(0, 9).map((each) => entry(each)),
          END,
        ]),
        '1.tar': END,
      },
      [
        '0.tar: 1 member is a link, which readers pass over, first l.mp4',
        '1.tar: holds no samples (0 members)',
      ],
    ],
    [
      'parallel tars out of step, and one that has no counterpart',
      {
        'video/0.tar': tarOf({ name: 'a.mp4' }, { name: 'b.mp4' }, { name: 'c.mp4' }),
        'video/1.tar': tarOf({ name: 'd.mp4' }),
        'metas/0.tar': tarOf({ name: 'a.json', body: '{}' }, { name: 'c.json', body: '{}' }),
      },
      [
        'metas/0.tar: its keys are not those of video/0.tar in the same order: 2 samples differ, the first at 1: c beside b',
        'video/1.tar: has no 1.tar beside it in metas',
      ],
    ],
  ])('finds %s', async (_, tars, said) => {
    const found = await findingsIn(tars);
    const own = found.filter(([rule]) => rule === 'tar-grouping');
    expect(own.map(([, shard, message]) => `${shard}: ${message}`).toSorted()).toEqual(
      [...said].toSorted(),
    );
  });

  it('is beside row-count-mismatch, which holds samples against what others counted', async () => {
    const found = await findingsIn({
      '00000.tar': CLEAN,
      '00000_stats.json': Buffer.from('{"count": 30, "successes": 20}'),
      '00001.tar': tarOf(...samples(0, 9)),
      '00001_stats.json': Buffer.from('{"count": 12, "successes": 11}'),
      'wids.json': Buffer.from(
        '{"wids_version": 1, "shardlist": [{"url": "s3://b/00000.tar", "nsamples": 19}, {"url": "00001.tar", "nsamples": 10}]}',
      ),
    });
    expect(found.map(([rule, file, message]) => `${rule} ${file}: ${message}`).toSorted()).toEqual([
      'row-count-mismatch 00001_stats.json: 00001_stats.json says 11 rows for 00001.tar, the manifest holds 10',
      'row-count-mismatch wids.json: wids.json says 19 rows for 00000.tar, the manifest holds 20',
    ]);
  });

  it('leaves damage to unreadable-shard', async () => {
    const found = await findingsIn({
      '0.tar': CLEAN,
      '1.tar': tarOf(...samples(0, 9)).subarray(0, 20_000),
    });
    expect(found.map(([rule, shard]) => [rule, shard])).toEqual([['unreadable-shard', '1.tar']]);
    expect(found[0]?.[2]).toContain('the tar is cut off inside');
  });
});
