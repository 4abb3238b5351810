import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PACKAGE_ROOT } from '../src/package-root.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'dailies-process-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

/** Starts the built command; stdin stays open until the caller ends it. */
function start(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [join(PACKAGE_ROOT, 'dist/src/cli.js'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] },
  });
}

/** Runs the built command to its end. */
async function run(args: readonly string[], input = '') {
  const child = start(args);
  child.stdin.end(input);
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ending(child),
  ]);
  return { exitCode, stdout, stderr };
}

/** Ends with the exit code, or the name of the signal that killed the child. */
async function ending(child: ChildProcessWithoutNullStreams): Promise<unknown> {
  const [exitCode, signal]: unknown[] = await once(child, 'exit');
  return exitCode ?? signal;
}

describe('the installed command', () => {
  it('starts, says its version, and leaves stderr alone', async () => {
    const { exitCode, stdout, stderr } = await run(['--version']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('ends with 2 for a word that is no command', async () => {
    expect(await run(['scan!'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('ends with 2 and no stack trace for a dataset that is not there', async () => {
    const { exitCode, stderr } = await run(['scan', 'absent.parquet']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: /m);
    expect(stderr).not.toContain('    at ');
  });

  it('carries the result on stdout and progress on stderr', async () => {
    await writeFile(join(cwd, 'clips.csv'), 'key,caption\na,a dog runs over a lawn\n');
    const { stdout, stderr } = await run([
      'scan',
      'clips.csv',
      '--tier',
      'manifest',
      '--format',
      'json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, dataset: { rows: 1 } });
    expect(stderr).toContain('read the manifest');
    const quiet = await run(['scan', 'clips.csv', '--tier', 'manifest', '--quiet']);
    expect(quiet.stderr).toBe('');
    expect(quiet.stdout).not.toContain('\u001B[');
  });

  it('comes to a verdict on clips that need pictures, from an empty cache', async () => {
    const dataset = join(PACKAGE_ROOT, 'examples', 'quickstart');
    const { exitCode, stdout, stderr } = await run([
      'scan',
      dataset,
      '--tier',
      'headers',
      '--quiet',
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(stdout).toContain('failed');
  });

  it('ends quietly, and with its own exit code, when the reader closes the pipe', async () => {
    const child = start(['rules', '--format', 'json']);
    child.stdin.end();
    child.stdout.destroy();
    const [stderr, code] = await Promise.all([text(child.stderr), ending(child)]);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  });

  it('answers every task line of a worker, bad ones too', async () => {
    const { exitCode, stdout } = await run(['worker', '--workers', '1'], 'no task\n{"id": "x"}\n');
    expect(exitCode).toBe(0);
    const verdicts = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(verdicts).toHaveLength(2);
    expect(verdicts[1]).toMatchObject({ id: 'x', outcome: 'bad' });
  });

  it('ends with 130 at Ctrl-C, and says so in one line', async () => {
    const child = start(['worker']);
    const code = ending(child);
    const stderr = text(child.stderr);
    // The filter answers a line once it listens to signals, too.
    child.stdin.write('no task\n');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await code).toBe(130);
    expect(await stderr).toBe('error: interrupted\n');
  });
});
