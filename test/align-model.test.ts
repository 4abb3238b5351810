import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { DIMENSION, reorder, simulatePairs } from '../bench/alignment/simulate-pairs.ts';
import {
  planWindows,
  readModelWindows,
  type Window,
} from '../src/analyses/alignment/model-windows.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { splitCaption } from '../src/encoder/split-caption.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { scan } from '../src/scan.ts';

const TOY = join(PACKAGE_ROOT, 'test/models/toy-clip');

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

describe('a model without its library', () => {
  it('names the package to install', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-model-'));
    await writeFile(join(folder, 'clips.jsonl'), '{"key":"a","path":"a.png","caption":"a dog"}\n');
    const scanned = scan({
      config: {
        ...DEFAULT_CONFIG,
        dataset: [join(folder, 'clips.jsonl')],
        alignment: { ...DEFAULT_CONFIG.alignment, model: TOY },
      },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: [],
    });

    await expect(scanned).rejects.toThrow(
      '--align-model needs @huggingface/transformers, which is not installed',
    );
    await rm(folder, { recursive: true, force: true });
  });
});
