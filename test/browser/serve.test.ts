import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { compareVersions } from '../../src/compare/compare-versions.ts';
import { DEFAULT_CONFIG } from '../../src/config/config.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { readRun } from '../../src/run/read-run.ts';
import { scan } from '../../src/scan.ts';
import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { renderComparison } from '../../src/serve/comparison-page.ts';
import { RunArchive } from '../../src/serve/run-archive.ts';
import { runSite } from '../../src/serve/run-site.ts';
import { type RunningServer, serveSite } from '../../src/serve/serve-run.ts';
import { writeReportFolder } from '../../src/serve/write-report-folder.ts';
import { launchBrowser, openPage } from './browser.ts';

const MEDIA = join(PACKAGE_ROOT, 'examples/quickstart/media');
const AXE = createRequire(import.meta.url).resolve('axe-core');
const READY = { state: 'attached' } as const;

let browser: Browser;
let folder: string;
let archives: RunArchive[];
let server: RunningServer;

/** The newer version names other films than the older one, and has another caption. */
const VERSIONS = {
  before: [
    { key: 'rope', path: 'rope.webm', caption: 'A rabbit pulls a rope.', duration: 99 },
    { key: 'still', path: 'hall.jpg', caption: 'A hall.', duration: null },
  ],
  after: [
    { key: 'rope', path: 'meadow.mp4', caption: 'A meadow.', duration: 99 },
    {
      key: 'still',
      path: 'hall.jpg',
      caption: '</script><img src=x onerror=alert(1)>',
      duration: 99,
    },
    { key: 'gone', path: 'gone.mp4', caption: 'Nothing.', duration: 99 },
  ],
} as const;

