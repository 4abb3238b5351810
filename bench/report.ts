import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildLargeReportFixture, buildReportFixture } from '../test/report-fixture.ts';
import { launchBrowser, openPage } from '../test/browser/browser.ts';
import type { ReportInput } from '../src/run/document.ts';
import { renderHtml } from '../reports/html/page.ts';

/** Prints the size of the report and how long it takes to make, open and filter. */
const base = await buildReportFixture();
const large = buildLargeReportFixture(base, 100_000);
const clips = withClips(base, 2000);
const folder = await mkdtemp(join(tmpdir(), 'dailies-bench-'));
const browser = await launchBrowser();
try {
  const shell = renderHtml({ ...base, findings: [], clips: [] });
  const [page, render_ms] = timed(() => renderHtml(large));
  const [pictures, pictures_ms] = timed(() => renderHtml(clips));
  const path = join(folder, 'report.html');
  await writeFile(path, page);
  const started_ms = performance.now();
  const opened = await openPage(browser, path);
  await opened.page.waitForSelector('html[data-ready]', { state: 'attached' });
  const ready_ms = performance.now() - started_ms;
  await opened.page.waitForTimeout(1500);
  const rows: readonly (readonly [string, string, string])[] = [
    ['shell, gzipped', `${(gzipSync(shell).length / 1000).toFixed(1)} kB`, '<= 60 kB'],
    ['100,000 findings', `${(page.length / 1e6).toFixed(2)} MB`, '<= 3 MB'],
    ['render 100,000 findings', `${render_ms.toFixed(0)} ms`, ''],
    ['open to interactive', `${ready_ms.toFixed(0)} ms`, '< 1,000 ms'],
    ['filter by rule', await filter('rule:ignored-rotation'), '< 50 ms'],
    ['filter by words', await filter('declared 12'), '< 50 ms'],
    ['filter by other words', await filter('declared 13'), '< 50 ms'],
    ['render 2,000 clips', `${pictures_ms.toFixed(0)} ms`, '< 10,000 ms'],
    ['report of 2,000 clips', `${(pictures.length / 1e6).toFixed(1)} MB`, '<= 15 MB'],
  ];
  for (const [what, measured, budget] of rows)
    process.stdout.write(`${what.padEnd(26)}${measured.padStart(12)}${budget.padStart(14)}\n`);

  async function filter(query: string): Promise<string> {
    const time_ms: unknown = await opened.page.evaluate(`(() => {
      const input = document.querySelector('#filter');
      input.value = ${JSON.stringify(query)};
      const from_ms = performance.now();
      input.dispatchEvent(new Event('change'));
      return performance.now() - from_ms;
    })()`);
    return `${Number(time_ms).toFixed(1)} ms`;
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true });
}

function timed<T>(act: () => T): readonly [T, number] {
  const from_ms = performance.now();
  return [act(), performance.now() - from_ms];
}

/** The usual report with its cards repeated under other keys. */
function withClips(input: ReportInput, count: number): ReportInput {
  const cards = Array.from({ length: count }, (_, index) => {
    const card = input.clips[index % input.clips.length];
    const finding = input.findings[index % input.findings.length];
    return card === undefined || finding === undefined
      ? []
      : [
          {
            ...card,
            key: finding.key ?? '',
            shard: finding.shard ?? '',
            rowNumber: finding.row_number ?? 0,
          },
        ];
  }).flat();
  return { ...input, clips: cards };
}
