import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { discoverShards } from '../../src/dataset/discover-shards.ts';
import { openDataset } from '../../src/dataset/open-dataset.ts';
import { readRows, textOf } from '../../src/dataset/rows.ts';
import { resolveMediaPath } from '../../src/dataset/media-path.ts';
import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { connect, makeFolder, open } from '../dataset-room.ts';
import { type ObjectServer, sendObject, serve } from '../stores/object-server.ts';
import { entry, tarOf } from './make-tar.ts';

const ACCESS = { ...DEFAULT_STORE_ACCESS, retries: 0, timeout_s: 5 };

/** 40 samples with a medium of 100 kB between small members. */
const TAR = tarOf(
  ...Array.from({ length: 40 }, (_, i) => [
    { name: `${i}.mp4`, body: Buffer.alloc(100_000, i + 1) },
    { name: `${i}.txt`, body: `caption ${i}` },
    { name: `${i}.json`, body: `{"n": ${i}}` },
  ]).flat(),
);
const SMALL = tarOf({ name: 'a.mp4', body: 'MP4' }, { name: 'a.txt', body: 'a caption' });
const OBJECTS: Readonly<Record<string, Uint8Array>> = {
  '/000.tar': TAR,
  '/001.tar.gz': gzipSync(SMALL),
  '/small.jsonl': Buffer.from('{"id": "c", "file": "a.mp4"}\n'),
  '/cut.tar': TAR.subarray(0, 1_000_000),
  '/list.jsonl': Buffer.from(
    Array.from({ length: 40 }, (_, i) => `{"id": "c${i}", "file": "${i}.mp4"}\n`).join(''),
  ),
  '/idx.tar': SMALL,
  '/idx.idx': Buffer.from('v1.2 1\nmp4 512 3 a.mp4 txt 1536 9 a.txt\n'),
};

let server: ObjectServer;

beforeAll(async () => {
  server = await serve((request, response) => {
    const [, isPlain = '', name = ''] = /^(\/plain)?(\/.*)$/.exec(request.url ?? '') ?? [];
    const bytes = OBJECTS[name];
    if (name === '/broken.tar' && Number(/\d+/.exec(request.headers.range ?? '')?.[0]) > 0)
      response.writeHead(503).end();
    else if (bytes === undefined && name !== '/broken.tar') response.writeHead(404).end();
    else if (isPlain !== '') response.writeHead(200).end(bytes);
    else sendObject(request, response, { bytes: bytes ?? TAR, etag: '"one"' });
  });
});

afterAll(() => server.close());

async function openRemote(...names: readonly string[]): Promise<{
  readonly dataset: Awaited<ReturnType<typeof openDataset>>;
  readonly query: (sql: string) => ReturnType<typeof readRows>;
}> {
  server.asked.splice(0);
  const connection = await connect();
  const discovery = await discoverShards(
    names.map((name) => `${server.origin}${name}`),
    { cwd: '/', stores: ACCESS },
  );
  const dataset = await openDataset(connection, discovery);
  return { dataset, query: (sql) => readRows(connection, sql) };
}

const ROWS = 'select key, caption, n from clips order by clip_id';

