import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { drawShapes, SIDE_PX } from '../bench/alignment/draw-shapes.ts';
import { claimsOf } from '../src/analyses/alignment/caption-claims.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import type { ReportInput } from '../src/run/document.ts';
import { scanRows } from './scan-rows.ts';

describe('what a caption says outright', () => {
  it.each([
    ['A black-and-white photo of a dog.', { kind: 'black-and-white' }],
    ['A grainy, old black and white photograph of a street.', { kind: 'black-and-white' }],
    ['A man walks. The video is shot in black and white.', { kind: 'black-and-white' }],
    ['A vertical video of a dancer.', { kind: 'upright' }],
    ['The video was filmed in landscape orientation.', { kind: 'wide' }],
    ['A ten second clip of waves.', { kind: 'duration', duration_s: 10 }],
    ['The video lasts about 2 minutes.', { kind: 'duration', duration_s: 120 }],
  ])('%s is a claim', (caption, claim) => {
    expect(claimsOf(caption)).toEqual([claim]);
  });

  it.each([
    'A black and white dog on a lawn.',
    'A man holds a black and white photo of his grandmother.',
    'Man holds black and white photo.',
    'A black and white photo hangs on the wall.',
    'A portrait of a woman, a landscape photo behind her.',
    'A woman shows a vertical video on her phone.',
    'A horizontal picture beside a vertical picture.',
    'A person begins a 30 minute video workout.',
    'Then the one second clip shows waves.',
    'Two seconds later a video appears on a phone.',
  ])('%s claims nothing of its medium', (caption) => {
    expect(claimsOf(caption)).toEqual([]);
  });
});

describe('a scan of pictures and captions', () => {
  let folder = '';

  const look = (
    rows: readonly Readonly<Record<string, unknown>>[],
    more: { readonly rule: string; readonly annotations?: string },
  ): Promise<ReportInput> =>
    scanRows(rows, [more.rule], {
      mediaRoot: folder,
      tier: DEFAULT_CONFIG.tier,
      alignment: { ...DEFAULT_CONFIG.alignment, annotations: more.annotations ?? null },
    });

  const drawn = Array.from({ length: 140 }, (_, seed) => drawShapes(seed));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-align-cues-'));
    for (const [at, { rgb }] of drawn.entries()) {
      await sharp(rgb, { raw: { width: SIDE_PX, height: SIDE_PX, channels: 3 } })
        .png()
        .toFile(join(folder, `${at}.png`));
    }
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  const rowsWith = (order: (row: number) => number): readonly Readonly<Record<string, unknown>>[] =>
    drawn.map((_, row) => ({
      key: `k${row}`,
      path: `${row}.png`,
      caption: drawn[(order(row) + drawn.length) % drawn.length]?.caption,
    }));

  it('tells a shift by words of colour, and one row that shows it', async () => {
    const report = await look(
      rowsWith((row) => row - 1),
      { rule: 'shifted-captions' },
    );
    const cues = report.run.alignment?.find((each) => each.evidence === 'cues');
    expect(cues?.stretch).toMatchObject({ fromRow: 0, offset: 1 });
    expect(report.findings[0]?.values).toMatchObject({
      cue: expect.stringMatching(
        /^the caption of row \d+ speaks of \w+, which not its picture but that of row \d+ shows$/,
      ),
    });
  });

  it('finds words of colour where they belong', async () => {
    const report = await look(
      rowsWith((row) => row),
      { rule: 'shifted-captions' },
    );
    const cues = report.run.alignment?.find((each) => each.evidence === 'cues');
    expect(cues).toMatchObject({ verdict: 'aligned', stretch: null });
    expect(report.findings).toEqual([]);
  });

  it('names the row whose caption says what its picture is not', async () => {
    const rows = rowsWith((row) => row).map((row, at) =>
      at === 7 ? { ...row, caption: 'a black and white photo of a circle' } : row,
    );
    const report = await look(rows, { rule: 'mispaired-captions' });
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0]).toMatchObject({ key: 'k7', row_number: 7 });
    expect(report.findings[0]?.message).toMatch(
      /^the caption says that it is black and white, and/,
    );
  });

  it('names rows whose file the source annotations know by another key', async () => {
    const source = rowsWith((row) => row).map((row) => ({
      ...row,
      path: `raw/${String(row['path'])}`,
    }));
    const annotations = join(folder, 'source.jsonl');
    await writeFile(annotations, source.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const rows = source.map((row, at) => ({
      ...row,
      path: at < 100 ? `${at}.png` : `${(at + 1) % 140}.png`,
    }));
    const report = await look(rows, { rule: 'key-path-mismatch', annotations });
    expect(report.findings.length).toBeGreaterThanOrEqual(40);
    expect(report.findings[0]?.message).toMatch(
      /named after k\d+: the source annotations give this key raw\/\d+\.png$/,
    );
    const clean = await look(
      rowsWith((row) => row),
      {
        rule: 'key-path-mismatch',
        annotations,
      },
    );
    expect(clean.findings).toEqual([]);
  });
});
