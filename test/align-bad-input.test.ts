import { describe, expect, it } from 'vitest';

import { DIMENSION, type Pairs, simulatePairs } from '../bench/alignment/simulate-pairs.ts';
import type { ReportInput } from '../src/run/document.ts';
import { scanRows } from './scan-rows.ts';

type Row = Readonly<Record<string, unknown>>;
type Vector = readonly number[];

const PAIRS = simulatePairs({
  rows: 72,
  dPrime: 1.75,
  sourceShare: 0.5,
  noiseShare: 0.6,
  sourceRows: 8,
  seed: 3,
});

function vectorAt(values: Pairs['picture'], row: number): Vector {
  const own = values.subarray(row * DIMENSION, (row + 1) * DIMENSION);
  return Array.from(own, (value) => Number(value.toFixed(4)));
}

/** Rows of pairs, changed one by one. */
function rowsOf(count: number, change: (row: Row, at: number) => Row): readonly Row[] {
  return Array.from({ length: count }, (_, at) =>
    change(
      {
        key: `k${at}`,
        source_id: `video-${Math.floor(at / 8)}`,
        caption: `a thing that clip ${at} shows and no other`,
        image_embedding: vectorAt(PAIRS.picture, at),
        text_embedding: vectorAt(PAIRS.text, at),
      },
      at,
    ),
  );
}

const withText =
  (of: (row: Vector, at: number) => readonly (number | null)[] | null) =>
  (row: Row, at: number): Row => ({ ...row, text_embedding: of(vectorAt(PAIRS.text, at), at) });

const reasonOf = ({ run }: ReportInput): string =>
  run.alignment?.find((each) => each.evidence === 'embeddings')?.reason ?? '';

const look = (rows: readonly Row[]): Promise<ReportInput> =>
  scanRows(rows, [
    'shifted-captions',
    'reordered-captions',
    'mispaired-captions',
    'stale-text-embedding',
  ]);

describe('embeddings and captions that are no use', () => {
  it.each([
    [
      'zeros',
      rowsOf(
        72,
        withText((row) => row.map(() => 0)),
      ),
      /^0 pairs are too few|no relation/,
    ],
    [
      'constant',
      rowsOf(
        72,
        withText((row) => row.map(() => 0.5)),
      ),
      /no relation/,
    ],
    [
      'null inside',
      rowsOf(
        72,
        withText((row) => row.map(() => null)),
      ),
      /^0 pairs are too few|no row/,
    ],
    [
      'of another length than pictures',
      rowsOf(
        72,
        withText((row) => row.slice(0, 32)),
      ),
      /^embeddings of 64 and 32 numbers share no space$/,
    ],
    [
      'missing in most rows',
      rowsOf(
        72,
        withText((row, at) => (at % 8 === 0 ? row : null)),
      ),
      /^9 pairs are too few/,
    ],
    ['few', rowsOf(12, (row) => row), /^12 pairs are too few: at least 20 are needed$/],
    [
      'of captions that are all equal',
      rowsOf(72, (row, at) => ({
        ...withText(() => vectorAt(PAIRS.text, 0))(row, at),
        caption: 'a clip',
      })),
      /no relation/,
    ],
    [
      'unrelated',
      rowsOf(
        72,
        withText((_, at) => vectorAt(PAIRS.text, (at * 29 + 17) % 72)),
      ),
      /no relation/,
    ],
  ])('say why when they are %s, and raise no alarm', async (_, rows, reason) => {
    const report = await look(rows);
    expect(report.findings).toEqual([]);
    expect(report.run.rules.filter((each) => each.outcome === 'errored')).toEqual([]);
    expect(reasonOf(report)).toMatch(reason);
  });

  it.each([
    [
      'not of unit length',
      rowsOf(
        72,
        withText((row, at) => row.map((value) => value * (1 + (at % 9)) * 40)),
      ),
    ],
    [
      'missing in every third row',
      rowsOf(
        72,
        withText((row, at) => (at % 3 === 2 ? null : row)),
      ),
    ],
    [
      'without some of their numbers in some rows',
      rowsOf(
        72,
        withText((row, at) => (at % 10 === 3 ? row.map(() => null) : row)),
      ),
    ],
    [
      'zeros in some rows',
      rowsOf(
        72,
        withText((row, at) => (at % 10 === 3 ? row.map(() => 0) : row)),
      ),
    ],
    [
      'of another length in some rows',
      rowsOf(
        72,
        withText((row, at) => (at % 10 === 3 ? row.slice(0, 16) : row)),
      ),
    ],
    ['of one source', rowsOf(72, (row) => ({ ...row, source_id: 'video' }))],
    ['45 pairs', rowsOf(45, (row) => row)],
  ])('are compared all the same when they are %s', async (_, rows) => {
    const report = await look(rows);
    expect(report.findings).toEqual([]);
    expect(report.run.rules.filter((each) => each.outcome === 'errored')).toEqual([]);
    const told = report.run.alignment?.find((each) => each.evidence === 'embeddings');
    expect(['aligned', 'not-assessable']).toContain(told?.verdict);
    expect(told?.pairs ?? 0).toBeGreaterThan(40);
  });
});
