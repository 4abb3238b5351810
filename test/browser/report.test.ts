import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportInput } from '../../src/run/document.ts';
import { renderDiffHtml } from '../../reports/html/diff-page.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { buildDiffFixture } from '../diff-fixture.ts';
import { buildLargeReportFixture, buildReportFixture } from '../report-fixture.ts';
import { withExtras } from '../report-extras.ts';
import { plantHostile, plantHostileText } from '../report-hostile.ts';
import { launchBrowser, openPage } from './browser.ts';

const PHONE = { viewport: { width: 390, height: 844 } };
const AXE = createRequire(import.meta.url).resolve('axe-core');
const READY = { state: 'attached' } as const;

let browser: Browser;
let folder: string;
let input: ReportInput;
const paths = new Map<string, string>();

beforeAll(async () => {
  [browser, input, folder] = await Promise.all([
    launchBrowser(),
    buildReportFixture(),
    mkdtemp(join(tmpdir(), 'dailies-report-')),
  ]);
  for (const [name, page] of [
    ['usual', renderHtml(withExtras(input))],
    ['hostile', renderHtml(plantHostileText(withExtras(input)))],
    ['diff', renderDiffHtml(buildDiffFixture(input.run), pairPictures(input))],
    [
      'hostile-diff',
      renderDiffHtml(plantHostile(buildDiffFixture(input.run)), pairPictures(input)),
    ],
    ['large', renderHtml(buildLargeReportFixture(input, 100_000))],
  ] as const) {
    const path = join(folder, `${name}.html`);
    await writeFile(path, page);
    paths.set(name, path);
  }
});

afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** Frames of one clip as those of the older version, and no picture of the newer one. */
function pairPictures(report: ReportInput) {
  const strip = report.clips.find((clip) => clip.strip !== null)?.strip ?? null;
  return new Map([['harbour-0007', { before: strip, after: null }]]);
}

async function open(name: string, options?: Parameters<Browser['newContext']>[0], hash = '') {
  const opened = await openPage(browser, `${paths.get(name) ?? ''}${hash}`, options);
  if (options?.javaScriptEnabled !== false)
    await opened.page.waitForSelector('html[data-ready]', READY);
  return opened;
}

