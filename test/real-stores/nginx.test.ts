import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../../src/stores/access.ts';
import { openObject } from '../../src/stores/open-object.ts';
import { installServers, type RunningServer, startNginx } from './servers.ts';

const BYTES = Buffer.from(
  Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255),
);

let folder = '';
let nginx: RunningServer;
/** Behind nginx: breaks connections off. */
let cutter: Server;
let cuts = 0;

const ACCESS: StoreAccess = { ...DEFAULT_STORE_ACCESS, retries: 3, timeout_s: 5 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-nginx-'));
  const files = join(folder, 'files');
  await mkdir(files);
  await writeFile(join(files, 'a.bin'), BYTES);
  await writeFile(join(files, 'empty.bin'), '');
  cutter = createServer((request, response) => {
    const [, start = '0', end = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const last = end === '' ? BYTES.length : Number(end) + 1;
    const part = BYTES.subarray(Number(start), last);
    response.writeHead(206, {
      etag: '"a"',
      'content-range': `bytes ${start}-${last - 1}/${BYTES.length}`,
      'content-length': part.length,
    });
    cuts += 1;
    if (cuts % 2 === 0) response.end(part);
    else response.write(part.subarray(0, part.length / 2), () => response.destroy());
  });
  await new Promise<void>((resolve) => {
    cutter.listen(0, '127.0.0.1', resolve);
  });
  const address = cutter.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  nginx = await startNginx(
    installServers(),
    folder,
    `root ${files};
     location /no-ranges/ { alias ${files}/; max_ranges 0; }
     location /slow/ { alias ${files}/; limit_rate 100k; }
     location /stuck/ { alias ${files}/; limit_rate 100; }
     location /private/ { deny all; }
     location /busy/ { if (!-f ${files}/free) { add_header Retry-After 1 always; return 503; } alias ${files}/; }
     location /later/ { add_header Retry-After 3600 always; return 503; }
     location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
     location /loop/ { return 302 /loop/; }
     location /cut/ { proxy_pass http://127.0.0.1:${port}/; proxy_buffering off; }`,
  );
});

afterAll(async () => {
  await nginx.stop();
  cutter.closeAllConnections();
  cutter.close();
  await rm(folder, { recursive: true, force: true });
});

function open(path: string, access = ACCESS): ReturnType<typeof openObject> {
  return openObject(`${nginx.origin}${path}`, access);
}

describe('an object behind nginx', () => {
  it.each(['/a.bin', '/slow/a.bin', '/moved/a.bin', '/no-ranges/a.bin', '/cut/a.bin'])(
    'gives the right bytes: %s',
    async (path) => {
      const object = await open(path);
      for (const [start, length] of [
        [0, 10],
        [32_760, 100],
        [123_456, 40_000],
        [299_990, 100],
      ] as const)
        expect(Buffer.from(await object.read(start, length))).toEqual(
          BYTES.subarray(start, start + length),
        );
      expect(object.answersRanges).toBe(path !== '/no-ranges/a.bin');
    },
  );

  it('is read no further than needed where ranges are ignored', async () => {
    const object = await open('/no-ranges/a.bin');
    await object.read(0, 100);
    expect(object.spent()).toMatchObject({ requests: 1 });
    expect(object.spent().bytesRead).toBeLessThan(200_000);
    await expect(
      (await open('/no-ranges/a.bin', { ...ACCESS, unrangedBytes: 1000 })).read(200_000, 10),
    ).rejects.toThrow(/answers no ranges/);
  });

  it('has size 0 where it is empty', async () => {
    expect((await open('/empty.bin')).sizeBytes).toBe(0);
  });

  it.each([
    ['/none.bin', 'missing-file', '404'],
    ['/private/a.bin', 'permission-denied', '403'],
    ['/later/a.bin', 'unreachable', '503'],
    ['/loop/', 'unreachable', 'redirects'],
  ])('is told: %s is %s', async (path, code, words) => {
    await expect(open(path)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  it('is waited for when the server asks for it', async () => {
    setTimeout(() => void writeFile(join(folder, 'files/free'), ''), 500);
    const object = await open('/busy/a.bin');
    expect(object.spent().requests).toBeGreaterThan(1);
  });

  it('is unreachable when the connection is stuck', async () => {
    const access = { ...ACCESS, timeout_s: 1, retries: 1 };
    await expect(open('/stuck/a.bin', access)).rejects.toThrow(/stuck/);
  });

  it('is a clean fault when it is replaced, cut short or removed between two ranges', async () => {
    const path = join(folder, 'files/b.bin');
    for (const change of [
      () => writeFile(path, Buffer.from(BYTES).fill(1)),
      () => writeFile(path, 'short'),
      () => rm(path),
    ]) {
      await writeFile(path, BYTES);
      // nginx makes its ETag of size and second.
      await utimes(path, 1e9, 1e9);
      const object = await open('/b.bin');
      await change();
      const isGone = (await stat(path).catch(() => null)) === null;
      await expect(object.read(200_000, 10)).rejects.toMatchObject({
        code: isGone ? 'missing-file' : 'changed-while-read',
      });
    }
  });

  it('is unreachable when nobody listens any more', async () => {
    const object = await open('/a.bin', { ...ACCESS, retries: 1 });
    await nginx.stop();
    await expect(object.read(200_000, 10)).rejects.toMatchObject({ code: 'unreachable' });
  });
});
