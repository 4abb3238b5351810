import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { discoverShards } from '../../src/dataset/discover-shards.ts';
import { leaveOutPageFaults } from '../../src/dataset/leave-out-faults.ts';
import { openDataset } from '../../src/dataset/open-dataset.ts';
import type { OpenDataset } from '../../src/dataset/opened-dataset.ts';
import { readRows } from '../../src/dataset/rows.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../../src/stores/access.ts';
import { connect, makeFolder, open, runAlone } from '../dataset-room.ts';
import { type ObjectServer, sendObject, serve } from './object-server.ts';

const ACCESS: StoreAccess = { ...DEFAULT_STORE_ACCESS, retries: 1, timeout_s: 5 };

let folder = '';
let server: ObjectServer;
/** The version of every file, which a test may change. */
let etag = '"one"';

beforeAll(async () => {
  folder = makeFolder();
  await runAlone(
    `copy (select 'clip' || i as id, 'clips/' || i || '.mp4' as path, 'caption ' || md5(i::varchar) as caption, i % 7 as "group",
       {'a': i, 'b': md5('b' || i)} as s, [i, i + 1, i * 2]::float[] as embedding, i / 3 as aesthetic from range(60000) t(i))
     to '${join(folder, 'm.parquet')}' (row_group_size 20000)`,
  );
  await runAlone(
    `copy (select 'clip' || i as id, 'caption ' || i as caption from range(50) t(i)) to '${join(folder, 'm.jsonl')}'`,
  );
  server = await serve(async (request, response) => {
    const name = decodeURIComponent(request.url ?? '').replace(/\?.*$/, '');
    const bytes = await readFile(join(folder, name)).catch(() => null);
    if (bytes === null) response.writeHead(404).end();
    else sendObject(request, response, { bytes, etag });
  });
});

afterAll(() => server.close());

type Remote = {
  readonly dataset: OpenDataset;
  readonly rows: (sql: string) => ReturnType<typeof readRows>;
  /** Bytes of ranges that were asked for since the last call. */
  readonly asked: () => number;
};

async function openRemote(name: string, access: StoreAccess = ACCESS): Promise<Remote> {
  server.asked.splice(0);
  const connection = await connect();
  const discovery = await discoverShards([`${server.origin}/${name}`], {
    cwd: '/',
    stores: access,
  });
  const dataset = await openDataset(connection, discovery);
  return {
    dataset,
    rows: (sql) => readRows(connection, sql),
    asked: () =>
      server.asked.splice(0).reduce((sum, { range }) => {
        const [, first = '', last = ''] = /^bytes=(\d*)-(\d+)$/.exec(range ?? '') ?? [];
        return sum + (first === '' ? Number(last) : Number(last) - Number(first) + 1);
      }, 0),
  };
}

async function chunkBytes(column: string): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const [row] = await readRows(
    connection,
    `select sum(total_compressed_size)::double as n from parquet_metadata('${join(folder, 'm.parquet')}')
     where path_in_schema = '${column}'`,
  );
  connection.closeSync();
  return Number(row?.['n']);
}

describe('a Parquet manifest behind a URL', () => {
  it('has the columns, roles and rows that it has on disk', async () => {
    const remote = await openRemote('m.parquet');
    const local = await open(join(folder, 'm.parquet'));
    expect(remote.dataset.columns).toEqual(local.dataset.columns);
    expect(remote.dataset.rows).toBe(60_000);
    expect(remote.dataset.mediaRoot).toBe(`${server.origin}/`);
    const everything = `select bit_xor(hash(id, path, caption, "group", s, embedding, aesthetic))::varchar as digest from manifest`;
    expect(await remote.rows(everything)).toEqual(await local.query(everything));
  });

  it('is opened by its footer and a few pages', async () => {
    const remote = await openRemote('m.parquet');
    const { size } = await stat(join(folder, 'm.parquet'));
    expect(remote.asked()).toBeLessThan(size / 3);
  });

  it('costs the chunks of a column when only that is read, and nothing a second time', async () => {
    const remote = await openRemote('m.parquet');
    remote.asked();
    await remote.rows('select count(distinct caption) as n from manifest');
    expect(remote.asked()).toBeLessThanOrEqual(await chunkBytes('caption'));
    await remote.rows('select max(caption) as n from manifest');
    expect(remote.asked()).toBe(0);
  });

  it.each([
    'select count(*) as n from manifest where "group" = 3',
    'select count(*) as n from manifest where embedding is null',
    'select sum(s.a)::varchar as n from manifest',
    `select count(*) as n from manifest where s.b like '%a'`,
    'select id from manifest where aesthetic > 19999 order by caption limit 3',
    `select count(*) as n from manifest where caption = (select max(caption) from manifest)`,
    'with x as (select id, "group" as g from manifest) select g, count(*) as n from x group by g order by g',
    `select count(*) as n from manifest where id in (select id from manifest where s.a < 10)`,
    'select * from manifest order by caption desc limit 2',
    `select list_sum(embedding) as n from manifest where id = 'clip77'`,
    "select sum(aesthetic) filter (where starts_with(path, 'clips/1')) as n from manifest",
  ])('answers as a file on disk does: %s', async (sql) => {
    const remote = await openRemote('m.parquet');
    const local = await open(join(folder, 'm.parquet'));
    expect(await remote.rows(sql)).toEqual(await local.query(sql));
  });

  it('fails where bytes are read that were not fetched, and never reads zeros', async () => {
    const { dataset } = await openRemote('m.parquet');
    const [path = ''] = dataset.files;
    await expect(runAlone(`select max(caption) from read_parquet('${path}')`)).rejects.toThrow(
      /don't know what type/,
    );
  });

  it('gives up earlier columns where little may be kept on disk', async () => {
    const most = (await chunkBytes('caption')) + (await chunkBytes('path')) + 100_000;
    const remote = await openRemote('m.parquet', { ...ACCESS, cacheBytes: most });
    await remote.rows('select max(caption) as n from manifest');
    await remote.rows('select max(embedding) as n from manifest');
    remote.asked();
    const again = await remote.rows('select max(caption) as n from manifest');
    expect(remote.asked()).toBeGreaterThan(0);
    const local = await open(join(folder, 'm.parquet'));
    expect(again).toEqual(await local.query('select max(caption) as n from manifest'));
    await expect(remote.rows('select hash(columns(*)) from manifest')).rejects.toThrow(
      /may be kept on disk/,
    );
  });

  it('is a fault when it is replaced between two columns', async () => {
    const remote = await openRemote('m.parquet');
    etag = '"two"';
    try {
      await expect(remote.rows('select max(caption) from manifest')).rejects.toThrow(
        /m\.parquet was replaced while it was read/,
      );
    } finally {
      etag = '"one"';
    }
  });

  it('never shows the query of its URL', async () => {
    const remote = await openRemote('m.parquet?X-Amz-Signature=5ec4e7');
    expect(JSON.stringify([remote.dataset.shards, remote.dataset.mediaRoot])).not.toContain(
      '5ec4e7',
    );
    expect(await remote.rows('select distinct shard from manifest')).toEqual([
      { shard: 'm.parquet' },
    ]);
  });
});

