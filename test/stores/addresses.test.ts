import { createServer } from 'node:net';

import { assert, ipV4, property, stringMatching } from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import { accessOfRun } from '../../src/stores/parse-access.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../../src/stores/access.ts';
import {
  kindOfAddress,
  refusalOf,
  refusalOfUrl,
  trustedHostOf,
} from '../../src/stores/address-guard.ts';
import { maskSecrets } from '../../src/stores/mask-secrets.ts';
import { openObject } from '../../src/stores/open-object.ts';
import { isStoreUrl, parentUrl, parseStoreUrl, shownUrl } from '../../src/stores/store-url.ts';
import { type ObjectServer, sendObject, serve } from './object-server.ts';

const FETCHED: StoreAccess = { ...DEFAULT_STORE_ACCESS, isFromRemoteManifest: true, retries: 0 };

let servers: ObjectServer[] = [];

afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

describe('an address', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['0.0.0.0', 'loopback'],
    ['::1', 'loopback'],
    ['::', 'loopback'],
    ['169.254.169.254', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['fd00:ec2::254', 'link-local'],
    ['100.100.100.200', 'link-local'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['fc00::1', 'private'],
    ['100.64.0.1', 'shared'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['::127.0.0.1', 'loopback'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['2002:7f00:1::', 'loopback'],
    ['no address', 'reserved'],
    ['93.184.216.34', null],
    ['172.32.0.1', null],
    ['2606:2800:220:1:248:1893:25c8:1946', null],
    ['::ffff:93.184.216.34', null],
  ])('%s is %s', (address, kind) => {
    expect(kindOfAddress(address)).toBe(kind);
  });

  it('is what it is in version 6 too', () => {
    assert(
      property(ipV4(), (address) => {
        const kind = kindOfAddress(address);
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const groups = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        expect(kindOfAddress(`::ffff:${groups}`)).toBe(kind);
        expect(kindOfAddress(`64:ff9b::${address}`)).toBe(kind);
        expect(kindOfAddress(`2002:${groups}::1`)).toBe(kind);
      }),
    );
  });

  it('is refused by who names it: link-local always, the others in a fetched manifest', () => {
    const local = DEFAULT_STORE_ACCESS;
    expect(refusalOf('127.0.0.1', local)).toBeNull();
    expect(refusalOf('169.254.169.254', local)).toBe('link-local');
    expect(refusalOf('127.0.0.1', FETCHED)).toBe('loopback');
    expect(refusalOf('93.184.216.34', FETCHED)).toBeNull();
    expect(refusalOf('169.254.169.254', { ...FETCHED, allowsPrivateAddresses: true })).toBeNull();
  });
});

describe('a URL that a fetched manifest spells out', () => {
  it.each([
    'http://127.0.0.1/a.mp4',
    'http://localhost:8080/a.mp4',
    'http://a.localhost/a.mp4',
    'http://2130706433/a.mp4',
    'http://0x7f.1/a.mp4',
    'http://0177.0.0.1/a.mp4',
    'https://[::1]/a.mp4',
    'http://[::ffff:169.254.169.254]/latest/meta-data',
    'http://169.254.169.254/latest/meta-data',
    'http://user@10.0.0.1/a.mp4',
  ])('is refused before anything is asked: %s', (url) => {
    expect(refusalOfUrl(url, FETCHED)).toMatchObject({ code: 'refused-address' });
  });

  it.each(['https://example.com/a.mp4', 's3://bucket/a.mp4', 'clips/a.mp4', 'http://8.8.8.8/a'])(
    'is asked: %s',
    (url) => {
      expect(refusalOfUrl(url, FETCHED)).toBeNull();
    },
  );
});

describe('a connection', () => {
  it('is not made to loopback, by number or by a name that resolves to it', async () => {
    const server = await serve((_, answer) => void answer.end('secret'));
    servers.push(server);
    const { port } = new URL(server.origin);
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])
      await expect(openObject(`http://${host}:${port}/a`, FETCHED)).rejects.toMatchObject({
        code: 'refused-address',
      });
    expect(server.asked).toHaveLength(0);
  });

  it('is made to the host that the user named, and to no other port of it', async () => {
    const named = await serve((q, a) => sendObject(q, a, { bytes: Buffer.from('one') }));
    const other = await serve((q, a) => sendObject(q, a, { bytes: Buffer.from('two') }));
    servers.push(named, other);
    const access = { ...FETCHED, trustedHosts: [trustedHostOf(named.origin) ?? ''] };
    expect((await openObject(`${named.origin}/a`, access)).sizeBytes).toBe(3);
    await expect(openObject(`${other.origin}/a`, access)).rejects.toMatchObject({
      code: 'refused-address',
    });
    expect(other.asked).toHaveLength(0);
  });

  it('does not follow a redirect to where it would not go', async () => {
    const inner = await serve((q, a) => sendObject(q, a, { bytes: Buffer.from('secret') }));
    const outer = await serve((_, a) => {
      a.writeHead(302, { location: `${inner.origin}/a` }).end();
    });
    servers.push(inner, outer);
    const access = { ...FETCHED, trustedHosts: [trustedHostOf(outer.origin) ?? ''] };
    await expect(openObject(`${outer.origin}/a`, access)).rejects.toMatchObject({
      code: 'refused-address',
    });
    expect(inner.asked).toHaveLength(0);
  });

  it('follows no redirect into a private network from a place that hung up before it could be looked at', async () => {
    const inner = await serve((q, a) => sendObject(q, a, { bytes: Buffer.from('secret') }));
    servers.push(inner);
    const outer = createServer((socket) => {
      socket.once('data', () => {
        socket.write(
          `HTTP/1.1 302 Found\r\nlocation: ${inner.origin}/a\r\ncontent-length: 0\r\n\r\n`,
        );
        socket.resetAndDestroy();
      });
    });
    await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve));
    const address = outer.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const access = { ...DEFAULT_STORE_ACCESS, retries: 0 };
    await expect(openObject(`http://127.0.0.1:${port}/a`, access)).rejects.toMatchObject({
      code: 'refused-address',
    });
    outer.close();
    expect(inner.asked).toHaveLength(0);
  });

  it.each(['file:///etc/passwd', 'gopher://example.com/', 'ftp://example.com/a'])(
    'is not made by a redirect to %s',
    async (location) => {
      const server = await serve((_, a) => {
        a.writeHead(302, { location }).end();
      });
      servers.push(server);
      const access = { ...DEFAULT_STORE_ACCESS, retries: 0 };
      await expect(openObject(`${server.origin}/a`, access)).rejects.toMatchObject({
        code: 'invalid-path',
      });
    },
  );
});

