import { describe, expect, it } from 'vitest';

import { DIMENSION, reorder, simulatePairs, uniform } from '../bench/alignment/simulate-pairs.ts';
import type { ReportInput } from '../src/run/document.ts';
import { scanRows } from './scan-rows.ts';

type Row = { readonly source: string; readonly place: number; readonly first: number };

/** Thirty videos of 4 to 19 clips each, and pairs of vectors in which clips of a video resemble each other. */
function videos(): {
  readonly rows: readonly Row[];
  readonly lengths: readonly number[];
  readonly picture: Float32Array;
  readonly text: Float32Array;
} {
  const draw = uniform(5);
  const lengths = Array.from({ length: 30 }, () => 4 + Math.floor(draw() * 16));
  const total = lengths.reduce((sum, each) => sum + each, 0);
  const picture = new Float32Array(total * DIMENSION);
  const text = new Float32Array(total * DIMENSION);
  const rows: Row[] = [];
  for (const [video, length] of lengths.entries()) {
    const first = rows.length;
    const own = { rows: length, sourceShare: 0.5, noiseShare: 0.6, sourceRows: 1e12 };
    const pairs = simulatePairs({ ...own, dPrime: 1.75, seed: 100 + video });
    picture.set(pairs.picture, first * DIMENSION);
    text.set(pairs.text, first * DIMENSION);
    for (let place = 0; place < length; place += 1)
      rows.push({ source: `video-${video}`, place, first });
  }
  return { rows, lengths, picture, text };
}

function vectorAt(values: Float32Array, row: number): readonly number[] {
  const own = values.subarray(row * DIMENSION, (row + 1) * DIMENSION);
  return Array.from(own, (value) => Number(value.toFixed(4)));
}

describe('captions inside their sources', () => {
  const { rows, lengths, picture, text } = videos();
  const look = (
    order: (row: number) => number,
    caption: (row: number) => string = (row) => `what clip ${row} shows`,
  ): Promise<ReportInput> => {
    const moved = reorder(text, order);
    return scanRows(
      rows.map(({ source }, row) => ({
        key: `k${row}`,
        source_id: source,
        caption: caption(row),
        image_embedding: vectorAt(picture, row),
        text_embedding: vectorAt(moved, row),
      })),
      ['shifted-captions', 'reordered-captions'],
    );
  };

  it('raise no alarm where they belong', async () => {
    expect((await look((row) => row)).findings).toEqual([]);
  });

  it('are seen to be sorted as text in sources of more than ten clips', async () => {
    const home = new Map<number, number>();
    let first = 0;
    for (const length of lengths) {
      const sorted = Array.from({ length }, (_, place) => place).toSorted((a, b) =>
        String(a) < String(b) ? -1 : 1,
      );
      for (const [place, clip] of sorted.entries()) home.set(first + place, first + clip);
      first += length;
    }
    const { findings } = await look((row) => home.get(row) ?? row);
    expect(findings.map((each) => each.message)).toEqual([
      expect.stringMatching(
        /^in the \d+ sources of more than 10 clips in clips\.jsonl one list was sorted as text and the other by number/,
      ),
    ]);
  });

  it('are seen to be of other windows from the third clip of each source on', async () => {
    const { findings } = await look((row) => {
      const own = rows[row];
      if (own === undefined || own.place < 2) return row;
      const length = rows.filter((each) => each.source === own.source).length - 2;
      return own.first + 2 + ((own.place - 2 + Math.ceil(length / 2)) % length);
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toMatch(
      /^from clip 3 of each source on in clips\.jsonl captions fit their own clip no better than its siblings/,
    );
  });

  it('that stand on several rows are left out, and how well they fit is told', async () => {
    const { findings, run } = await look(
      (row) => row,
      (row) => (row % 10 === 0 ? `shared ${row % 100}` : `what clip ${row} shows`),
    );
    expect(findings).toEqual([]);
    const told = run.alignment?.find((each) => each.evidence === 'embeddings');
    expect(told?.reason).toMatch(
      /rows whose caption stands on other rows, too, were left out: they fit their clips [01]\.\d\d times as well/,
    );
  });
});
