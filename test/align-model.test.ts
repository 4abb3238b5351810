import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { drawShapes, SIDE_PX } from '../bench/alignment/draw-shapes.ts';
import { DIMENSION, reorder, simulatePairs } from '../bench/alignment/simulate-pairs.ts';
import {
  planWindows,
  readModelWindows,
  type Window,
} from '../src/analyses/alignment/model-windows.ts';
import type { ScanResult } from '../src/audit.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { splitCaption } from '../src/encoder/split-caption.ts';
import { findTransformers } from '../src/encoder/transformers-library.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { scan } from '../src/scan.ts';

const TOY = join(PACKAGE_ROOT, 'test/models/toy-clip');

/** Whether the library that runs models is there: it is the user's, and no dependency of dailies. */
const hasLibrary = ((): boolean => {
  try {
    return findTransformers(PACKAGE_ROOT) !== '';
  } catch {
    return false;
  }
})();

function vectorAt(side: Float32Array, row: number): Float32Array {
  return side.slice(row * DIMENSION, (row + 1) * DIMENSION);
}

/** Words, and a token on either side. */
function countWords(text: string): number {
  return text.split(/\s+/).length + 2;
}

describe('windows that a model is run on', () => {
  it('are the first and last rows of each shard, and small shards whole', () => {
    const windows = planWindows(
      new Map([
        [0, 1000],
        [1, 80],
        [2, 0],
      ]),
      2000,
    );
    expect(windows).toEqual([
      { shardId: 0, from: 0, to: 48 },
      { shardId: 0, from: 952, to: 1000 },
      { shardId: 1, from: 0, to: 80 },
    ]);
  });

  it('stay within the budget, spread over the shards', () => {
    const sizes = new Map(Array.from({ length: 500 }, (_, index) => [index, 10_000] as const));
    const windows = planWindows(sizes, 2000);
    const rows = windows.reduce((sum, { from, to }) => sum + to - from, 0);
    expect(rows).toBeLessThanOrEqual(2000);
    expect(rows).toBeGreaterThan(1500);
    expect(Math.max(...windows.map((each) => each.shardId))).toBeGreaterThan(400);
  });

  it('close in on the first bad row by halving', async () => {
    const rows = 4000;
    const plan = { rows, dPrime: 3, sourceShare: 0.5, noiseShare: 0.6, sourceRows: 8, seed: 3 };
    const { picture, text } = simulatePairs(plan);
    const moved = reorder(text, (row) => (row < 2717 ? row : row + 1));
    let looked = 0;
    const [found] = await readModelWindows(
      {
        mostRows: 2000,
        announce: async () => {},
        embed: async (windows: readonly Window[]) =>
          windows.map(({ from, to }) => {
            looked += to - from;
            return Array.from({ length: to - from }, (_, at) => ({
              row: from + at,
              picture: vectorAt(picture, from + at),
              caption: vectorAt(moved, from + at),
            }));
          }),
      },
      new Map([[0, rows]]),
    );
    const segment = found?.reading.segments[0];
    expect(segment?.offset).toBe(-1);
    expect(Math.abs((found?.rowNumbers[segment?.from ?? 0] ?? 0) - 2717)).toBeLessThanOrEqual(2);
    expect(looked).toBeLessThan(600);
  });
});

describe('a caption that is longer than a model reads', () => {
  it('is split by sentence, short neighbours together', () => {
    expect(
      splitCaption('A dog runs. It is red. Then a cat sleeps on the mat.', 9, countWords),
    ).toEqual(['A dog runs. It is red.', 'Then a cat sleeps on the mat.']);
  });

  it('is left alone if it fits, and cut between words where a sentence is too long', () => {
    expect(splitCaption('A dog runs.', 9, countWords)).toEqual(['A dog runs.']);
    const pieces = splitCaption(`${'word '.repeat(40)}end.`, 9, countWords);
    expect(pieces.every((piece) => countWords(piece) <= 9)).toBe(true);
  });
});

