import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { runPool } from '../../src/engine/pool.ts';
import type { ProbeTask, ProbeVerdict } from '../../src/engine/task.ts';
import { makeFilmStrip } from '../../src/media/film-strip.ts';
import { fileMedium } from '../../src/media/medium-text.ts';
import { identityOfObject, placeOfObject, stampMedium } from '../../src/media/medium-stamp.ts';
import type { Medium } from '../../src/media/medium.ts';
import { scratchFolder } from '../../src/media/scratch-folder.ts';
import { hashMedium } from '../../src/probes/files.ts';
import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { makeClip } from '../media-kit/media-kit.ts';
import { type ObjectServer, sendObject, serve } from '../stores/object-server.ts';

const CLIPS = join(import.meta.dirname, 'clips');
const IMPATIENT = { ...DEFAULT_STORE_ACCESS, retries: 1, timeout_s: 1 };

let server: ObjectServer;
/** Files by the path of their URL. */
const files = new Map<string, string>();

beforeAll(async () => {
  const recipe = { duration_s: 8, gop: 96, fps: 24, audio: { source: 'sine' } } as const;
  files.set('/front.mp4', await makeClip({ ...recipe, faststart: true }));
  files.set('/back.mp4', await makeClip({ ...recipe, faststart: false }));
  files.set('/b-frames.mp4', await makeClip({ ...recipe, bFrames: 3 }));
  for (const name of ['h264.mp4', 'fragmented.mp4', 'vp9.webm', 'preroll.mp4', 'h264.mkv'])
    files.set(`/${name}`, join(CLIPS, name));
  server = await serve(answer);
});

