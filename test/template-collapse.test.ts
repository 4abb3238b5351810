import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { scan } from '../src/scan.ts';
import { makeFolder, runAlone } from './dataset-room.ts';

const SHARDS = 512;
const ROWS = 60;

const WORDS =
  'a an the of in on at by old red big tall dog cat man boat harbour kitchen street walks runs sits waves jumps over under beside while slowly morning rain light two three her his'
    .split(' ')
    .map((word) => `'${word}'`)
    .join(', ');

describe('a captioner that fell into a template in three shards of 512', () => {
  it('is told in one line, with the shards by name and the first bad row', async () => {
    const folder = makeFolder();
    await runAlone(
      `copy (
         select 'k' || i as key, printf('%03d', i // ${ROWS}) as part,
           if(i // ${ROWS} in (101, 102, 350) and hash(i) % 10 < 9,
             'This is a video of a ' || words[1 + (hash(i * 7) % len(words))::bigint] || ' in a ' || words[1 + (hash(i * 11) % len(words))::bigint] || ' room.',
             array_to_string(list_transform(range(8 + (hash(i) % 9)::bigint), w -> words[1 + (hash(i * 131 + w) % len(words))::bigint]), ' ') || '.') as caption
         from range(${SHARDS * ROWS}) as numbers(i), (select [${WORDS}] as words)
       ) to '${folder}' (format parquet, partition_by (part), overwrite_or_ignore)`,
    );
    const { report } = await scan({
      config: {
        ...DEFAULT_CONFIG,
        dataset: [folder],
        tier: 'manifest',
        rules: { ...DEFAULT_CONFIG.rules, select: ['captions'] },
      },
      cwd: makeFolder(),
      runFolder: join(makeFolder(), 'run'),
      command: [],
    });
    expect(report.run.dataset.shards).toHaveLength(SHARDS);
    const failed = report.run.rules.filter((rule) => rule.outcome === 'failed');
    expect(failed.map((rule) => rule.id)).toEqual(['collapsed-captions']);
    const place = failed[0]?.localisation;
    expect(place?.pattern).toBe('clustered');
    expect(place?.sentence).toMatch(
      /^3 of 512 shards hold 100 % of the hits: .*part=101\/.*part=102\/.*part=350\//,
    );
    expect(place?.first?.shard).toContain('part=101/');
    expect(place?.statistic).toMatch(/\d/);
  }, 60_000);
});