describe('a model folder', () => {
  let folder = '';
  const scanWith = async (model: string): Promise<ScanResult> =>
    scan({
      config: {
        ...DEFAULT_CONFIG,
        dataset: [join(folder, 'clips.jsonl')],
        cacheDirectory: join(folder, 'cache'),
        rules: { ...DEFAULT_CONFIG.rules, select: ['shifted-captions'] },
        alignment: { ...DEFAULT_CONFIG.alignment, model },
      },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: [],
    });

  const readCache = async (): Promise<string> => {
    const vectors = join(folder, 'cache/embeddings-v1');
    const [file = ''] = await readdir(vectors);
    return readFile(join(vectors, file), 'utf8');
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-model-'));
    await mkdir(join(folder, 'img'));
    const rows = 220;
    const drawn = Array.from({ length: rows + 1 }, (_, seed) => drawShapes(seed));
    await Promise.all(
      drawn.slice(0, rows).map(async ({ rgb }, row) =>
        sharp(rgb, { raw: { width: SIDE_PX, height: SIDE_PX, channels: 3 } })
          .png()
          .toFile(join(folder, 'img', `${row}.png`)),
      ),
    );
    const lines = drawn.slice(0, rows).map((_, row) =>
      JSON.stringify({
        key: `clip-${row}`,
        path: `img/${row}.png`,
        caption: drawn[row < 140 ? row : row + 1]?.caption,
      }),
    );
    await writeFile(join(folder, 'clips.jsonl'), `${lines.join('\n')}\n`);
  });

  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it.runIf(!hasLibrary)('names the package to install where it is missing', async () => {
    await expect(scanWith(TOY)).rejects.toThrow(
      '--align-model needs @huggingface/transformers, which is not installed',
    );
  });

  it.runIf(hasLibrary)('is loaded, and finds from which row on captions moved', async () => {
    const { report, runFolder } = await scanWith(TOY);
    const finding = report.findings.find((each) => each.values['evidence'] === 'model');
    expect(finding?.message).toMatch(
      /^from row 1(39|40|41) of clips\.jsonl on each caption is that of the row after: /,
    );
    expect(existsSync(join(runFolder, 'evidence/embeddings.parquet'))).toBe(true);
    const model = report.run.alignment?.find((each) => each.evidence === 'model');
    expect(model).toMatchObject({ verdict: 'shifted', stretch: { offset: -1 } });
  });

  it.runIf(hasLibrary)('is not run again on what it has seen', async () => {
    const before = await readCache();
    expect(before.length).toBeGreaterThan(1000);
    await scanWith(TOY);
    expect(await readCache()).toBe(before);
  });

  it.runIf(hasLibrary)(
    'that is incomplete, of another kind or not there is refused in words',
    async () => {
      const broken = join(folder, 'broken');
      await cp(TOY, broken, { recursive: true });
      await rm(join(broken, 'onnx/vision_model.onnx'));
      await rm(join(broken, 'tokenizer.json'));
      await expect(scanWith(broken)).rejects.toThrow(
        /tokenizer\.json, onnx\/vision_model\.onnx missing/,
      );
      const other = join(folder, 'other');
      await cp(TOY, other, { recursive: true });
      await writeFile(join(other, 'config.json'), '{"model_type": "bert"}');
      await expect(scanWith(other)).rejects.toThrow(/type 'bert' is no dual encoder/);
      await writeFile(join(other, 'config.json'), '{"model_type": "clip"}');
      await writeFile(join(other, 'onnx/text_model.onnx'), 'no model');
      await expect(scanWith(other)).rejects.toThrow(/could not be loaded/);
      await expect(scanWith('./nowhere')).rejects.toThrow(
        '--align-model ./nowhere: no such folder',
      );
      await expect(scanWith('clip')).rejects.toThrow('neither a folder nor a model id');
    },
  );
});