afterAll(async () => {
  await server.close();
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  // A bucket in the path, and a signature behind it.
  const url = (request.url ?? '').replace(/^\/films\//, '/').replace(/\?.*$/, '');
  const path = files.get(url);
  if (url === '/forbidden.mp4') response.writeHead(403).end('no');
  else if (url === '/busy.mp4') response.writeHead(503, { 'retry-after': '0' }).end();
  else if (url === '/silent.mp4') return;
  else if (url === '/changing.mp4') {
    const bytes = readFileSync(files.get('/back.mp4') ?? '');
    const asked = server.asked.filter((each) => each.url === url).length;
    sendObject(request, response, { bytes, etag: `"${asked > 1 ? 2 : 1}"` });
  } else if (path === undefined) response.writeHead(404).end();
  else sendObject(request, response, { bytes: readFileSync(path), etag: '"1"' });
}

function remote(path: string): Medium {
  return { source: `${server.origin}${path}`, range: null, name: path.slice(1) };
}

async function lookAt(
  media: readonly Medium[],
  more: Partial<ProbeTask> = {},
): Promise<readonly ProbeVerdict[]> {
  const tasks = media.map((medium, index): ProbeTask => ({
    id: String(index),
    medium,
    access: IMPATIENT,
    wants: ['files', 'containers', 'packets', 'frames'],
    tier: 'keyframes',
    decoder: 'auto',
    ...more,
  }));
  const verdicts: ProbeVerdict[] = [];
  for await (const verdict of runPool(tasks, { workers: 1 }))
    verdicts[Number(verdict.id)] = verdict;
  return verdicts;
}

/** Evidence without what differs from run to run and from place to place. */
function measured(evidence: ProbeVerdict['evidence'] = {}): unknown {
  const same = { modified_ms: 0, version: null, decode_s: 0, bytes_read: 0, requests: 0 };
  return Object.entries(evidence).map(([table, row]) => [table, { ...row, ...same }]);
}

describe('an object behind a URL', () => {
  it.each(['keyframes', 'frames'] as const)('gives the %s of the file that it is', async (tier) => {
    const names = [...files.keys()];
    const local = names.map((name) => fileMedium(files.get(name) ?? ''));
    const verdicts = await lookAt([...local, ...names.map(remote)], { tier });
    for (const [index, name] of names.entries()) {
      const here = verdicts[index];
      const there = verdicts[index + names.length];
      const named = withExtension(there, here);
      expect(measured(named), name).toEqual(measured(here?.evidence));
    }
    const frames = verdicts.map((each) => Number(each.evidence.frames?.['decoded_frame_count']));
    expect(frames.filter((count) => count > 1).length).toBeGreaterThan(6);
    expect(await readdir(await scratchFolder())).toEqual([]);
  });

  it.each([
    ['/front.mp4', 2],
    ['/back.mp4', 3],
  ])('%s costs its index and its first 32 KB to know its header', async (name, requests) => {
    server.asked.length = 0;
    const [verdict] = await lookAt([remote(name)], { tier: 'header' });
    const row = verdict?.evidence.containers ?? {};
    const floor = Number(row['index_bytes']);
    expect(row['error_code']).toBeNull();
    expect(Number(row['bytes_read'])).toBeLessThanOrEqual(1.2 * floor + 65_536);
    expect(server.asked.length).toBeLessThanOrEqual(requests);
    expect(server.asked.length).toBe(row['requests']);
  });

  it('costs little more than its keyframes to see them, and itself to see all frames', async () => {
    const size = (await stat(files.get('/front.mp4') ?? '')).size;
    const [some] = await lookAt([remote('/front.mp4')]);
    const [all] = await lookAt([remote('/front.mp4')], { tier: 'frames' });
    expect(bytesOf(all)).toBe(size);
    expect(bytesOf(some)).toBeLessThan(0.8 * size);
  });

  it('is told as what is wrong with it', async () => {
    const inner = { source: 'http://169.254.169.254/a.mp4', range: null, name: 'a.mp4' };
    const places = ['/forbidden.mp4', '/busy.mp4', '/silent.mp4', '/absent.mp4'].map(remote);
    const beyond = { ...remote('/h264.mp4'), range: { start_bytes: 5, length_bytes: 10 ** 9 } };
    const verdicts = await lookAt([...places, inner, beyond], { wants: ['files'] });
    expect(verdicts.map((each) => each.evidence.files?.['error_code'])).toEqual([
      'unreachable',
      'unreachable',
      'unreachable',
      'missing-file',
      'refused-address',
      'invalid-path',
    ]);
  });

  it('that is replaced while it is read is told as changed, and so is one that changed since an earlier look', async () => {
    const [during] = await lookAt([remote('/changing.mp4')]);
    expect(during?.evidence.containers?.['error_code']).toBe('changed-while-read');
    const [since] = await lookAt([remote('/front.mp4')], { version: '"0"' });
    expect(since?.evidence.files?.['error_code']).toBe('changed-while-read');
  });

  it('has the hash of the version that was seen, or none', async () => {
    const medium = remote('/front.mp4');
    const hash = await hashMedium(medium, IMPATIENT, '"1"');
    expect(hash).toBe(await hashMedium(fileMedium(files.get('/front.mp4') ?? ''), IMPATIENT));
    expect(await hashMedium(medium, IMPATIENT, '"0"')).toBeNull();
  });

  it('in a bucket is signed for the process that decodes, which has no credentials', async () => {
    for (const [name, value] of Object.entries(KEYS)) vi.stubEnv(name, value);
    const access = { ...IMPATIENT, endpoint: server.origin, region: 'eu-test-1' };
    const medium = { source: 's3://films/front.mp4', range: null, name: 'front.mp4' };
    server.asked.length = 0;
    const [verdict] = await lookAt([medium], { access, tier: 'header' });
    expect(verdict?.evidence.containers).toMatchObject({ error_code: null, duration_s: 8 });
    expect(server.asked.length).toBeGreaterThan(0);
    for (const { url, headers } of server.asked) {
      expect(headers.authorization).toBeUndefined();
      expect(isSigned(new URL(url, server.origin), KEYS.AWS_SECRET_ACCESS_KEY)).toBe(true);
      expect(url).toMatch(/X-Amz-Expires=900/);
    }
    const [denied] = await lookAt([{ ...medium, source: 's3://films/forbidden.mp4' }], { access });
    const said = JSON.stringify(denied?.evidence);
    expect(said).toContain('unreachable');
    expect(said).not.toContain('X-Amz');
    vi.unstubAllEnvs();
  });

  it('has a film strip, and a new identity with each version', async () => {
    const medium = remote('/back.mp4');
    const strip = await makeFilmStrip(medium, IMPATIENT, { kind: 'video', count: 3 });
    expect(strip?.times_s).toHaveLength(3);
    const stamp = await stampMedium(medium, IMPATIENT);
    expect(stamp).toMatchObject({ ok: true, identity: identityOfObject(medium, '"1"') });
    expect(identityOfObject(medium, '"2"')).not.toBe(identityOfObject(medium, '"1"'));
  });

  it('that is large shows its keyframes, for the bytes of these', async () => {
    const large = { duration_s: 2, gop: 16, width_px: 640, height_px: 360 } as const;
    const path = await makeClip({ ...large, crf: 8, preset: 'ultrafast' });
    files.set('/large.mp4', path);
    const { size } = await stat(path);
    expect(size).toBeGreaterThan(4_000_000);
    server.asked.length = 0;
    const strip = await makeFilmStrip(remote('/large.mp4'), IMPATIENT, { kind: 'video', count: 8 });
    files.delete('/large.mp4');
    expect(strip?.times_s.length).toBeGreaterThan(1);
    const bytes = server.asked.map(({ range }) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      return Number(last) + 1 - Number(first);
    });
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(size / 3);
  });

  it('is the same one under another signature, and none of its secrets are kept', () => {
    expect(place('https://u:p@host/a.mp4?X-Amz-Signature=abc&X-Amz-Expires=9&id=7')).toBe(
      'https://host/a.mp4?id=7',
    );
    expect(place('https://host/a.mp4?id=7')).not.toBe(place('https://host/a.mp4?id=8'));
  });
});

function bytesOf(verdict: ProbeVerdict | undefined): number {
  const { containers, frames } = verdict?.evidence ?? {};
  return Number(containers?.['bytes_read']) + Number(frames?.['bytes_read']);
}

function place(source: string): string {
  return placeOfObject({ source, range: null, name: 'a.mp4' });
}

const KEYS = { AWS_ACCESS_KEY_ID: 'TESTKEY', AWS_SECRET_ACCESS_KEY: 'test/secret+key' } as const;

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Whether the signature in the query of a URL is right, by the steps of AWS Signature Version 4. */
function isSigned(url: URL, secret: string): boolean {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .toSorted()
    .join('&');
  const canonical = `GET\n${url.pathname}\n${query}\nhost:${url.host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const scope = url.searchParams.get('X-Amz-Credential')?.split('/').slice(1) ?? [];
  const key = scope.reduce<string | Buffer>((signed, part) => hmac(signed, part), `AWS4${secret}`);
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', url.searchParams.get('X-Amz-Date'), scope.join('/'), digest];
  return hmac(key, text.join('\n')).toString('hex') === url.searchParams.get('X-Amz-Signature');
}

/** The name of a file in the media kit is a hash: its ending has to do. */
function withExtension(
  there: ProbeVerdict | undefined,
  here: ProbeVerdict | undefined,
): ProbeVerdict['evidence'] {
  const extension = here?.evidence.files?.['extension'];
  return { ...there?.evidence, files: { ...there?.evidence.files, extension } };
}
