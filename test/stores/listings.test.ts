import { afterEach, describe, expect, it } from 'vitest';

import { listInputs } from '../../src/dataset/remote/list-inputs.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../../src/stores/access.ts';
import { listObjects } from '../../src/stores/list-objects.ts';
import { openObject } from '../../src/stores/open-object.ts';
import { type ObjectServer, sendObject, serve } from './object-server.ts';

let servers: ObjectServer[] = [];
const environment = { ...process.env };

async function given(...answer: Parameters<typeof serve>): Promise<ObjectServer> {
  const server = await serve(...answer);
  servers.push(server);
  return server;
}

function accessTo(server: ObjectServer): StoreAccess {
  return {
    ...DEFAULT_STORE_ACCESS,
    endpoint: server.origin,
    region: 'us-east-1',
    isAnonymous: true,
    retries: 1,
    timeout_s: 2,
  };
}

async function urlsOf(prefix: string, access: StoreAccess): Promise<readonly string[]> {
  const urls: string[] = [];
  for await (const { url } of listObjects(prefix, access)) urls.push(url);
  return urls;
}

/** A page of ListObjectsV2. */
function page(keys: readonly string[], next: string | null): string {
  const contents = keys.map(
    (key) => `<Contents><Key>${key}</Key><Size>3</Size><ETag>"e"</ETag></Contents>`,
  );
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${next !== null}</IsTruncated>${contents.join('')}${
    next === null ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`
  }</ListBucketResult>`;
}

afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
  process.env = { ...environment };
});

describe('a bucket', () => {
  it('is listed over pages, without what only looks like a folder', async () => {
    const server = await given((q, a) => {
      const { searchParams, pathname } = new URL(q.url ?? '', 'http://x');
      expect(pathname).toBe('/bucket/');
      expect(searchParams.get('prefix')).toBe('set/');
      const token = searchParams.get('continuation-token');
      a.end(token === null ? page(['set/', 'set/a'], 't1') : page(['set/b'], null));
    });
    expect(await urlsOf('s3://bucket/set/', accessTo(server))).toEqual([
      's3://bucket/set/a',
      's3://bucket/set/b',
    ]);
    expect(server.asked.every((each) => each.headers.authorization === undefined)).toBe(true);
  });

  it('is never taken for whole when a page fails', async () => {
    const server = await given((q, a) => {
      if (q.url?.includes('continuation-token') === true) a.writeHead(503).end();
      else a.end(page(['set/a'], 't1'));
    });
    await expect(urlsOf('s3://bucket/set/', accessTo(server))).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it('is never taken for whole when a page leads to itself', async () => {
    const server = await given((_, a) => void a.end(page(['set/a'], 't1')));
    await expect(urlsOf('s3://bucket/set/', accessTo(server))).rejects.toThrow(/breaks off/);
  });

  it.each(['s3a://bucket/set/', 'S3://bucket/set/'])(
    'calls objects as %s is spelled',
    async (prefix) => {
      const server = await given((_, a) => void a.end(page(['set/a'], null)));
      expect(await urlsOf(prefix, accessTo(server))).toEqual([`${prefix}a`]);
    },
  );

  it('is no folder of files where a table keeps its versions', async () => {
    const server = await given(
      (_, a) => void a.end(page(['set/.hoodie/x', 'set/a.parquet'], null)),
    );
    await expect(listInputs(['s3://bucket/set/'], accessTo(server))).rejects.toThrow(
      /a table of Hudi/,
    );
  });

  it('gives ranges with If-Match, after SlowDown too', async () => {
    let isSlow = true;
    const bytes = Buffer.alloc(50_000, 'x');
    const server = await given((q, a) => {
      expect(q.url).toBe('/bucket/a?x-id=GetObject');
      if (isSlow) {
        isSlow = false;
        a.writeHead(503).end('<Error><Code>SlowDown</Code><Message>m</Message></Error>');
      } else sendObject(q, a, { bytes, etag: '"one"' });
    });
    const object = await openObject('s3://bucket/a', accessTo(server));
    expect(await object.read(40_000, 5)).toHaveLength(5);
    expect(server.asked.at(-1)?.headers['if-match']).toBe('"one"');
    expect(server.asked).toHaveLength(3);
  });
});

describe('the Hugging Face Hub', () => {
  it('is listed and read by its HTTP form, the token sent to it alone', async () => {
    const network = await given((q, a) =>
      sendObject(q, a, { bytes: Buffer.from('bytes'), etag: '"e"' }),
    );
    const hub = await given((q, a) => {
      if (
        q.url?.startsWith('/api/datasets/o/n/tree/main/data?') === true &&
        !q.url.includes('cursor')
      )
        a.writeHead(200, {
          link: `<http://${q.headers.host}/api/datasets/o/n/tree/main/data?recursive=true&cursor=2>; rel="next"`,
        }).end(
          JSON.stringify([
            { type: 'directory', path: 'data/x' },
            { type: 'file', path: 'data/a.parquet', size: 5, oid: 'o1' },
          ]),
        );
      else if (q.url?.includes('cursor=2') === true)
        a.end(JSON.stringify([{ type: 'file', path: 'data/b.parquet', size: 6, oid: 'o2' }]));
      else if (q.url === '/datasets/o/n/resolve/main/data/a.parquet')
        a.writeHead(302, { location: `${network.origin}/lfs/a` }).end();
      else a.writeHead(404).end();
    });
    process.env['HF_ENDPOINT'] = hub.origin;
    process.env['HF_TOKEN'] = 'hf_5ec4e7';
    const access = { ...DEFAULT_STORE_ACCESS, retries: 0 };
    expect(await urlsOf('hf://datasets/o/n/data', access)).toEqual([
      'hf://datasets/o/n/data/a.parquet',
      'hf://datasets/o/n/data/b.parquet',
    ]);
    expect(await urlsOf('hf://datasets/o/n@main/data', access)).toEqual([
      'hf://datasets/o/n@main/data/a.parquet',
      'hf://datasets/o/n@main/data/b.parquet',
    ]);
    const object = await openObject('hf://datasets/o/n/data/a.parquet', access);
    expect(Buffer.from(await object.read(0, 5)).toString()).toBe('bytes');
    expect(hub.asked.every((each) => each.headers.authorization === 'Bearer hf_5ec4e7')).toBe(true);
    expect(network.asked.every((each) => each.headers.authorization === undefined)).toBe(true);
  });
});

describe('web addresses', () => {
  it('that differ only in their query are refused, for findings could not tell them apart', async () => {
    await expect(
      listInputs(['https://host/dl.parquet?part={0..3}'], DEFAULT_STORE_ACCESS),
    ).rejects.toThrow(/differ only in their query/);
  });

  it('keep their whole name, however long', async () => {
    const name = `${'n'.repeat(400)}.parquet`;
    const { files } = await listInputs([`https://host/${name}?sig=s`], DEFAULT_STORE_ACCESS);
    expect(files.map(({ path }) => path)).toEqual([`https://host/${name}`]);
  });
});
