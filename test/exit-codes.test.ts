import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PACKAGE_ROOT } from '../src/package-root.ts';

const MEDIA = join(PACKAGE_ROOT, 'examples/quickstart/media');

let cwd: string;

function row(key: string, rest: object): string {
  return `${JSON.stringify({ key, ...rest })}\n`;
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'dailies-exit-'));
  await mkdir(join(cwd, 'media'));
  await mkdir(join(cwd, 'half'));
  await mkdir(join(cwd, 'no-tools'));
  await mkdir(join(cwd, 'bad-tools'));
  await copyFile(join(MEDIA, 'mdm/kick1.mp4'), join(cwd, 'media/a.mp4'));
  await writeFile(join(cwd, 'media/garbage.mp4'), 'no video at all');
  await writeFile(join(cwd, 'media/empty.mp4'), '');
  const caption = 'A figure kicks with its left leg.';
  const files = {
    'sound.jsonl': row('a', { caption }),
    'broken.jsonl': row('a', { caption: '' }),
    'noted.jsonl': row('a', { caption: '<b>A figure</b> kicks with its left leg.<br>' }),
    'empty.jsonl': '',
    'media.jsonl': row('a', { caption, path: 'a.mp4' }),
    'missing.jsonl': row('a', { caption, path: 'gone.mp4' }),
    'garbage.jsonl': row('a', { caption, path: 'garbage.mp4' }),
    'hollow.jsonl': row('a', { caption, path: 'empty.mp4' }),
    'outside.jsonl': row('a', { caption, path: '../../etc/hosts' }),
    'half/b.parquet': 'PAR1 cut off',
    'cut.jsonl': `${row('a', { caption })}{"key": "b", "capt`,
    'not.parquet': 'no Parquet at all',
    'slip.yaml': 'gaet: {}\n',
    'bad-rule.yaml': 'rules: { options: { empty-caption: { no_such: 1 } } }\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  await copyFile(join(MEDIA, '../manifest/part-00000.parquet'), join(cwd, 'half/a.parquet'));
  for (const tool of ['ffmpeg', 'ffprobe']) {
    const file = join(cwd, 'bad-tools', tool);
    await writeFile(file, '#!/bin/sh\nexit 134\n');
    await chmod(file, 0o755);
  }
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

function exitCode(args: string, path: string | undefined): number | null {
  const { status } = spawnSync(
    process.execPath,
    [join(PACKAGE_ROOT, 'dist/src/cli.js'), ...args.split(' ')],
    { cwd, env: { ...process.env, PATH: path }, encoding: 'utf8' },
  );
  return status;
}

const FROZEN = '--media-root media --select frozen-frames --cache-dir';

describe('exit codes', () => {
  it.each([
    [0, 'a sound manifest', 'scan sound.jsonl'],
    [0, 'a finding below the gate', 'scan noted.jsonl --select html-in-caption'],
    [0, 'a finding without a gate', 'scan broken.jsonl --fail-on never'],
    [0, 'sound media', `scan media.jsonl ${FROZEN} c0`],
    [1, 'an error', 'scan broken.jsonl'],
    [1, 'a note at the gate', 'scan noted.jsonl --select html-in-caption --fail-on note'],
    [1, 'a missing file', 'scan missing.jsonl --media-root media --select missing-file'],
    [1, 'an empty file', 'scan hollow.jsonl --media-root media --select empty-file'],
    [1, 'a shard that cannot be read, by its rule', 'scan half --select unreadable-shard'],
    [1, 'records that are no rows, by their rule', 'scan cut.jsonl --select unreadable-shard'],
    [2, 'no dataset', 'scan'],
    [2, 'a dataset that is not there', 'scan nowhere.parquet'],
    [2, 'a dataset of which no shard can be read', 'scan not.parquet'],
    [2, 'an unknown command', 'scna sound.jsonl'],
    [2, 'an unknown flag', 'scan sound.jsonl --strcit'],
    [2, 'an unknown rule', 'scan sound.jsonl --select no-such-rule'],
    [2, 'a slip in the configuration', 'scan sound.jsonl --config slip.yaml'],
    [2, 'an option that a rule does not have', 'scan sound.jsonl --config bad-rule.yaml'],
    [2, 'a suppression file that is not there', 'scan sound.jsonl --suppressions gone.yaml'],
    [2, 'a baseline that is no run', 'scan sound.jsonl --against media'],
    [3, 'a shard that another rule could not look at', 'scan half --select modality-leak-caption'],
    [0, 'the same, allowed', 'scan half --select modality-leak-caption --allow-incomplete'],
    [3, 'records that another rule could not look at', 'scan cut.jsonl --select empty-caption'],
    [3, 'a rule without a column to look at, alone', 'scan sound.jsonl --select fps-mismatch'],
    [3, 'media that are no video, for a rule on frames alone', `scan garbage.jsonl ${FROZEN} c1`],
    [3, 'a path outside of the media root', `scan outside.jsonl ${FROZEN} c2`],
  ])('%i: %s', (code, _what, args) => {
    expect(exitCode(`${args} -q`, process.env['PATH'])).toBe(code);
  });

  it.each([
    ['is not there', 'no-tools'],
    ['crashes', 'bad-tools'],
  ])('3: a decoder that %s turns no gate green', (_what, tools) => {
    const args = `scan media.jsonl ${FROZEN} ${tools}-cache --decoder ffmpeg -q`;
    expect(exitCode(args, join(cwd, tools))).toBe(3);
  });
});
