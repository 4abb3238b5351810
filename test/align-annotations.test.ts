import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Finding } from '../src/run/document.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { scanRows } from './scan-rows.ts';

const ROWS = 120;
const truth = (row: number): string => `clip ${row * 7} shows thing ${row * 31}`;

/** The table in another order than the dataset, with more rows than it. */
function table(): string {
  const rows = Array.from({ length: ROWS + 40 }, (_, at) => (at * 57) % (ROWS + 40));
  return `key,caption\n${rows.map((row) => `k${row},${truth(row)}`).join('\n')}\n`;
}

/** Widths that differ from row to row. */
function widthOf(row: number): number {
  return 300 + ((row * 7919) % 50);
}

describe('source annotations', () => {
  let folder = '';

  /** Findings of a dataset whose row `i` has the caption of row `order(i)`. */
  const findWith = async (
    order: (row: number) => number,
    annotations: string,
  ): Promise<{ readonly findings: readonly Finding[]; readonly reason: string | null }> => {
    const file = join(folder, 'source.csv');
    await writeFile(file, annotations);
    const report = await scanRows(
      Array.from({ length: ROWS }, (_, row) => ({
        key: `k${row}`,
        caption: truth((order(row) + ROWS) % ROWS),
      })),
      ['shifted-captions', 'reordered-captions'],
      { alignment: { ...DEFAULT_CONFIG.alignment, annotations: file } },
    );
    const told = report.run.alignment?.find((each) => each.evidence === 'annotations');
    return { findings: report.findings, reason: told?.reason ?? null };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-annotations-'));
  });

  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it('are silent where each clip has its own caption', async () => {
    expect((await findWith((row) => row, table())).findings).toEqual([]);
  });

  it('say to the row from where on each caption is that of the row before', async () => {
    const { findings } = await findWith((row) => (row < 81 ? row : row - 1), table());
    expect(findings.map((each) => each.message)).toEqual([
      expect.stringMatching(
        /^from row 81 of clips\.jsonl on each caption is that of the row before: a row was dropped or repeated on one side only/,
      ),
    ]);
  });

  it('see a block whose order is lost', async () => {
    const { findings } = await findWith(
      (row) => (row < 40 || row >= 100 ? row : 40 + (((row - 40) * 37) % 60)),
      table(),
    );
    expect(findings.map((each) => each.rule_id)).toEqual(['reordered-captions']);
    expect(findings[0]?.values).toMatchObject({ evidence: 'annotations', k: null });
  });

  it('are joined by position where keys differ', async () => {
    const positional = `id,caption\n${Array.from({ length: ROWS }, (_, row) => `x${row},${truth(row)}`).join('\n')}\n`;
    const { findings } = await findWith((row) => row + 2, positional);
    expect(findings[0]?.message).toContain('that of the row 2 rows after');
  });

  it('of another dataset say nothing, and why', async () => {
    const { findings, reason } = await findWith(
      (row) => row + 1,
      'key,caption\nq1,something else\nq2,and more\n',
    );
    expect(findings).toEqual([]);
    expect(reason).toBe('the annotations have neither the keys of the dataset nor as many rows');
  });

  it('say whose size, rate and duration a row declares, where no medium is at hand', async () => {
    await writeFile(
      join(folder, 'sized.csv'),
      `key,caption,width\n${Array.from({ length: ROWS }, (_, row) => `k${row},${truth(row)},${widthOf(row)}`).join('\n')}\n`,
    );
    const report = await scanRows(
      Array.from({ length: ROWS }, (_, row) => ({
        key: `k${row}`,
        caption: truth(row),
        width: widthOf(row < 60 ? row : row - 1),
      })),
      ['shifted-metadata', 'shifted-captions'],
      { alignment: { ...DEFAULT_CONFIG.alignment, annotations: join(folder, 'sized.csv') } },
    );
    expect(report.findings.map((each) => [each.rule_id, each.values['from_row']])).toEqual([
      ['shifted-metadata', 60],
    ]);
  });

  it('without a caption are refused', async () => {
    await expect(findWith((row) => row, 'key,size\na,1\n')).rejects.toThrow(
      'no column looks like a caption',
    );
  });
});