describe('a manifest of another format behind a URL', () => {
  it('is fetched whole, and says so', async () => {
    const remote = await openRemote('m.jsonl');
    expect(remote.dataset.rows).toBe(50);
    expect(remote.dataset.warnings.join()).toContain('fetched whole');
  });

  it('is not fetched when it is larger than what may be kept', async () => {
    await expect(openRemote('m.jsonl', { ...ACCESS, cacheBytes: 100 })).rejects.toThrow(
      /take more/,
    );
  });
});

describe('what is no manifest behind a URL', () => {
  it.each([
    ['none.parquet', /404/],
    ['', /cannot be listed over HTTP/],
  ])('is refused: %s', async (name, message) => {
    await expect(openRemote(name)).rejects.toThrow(message);
  });
});

describe('a store that does not give all', () => {
  it('leaves shards unreachable, apart from bad ones', async () => {
    const busy = await serve(async (request, response) => {
      if (request.url === '/b.parquet') response.writeHead(503).end();
      else if (request.url === '/c.parquet')
        sendObject(request, response, { bytes: Buffer.from('PAR1 no Parquet PAR1') });
      else
        sendObject(request, response, { bytes: await readFile(join(folder, 'm.parquet')), etag });
    });
    try {
      const connection = await connect();
      const discovery = await discoverShards([`${busy.origin}/{a,b,c}.parquet`], {
        cwd: '/',
        stores: { ...ACCESS, retries: 0 },
      });
      const dataset = await openDataset(connection, discovery);
      expect(dataset.rows).toBe(60_000);
      const shards = await readRows(connection, 'select shard, state from shards order by shard');
      expect(shards).toEqual([
        { shard: 'a.parquet', state: 'read' },
        { shard: 'b.parquet', state: 'unreachable' },
        { shard: 'c.parquet', state: 'unread' },
      ]);
    } finally {
      await busy.close();
    }
  });

  it('leaves a shard unreachable that it gave the beginning of', async () => {
    let isBusy = false;
    const busy = await serve(async (request, response) => {
      if (isBusy) response.writeHead(503).end();
      else
        sendObject(request, response, { bytes: await readFile(join(folder, 'm.parquet')), etag });
    });
    try {
      const connection = await connect();
      const discovery = await discoverShards([`${busy.origin}/a.parquet`], {
        cwd: '/',
        stores: { ...ACCESS, retries: 0 },
      });
      const dataset = await openDataset(connection, discovery);
      isBusy = true;
      const sql = 'select max(caption) as n from clips';
      await expect(readRows(connection, sql)).rejects.toThrow(/503/);
      const rest = await leaveOutPageFaults(connection, dataset);
      expect(rest?.rows).toBe(0);
      expect(rest?.shards[0]?.error).toMatch(/503/);
      expect(await readRows(connection, sql)).toEqual([{ n: null }]);
      expect(await readRows(connection, 'select state from shards')).toEqual([
        { state: 'unreachable' },
      ]);
      expect(await readRows(connection, 'select * from page_faults')).toEqual([]);
    } finally {
      await busy.close();
    }
  });
});
