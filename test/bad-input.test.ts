import { execFile } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { truncateFile } from '../src/media/encode/damage.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import type { ReportInput } from '../src/run/document.ts';
import { scan } from '../src/scan.ts';
import { makeImage } from './media-kit/make-image.ts';
import { makeTone } from './media-kit/make-tone.ts';
import { makeClip } from './media-kit/media-kit.ts';

/** The rows of a manifest in which everything is wrong that a pipeline, or somebody ill-meaning, can do to it. */
const ROWS: readonly { readonly key: string; readonly path: string | null }[] = [
  { key: 'fine', path: 'fine.mp4' },
  { key: 'empty', path: 'empty.mp4' },
  { key: 'cut', path: 'cut.mp4' },
  { key: 'text', path: 'text.mp4' },
  { key: 'playlist', path: 'playlist.mp4' },
  { key: 'song', path: 'song.m4a' },
  { key: 'dot', path: 'dot.png' },
  { key: 'huge', path: 'huge.png' },
  { key: 'folder', path: 'folder.mp4' },
  { key: 'gone', path: 'gone.mp4' },
  { key: 'nothing', path: null },
  { key: 'outside', path: '../outside.mp4' },
  { key: 'absolute', path: '/etc/passwd' },
  { key: 'link', path: 'link.mp4' },
  { key: 'url', path: 'http://127.0.0.1:9/clip.mp4' },
  { key: 'dash', path: '-dash.mp4' },
  { key: 'newline', path: 'new\nline.mp4' },
  { key: 'quote', path: `it's "quoted" #100%.mp4` },
  { key: 'twice', path: 'fine.mp4' },
  { key: 'twice', path: 'fine.mp4' },
];

describe('a manifest in which everything is wrong', () => {
  let folder: string;
  let report: ReportInput;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-bad-'));
    const media = join(folder, 'media');
    await mkdir(join(media, 'folder.mp4'), { recursive: true });
    const clip = await makeClip({ source: 'testsrc2', fps: 24, duration_s: 1, faststart: true });
    for (const name of ['fine.mp4', '-dash.mp4', 'new\nline.mp4', `it's "quoted" #100%.mp4`]) {
      await copyFile(clip, join(media, name));
    }
    await copyFile(clip, join(folder, 'outside.mp4'));
    await symlink(join(folder, 'outside.mp4'), join(media, 'link.mp4'));
    await writeFile(join(media, 'empty.mp4'), '');
    await truncateFile(clip, join(media, 'cut.mp4'), 0.6);
    await writeFile(join(media, 'text.mp4'), 'this is no video\n'.repeat(50));
    await writeFile(
      join(media, 'playlist.mp4'),
      `#EXTM3U\n#EXTINF:1,\n${join(folder, 'outside.mp4')}\n`,
    );
    await copyFile(await makeTone(), join(media, 'song.m4a'));
    await copyFile(
      await makeImage({ kind: 'png', width_px: 1, height_px: 1 }),
      join(media, 'dot.png'),
    );
    await sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: '#808080' } })
      .png({ compressionLevel: 9 })
      .toFile(join(media, 'huge.png'));
    const caption = 'A long caption of a clip. '.repeat(40_000);
    const lines = ROWS.map((row, index) =>
      JSON.stringify({ ...row, caption: index === 0 ? caption : `Clip ${index}.` }),
    );
    await writeFile(
      join(media, 'manifest.jsonl'),
      `${lines.join('\n')}\n{"key": "broken", "path": \n{not json}\n`,
    );
    const result = await scan({
      config: { ...DEFAULT_CONFIG, dataset: [join(media, 'manifest.jsonl')] },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: ['dailies', 'scan', 'manifest.jsonl'],
    });
    report = result.report;
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function rulesAgainst(key: string): readonly string[] {
    return report.findings
      .filter((finding) => finding.key === key)
      .map((finding) => finding.rule_id);
  }

  it.each([
    ['empty', 'empty-file'],
    ['cut', 'truncated-file'],
    ['text', 'wrong-file-type'],
    ['playlist', 'wrong-file-type'],
    ['song', 'missing-video-track'],
    ['folder', 'missing-file'],
    ['gone', 'missing-file'],
    ['nothing', 'missing-file'],
    ['outside', 'missing-file'],
    ['absolute', 'missing-file'],
    ['link', 'missing-file'],
    ['twice', 'duplicate-key'],
  ])('reports %s as %s', (key, rule) => {
    expect(rulesAgainst(key)).toContain(rule);
  });

  it('opens odd names like any other', () => {
    for (const key of ['dash', 'newline', 'quote', 'dot']) {
      expect(rulesAgainst(key), key).not.toContain('missing-file');
      expect(rulesAgainst(key), key).not.toContain('decode-errors');
    }
  });

  it('never calls a rule passed that could not see the remote clip', () => {
    const missing = report.run.rules.find((rule) => rule.id === 'still-video');

    expect(missing?.outcome).not.toBe('passed');
    expect(JSON.stringify(report.run.notLookedAt)).toContain('unreachable');
  });

  it('says that two lines of the manifest are no rows', () => {
    const gap = report.run.notLookedAt.find((each) => each.what === 'records of manifest.jsonl');

    expect(report.run.dataset.rows).toBe(ROWS.length);
    expect(gap?.count).toBe(2);
  });
});

describe('a dataset that cannot be opened', () => {
  const cli = join(PACKAGE_ROOT, 'dist/src/cli.js');

  async function dailies(
    args: readonly string[],
  ): Promise<{ readonly code: number; readonly stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [cli, ...args], { cwd: tmpdir() }, (error, _stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stderr });
      });
    });
  }

  it.each([
    ['a path that is not there', 'no-such-dataset.parquet'],
    ['a file of no known kind', join(PACKAGE_ROOT, 'LICENSE')],
  ])('ends with 2 for %s and says what to do', async (_name, path) => {
    const { code, stderr } = await dailies(['scan', path]);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .*\n(hint: .*\n)?$/m);
    expect(stderr).not.toContain('    at ');
  });

  it('ends with 2 for a 0-byte Parquet file and for one cut short', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-bad-'));
    await writeFile(join(folder, 'empty.parquet'), '');
    await copyFile(
      join(PACKAGE_ROOT, 'examples/quickstart/manifest/part-00000.parquet'),
      join(folder, 'cut.parquet'),
    );
    await truncate(join(folder, 'cut.parquet'), 2_000);
    for (const name of ['empty.parquet', 'cut.parquet']) {
      const { code, stderr } = await dailies(['scan', join(folder, name)]);

      expect(code, name).toBe(2);
      expect(stderr, name).toContain(name);
    }
    await rm(folder, { recursive: true });
  });

  it('audits the other shards when one is unreadable, and passes nothing of the run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-bad-'));
    await copyFile(
      join(PACKAGE_ROOT, 'examples/quickstart/manifest/part-00000.parquet'),
      join(folder, 'part-00000.parquet'),
    );
    await writeFile(join(folder, 'part-00001.parquet'), 'PAR1 not really PAR1');
    const { report } = await scan({
      config: { ...DEFAULT_CONFIG, dataset: [folder], tier: 'manifest' },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: [],
    });

    expect(report.run.dataset.rows).toBeGreaterThan(0);
    expect(report.run.rules.filter((rule) => rule.outcome === 'passed')).toEqual([]);
    expect(report.run.notLookedAt.some((gap) => gap.what.includes('part-00001.parquet'))).toBe(
      true,
    );
    await chmod(folder, 0o700);
    await rm(folder, { recursive: true });
  });
});
