import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../examples/quickstart');

async function readJson<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(join(root, name), 'utf8'));
}

async function manifestColumn(column: string): Promise<readonly string[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const result = await connection.runAndReadAll(
      `select ${column} from read_parquet('${join(root, 'manifest').replaceAll("'", "''")}/*.parquet')`,
    );
    return result.getColumnsJS().flat().map(String);
  } finally {
    connection.closeSync();
  }
}

async function mediaFiles(): Promise<readonly string[]> {
  const entries = await readdir(join(root, 'media'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

it('names every file of the example, with its licence, and no other', async () => {
  const provenance =
    await readJson<readonly { path: string; licence: string }[]>('provenance.json');
  expect(provenance.map((file) => file.path).toSorted()).toEqual(
    [...(await mediaFiles())].toSorted(),
  );
  expect(provenance.every((file) => file.licence !== '')).toBe(true);
});

it('ships the bytes that the provenance vouches for, small enough for a repository', async () => {
  const provenance =
    await readJson<readonly { path: string; sha256: string; bytes: number }[]>('provenance.json');
  let total = 0;
  for (const file of provenance) {
    const bytes = await readFile(join(root, file.path));
    expect({
      path: file.path,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    }).toEqual({ path: file.path, sha256: file.sha256, bytes: file.bytes });
    expect(bytes.length).toBeLessThan(1_000_000);
    total += bytes.length;
  }
  expect(total).toBeLessThan(8_000_000);
});

it('misses just the files that its truth says are missing', async () => {
  const truth = await readJson<Readonly<Record<string, readonly string[]>>>('truth.json');
  const [paths, keys] = [await manifestColumn('path'), await manifestColumn('key')];
  const missing = keys.filter((_, index) => !existsSync(join(root, paths[index] ?? '')));
  expect(missing).toEqual(truth['missing-file']);
});

it('speaks in its truth of keys that the manifest has', async () => {
  const keys = new Set(await manifestColumn('key'));
  for (const name of ['truth.json', 'debatable.json']) {
    const truth = await readJson<Readonly<Record<string, readonly string[]>>>(name);
    expect(
      Object.values(truth)
        .flat()
        .filter((key) => !keys.has(key)),
    ).toEqual([]);
  }
  const planted = await readJson<readonly { key: string }[]>('planted.json');
  expect(planted.filter(({ key }) => !keys.has(key))).toEqual([]);
});

it('leaves most of the rows without a planted defect', async () => {
  const planted = new Set(
    (await readJson<readonly { key: string }[]>('planted.json')).map(({ key }) => key),
  );
  const keys = await manifestColumn('key');
  expect(keys.filter((key) => !planted.has(key)).length).toBeGreaterThan(keys.length / 2);
});
