import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { renderHtml } from '../reports/html/page.ts';
import { renderText } from '../reports/text.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { SILENT } from '../src/progress.ts';
import type { ScanResult } from '../src/audit/scan-request.ts';
import { scan } from '../src/scan.ts';
import { type ObjectServer, sendObject, serve } from './stores/object-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'dailies-unreachable-'));
let server: ObjectServer;
let isUp = true;

beforeAll(async () => {
  const bytes = await readFile(join(import.meta.dirname, 'media/clips/mask.mp4'));
  server = await serve((request, response) => {
    if (request.url === '/absent.mp4') response.writeHead(404).end();
    else if (!isUp || request.url === '/locked.mp4')
      response.writeHead(403).end('<Code>AccessDenied</Code>');
    else sendObject(request, response, { bytes, etag: '"1"' });
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function scanNames(names: readonly string[], maxUnreachable: number): Promise<ScanResult> {
  const file = join(folder, 'clips.jsonl');
  const rows = names.map((name) => ({ key: name, path: `${server.origin}/${name}.mp4` }));
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  return scan(
    {
      config: {
        ...DEFAULT_CONFIG,
        dataset: [file],
        tier: 'header',
        workers: 1,
        rules: { ...DEFAULT_CONFIG.rules, select: ['missing-file', 'empty-file'] },
        gate: { ...DEFAULT_CONFIG.gate, maxUnreachable },
      },
      cwd: folder,
      runFolder: null,
      command: ['dailies', 'scan', file],
    },
    { signal: new AbortController().signal, progress: SILENT },
  );
}

it('counts media that a store refuses apart from bad ones, and ends incomplete past the threshold', async () => {
  const { report } = await scanNames(['a', 'b', 'locked'], 0.3);
  expect(report.run.verdict).toMatchObject({ outcome: 'incomplete', exitCode: 3 });
  expect(report.run.verdict.sentence).toContain('1 of 3 media could not be reached');
  expect(report.run.unreachable).toEqual({
    media: 1,
    planned: 3,
    allowed: 0.3,
    reasons: [{ reason: '403 AccessDenied', count: 1 }],
  });
  const files = report.run.probes.find((each) => each.table === 'files');
  expect(files).toMatchObject({ planned: 3, ok: 2, bad: 0, unreachable: 1 });
  const text = renderText(report.run, { colour: false, width: 100 });
  expect(text).toContain('all 3 clips asked for (1 medium unreachable)');
  expect(text).toContain('403 AccessDenied');
  expect(renderHtml(report)).toContain('1 medium unreachable');
});

it('judges without them up to the threshold, and finds what is absent', async () => {
  const fine = await scanNames(['a', 'b', 'locked'], 0.34);
  expect(fine.report.run.verdict).toMatchObject({ outcome: 'passed', exitCode: 0 });
  expect(fine.report.run.unreachable?.media).toBe(1);
  const absent = await scanNames(['a', 'b', 'absent'], 0);
  expect(absent.report.run.unreachable).toBeUndefined();
  expect(absent.report.findings.map((each) => [each.rule_id, each.key])).toEqual([
    ['missing-file', 'absent'],
  ]);
});

it('takes what an earlier run saw for true no longer than the store does', async () => {
  await scanNames(['c', 'd'], 0);
  server.asked.length = 0;
  const again = await scanNames(['c', 'd'], 0);
  expect(again.report.run.probes.find((each) => each.table === 'files')?.cached).toBe(2);
  expect(server.asked.map((each) => each.range)).toEqual(['bytes=0-0', 'bytes=0-0']);
  isUp = false;
  const gone = await scanNames(['c'], 0);
  expect(gone.report.run.unreachable?.media).toBe(1);
  expect(gone.report.run.verdict.outcome).toBe('incomplete');
});

it('reads the threshold as a share or in percent', async () => {
  const file = join(folder, 'dailies.yaml');
  for (const [text, share] of [
    ['0.02', 0.02],
    ['5 %', 0.05],
  ] as const) {
    await writeFile(file, `gate:\n  max_unreachable: ${text}\n`);
    expect((await loadConfig(file, folder)).gate.maxUnreachable).toBe(share);
  }
});
