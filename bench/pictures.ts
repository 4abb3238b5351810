/**
 * Makes the pictures of the README from a run folder: the report in light and dark, and the verdict on a terminal.
 *
 *     npx tsc -p tsconfig.bench.json && node dist/bench/pictures.js .dailies/runs/<id>
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { DailiesError } from '../src/dailies-error.ts';
import { readRun } from '../src/run/read-run.ts';
import { escapeHtml } from '../reports/html/markup.ts';
import { renderHtml } from '../reports/html/page.ts';
import { renderText } from '../reports/text.ts';
import { launchBrowser, openPage } from '../test/browser/browser.ts';

const TARGET = 'examples/pictures';
const WINDOW = { width: 1280, height: 860 } as const;

/** Colours of a dark terminal for the SGR codes that the verdict uses. */
const TERMINAL_COLOURS: Readonly<Record<string, string>> = {
  '1;31': 'color:#ff7a6e;font-weight:700',
  '33': 'color:#e8b04b',
  '36': 'color:#7cc4d8',
  '32': 'color:#86cf99',
  '2': 'color:#8b8f98',
  '1': 'font-weight:700',
};

const folder = process.argv[2];
if (folder === undefined)
  throw new DailiesError('usage', 'no run folder given', {
    hint: 'dailies scan examples/quickstart',
  });
const input = await readRun(folder);
const temporary = await mkdtemp(join(tmpdir(), 'dailies-pictures-'));
const browser = await launchBrowser();
try {
  await mkdir(TARGET, { recursive: true });
  const report = join(temporary, 'report.html');
  await writeFile(report, renderHtml(input));
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, context } = await openPage(browser, report, { viewport: WINDOW, colorScheme });
    await page.waitForSelector('html[data-ready]', { state: 'attached' });
    await save(`report-${colorScheme}`, await page.screenshot());
    await context.close();
  }
  const terminal = join(temporary, 'terminal.html');
  const text = renderText(input.run, {
    colour: true,
    width: 96,
    findings: input.findings,
    reports: [{ name: 'report', path: '.dailies/runs/…/report.html' }],
    rulesInFull: 6,
  });
  await writeFile(terminal, terminalPage(text));
  const { page, context } = await openPage(browser, terminal, { deviceScaleFactor: 1.5 });
  await save('terminal', await page.locator('pre').screenshot());
  await context.close();
} finally {
  await browser.close();
  await rm(temporary, { recursive: true });
}

async function save(name: string, png: Buffer): Promise<void> {
  const path = join(TARGET, `${name}.webp`);
  const { size } = await sharp(png).webp({ quality: 82, effort: 6 }).toFile(path);
  process.stdout.write(`${path}  ${Math.round(size / 1000)} kB\n`);
}

function terminalPage(text: string): string {
  // oxlint-disable-next-line no-control-regex -- a terminal's colours begin with one
  const pieces = text.split(/\u001B\[([\d;]*)m/);
  const spans = pieces.map((piece, index) =>
    index % 2 === 1
      ? piece === '0'
        ? '</span>'
        : `<span style="${TERMINAL_COLOURS[piece] ?? ''}">`
      : escapeHtml(piece),
  );
  return `<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#14161b}pre{display:inline-block;margin:0;padding:18px 28px 22px;background:#14161b;color:#e6e4df;font:14px/1.42 'DejaVu Sans Mono',Menlo,Consolas,monospace}</style><pre><span style="color:#8b8f98">$</span> dailies scan examples/quickstart\n${spans.join('')}</pre>`;
}
