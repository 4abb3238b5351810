import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Database } from '../../src/engine/database.ts';
import { createEvidenceTables } from '../../src/engine/evidence-store.ts';
import { locateMedia } from '../../src/engine/locate-media.ts';
import { ObjectLog } from '../../src/engine/object-log.ts';
import { SilentStores } from '../../src/engine/silent-stores.ts';
import type { Medium } from '../../src/media/medium.ts';
import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { serve } from './object-server.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function objectAt(source: string): Medium {
  return { source, range: null, name: 'a.mp4' };
}

const HERE = objectAt('https://one.example/a.mp4');
const THERE = objectAt('https://two.example/a.mp4');

it('a store is silent after ten failures over a minute, and no other with it', () => {
  const silent = new SilentStores();
  for (let i = 0; i < 10; i++) {
    expect(silent.isSilent(HERE)).toBe(false);
    silent.note(HERE, true);
    vi.advanceTimersByTime(7_000);
  }
  expect(silent.isSilent(objectAt('https://one.example/b.mp4'))).toBe(true);
  expect(silent.isSilent(THERE)).toBe(false);
});

it('failures that come at once are a moment of trouble, and one answer makes up for all', () => {
  const silent = new SilentStores();
  for (let i = 0; i < 50; i++) silent.note(HERE, true);
  expect(silent.isSilent(HERE)).toBe(false);
  vi.advanceTimersByTime(61_000);
  silent.note(HERE, true);
  expect(silent.isSilent(HERE)).toBe(true);
  silent.note(HERE, false);
  silent.note(HERE, true);
  expect(silent.isSilent(HERE)).toBe(false);
});

it('a store that is down is not asked about every object of an earlier run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-silent-'));
  const server = await serve((_, response) => {
    vi.advanceTimersByTime(10_000);
    response.writeHead(503).end();
  });
  const sources = Array.from({ length: 100 }, (_, i) => `${server.origin}/${i}.mp4`);
  const earlier = await ObjectLog.open(folder, 'one');
  for (const [i, source] of sources.entries())
    await earlier.note(`${i}`, objectAt(source), { version: '"1"', size_bytes: 9n });
  const database = await Database.open();
  try {
    await createEvidenceTables(database);
    const rows = sources.map((source, i) => `(${i}, '${source}')`);
    await database.run(
      `create temp table sampled_clips as select * from (values ${rows.join(', ')}) as t(clip_id, path)`,
    );
    const silent = new SilentStores();
    const located = await locateMedia(database, {
      mediaRoot: folder,
      mediaColumns: ['path'],
      access: { ...DEFAULT_STORE_ACCESS, retries: 0, timeout_s: 5, allowsPrivateAddresses: true },
      objects: await ObjectLog.open(folder, 'two'),
      silent,
    });
    expect(located).toHaveLength(100);
    expect(server.asked.length).toBeLessThan(50);
    expect(silent.isSilent(objectAt(sources[0] ?? ''))).toBe(true);
  } finally {
    database.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
});