beforeAll(async () => {
  [browser, folder] = await Promise.all([
    launchBrowser(),
    mkdtemp(join(tmpdir(), 'dailies-served-')),
  ]);
  const media = join(folder, 'media');
  await mkdir(media);
  await copyFile(join(MEDIA, 'film/bunny-rope.webm'), join(media, 'rope.webm'));
  await copyFile(join(MEDIA, 'film/bunny-meadow.mp4'), join(media, 'meadow.mp4'));
  await copyFile(join(MEDIA, 'still/hall.jpg'), join(media, 'hall.jpg'));
  archives = [];
  for (const [name, rows] of Object.entries(VERSIONS)) {
    const manifest = join(folder, `${name}.jsonl`);
    await writeFile(manifest, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await scan({
      config: { ...DEFAULT_CONFIG, dataset: [manifest], mediaRoot: media, tier: 'packets' },
      cwd: folder,
      runFolder: join(folder, name),
      command: ['dailies', 'scan', `${name}.jsonl`],
    });
    archives.push(await RunArchive.open(join(folder, name)));
  }
  const [before, after] = archives;
  if (before === undefined || after === undefined) throw new Error('two versions');
  const comparison = async (): Promise<string> =>
    renderComparison(
      await compareVersions({
        before: before.folder,
        after: after.folder,
        config: DEFAULT_CONFIG,
        cwd: folder,
        mediaSample: null,
        removed: null,
        changesFile: null,
        command: ['dailies', 'diff', 'before', 'after'],
      }),
      after,
      before,
    );
  server = await serveSite(runSite(after, { archive: before, comparison }), {
    host: '127.0.0.1',
    port: 0,
  });
});

afterAll(async () => {
  await server.close();
  for (const archive of archives) archive.close();
  await browser.close();
  await rm(folder, { recursive: true });
});

/** A page of the server, from which nothing else can be reached, and what went wrong on it. */
async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const complaints: string[] = [];
  await context.route('**/*', async (route) => {
    const url = route.request().url();
    if (url.startsWith(server.url) || url.startsWith('data:')) return route.continue();
    complaints.push(`request: ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(server.url + path);
  if (options.javaScriptEnabled !== false) await page.waitForSelector('html[data-ready]', READY);
  return { page, context, complaints };
}

/** Width of each film once its first frame is there; 0: it could not be played. */
async function filmWidths(page: Page): Promise<readonly number[]> {
  return page.locator('video').evaluateAll(async (films) =>
    Promise.all(
      films.map(async (film) => {
        if (!(film instanceof HTMLVideoElement)) return 0;
        for (
          let waited = 0;
          film.readyState < 2 && film.error === null && waited < 200;
          waited += 1
        )
          await new Promise((resolve) => setTimeout(resolve, 50));
        return film.videoWidth;
      }),
    ),
  );
}

describe('a served clip', () => {
  it('is reached from a finding of the table and played', async () => {
    const { page, context, complaints } = await open('#q=key%3Arope');
    await page.locator('.grid-row:not(.grid-head)').first().click();
    await page.locator('#detail .watch').click();
    await page.waitForSelector('.players video');
    expect((await filmWidths(page)).every((width) => width > 0)).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('plays beside its other version, at the same time', async () => {
    const { page, context } = await open('clip?shard=after.jsonl&row=0');
    expect(await page.locator('.player h2').allTextContents()).toEqual(['Before', 'After']);
    expect(await filmWidths(page)).toHaveLength(2);
    await page.getByRole('button', { name: '+ 1 frame' }).click();
    await page.getByRole('button', { name: '+ 1 frame' }).click();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('video')].every(
        (film) => Math.abs(film.currentTime - 0.08) < 0.03,
      ),
    );
    await page.getByRole('button', { name: 'Play' }).click();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('video')].every((film) => film.currentTime > 0.3),
    );
    await page.getByRole('button', { name: 'Pause' }).click();
    await context.close();
  });

  it('is reached from the comparison of both versions, which shows frames of both', async () => {
    const { page, context, complaints } = await open('');
    await page.getByRole('link', { name: 'Both versions side by side' }).click();
    await page.waitForSelector('#seen');
    const card = page.locator('#examples .clip', { hasText: 'rope' }).first();
    expect(await card.locator('.version img').count()).toBe(2);
    await card.getByRole('link', { name: 'Play both versions' }).click();
    expect(await filmWidths(page)).toHaveLength(2);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('is there without scripts too', async () => {
    const { page, context } = await open('clip?shard=after.jsonl&row=0', {
      javaScriptEnabled: false,
    });
    expect(await page.locator('video[controls]').count()).toBe(2);
    expect(await page.textContent('.player:last-child .caption')).toContain('A meadow.');
    await context.close();
  });

  it('cannot smuggle anything in by its caption', async () => {
    const { page, context, complaints } = await open('clip?shard=after.jsonl&row=1');
    expect(await page.locator('.caption img').count()).toBe(0);
    expect(await page.textContent('.player:last-child .caption')).toContain('<img src=x');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('that is missing is said to be', async () => {
    const { page, context, complaints } = await open('clip?shard=after.jsonl&row=2');
    expect(await page.textContent('.players')).toContain('missing');
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe('a report folder', () => {
  it('plays its clips from a disk, without a server', async () => {
    const target = join(folder, 'site');
    const run = join(folder, 'after');
    await writeReportFolder(await readRun(run), run, target, DEFAULT_STORE_ACCESS);
    const { page, context, complaints } = await openPage(browser, join(target, 'index.html'));
    await page.locator('.worst .watch').first().click();
    await page.waitForSelector('.players video');
    expect((await filmWidths(page)).every((width) => width > 0)).toBe(true);
    await page.getByRole('link', { name: 'Back to the report' }).click();
    await page.waitForSelector('#worst');
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe('all findings, page by page', () => {
  it('are filtered and lead to the clip without scripts', async () => {
    const { page, context } = await open('findings', { javaScriptEnabled: false });
    const all = await page.locator('table.findings tbody tr').count();
    await page.fill('#filter', 'key:rope');
    await page.getByRole('button', { name: 'Filter' }).click();
    const some = await page.locator('table.findings tbody tr').count();
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(all);
    await page.locator('table.findings a').first().click();
    expect(await page.textContent('h1')).toBe('rope');
    await context.close();
  });
});

describe.each(['light', 'dark'] as const)('served pages in %s', (colorScheme) => {
  it.each(['clip?shard=after.jsonl&row=0', 'clip?shard=after.jsonl&row=2', 'findings', 'diff', ''])(
    'have no WCAG 2.2 AA violation and fit a phone: %s',
    async (path) => {
      const { page, context } = await open(path, {
        colorScheme,
        viewport: { width: 390, height: 844 },
        bypassCSP: true,
      });
      await page.addScriptTag({ path: AXE });
      const violations = await page.evaluate(async () => {
        // @ts-expect-error -- axe puts itself there
        const { violations: found } = await globalThis.axe.run(document, {
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
        });
        return found.map((each: { id: string; nodes: { html: string }[] }) => [
          each.id,
          each.nodes[0]?.html,
        ]);
      });
      expect(violations).toEqual([]);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(390);
      await context.close();
    },
  );
});
