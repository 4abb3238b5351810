import { createHash } from 'node:crypto';

import { afterEach, describe, expect, it } from 'vitest';

import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../../src/stores/access.ts';
import { openObject } from '../../src/stores/open-object.ts';
import { md5OfVersion } from '../../src/stores/object-version.ts';
import { StoreFault } from '../../src/stores/store-fault.ts';
import { type ObjectServer, sendObject, serve } from './object-server.ts';

const ACCESS: StoreAccess = {
  ...DEFAULT_STORE_ACCESS,
  allowsPrivateAddresses: true,
  retries: 2,
  timeout_s: 1,
};
const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);

let servers: ObjectServer[] = [];

async function given(...answer: Parameters<typeof serve>): Promise<ObjectServer> {
  const server = await serve(...answer);
  servers.push(server);
  return server;
}

async function faultOf(work: Promise<unknown>): Promise<StoreFault> {
  const error = await work.then(
    () => null,
    (each: unknown) => each,
  );
  if (!(error instanceof StoreFault)) throw new Error(`no StoreFault but ${String(error)}`);
  return error;
}

afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

describe('an object behind a URL', () => {
  it('is opened with one request that brings size, version and head', async () => {
    const server = await given((q, a) => sendObject(q, a, { bytes: BYTES, etag: '"one"' }));
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    expect(object).toMatchObject({ sizeBytes: BYTES.length, version: '"one"' });
    expect(await object.read(10, 100)).toEqual(Buffer.from(BYTES.subarray(10, 110)));
    expect(object.spent()).toEqual({ bytesRead: 32_768, requests: 1 });
  });

  it.each([
    [{}, true],
    [{ 'x-amz-server-side-encryption': 'AES256' }, true],
    [{ 'x-amz-server-side-encryption': 'aws:kms' }, false],
    [{ 'x-amz-server-side-encryption': 'aws:kms:dsse' }, false],
    [{ 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }, false],
  ])('with %o has a version that is an MD5: %s', async (headers, isMd5) => {
    const etag = `"${createHash('md5').update(BYTES).digest('hex')}"`;
    const server = await given((q, a) => {
      for (const [name, value] of Object.entries(headers)) a.setHeader(name, value);
      sendObject(q, a, { bytes: BYTES, etag });
    });
    const signed = await openObject('s3://bucket/a.bin', {
      ...ACCESS,
      endpoint: server.origin,
      isAnonymous: true,
    });
    const plain = await openObject(`${server.origin}/bucket/a.bin`, ACCESS);
    expect(signed.version).toBe(plain.version);
    expect(md5OfVersion(plain.version ?? '')).toBe(isMd5 ? etag.slice(1, -1) : null);
    for (const object of [signed, plain]) expect(await object.read(50_000, 7)).toHaveLength(7);
    expect(server.asked.slice(2).every((each) => each.headers['if-match'] === etag)).toBe(true);
  });

  it('gives every range of its bytes, cut at the end of the object', async () => {
    const server = await given((q, a) => sendObject(q, a, { bytes: BYTES, etag: '"one"' }));
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    for (const [start, length] of [
      [0, 5],
      [32_000, 2000],
      [50_000, 7],
      [99_990, 500],
      [200_000, 5],
    ] as const) {
      const read = await object.read(start, length);
      expect(Buffer.from(read)).toEqual(Buffer.from(BYTES.subarray(start, start + length)));
    }
    expect(server.asked.map((each) => each.range)).toEqual([
      'bytes=0-32767',
      'bytes=32768-33999',
      'bytes=50000-50006',
      'bytes=99990-99999',
    ]);
    expect(server.asked.slice(1).every((each) => each.headers['if-match'] === '"one"')).toBe(true);
  });

  it('comes from its end where that is asked for first', async () => {
    const server = await given((q, a) => sendObject(q, a, { bytes: BYTES }));
    const object = await openObject(`${server.origin}/a.bin`, ACCESS, { first: { last: 1000 } });
    expect(object.sizeBytes).toBe(BYTES.length);
    expect(Buffer.from(await object.read(99_500, 500))).toEqual(
      Buffer.from(BYTES.subarray(99_500)),
    );
    expect(object.spent()).toEqual({ bytesRead: 1000, requests: 1 });
  });

  it('has size 0 where the server answers 416 because there is nothing', async () => {
    const server = await given((q, a) => sendObject(q, a, { bytes: new Uint8Array(0) }));
    const object = await openObject(`${server.origin}/empty`, ACCESS);
    expect(object.sizeBytes).toBe(0);
    expect(await object.read(0, 10)).toHaveLength(0);
  });

  it('is read from a server that ignores ranges, whole at most once', async () => {
    const server = await given((_, a) => {
      a.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
    });
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    expect(object.answersRanges).toBe(false);
    for (const start of [90_000, 70_000])
      expect(Buffer.from(await object.read(start, 9))).toEqual(
        Buffer.from(BYTES.subarray(start, start + 9)),
      );
    expect(object.spent().requests).toBe(2);
    expect(object.spent().bytesRead).toBeGreaterThanOrEqual(BYTES.length);
  });

  it('is not pulled whole for a part when it is large and the server ignores ranges', async () => {
    const server = await given((_, a) => {
      a.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
    });
    const object = await openObject(`${server.origin}/a.bin`, { ...ACCESS, unrangedBytes: 50_000 });
    const fault = await faultOf(object.read(90_000, 9));
    expect(fault).toMatchObject({ code: 'unreachable' });
    expect(fault.message).toContain('answers no ranges');
    expect(server.asked).toHaveLength(1);
  });

  it('is a clean fault when it is replaced between two ranges', async () => {
    let etag = '"one"';
    const server = await given((q, a) => sendObject(q, a, { bytes: BYTES, etag }));
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    etag = '"two"';
    expect(await faultOf(object.read(50_000, 10))).toMatchObject({ code: 'changed-while-read' });
    expect(server.asked).toHaveLength(2);
  });

  it('is a clean fault when it is replaced behind a server that knows no If-Match', async () => {
    let etag = '"one"';
    const server = await given((q, a) => {
      delete q.headers['if-match'];
      sendObject(q, a, { bytes: BYTES, etag });
    });
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    etag = '"two"';
    expect(await faultOf(object.read(50_000, 10))).toMatchObject({ code: 'changed-while-read' });
  });

  it('is refused where another range comes than was asked for', async () => {
    const server = await given((q, a) => {
      if (q.headers.range === 'bytes=0-32767') return sendObject(q, a, { bytes: BYTES });
      a.writeHead(206, { 'content-range': `bytes 5-14/${BYTES.length}` }).end(
        BYTES.subarray(5, 15),
      );
      return undefined;
    });
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    const fault = await faultOf(object.read(50_000, 10));
    expect(fault.message).toContain('bytes 50000 to 50010 were asked for, 5 to 15 came');
  });

  it.each([
    [404, 'missing-file'],
    [410, 'missing-file'],
    [401, 'permission-denied'],
    [403, 'permission-denied'],
    [400, 'unreachable'],
    [500, 'unreachable'],
  ])('is told as answered with %i: %s', async (status, code) => {
    const server = await given((_, a) => {
      a.writeHead(status).end('<Error><Code>Oops</Code><Message>so it is</Message></Error>');
    });
    const fault = await faultOf(openObject(`${server.origin}/a.bin`, { ...ACCESS, retries: 0 }));
    expect(fault.code).toBe(code);
    expect(fault.message).toContain(`${status} Oops: so it is`);
    expect(server.asked).toHaveLength(1);
  });

  it('is asked for again after 503, when the server says so', async () => {
    let count = 0;
    const server = await given((q, a) => {
      count += 1;
      if (count < 3) a.writeHead(503, { 'retry-after': '0' }).end();
      else sendObject(q, a, { bytes: BYTES });
    });
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    expect(object.spent().requests).toBe(3);
  });

  it('is unreachable when the server asks for a longer pause than a run takes', async () => {
    const server = await given((_, a) => {
      a.writeHead(503, { 'retry-after': '86400' }).end();
    });
    expect(await faultOf(openObject(`${server.origin}/a.bin`, ACCESS))).toMatchObject({
      code: 'unreachable',
      wait_ms: 86_400_000,
    });
    expect(server.asked).toHaveLength(1);
  });

  it('is read on from where the connection was cut', async () => {
    let cuts = 0;
    const server = await given((q, a) => {
      if (q.headers.range === 'bytes=40000-89999') {
        cuts += 1;
        a.writeHead(206, {
          'content-range': `bytes 40000-89999/${BYTES.length}`,
          'content-length': 50_000,
        });
        a.write(BYTES.subarray(40_000, 60_000), () => a.destroy());
      } else sendObject(q, a, { bytes: BYTES });
    });
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    expect(Buffer.from(await object.read(40_000, 50_000))).toEqual(
      Buffer.from(BYTES.subarray(40_000, 90_000)),
    );
    expect(cuts).toBe(1);
    expect(server.asked.at(-1)?.range).not.toBe('bytes=40000-89999');
    expect(object.spent().bytesRead).toBe(32_768 + 50_000);
  });

  it.each(['before the head of the answer', 'in the midst of the bytes'])(
    'is unreachable when the server falls silent %s',
    async (when) => {
      const server = await given((_, a) => {
        if (when.startsWith('in'))
          a.writeHead(206, { 'content-range': 'bytes 0-9999/10000' }).write('x');
      });
      const fault = await faultOf(
        openObject(`${server.origin}/a.bin`, { ...ACCESS, retries: 1, timeout_s: 0.2 }),
      );
      expect(fault.code).toBe('unreachable');
      expect(server.asked).toHaveLength(2);
    },
  );

  it('is found through redirects, and the place is asked directly from then on', async () => {
    const place = await given((q, a) => sendObject(q, a, { bytes: BYTES, etag: '"x"' }));
    const server = await given((_, a) => {
      a.writeHead(302, { location: `${place.origin}/there` }).end();
    });
    const [scheme, rest] = server.origin.split('//');
    const object = await openObject(`${scheme}//me:secret@${rest}/a.bin`, ACCESS);
    await object.read(50_000, 10);
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]?.headers.authorization).toMatch(/^Basic /);
    expect(place.asked).toHaveLength(2);
    expect(place.asked.every((each) => each.headers.authorization === undefined)).toBe(true);
  });

  it('never shows user, password or query of its URL', async () => {
    const server = await given((_, a) => {
      a.writeHead(403).end('no such signature: /a.bin?X-Amz-Signature=5ec4e7');
    });
    const url = `${server.origin.replace('//', '//me:5ec4e7@')}/a.bin?X-Amz-Signature=5ec4e7`;
    const fault = await faultOf(openObject(url, ACCESS));
    expect(fault.message).toContain('/a.bin');
    expect(fault.message).not.toContain('5ec4e7');
  });

  it('gives all its bytes in order, over a cut', async () => {
    let isCut = false;
    const server = await given((q, a) => {
      if (q.headers.range !== undefined || isCut) return sendObject(q, a, { bytes: BYTES });
      isCut = true;
      a.writeHead(200, { 'content-length': BYTES.length });
      a.write(BYTES.subarray(0, 60_000), () => a.destroy());
      return undefined;
    });
    const object = await openObject(`${server.origin}/a.bin`, ACCESS);
    const got = new Uint8Array(BYTES.length);
    await object.drain((bytes, at) => Promise.resolve(got.set(bytes, at)));
    expect(Buffer.from(got)).toEqual(Buffer.from(BYTES));
  });

  it.each(['ftp://host/a', 'http://', 's3://', 's3://b', 's3://a/b\u0000c', 'hf://datasets/only'])(
    'is refused as %s',
    async (url) => {
      expect(await faultOf(openObject(url, ACCESS))).toMatchObject({ code: 'invalid-path' });
    },
  );
});
