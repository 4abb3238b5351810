import { describe, expect, it } from 'vitest';

import { DIMENSION, simulatePairs, uniform } from '../bench/alignment/simulate-pairs.ts';
import type { ReportInput } from '../src/run/document.ts';
import { scanRows } from './scan-rows.ts';

const ROWS = 400;

/** Captions that speak of what their source shows, sources of four to eight clips. */
function rowsOfSources(): readonly { readonly source: string; readonly caption: string }[] {
  const draw = uniform(3);
  const word = (kind: string): string => `${kind}${Math.floor(draw() * 40)}`;
  const rows: { source: string; caption: string }[] = [];
  while (rows.length < ROWS) {
    const source = `video-${rows.length}`;
    const [place, person] = [word('place'), word('person')];
    for (let clips = 4 + Math.floor(draw() * 5); clips > 0; clips -= 1)
      rows.push({ source, caption: `${person} ${word('does')} ${word('thing')} in ${place}` });
  }
  return rows.slice(0, ROWS);
}

/** Row `i` with the caption of row `order(i)`. */
function moved(order: (row: number) => number): readonly Readonly<Record<string, unknown>>[] {
  const rows = rowsOfSources();
  return rows.map(({ source }, row) => ({
    key: `k${row}`,
    source_id: source,
    caption: rows[(order(row) + ROWS) % ROWS]?.caption,
  }));
}

const look = (rows: readonly Readonly<Record<string, unknown>>[]): Promise<ReportInput> =>
  scanRows(rows, ['shifted-captions', 'reordered-captions']);

describe('captions of sources', () => {
  it('change where sources do', async () => {
    const report = await look(moved((row) => row));
    expect(report.findings).toEqual([]);
    const told = report.run.alignment?.find((each) => each.evidence === 'source-words');
    expect(told).toMatchObject({ verdict: 'aligned' });
  });

  it.each([1, -2])('show that they were moved by %i rows, without any picture', async (by) => {
    const { findings } = await look(moved((row) => row - by));
    expect(findings.map((each) => each.values)).toMatchObject([
      { evidence: 'source-words', k: by },
    ]);
  });

  it.each([0, 3])('that are as long as their clips show a move by %i rows', async (by) => {
    const draw = uniform(8);
    const spoken = Array.from({ length: ROWS }, () => 2 + Math.floor(60 * draw() ** 2));
    const report = await look(
      spoken.map((words, row) => ({
        key: `k${row}`,
        duration_s: words / 2.5 + 4 * draw(),
        caption: Array.from(
          { length: spoken[(row - by + ROWS) % ROWS] ?? 1 },
          (_, at) => `w${row * 7 + at}`,
        ).join(' '),
      })),
    );
    const told = report.run.alignment?.find((each) => each.evidence === 'length');
    expect(told).toMatchObject({ verdict: by === 0 ? 'aligned' : 'shifted' });
    expect(report.findings.map((each) => each.values['k'])).toEqual(by === 0 ? [] : [by]);
  });

  it('that are all equal say nothing, and why', async () => {
    const { picture, text } = simulatePairs({
      rows: 100,
      dPrime: 3,
      sourceShare: 0,
      noiseShare: 0,
      sourceRows: 1,
      seed: 4,
    });
    const report = await look(
      Array.from({ length: 100 }, (_, row) => ({
        key: `k${row}`,
        source_id: 'one',
        caption: 'a video',
        image_embedding: Array.from(picture.subarray(row * DIMENSION, (row + 1) * DIMENSION)),
        text_embedding: Array.from(text.subarray(0, DIMENSION)),
      })),
    );
    expect(report.findings).toEqual([]);
    expect(report.run.alignment?.map((each) => each.verdict)).not.toContain('aligned');
    expect(report.run.alignment?.every((each) => each.reason !== null)).toBe(true);
  });
});
