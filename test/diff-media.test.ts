import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { DEFAULT_STORE_ACCESS } from '../src/stores/access.ts';
import { compareVersions } from '../src/compare/compare-versions.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { keptStrips, makePairStrips } from '../src/run/pair-strips.ts';
import { scan } from '../src/scan.ts';
import { failedRules, inFolder } from './diff-kit.ts';
import { BASE_RECIPE, makeClip } from './media-kit/media-kit.ts';

const tone = { source: 'sine=frequency=440:duration=2', duration_s: 2 } as const;
const lasting = { ...BASE_RECIPE, audio: tone };

/** What became of each clip from the older version to the newer one. */
const CLIPS = {
  same: [lasting, lasting],
  smaller: [lasting, { ...lasting, crf: 36 }],
  softer: [lasting, { ...lasting, audio: { ...tone, filters: 'volume=-12dB' } }],
  mute: [lasting, BASE_RECIPE],
  other: [lasting, { ...lasting, source: 'mandelbrot' }],
  cyan: [lasting, { ...lasting, filters: 'colorchannelmixer=rr=0.6' }],
  longer: [lasting, { ...lasting, duration_s: 3 }],
} as const;

async function writeMedia(folder: string, version: 0 | 1): Promise<string> {
  const own = join(folder, `v${version}`);
  await mkdir(own, { recursive: true });
  const rows = Object.keys(CLIPS).map((key) => ({
    key,
    path: `${key}.mp4`,
    caption: `a test picture called ${key}`,
  }));
  await writeFile(
    join(own, 'manifest.jsonl'),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
  for (const [key, recipes] of Object.entries(CLIPS))
    await copyFile(await makeClip(recipes[version]), join(own, `${key}.mp4`));
  return join(own, 'manifest.jsonl');
}

describe('the media of two versions', () => {
  it('are compared by bytes, picture, colour, duration and loudness, from data as from runs', async () => {
    await inFolder(async (folder) => {
      const [older, newer] = [await writeMedia(folder, 0), await writeMedia(folder, 1)];
      const config = { ...DEFAULT_CONFIG, workers: 1, cacheDirectory: join(folder, 'cache') };
      const { runFolder } = await scan({
        config: { ...config, dataset: [older] },
        cwd: folder,
        runFolder: join(folder, 'run'),
        command: [],
      });
      const request = {
        after: newer,
        config,
        cwd: folder,
        mediaSample: null,
        removed: null,
        changesFile: null,
        command: [],
      };

      const data = await compareVersions({ ...request, before: older });
      const mixed = await compareVersions({ ...request, before: runFolder });

      for (const diff of [data, mixed]) {
        expect(diff.media).toMatchObject({
          looked: 7,
          bytesChanged: 6,
          pictureChanged: 1,
          durationChanged: 1,
          loudnessLooked: 6,
          loudnessChanged: 1,
          soundLost: 1,
        });
        expect(diff.media?.colourChanged).toBeGreaterThanOrEqual(1);
        expect(diff.media?.examples.map(({ key }) => key)).toEqual(
          expect.arrayContaining(['other', 'cyan', 'longer', 'mute', 'softer']),
        );
        expect(diff.media?.examples.every(({ fileBefore }) => fileBefore !== null)).toBe(true);
        expect(failedRules(diff)).toContain('changed-clip');
        expect(diff.story.join('\n')).toMatch(/the sound is gone in 1/);
      }
      expect(mixed.media?.examples).toEqual(data.media?.examples);

      // The old files are overwritten by the new ones: what the run kept is all there is.
      for (const key of Object.keys(CLIPS))
        await copyFile(join(folder, 'v1', `${key}.mp4`), join(folder, 'v0', `${key}.mp4`));
      const late = await compareVersions({ ...request, before: runFolder });
      expect(late.media?.pictureChanged).toBe(1);
      const other = late.media?.examples.filter(({ key }) => key === 'other') ?? [];
      expect(other[0]).toMatchObject({ fileBefore: null, fileAfter: expect.any(String) });
      const kept = { webpBase64: 'AAAA', times_s: [0], frameWidth_px: 1, frameHeight_px: 1 };
      const strips = await makePairStrips(
        other,
        { before: DEFAULT_STORE_ACCESS, after: DEFAULT_STORE_ACCESS },
        {
          before: new Map([['other', kept]]),
          after: await keptStrips(newer),
        },
      );
      expect(strips.get('other')).toMatchObject({
        before: kept,
        after: { webpBase64: expect.any(String) },
      });
    });
  }, 120_000);
});