describe('a run from elsewhere', () => {
  const told = {
    endpoint: 'https://attacker.example',
    profile: 'production',
    allowsPrivateAddresses: true,
    trustedHosts: ['169.254.169.254:80', '127.0.0.1:9000'],
    region: 'eu-west-1',
    isAnonymous: true,
  };

  it('says where its bucket lies, but not whom credentials are sent to nor which addresses are asked', () => {
    expect(accessOfRun(told, DEFAULT_STORE_ACCESS)).toMatchObject({
      endpoint: null,
      profile: null,
      allowsPrivateAddresses: false,
      trustedHosts: ['127.0.0.1:9000'],
      region: 'eu-west-1',
      isAnonymous: true,
    });
  });

  it('is asked at the server that its reader names', () => {
    const own = { ...DEFAULT_STORE_ACCESS, endpoint: 'https://minio.example', profile: 'mine' };
    expect(accessOfRun(told, own)).toMatchObject({ endpoint: own.endpoint, profile: 'mine' });
  });
});

describe('a trusted host', () => {
  it.each([
    ['http://127.0.0.1:8080/set/', '127.0.0.1:8080'],
    ['https://localhost/', 'localhost:443'],
    ['http://[::1]/', '::1:80'],
    // A name may resolve to another address tomorrow.
    ['https://example.com/', null],
    ['s3://bucket/', null],
  ])('of %s is %s', (url, host) => {
    expect(trustedHostOf(url)).toBe(host);
  });
});

describe('a URL', () => {
  it('is shown without user, password and query, whatever they are', () => {
    const word = stringMatching(/^[A-Za-z0-9%._~+=-]{8,20}$/);
    assert(
      property(word, word, word, (user, password, signature) => {
        const url = `https://${user}:${password}@host/a/b.parquet?X-Amz-Signature=${signature}#x`;
        expect(shownUrl(url)).toBe('https://host/a/b.parquet');
        expect(maskSecrets(`no such file: ${url} here`)).not.toContain(`=${signature}`);
        expect(maskSecrets(url)).not.toContain(password);
      }),
    );
  });

  it('keeps what is no secret', () => {
    for (const text of [
      'https://host/a?width=640&page=2',
      'a question? key=value without an address',
      's3://bucket/a.mp4',
    ])
      expect(maskSecrets(text)).toBe(text);
  });

  it.each([
    ['s3://bucket/a/b.parquet', { kind: 's3', bucket: 'bucket', key: 'a/b.parquet' }],
    ['gs://bucket/a', { kind: 'gs', bucket: 'bucket', key: 'a' }],
    [
      'hf://datasets/owner/name@v1.0/data/a.parquet',
      {
        kind: 'hf',
        repository: 'datasets',
        id: 'owner/name',
        revision: 'v1.0',
        key: 'data/a.parquet',
      },
    ],
    [
      'hf://datasets/owner/name@refs%2Fconvert%2Fparquet/a',
      { kind: 'hf', revision: 'refs/convert/parquet', key: 'a' },
    ],
    ['hf://owner/model/a', { kind: 'hf', repository: 'models', id: 'owner/model' }],
  ])('%s is understood', (url, address) => {
    expect(isStoreUrl(url)).toBe(true);
    expect(parseStoreUrl(url)).toMatchObject(address);
  });

  it('has a folder, never above its host', () => {
    expect(parentUrl('https://host/a/b.parquet?x=1')).toBe('https://host/a/');
    expect(parentUrl('s3://bucket/b')).toBe('s3://bucket/');
    expect(parentUrl('s3://bucket')).toBe('s3://bucket/');
  });
});
