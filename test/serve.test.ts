import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { assert, asyncProperty, nat, property, string } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { readRun } from '../src/run/read-run.ts';
import { scan } from '../src/scan.ts';
import { DEFAULT_STORE_ACCESS } from '../src/stores/access.ts';
import { parseByteRange } from '../src/serve/byte-range.ts';
import { isOwnHost } from '../src/serve/guard-request.ts';
import { RunArchive } from '../src/serve/run-archive.ts';
import { runSite } from '../src/serve/run-site.ts';
import { type RunningServer, serveSite } from '../src/serve/serve-run.ts';
import { writeReportFolder } from '../src/serve/write-report-folder.ts';

const MEDIA = join(PACKAGE_ROOT, 'examples/quickstart/media');
const SECRET = 'what only its owner may read';

let folder: string;
let archive: RunArchive;
let server: RunningServer;

/** Rows of the manifest: a film, a picture, and media that must never be sent. */
const ROWS = [
  { key: 'film', path: 'film.webm', caption: 'A rope <b>is</b> "cut" & falls.', width: 1 },
  { key: 'picture', path: 'hall.jpg', caption: 'A hall.', width: 1 },
  { key: 'up', path: '../secret.mp4', caption: 'Up.', width: 1 },
  { key: 'link', path: 'link.mp4', caption: 'A link.', width: 1 },
  { key: 'absolute', path: '/etc/passwd', caption: 'From the root.', width: 1 },
  { key: 'page', path: 'page.mp4', caption: 'A page.', width: 1 },
  { key: 'gone', path: 'gone.mp4', caption: 'Nothing.', width: 1 },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-serve-'));
  const media = join(folder, 'media');
  await mkdir(media);
  await copyFile(join(MEDIA, 'film/bunny-rope.webm'), join(media, 'film.webm'));
  await copyFile(join(MEDIA, 'still/hall.jpg'), join(media, 'hall.jpg'));
  const film = await readFile(join(MEDIA, 'film/bunny-rope.webm'));
  await writeFile(join(folder, 'secret.mp4'), Buffer.concat([film, Buffer.from(SECRET)]));
  await symlink(join(folder, 'secret.mp4'), join(media, 'link.mp4'));
  await writeFile(join(media, 'page.mp4'), `<!doctype html><script>alert(1)</script>${SECRET}`);
  await writeFile(join(media, 'unnamed.webm'), Buffer.concat([film, Buffer.from(SECRET)]));
  const manifest = join(folder, 'clips.jsonl');
  await writeFile(manifest, ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await scan({
    config: { ...DEFAULT_CONFIG, dataset: [manifest], mediaRoot: media, tier: 'packets' },
    cwd: folder,
    runFolder: join(folder, 'run'),
    command: ['dailies', 'scan', 'clips.jsonl'],
  });
  archive = await RunArchive.open(join(folder, 'run'));
  server = await serveSite(runSite(archive, null), { host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  await server.close();
  archive.close();
  await rm(folder, { recursive: true });
});

type Got = {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
};

/** What a page shows, without its style and script. */
function mainOf(got: Got): string {
  return /<main>.*<\/main>/s.exec(got.body.toString())?.[0] ?? got.body.toString().slice(0, 200);
}

/** Asks for exactly this address: no client tidies it up. */
async function ask(
  path: string,
  options: { readonly headers?: Record<string, string>; readonly method?: string } = {},
): Promise<Got> {
  const { hostname, port, pathname } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        hostname,
        port,
        path: path.startsWith('/') ? path : pathname + path,
        method: options.method ?? 'GET',
        headers: options.headers ?? {},
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
        response.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

async function numberOf(key: string): Promise<number> {
  const clip = await archive.clipByKey(key);
  return clip?.media[0]?.number ?? -1;
}

describe('a served run', () => {
  it('has the report, every finding and every clip', async () => {
    const home = await ask('');
    expect(home.status).toBe(200);
    expect(home.body.toString().includes('data-clip-page="clip"')).toBe(true);
    const listing = await ask('findings?q=rule%3Amissing-file');
    expect(mainOf(listing)).toContain('gone');
    const clip = await ask('clip?shard=clips.jsonl&row=0');
    expect(clip.status).toBe(200);
    expect(mainOf(clip)).toContain('A rope &lt;b&gt;is&lt;/b&gt; &quot;cut&quot;');
    expect(mainOf(clip)).toContain(`<video src="media/${await numberOf('film')}"`);
  });

  it('sends nothing without the token or with another one', async () => {
    const { pathname } = new URL(server.url);
    const wrong = `/${'A'.repeat(22)}/`;
    for (const path of ['/', wrong, `${wrong}media/0`, pathname.slice(0, -1), `/x${pathname}`])
      expect((await ask(path)).status).toBe(404);
  });

  it('answers to no name but its own, so that no other site can reach it through a name of theirs', async () => {
    const { port } = new URL(server.url);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `localhost.evil.example:${port}`,
      `127.0.0.1:1`,
    ])
      expect({ host, status: (await ask('', { headers: { host } })).status }).toEqual({
        host,
        status: 403,
      });
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
      expect((await ask('', { headers: { host } })).status).toBe(200);
  });

  it('is closed to everything but reading', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await ask('', { method })).status).toBe(405);
    expect((await ask('', { method: 'HEAD' })).body).toHaveLength(0);
  });

  it('is framed, cached and guessed about by nobody, and lets no script in but its own', async () => {
    const { headers, body } = await ask('clip?shard=clips.jsonl&row=0');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(body.toString().slice(0, 400)).toContain(
      `default-src 'none'; img-src data: 'self'; media-src 'self';`,
    );
    expect(body.includes('unsafe-inline')).toBe(false);
  });
});

