import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Config, DEFAULT_CONFIG, TIERS } from '../src/config/config.ts';
import { parseTierBudgets, readBytes, tierOf } from '../src/config/tier-budget.ts';
import { chooseClips } from '../src/ladder/choose-clips.ts';
import { costOf } from '../src/ladder/tier-costs.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import type { ReportInput, RuleOutcome, RungSummary } from '../src/run/document.ts';
import { scan } from '../src/scan.ts';

const rungOf = (report: ReportInput, tier: string): RungSummary | undefined =>
  report.run.plan.ladder?.find((rung) => rung.tier === tier);
const ruleOf = (report: ReportInput, id: string): RuleOutcome | undefined =>
  report.run.rules.find((rule) => rule.id === id);

describe('the budget of a tier', () => {
  it.each([
    ['frames=20%,600s,2GB', { frames: { random: '20%', decode_s: 600, bytes: 2e9 } }],
    ['keyframes=all', { keyframes: { random: 'all' } }],
    ['full=1.5 h, 300', { full: { decode_s: 5400, random: '300' } }],
    ['headers=64KiB', { packets: { bytes: 65_536 } }],
  ])('is read from %s', (text, budgets) => {
    expect(parseTierBudgets([text])).toEqual(budgets);
  });

  it.each([
    'frames',
    'frames=',
    'frames=fast',
    'manifest=10%',
    'frames=-3s',
    'frames=2XB',
    'fames=3s',
  ])('is refused as %s', (text) => {
    expect(() => parseTierBudgets([text])).toThrow(/tier/);
  });

  it('may be given in bytes of any unit', () => {
    expect(['1B', '2 KB', '3MiB', '1.5 GB', 'lots'].map(readBytes)).toEqual([
      1,
      2000,
      3 * 1024 ** 2,
      1.5e9,
      Number.NaN,
    ]);
  });

  it('keeps the old name of a tier, and suggests the right one for a wrong one', () => {
    expect(tierOf('headers')).toBe('packets');
    expect(() => tierOf('frame')).toThrow(/did you mean 'frames'/);
  });
});

describe('the choice of clips for a tier', () => {
  const candidate = fc.record({
    isSuspicious: fc.boolean(),
    cost: fc.record({
      bytes: fc.nat(100),
      decode_s: fc.double({ min: 0, max: 10, noNaN: true }),
    }),
  });
  const amount = fc.option(fc.double({ min: 0, max: 300, noNaN: true }));

  it('stays within its limit, and keeps the first clips of each part', () => {
    fc.assert(
      fc.property(
        fc.array(candidate, { maxLength: 40 }),
        fc.nat(50),
        amount,
        amount,
        (some, random, bytes, decode_s) => {
          const clips = some.map((each, i) => ({ ...each, clipId: String(i) }));
          const choice = chooseClips(clips, random, { bytes, decode_s });
          expect(choice.cost.bytes).toBeLessThanOrEqual(bytes ?? Infinity);
          expect(choice.cost.decode_s).toBeLessThanOrEqual((decode_s ?? Infinity) + 1e-9);
          for (const [isSuspicious, chosen] of [
            [true, choice.suspicious],
            [false, choice.atRandom],
          ] as const) {
            const part = clips.filter((each) => each.isSuspicious === isSuspicious);
            expect([...chosen]).toEqual(part.slice(0, chosen.size).map((each) => each.clipId));
          }
        },
      ),
    );
  });

  it('takes everything that is suspicious or drawn, where nothing limits it', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 40 }), fc.nat(50), (some, random) => {
        const clips = some.map((each, i) => ({ ...each, clipId: String(i) }));
        const choice = chooseClips(clips, random, { bytes: null, decode_s: null });
        const wanted = clips.filter((each, i) => each.isSuspicious || i < random);
        expect(choice.atRandom.size + choice.suspicious.size).toBe(wanted.length);
        expect(choice.shortBy).toBe(0);
      }),
    );
  });

  it('expects a deeper look to cost no less', () => {
    const medium = { sizeBytes: 1e6, isImage: false, pixels: 1e6, frames: 100, keyframes: 2 };
    const costs = TIERS.filter((tier) => tier !== 'manifest').map((tier) => costOf(tier, medium));
    for (const [i, cost] of costs.entries())
      expect(cost.decode_s).toBeGreaterThanOrEqual(costs[i - 1]?.decode_s ?? 0);
  });
});

