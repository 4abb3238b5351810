import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { array, asyncProperty, assert, integer, record } from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { runPool } from '../../src/engine/pool.ts';
import type { ProbeTask, ProbeVerdict } from '../../src/engine/task.ts';
import { gapsIn, joinStretches, LocalCopy } from '../../src/media/local-copy.ts';
import { fileMedium } from '../../src/media/medium-text.ts';
import type { Medium } from '../../src/media/medium.ts';
import { openMedium } from '../../src/media/open-medium.ts';
import { dropScratchOf, scratchFolder, scratchOfProcess } from '../../src/media/scratch-folder.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';

const CLIPS = join(import.meta.dirname, 'clips');
const folder = mkdtempSync(join(tmpdir(), 'dailies-places-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NAMES = ['h264.mp4', 'h264.mkv', 'vp9.webm'];
const archive = join(folder, 'clips.tar');
execFileSync('tar', ['--format=ustar', '-cf', archive, '-C', CLIPS, ...NAMES]);

/** The member of a tar that GNU tar wrote, by its bytes. */
function memberOf(name: string): Medium {
  const body = readFileSync(join(CLIPS, name));
  const start_bytes = readFileSync(archive).indexOf(body);
  return { source: archive, range: { start_bytes, length_bytes: body.length }, name };
}

async function lookAt(media: readonly Medium[]): Promise<ReadonlyMap<string, ProbeVerdict>> {
  const tasks = media.map((medium, index) => ({
    id: String(index),
    medium,
    wants: ['files', 'containers', 'packets', 'frames', 'audio'],
    tier: 'frames',
    decoder: 'auto',
  })) satisfies readonly ProbeTask[];
  const verdicts = new Map<string, ProbeVerdict>();
  for await (const verdict of runPool(tasks, { workers: 1 })) verdicts.set(verdict.id, verdict);
  return verdicts;
}

describe('a member of a tar', () => {
  it('gives the evidence of the file that it was', async () => {
    const verdicts = await lookAt([
      ...NAMES.map((name) => fileMedium(join(CLIPS, name))),
      ...NAMES.map(memberOf),
    ]);
    for (const [index, name] of NAMES.entries()) {
      const file = measured(verdicts.get(String(index)));
      expect(file['frames']?.['error_code'], name).toBeNull();
      expect(measured(verdicts.get(String(index + NAMES.length))), name).toEqual(file);
    }
    // Copies that decoders needed are gone.
    expect(readdirSync(await scratchFolder())).toEqual([]);
  });
});

/** Evidence without what differs from run to run or from place to place. */
function measured(
  verdict: ProbeVerdict | undefined,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return Object.fromEntries(
    Object.entries(verdict?.evidence ?? {}).map(([table, row]) => [
      table,
      { ...row, modified_ms: 0, decode_s: 0, bytes_read: 0 },
    ]),
  );
}

describe('the folder for copies', () => {
  it('is emptied of what a process left that was killed, and of folders of runs that were', async () => {
    const own = await scratchFolder();
    const [, prefix = ''] = /^(.*-)\d+-[^-]*$/.exec(own) ?? [];
    // No process has this number: it is above the largest that Linux gives.
    const abandoned = `${prefix}4194305-x`;
    mkdirSync(abandoned);
    const left = await scratchOfProcess(own, 4_194_305);
    writeFileSync(join(left, 'half.mp4'), 'x');
    await dropScratchOf(4_194_305);
    expect(readdirSync(own)).toEqual([]);
    const code = `import('${join(PACKAGE_ROOT, 'dist/src/media/scratch-folder.js')}').then((m) => m.scratchFolder()).then(console.log)`;
    const next = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }).trim();
    expect(existsSync(abandoned)).toBe(false);
    expect(existsSync(next)).toBe(false);
    expect(existsSync(own)).toBe(true);
  });

  it('loses the copies of decoders that are killed while they work', async () => {
    const tasks = Array.from({ length: 20 }, (_, index) => ({
      id: String(index),
      medium: memberOf('h264.mp4'),
      wants: ['frames'],
      tier: 'full',
      decoder: 'auto',
    })) satisfies readonly ProbeTask[];
    const own = await scratchFolder();
    const killed = new Set<string>();
    const watch = setInterval(() => {
      for (const pid of readdirSync(own)) {
        if (killed.has(pid) || !hasFiles(join(own, pid))) continue;
        killed.add(pid);
        process.kill(Number(pid), 'SIGKILL');
      }
    }, 1);

    const verdicts: ProbeVerdict[] = [];
    for await (const verdict of runPool(tasks, { workers: 1 })) verdicts.push(verdict);
    clearInterval(watch);

    expect(verdicts).toHaveLength(20);
    expect(killed.size).toBeGreaterThan(0);
    expect(readdirSync(own)).toEqual([]);
  });
});

function hasFiles(path: string): boolean {
  return existsSync(path) && readdirSync(path).length > 0;
}

describe('a copy for a decoder', () => {
  const file = fileMedium(join(CLIPS, 'h264.mp4'));

  it('is the file itself where that can be opened', async () => {
    const opened = await openMedium(file, DEFAULT_STORE_ACCESS);
    if (!opened.ok) throw new Error(opened.message);
    const copy = new LocalCopy(opened, () => Promise.reject(new Error('asked for a folder')));
    expect(await copy.whole()).toEqual({ ok: true, path: file.source });
    await copy.close();
  });

  it('holds the stretches that were asked for and all that was read, and asks for nothing that it has', async () => {
    const member = memberOf('h264.mp4');
    const body = readFileSync(file.source);
    const stretch = record({
      start: integer({ min: 0, max: body.length }),
      length: integer({ min: 0, max: 200_000 }),
    });
    await assert(
      asyncProperty(
        array(stretch, { maxLength: 4 }),
        array(stretch, { maxLength: 4 }),
        async (reads, parts) => {
          const opened = await openMedium(member, DEFAULT_STORE_ACCESS);
          if (!opened.ok) throw new Error(opened.message);
          const copy = new LocalCopy(opened, () => Promise.resolve(folder));
          const wanted = [...reads, ...parts].map(({ start, length }) => ({
            start,
            end: Math.min(body.length, start + length),
          }));
          for (const { start, length } of reads) await copy.reader.read(start, length);
          const made = await copy.parts(wanted.slice(reads.length));
          if (!made.ok) throw new Error(made.message);
          const bytes = readFileSync(made.path);
          expect(bytes.length).toBe(body.length);
          for (const { start, end } of wanted)
            expect(bytes.subarray(start, end).equals(body.subarray(start, end))).toBe(true);
          const before = opened.reader.spent().bytesRead;
          await copy.parts(wanted);
          expect(opened.reader.spent().bytesRead).toBe(before);
          const whole = await copy.whole();
          expect(whole.ok && readFileSync(whole.path).equals(body)).toBe(true);
          await copy.close();
        },
      ),
      { numRuns: 30 },
    );
    expect(readdirSync(folder)).toEqual(['clips.tar']);
  });
});

it('counts what is covered and what is not', () => {
  const filled = joinStretches(
    [
      { start: 30, end: 40 },
      { start: 0, end: 10 },
      { start: 12, end: 20 },
      { start: 5, end: 5 },
    ],
    2,
  );
  expect(filled).toEqual([
    { start: 0, end: 20 },
    { start: 30, end: 40 },
  ]);
  expect(gapsIn({ start: 5, end: 50 }, filled)).toEqual([
    { start: 20, end: 30 },
    { start: 40, end: 50 },
  ]);
});