describe('the media of a served run', () => {
  it('come whole, as what they are', async () => {
    const film = await readFile(join(folder, 'media/film.webm'));
    const got = await ask(`media/${await numberOf('film')}`);
    expect(got.status).toBe(200);
    expect(got.headers['content-type']).toBe('video/webm');
    expect(got.body.equals(film)).toBe(true);
    expect((await ask(`media/${await numberOf('picture')}`)).headers['content-type']).toBe(
      'image/jpeg',
    );
  });

  it('come in the parts that a player asks for', async () => {
    const film = await readFile(join(folder, 'media/film.webm'));
    const path = `media/${await numberOf('film')}`;
    const part = await ask(path, { headers: { range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes 100-199/${film.length}`);
    expect(part.body.equals(film.subarray(100, 200))).toBe(true);
    const tail = await ask(path, { headers: { range: 'bytes=-5' } });
    expect(tail.body.equals(film.subarray(-5))).toBe(true);
    const beyond = await ask(path, { headers: { range: `bytes=${film.length}-` } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers['content-range']).toBe(`bytes */${film.length}`);
  });

  it.each(['up', 'link', 'absolute', 'page', 'gone'])(
    'are not sent where the manifest leads astray: %s',
    async (key) => {
      const got = await ask(`media/${await numberOf(key)}`);
      expect(got.status).toBeGreaterThanOrEqual(400);
      expect(got.body.toString()).not.toContain(SECRET);
      expect(got.body.toString()).not.toContain('root:');
    },
  );

  it.each([
    'media/../../../../etc/passwd',
    'media/..%2f..%2f..%2fetc%2fpasswd',
    'media/%2e%2e/%2e%2e/secret.mp4',
    'media/unnamed.webm',
    'media/film.webm',
    'media/-1',
    'media/99999999999',
    'media/0/../1',
    'earlier-media/0',
    'run.json',
    '../run/run.json',
    'media\\..\\secret.mp4',
    'media/0%00',
    'clip?shard=..%2F..%2Fetc&row=0',
    'clip?shard=clips.jsonl&row=-1',
  ])('are asked for by number alone: %s', async (path) => {
    const got = await ask(path);
    expect(got.status).toBe(404);
    expect(got.body.toString()).not.toContain(SECRET);
  });

  it('stay away from clients that speak no HTTP', async () => {
    const { port } = new URL(server.url);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write('GET \0 nonsense\r\n\r\n'),
      );
      socket.on('data', (part) => (text += part.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toContain('400');
    expect((await ask('')).status).toBe(200);
  });
});

async function rulesOf(query: string): Promise<readonly string[]> {
  const { findings } = await archive.findings(query, 0, 100);
  return [...new Set(findings.map((each) => each.rule_id))];
}

describe('the findings of a served run', () => {
  it('are paged through without loss or repetition', async () => {
    const { total } = await archive.findings('', 0, 1);
    const seen: string[] = [];
    for (let from = 0; from < total; from += 3)
      seen.push(
        ...(await archive.findings('', from, 3)).findings.map(
          (each) => `${each.fingerprint} ${each.row_number ?? ''} ${each.message}`,
        ),
      );
    expect(seen).toHaveLength(total);
    expect(total).toBeGreaterThan(3);
  });

  it('are filtered as on the page', async () => {
    const all = await rulesOf('');
    expect(await rulesOf('rule:missing-f*')).toEqual(
      all.filter((rule) => rule.startsWith('missing-f')),
    );
    expect(await rulesOf('!rule:missing-f*')).toEqual(
      all.filter((rule) => !rule.startsWith('missing-f')),
    );
    expect(await rulesOf('key:go')).not.toEqual([]);
    expect(await rulesOf(`rule:x' key:"%" \\_`)).toEqual([]);
  });

  it('survive any filter that somebody types', async () => {
    await assert(
      asyncProperty(string({ unit: 'binary', maxLength: 60 }), async (query) => {
        const found = await archive.findings(query, 0, 10);
        expect(found.findings.length).toBeLessThanOrEqual(10);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=5-', { start: 5, end: 10 }],
    ['bytes=5-99', { start: 5, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-99', { start: 0, end: 10 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=3-2', null],
    ['bytes=0-1,4-5', null],
    ['bytes=-', null],
    ['items=0-1', null],
    [undefined, null],
  ] as const)('%s of ten bytes is %o', (header, expected) => {
    expect(parseByteRange(header, 10)).toEqual(expected);
  });

  it('never leads out of the body', () => {
    assert(
      property(nat(), nat(), nat(), (first, last, size) => {
        for (const header of [`bytes=${first}-${last}`, `bytes=-${last}`, `bytes=${first}-`]) {
          const range = parseByteRange(header, size);
          if (range === null || range === 'unsatisfiable') continue;
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.start).toBeLessThan(range.end);
          expect(range.end).toBeLessThanOrEqual(size);
        }
      }),
    );
  });
});

describe('a Host header', () => {
  it('may have the name that the user gave', () => {
    expect(isOwnHost('gpu-7.cluster:8080', 8080, 'gpu-7.cluster')).toBe(true);
    expect(isOwnHost('gpu-8.cluster:8080', 8080, 'gpu-7.cluster')).toBe(false);
    expect(isOwnHost('192.168.1.5:8080', 8080, '0.0.0.0')).toBe(true);
    expect(isOwnHost(undefined, 8080, '127.0.0.1')).toBe(false);
  });
});

describe('the report as a folder', () => {
  it('has whole clips beside it, under names that the dataset does not choose', async () => {
    const target = join(folder, 'site');
    const report = await readRun(join(folder, 'run'));
    await writeReportFolder(report, join(folder, 'run'), target, DEFAULT_STORE_ACCESS);
    const names = await readdir(join(target, 'clips'));
    expect(names.filter((name) => !/^[0-9a-f]{16}(-0\.(webm|jpg)|\.html)$/.test(name))).toEqual([]);
    expect(names.filter((name) => name.endsWith('.html'))).toHaveLength(report.clips.length);
    const contents = await Promise.all(names.map((name) => readFile(join(target, 'clips', name))));
    expect(contents.some((each) => each.includes(SECRET))).toBe(false);
    const index = await readFile(join(target, 'index.html'), 'utf8');
    expect(index.includes('href="clips/')).toBe(true);
  });
});
