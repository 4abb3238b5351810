import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { type ObjectServer, sendObject, serve } from './object-server.ts';

const SECRET = '5ec4e7';

let cwd = '';
let server: ObjectServer;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'dailies-remote-'));
  await mkdir(join(cwd, 'served/clips'), { recursive: true });
  await copyFile(
    join(PACKAGE_ROOT, 'examples/quickstart/media/mdm/kick1.mp4'),
    join(cwd, 'served/clips/a.mp4'),
  );
  server = await serve(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const bytes = await readFile(join(cwd, 'served', pathname)).catch(() => null);
    if (bytes === null) response.writeHead(404).end();
    else sendObject(request, response, { bytes, etag: '"one"' });
  });
  const rows = {
    relative: 'clips/a.mp4',
    gone: 'clips/none.mp4',
    loopback: `${server.origin}/clips/a.mp4`,
    localhost: `${server.origin.replace('127.0.0.1', 'localhost')}/clips/a.mp4`,
    digits: `${server.origin.replace('127.0.0.1', '2130706433')}/clips/a.mp4`,
    cloud: 'http://169.254.169.254/latest/meta-data/a.mp4',
    file: 'file:///etc/passwd',
    above: '../../etc/passwd',
    signed: `${server.origin}/clips/none.mp4?X-Amz-Signature=${SECRET}`,
  };
  const manifest = Object.entries(rows)
    .map(([key, path]) => JSON.stringify({ key, path, caption: `A figure kicks: ${key}.` }))
    .join('\n');
  await writeFile(join(cwd, 'served/m.jsonl'), manifest);
  // Nobody should really ask where clouds keep credentials.
  const asked = manifest.split('\n').filter((line) => !line.includes('169.254'));
  await writeFile(join(cwd, 'served/n.jsonl'), asked.join('\n'));
});

afterAll(async () => {
  await server.close();
  await rm(cwd, { recursive: true, force: true });
});

/** The server answers from this process, so the command runs beside it. */
async function dailies(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'dist/src/cli.js'), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  child.stderr.on('data', (part: Buffer) => (text += part.toString()));
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { code, text };
}

describe('a scan of a manifest behind a URL', () => {
  it('looks at media beside it, and refuses what it may not name, with a finding and no request', async () => {
    const url = `${server.origin}/m.jsonl?token=${SECRET}`;
    const run = await dailies(
      'scan',
      url,
      '--tier',
      'header',
      '--format',
      'json',
      '--run-dir',
      'run',
    );
    expect(run.code).toBe(1);
    const asked = server.asked.splice(0).map((each) => each.url.replace(/\?.*/, ''));
    expect(new Set(asked)).toEqual(new Set(['/m.jsonl', '/clips/a.mp4', '/clips/none.mp4']));
    const findings = readFileSync(join(cwd, 'run/report.html'), 'utf8');
    for (const key of ['loopback', 'localhost', 'digits', 'cloud'])
      expect(findings, key).toContain('refused-address');
    expect(run.text).toContain('"affected": 8');
    const written = await readdir(join(cwd, 'run'), { recursive: true, withFileTypes: true });
    const telling = written
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name))
      .filter((path) => readFileSync(path).includes(SECRET));
    expect(telling).toEqual([]);
    expect(run.text).not.toContain(SECRET);
  });

  it('asks private addresses where the user allows it', async () => {
    const run = await dailies(
      'scan',
      `${server.origin}/n.jsonl`,
      '--tier',
      'header',
      '--allow-private-addresses',
      '-q',
    );
    expect(
      server.asked.splice(0).filter((each) => each.url === '/clips/a.mp4').length,
    ).toBeGreaterThan(1);
    expect(run.text).toContain('duplicate-media');
  });

  it('asks no store for media when only the manifest is looked at', async () => {
    await dailies('scan', `${server.origin}/m.jsonl`, '--tier', 'manifest', '-q');
    const media = server.asked.splice(0).filter((each) => each.url !== '/m.jsonl');
    // One byte of the first media tells where they lie.
    expect(media.every((each) => each.range === 'bytes=0-0')).toBe(true);
  });
});
