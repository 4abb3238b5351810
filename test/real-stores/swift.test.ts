import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import pMap from 'p-map';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../../src/stores/access.ts';
import { listObjects } from '../../src/stores/list-objects.ts';
import { openObject } from '../../src/stores/open-object.ts';
import { presign } from './presign.ts';
import { installServers, type RunningServer, startSwift, SWIFT_USER } from './servers.ts';

const OBJECTS = 1_100;

let folder = '';
let swift: RunningServer;
let s3: S3Client;
let access: StoreAccess;
let bytes: Buffer;

async function put(key: string, body: string | Buffer): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: key, Body: body }));
}

function signIn(user: { accessKeyId: string; secretAccessKey: string } | null): void {
  process.env['AWS_ACCESS_KEY_ID'] = user?.accessKeyId ?? '';
  process.env['AWS_SECRET_ACCESS_KEY'] = user?.secretAccessKey ?? '';
  if (user !== null) return;
  delete process.env['AWS_ACCESS_KEY_ID'];
  delete process.env['AWS_SECRET_ACCESS_KEY'];
}

/** Settings that no client was made for yet: clients keep their credentials. */
function freshAccess(): StoreAccess {
  access = { ...access, timeout_s: access.timeout_s + 0.001 };
  return access;
}

function dailies(...args: readonly string[]): { code: number | null; text: string } {
  const run = spawnSync(
    process.execPath,
    [join(PACKAGE_ROOT, 'dist/src/cli.js'), ...args, '--endpoint', swift.origin],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return { code: run.status, text: run.stdout + run.stderr };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-swift-'));
  swift = await startSwift(installServers(), folder);
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  process.env['AWS_CONFIG_FILE'] = join(folder, 'none');
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'none');
  process.env['AWS_REGION'] = 'us-east-1';
  access = { ...DEFAULT_STORE_ACCESS, endpoint: swift.origin, retries: 1, timeout_s: 20 };
  s3 = new S3Client({
    endpoint: swift.origin,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: SWIFT_USER,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  bytes = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
  await put('one.bin', bytes);
  const file = join(folder, 'm.parquet');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(
    `copy (select 'clip' || i as id, if(i = 7, '', 'A dog ' || md5(i::varchar) || ' runs') as caption, 'clips/' || i || '.mp4' as path,
       [i, i + 1]::float[] as embedding from range(40000) t(i)) to '${file}' (row_group_size 20000)`,
  );
  connection.closeSync();
  await put('set/m-0.parquet', await readFile(file));
  await put('set/m-1.parquet', await readFile(file));
});

afterAll(async () => {
  await swift.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => signIn(SWIFT_USER));

describe('an object of OpenStack Swift by its S3 interface', () => {
  it('gives its head, ranges and end with their ETag', async () => {
    const object = await openObject('s3://bucket/one.bin', access);
    expect(object.sizeBytes).toBe(bytes.length);
    expect(object.version).toMatch(/^"[0-9a-f]{32}"$/);
    for (const [start, length] of [
      [0, 64],
      [100_000, 1000],
      [199_990, 100],
    ] as const)
      expect(Buffer.from(await object.read(start, length))).toEqual(
        bytes.subarray(start, start + length),
      );
    const last = await openObject('s3://bucket/one.bin', access, { first: { last: 512 } });
    expect(Buffer.from(await last.read(199_488, 512))).toEqual(bytes.subarray(199_488));
    expect(last.spent().requests).toBe(1);
  });

  it('has no bytes where there are none', async () => {
    await put('empty', '');
    const object = await openObject('s3://bucket/empty', access);
    expect(object.sizeBytes).toBe(0);
  });

  it('is refused with a wrong secret', async () => {
    signIn({ ...SWIFT_USER, secretAccessKey: 'wrong' });
    await expect(openObject('s3://bucket/one.bin', freshAccess())).rejects.toMatchObject({
      code: 'permission-denied',
      message: expect.stringContaining('SignatureDoesNotMatch'),
    });
  });

  it('is refused without credentials, and says where they are looked for', async () => {
    signIn(null);
    await expect(openObject('s3://bucket/one.bin', freshAccess())).rejects.toMatchObject({
      code: 'permission-denied',
      message: expect.stringContaining('no credentials were found'),
    });
  });

  it('is refused where the bucket is not public and nobody signs', async () => {
    const anonymous = { ...freshAccess(), isAnonymous: true };
    const fault = await openObject('s3://bucket/one.bin', anonymous).catch(
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ name: 'StoreFault' });
    expect(String(fault)).toMatch(/40[013]/);
  });

  it.each([
    ['s3://bucket/none.bin', 'NoSuchKey'],
    ['s3://no-such-bucket/one.bin', 'NoSuchBucket'],
  ])('is missing: %s', async (url, words) => {
    await expect(openObject(url, access)).rejects.toMatchObject({
      code: 'missing-file',
      message: expect.stringContaining(words),
    });
  });

  it('is a clean fault when it is replaced or removed between two ranges', async () => {
    await put('replaced', bytes);
    const object = await openObject('s3://bucket/replaced', access);
    await put('replaced', Buffer.from(bytes).fill(1));
    await expect(object.read(100_000, 10)).rejects.toMatchObject({ code: 'changed-while-read' });
  });

  it('is a clean fault when it is shorter than what is asked for (416)', async () => {
    await put('shorter', bytes);
    const object = await openObject('s3://bucket/shorter', access);
    await put('shorter', 'short');
    const fault: unknown = await object.read(100_000, 10).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'changed-while-read' });
  });
});