describe('a report without scripts', () => {
  it('says what failed, where, and what was not looked at', async () => {
    const { page, context, complaints } = await open('usual', { javaScriptEnabled: false });
    expect(await page.textContent('h1')).toBe(input.run.verdict.sentence);
    expect(await page.locator('.worst > li').count()).toBe(5);
    expect(await page.locator('.worst .film:not(.close-up), .worst .as-stored').count()).toBe(5);
    expect(await page.textContent('#not-looked-at')).toContain('no magic bytes at the end');
    expect(await page.textContent('noscript')).toContain('findings.parquet');
    await page.click('#rule-truncated-file > summary');
    expect(await page.locator('#rule-truncated-file .clip').first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('draws the pictures', async () => {
    const { page, context } = await open('usual', { javaScriptEnabled: false });
    const film = await page.locator('.worst .reel > svg').first().screenshot();
    const { default: sharp } = await import('sharp');
    const { channels } = await sharp(film).stats();
    expect(Math.max(...channels.map((channel) => channel.stdev))).toBeGreaterThan(20);
    await context.close();
  });
});

describe('hostile text', () => {
  it('makes no element, runs nothing, asks for nothing', async () => {
    const { page, context, complaints } = await open('hostile');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(2);
    await page.click('.grid-rows .cell-message >> nth=0');
    await page.waitForSelector('#detail');
    expect(await page.locator('img').count()).toBe(0);
    const text = await page.evaluate(() => document.body.innerText);
    expect(text).toContain('</script><img src=x onerror=alert(1)>');
    expect(text).toContain('U+202E');
    expect(text).toContain('U+D800');
    expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('makes no element in a comparison either', async () => {
    const { page, context, complaints } = await open('hostile-diff');
    expect(await page.locator('img:not([src^="data:"])').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(1);
    const text = await page.evaluate(() => document.body.innerText);
    expect(text).toContain('</script><img src=x onerror=alert(1)>');
    expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('of a megabyte is cut, and says by how much', async () => {
    const { page, context } = await open('hostile');
    expect(await page.textContent('body')).toMatch(
      /and 1,0\d\d,\d{3} more that are not in this page/,
    );
    await context.close();
  });

  it('does not widen the page on a phone', async () => {
    for (const name of ['hostile', 'usual', 'hostile-diff']) {
      const { page, context } = await open(name, PHONE);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        390,
      );
      await context.close();
    }
  });
});

describe('accessibility', () => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [device, options] of [
      ['desktop', {}],
      ['phone', PHONE],
    ] as const)
      it(`has no WCAG 2.2 AA violation, ${colorScheme}, ${device}`, async () => {
        const { page, context, complaints } = await open(
          'usual',
          { ...options, colorScheme, bypassCSP: true },
          '#q=rule%3Aignored-rotation&at=2',
        );
        await page.evaluate(() => {
          for (const details of document.querySelectorAll('details')) details.open = true;
        });
        expect(await violations(page)).toEqual([]);
        await page.click('text=? Help');
        expect(await violations(page)).toEqual([]);
        expect(complaints).toEqual([]);
        await context.close();
      });
});

describe('the comparison of two versions', () => {
  for (const colorScheme of ['light', 'dark'] as const)
    it(`has no WCAG 2.2 AA violation and fits a phone, ${colorScheme}`, async () => {
      const { page, context, complaints } = await open('diff', {
        ...PHONE,
        colorScheme,
        bypassCSP: true,
      });
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        390,
      );
      expect(complaints).toEqual([]);
      await context.close();
    });
});

/** Runs axe; the policy is bypassed in these contexts because axe injects a script. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: AXE });
  return page.evaluate(async () => {
    const axe = Reflect.get(window, 'axe');
    const result = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    });
    return result.violations.flatMap(
      (violation: { id: string; nodes: { html: string; failureSummary?: string }[] }) =>
        violation.nodes.map(
          (node) => `${violation.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`,
        ),
    );
  });
}

const look = (page: Page): Promise<string | null> => page.textContent('#findings-table');

describe('media of two versions', () => {
  it('stand side by side, and a picture that could not be made is said to be missing', async () => {
    const { page, context, complaints } = await open('diff');
    const card = page.locator('#media .clip');
    expect(await card.locator('img').count()).toBe(1);
    const width = await card
      .locator('img')
      .evaluate((image) => (image instanceof HTMLImageElement ? image.naturalWidth : 0));
    expect(width).toBeGreaterThan(0);
    expect(await card.textContent()).toContain('No picture could be made.');
    expect(await card.textContent()).toContain('640 × 360 → 360 × 640');
    expect(await page.textContent('#findings')).toContain('▲ rose');
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe('the findings table', () => {
  it('is walked from the verdict to a clip by keyboard alone', async () => {
    const { page, context, complaints } = await open('usual');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('skip');
    await page.keyboard.press('/');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('filter');
    await page.keyboard.type('rule:truncated-file');
    await page.waitForFunction(
      () => document.querySelector('.status')?.textContent === '21 of 1,941 findings',
    );
    await page.keyboard.press('Enter');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#detail .film');
    expect(await page.textContent('#detail')).toContain('bytes are missing at the end');
    await page.keyboard.press('Escape');
    expect(await page.locator('#detail').count()).toBe(0);
    await page.keyboard.press('?');
    expect(await page.locator('#help').getAttribute('open')).not.toBeNull();
    await page.keyboard.press('Escape');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('comes back from its address as it was', async () => {
    const first = await open('usual');
    await first.page.fill('#filter', 'severity:warning !rule:frozen-frames');
    await first.page.click('.grid-head .cell-shard button');
    await first.page.click('.grid-head .cell-shard button');
    await first.page.click('.grid-rows .grid-row:nth-child(4) .cell-message');
    await first.page.waitForSelector('#detail');
    const address = first.page.url();
    const seen = await look(first.page);
    const second = await open('usual', {}, new URL(address).hash);
    expect(await look(second.page)).toBe(seen);
    expect(second.page.url()).toBe(address);
    await first.context.close();
    await second.context.close();
  });

  it('forgets a finding of its address that the filter hides', async () => {
    const { page, context } = await open('usual', {}, '#q=severity%3Anote&at=2');
    expect(await page.locator('#detail').count()).toBe(0);
    expect(new URL(page.url()).hash).toBe('#q=severity%3Anote');
    await context.close();
  });

  it('adds a cell that was clicked to the filter', async () => {
    const { page, context } = await open('usual');
    await page.click('.grid-rows .grid-row:nth-child(2) .cell-rule');
    expect(await page.inputValue('#filter')).toBe('rule:ignored-rotation');
    await page.click('.facet[data-rule="ignored-rotation"]');
    expect(await page.inputValue('#filter')).toBe('');
    await context.close();
  });

  it('copies the keys that are shown, and a suppression of one finding', async () => {
    const { page, context } = await open(
      'usual',
      { permissions: ['clipboard-read', 'clipboard-write'] },
      '#q=rule%3Atruncated-file',
    );
    const pasted = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
    await page.click('text=Copy keys');
    await page.waitForFunction(() => document.querySelector('.status')?.textContent === 'Copied.');
    expect((await pasted()).trim().split('\n').length).toBe(21);
    await page.click('.grid-rows .cell-message >> nth=0');
    await page.click('text=Suppress this');
    await page.waitForFunction(async () =>
      (await navigator.clipboard.readText()).startsWith('- rule'),
    );
    expect(await pasted()).toContain('rule: "truncated-file"');
    await context.close();
  });

  it('holds 100,000 findings, of which few are in the document', async () => {
    const { page, context, complaints } = await open('large');
    expect(await page.textContent('.status')).toBe('100,000 findings');
    expect(await page.locator('.grid-rows .grid-row').count()).toBeLessThan(80);
    await page.focus('.grid');
    await page.keyboard.press('End');
    expect(await page.getAttribute('.grid', 'aria-activedescendant')).toBe('finding-99999');
    expect(await page.locator('#finding-99999').isVisible()).toBe(true);
    await page.fill('#filter', 'severity:error shard:train-0011* declared');
    await page.waitForFunction(() =>
      /^[\d,]+ of 100,000/.test(document.querySelector('.status')?.textContent ?? ''),
    );
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe('size', () => {
  it('of the page without findings and pictures is under 60 KB gzipped', () => {
    const empty = renderHtml({ ...input, findings: [], clips: [] });
    expect(gzipSync(empty).length).toBeLessThan(60_000);
  });

  it('of 100,000 findings is under 3 MB', () => {
    const without = renderHtml({ ...buildLargeReportFixture(input, 100_000), findings: [] });
    const all = renderHtml(buildLargeReportFixture(input, 100_000));
    expect(all.length - without.length).toBeLessThan(3_000_000);
  });
});