describe('tars in a store', () => {
  it('are read by their headers, a few requests and bytes a sample', async () => {
    const local = await open(makeFolder({ '000.tar': TAR }));
    const { dataset, query } = await openRemote('/000.tar');
    expect(await query(ROWS)).toEqual(await local.query(ROWS));
    const asked = server.asked.filter(({ url }) => url === '/000.tar');
    expect(asked.length).toBeLessThanOrEqual(50);
    const bytes = asked.reduce((sum, { range }) => {
      const [, start = '0', last = '0'] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      return sum + Number(last) - Number(start) + 1;
    }, 0);
    expect(bytes).toBeLessThan(TAR.length / 10);
    const [row] = await query('select path from clips order by clip_id');
    const found = resolveMediaPath(dataset.mediaRoot, textOf(row?.['path']));
    expect(found).toMatchObject({
      ok: true,
      medium: {
        source: `${server.origin}/000.tar`,
        name: '0.mp4',
        range: { start_bytes: 512, length_bytes: 100_000 },
      },
    });
  });

  it('are read once from start to end where the server answers no ranges', async () => {
    const { query } = await openRemote('/plain/000.tar');
    expect(await query('select count(*) as n from clips')).toEqual([{ n: '40' }]);
    expect(server.asked.filter(({ url }) => url === '/plain/000.tar')).not.toHaveLength(0);
  });

  it('are fetched where they are compressed, and give their media', async () => {
    const { dataset, query } = await openRemote('/001.tar.gz');
    const [row] = await query('select key, caption, path from clips');
    expect(row).toEqual({ key: 'a', caption: 'a caption', path: '001.tar.gz/a.mp4' });
    await dataset.held?.hold(['001.tar.gz/a.mp4']);
    expect(dataset.held?.find('001.tar.gz/a.mp4')).toMatchObject({ kind: 'file', sizeBytes: 3 });
  });

  it('are taken from an index beside them', async () => {
    const { dataset, query } = await openRemote('/idx.tar');
    expect(dataset.warnings.join(' ')).toContain('by the .idx beside');
    expect(await query('select key, caption from clips')).toEqual([
      { key: 'a', caption: 'a caption' },
    ]);
  });

  it('hold the media of a manifest beside them', async () => {
    const { dataset, query } = await openRemote('/list.jsonl', '/000.tar');
    expect(dataset.format).toBe('jsonl');
    const [row] = await query('select key, path from clips order by clip_id');
    expect(row).toEqual({ key: 'c0', path: '000.tar/0.mp4#512+100000' });
    expect(resolveMediaPath(dataset.mediaRoot, textOf(row?.['path']))).toMatchObject({
      ok: true,
      medium: { source: `${server.origin}/000.tar` },
    });
  });

  it('hold the media of a manifest beside them where they are compressed', async () => {
    const { dataset, query } = await openRemote('/small.jsonl', '/001.tar.gz', '/gone.tar.gz');
    expect(await query('select key, path from clips')).toEqual([
      { key: 'c', path: '001.tar.gz/a.mp4' },
    ]);
    await dataset.held?.hold(['001.tar.gz/a.mp4']);
    expect(dataset.held?.find('001.tar.gz/a.mp4')).toMatchObject({ kind: 'file', sizeBytes: 3 });
    expect(dataset.warnings.join(' ')).toMatch(/1 of the tars .* first gone\.tar\.gz: /);
  });

  it('cost themselves alone where they are cut, gone or refused', async () => {
    const { dataset, query } = await openRemote('/000.tar', '/broken.tar', '/cut.tar', '/gone.tar');
    expect(dataset.shards.map(({ name, rows, state }) => [name, rows, state])).toEqual([
      ['000.tar', 40, 'read'],
      ['broken.tar', 0, 'read'],
      ['cut.tar', 9, 'read'],
      ['gone.tar', 0, 'unread'],
    ]);
    expect(await query('select shard, kind from tar_faults order by shard')).toEqual([
      { shard: 'broken.tar', kind: 'unreachable' },
      { shard: 'cut.tar', kind: 'truncated' },
    ]);
  });
});

it('names with # and blanks keep their ranges', async () => {
  const bytes = Buffer.concat([entry({ name: 'a b#1+2.mp4', body: 'x' }), Buffer.alloc(1024)]);
  const { dataset, query } = await open(makeFolder({ '0.tar': bytes }));
  const [row] = await query('select path from clips');
  expect(resolveMediaPath(dataset.mediaRoot, textOf(row?.['path']))).toMatchObject({
    ok: true,
    medium: { name: 'a b#1+2.mp4', range: { start_bytes: 512, length_bytes: 1 } },
  });
});