describe('a presigned URL', () => {
  it('is read by ranges, and its signature is shown nowhere', async () => {
    const url = presign(swift.origin, '/bucket/one.bin', SWIFT_USER, new Date(), 600);
    const object = await openObject(url, access);
    expect(Buffer.from(await object.read(150_000, 10))).toEqual(bytes.subarray(150_000, 150_010));
  });

  it.each([
    ['has expired', (now: Date) => new Date(now.getTime() - 3600e3), SWIFT_USER],
    ['was signed with a wrong secret', (now: Date) => now, { ...SWIFT_USER, secretAccessKey: 'x' }],
  ])('is refused when it %s', async (_, from, user) => {
    const url = presign(swift.origin, '/bucket/one.bin', user, from(new Date()), 60);
    const fault: unknown = await openObject(url, access).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'permission-denied' });
    expect(String(fault)).not.toMatch(/X-Amz|Signature=/);
  });
});

describe('a listing', () => {
  it('is whole over pages', async () => {
    await pMap(
      Array.from({ length: OBJECTS }, (_, i) => i),
      (i) => put(`many/${String(i).padStart(5, '0')}.txt`, `${i}`),
      { concurrency: 8 },
    );
    const found: string[] = [];
    for await (const { url, sizeBytes } of listObjects('s3://bucket/many/', access)) {
      expect(sizeBytes).toBeGreaterThan(0);
      found.push(url);
    }
    expect(found).toHaveLength(OBJECTS);
    expect(new Set(found).size).toBe(OBJECTS);
  });

  it('is a fault with a wrong secret and for no bucket, never empty', async () => {
    await expect(listObjects('s3://no-such-bucket/', access).next()).rejects.toMatchObject({
      code: 'missing-file',
    });
    signIn({ ...SWIFT_USER, secretAccessKey: 'wrong' });
    await expect(listObjects('s3://bucket/', freshAccess()).next()).rejects.toMatchObject({
      code: 'permission-denied',
    });
  });
});

describe('dailies on a dataset in a bucket', () => {
  it('finds in s3:// what it finds in files', async () => {
    const run = dailies('scan', 's3://bucket/set/', '--tier', 'manifest', '--format', 'json', '-q');
    expect(run.code).toBe(1);
    expect(run.text).toContain('"rows": 80000');
    expect(run.text).toContain('empty-caption');
    const runs = await readdir(join(folder, '.dailies/runs'));
    for (const name of runs) {
      const document = await readFile(join(folder, '.dailies/runs', name, 'run.json'), 'utf8');
      expect(document).not.toContain(SWIFT_USER.secretAccessKey + '"');
    }
  });

  it('looks at media beside a manifest, and counts what is missing apart', async () => {
    const media = await readFile(join(PACKAGE_ROOT, 'examples/quickstart/media/mdm/kick1.mp4'));
    await put('films/clips/a.mp4', media);
    const rows = [
      'clips/a.mp4',
      's3://bucket/films/clips/a.mp4',
      'clips/none.mp4',
      's3://no-such-bucket/a.mp4',
    ].map((path, i) =>
      JSON.stringify({ key: `k${i}`, path, caption: `A figure kicks ${i} times with its leg.` }),
    );
    await put('films/m.jsonl', rows.join('\n'));
    const run = dailies(
      'scan',
      's3://bucket/films/m.jsonl',
      '--tier',
      'frames',
      '--format',
      'json',
      '-q',
    );
    expect(run.text).toContain('"mediaRoot": "s3://bucket/films/"');
    const document: { rules: { id: string; outcome: string; affected: number }[] } = JSON.parse(
      run.text,
    );
    const missing = document.rules.find(({ id }) => id === 'missing-file');
    expect(missing).toMatchObject({ outcome: 'failed' });
    expect(document.rules.find(({ id }) => id === 'decode-errors')).toMatchObject({
      outcome: 'passed',
    });
  });

  it('makes rows of a prefix of media, with the captions beside them, and of tars', async () => {
    const media = await readFile(join(PACKAGE_ROOT, 'examples/quickstart/media/mdm/kick1.mp4'));
    await put('plain/a.mp4', media);
    await put('plain/a.txt', 'A figure kicks with its leg.');
    await put('plain/b.mp4', media.subarray(0, 1000));
    const folderRun = dailies(
      'scan',
      's3://bucket/plain/',
      '--tier',
      'header',
      '-q',
      '--fail-on',
      'never',
    );
    expect(folderRun.text).toContain('2 rows in 1 shard');
    expect(folderRun.text).toContain('all 2 clips opened');
    await writeFile(join(folder, 'a.mp4'), media);
    await writeFile(join(folder, 'a.txt'), 'A figure kicks with its leg.');
    execFileSync('tar', ['-cf', 'one.tar', 'a.mp4', 'a.txt'], { cwd: folder });
    await put('tars/one.tar', await readFile(join(folder, 'one.tar')));
    const tarRun = dailies(
      'scan',
      's3://bucket/tars/',
      '--tier',
      'header',
      '-q',
      '--fail-on',
      'never',
    );
    expect(tarRun.text).toContain('1 row in 1 shard');
    expect(tarRun.text).toContain('all 1 clips opened');
  });

  it('takes a glob', () => {
    const run = dailies('scan', 's3://bucket/set/*-1.parquet', '--tier', 'manifest', '-q');
    expect(run.text).toContain('40,000 rows in 1 shard');
  });

  it('compares two versions', () => {
    const run = dailies('diff', 's3://bucket/set/m-0.parquet', 's3://bucket/set/m-1.parquet', '-q');
    expect(run.code).toBe(0);
  });

  it('ends with 2 and a hint where the store refuses', () => {
    signIn({ ...SWIFT_USER, secretAccessKey: 'wrong' });
    const run = dailies('scan', 's3://bucket/set/', '-q');
    expect(run.code).toBe(2);
    expect(run.text).toContain('SignatureDoesNotMatch');
    expect(run.text).toContain('AWS_PROFILE');
  });
});