describe('a scan with tiers that may not look at everything', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-ladder-'));
    await mkdir(join(folder, 'media'));
    const rows: string[] = [];
    for (let i = 0; i < 16; i++) {
      const name = `${String(i).padStart(2, '0')}.mp4`;
      const clip = i < 8 ? 'h264.mp4' : 'hevc.mp4';
      await copyFile(join(PACKAGE_ROOT, 'test/media/clips', clip), join(folder, 'media', name));
      const caption = i === 11 ? 'Black screen.' : 'A pattern moves over the screen.';
      rows.push(JSON.stringify({ key: String(i), path: `media/${name}`, caption }));
    }
    await writeFile(join(folder, 'clips.jsonl'), `${rows.join('\n')}\n`);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  let runs = 0;
  async function scanWith(config: Partial<Config>): Promise<ReportInput> {
    const select = [
      'black-frames',
      'odd-dimensions',
      'defect-reporting-caption',
      'letterboxed-frames',
    ];
    const { report } = await scan({
      config: {
        ...DEFAULT_CONFIG,
        dataset: [join(folder, 'clips.jsonl')],
        rules: { ...DEFAULT_CONFIG.rules, select },
        ...config,
      },
      cwd: folder,
      runFolder: join(folder, `run-${runs++}`),
      command: ['dailies', 'scan'],
    });
    return report;
  }

  it('looks at clips at random and at those whose captions tell of a defect, and says so', async () => {
    const report = await scanWith({ budgets: { frames: { random: '4' } } });

    const frames = rungOf(report, 'frames');
    expect(frames?.reasons).toEqual([{ reason: 'defect-reporting-caption', clips: 1 }]);
    expect((frames?.atRandom ?? 0) + (frames?.suspicious ?? 0)).toBe(
      16 - (frames?.notLookedAt ?? 0),
    );
    expect(frames?.isShort).toBe(false);
    expect(rungOf(report, 'keyframes')?.notLookedAt).toBe(0);
    const black = ruleOf(report, 'black-frames');
    expect(black).toMatchObject({ outcome: 'passed', isSampled: true, eligible: 16, rate: 0 });
    expect(black?.interval?.high).toBeGreaterThan(0.1);
    // What cheaper tiers answer is known of all.
    expect(ruleOf(report, 'letterboxed-frames')).toMatchObject({ examined: 16, isSampled: false });
    expect(report.run.notLookedAt.map((each) => each.what)).toContain(
      'frames of clips in the sample',
    );
  });

  it('is incomplete where a budget that was set did not suffice', async () => {
    const report = await scanWith({ budgets: { frames: { decode_s: 0.1 } } });

    expect(rungOf(report, 'frames')?.isShort).toBe(true);
    const black = ruleOf(report, 'black-frames');
    expect(black?.outcome).toBe('incomplete');
    expect(black?.reason).toMatch(
      /budget of frames \(0.1 s of decoding.*enough for \d+ of 16 clips/,
    );
    expect(ruleOf(report, 'letterboxed-frames')?.outcome).toBe('passed');
    expect(report.run.verdict.outcome).toBe('incomplete');
  });

  it('stops reading headers at its bytes, and nothing else climbs then', async () => {
    const report = await scanWith({ budgets: { header: { bytes: 100_000 } } });

    const ladder = report.run.plan.ladder ?? [];
    expect(ladder.map((rung) => rung.tier)).toEqual(['header', 'packets', 'keyframes', 'frames']);
    expect(new Set(ladder.map((rung) => rung.notLookedAt)).size).toBe(1);
    expect(rungOf(report, 'header')?.notLookedAt).toBeGreaterThan(8);
    expect(ruleOf(report, 'black-frames')?.reason).toMatch(/budget of header/);
  });

  it('opens no deeper tier than a rule has use for', async () => {
    const rules = { ...DEFAULT_CONFIG.rules, select: ['odd-dimensions'] };
    const report = await scanWith({ rules, tier: 'full' });

    expect(report.run.plan.ladder?.map((rung) => rung.tier)).toEqual(['header']);
  });

  it('says that a rule is out of reach of the tier, not that nothing was there', async () => {
    const report = await scanWith({ tier: 'keyframes' });

    expect(ruleOf(report, 'black-frames')).toMatchObject({
      outcome: 'not-applicable',
      reason: '--tier keyframes does not look at frames.black_head_s',
    });
  });
});
