import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runPool } from '../src/engine/pool.ts';
import type { ProbeTask } from '../src/engine/task.ts';
import { fileMedium } from '../src/media/medium-text.ts';
import { MUTATIONS, mutateFile } from '../src/media/faults/mutate-file.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';

const CLIPS = join(PACKAGE_ROOT, 'test/media/clips');

describe('mutated files', () => {
  let folder: string;
  let names: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-mutations-'));
    names = (await readdir(CLIPS)).filter((name) => !name.endsWith('.md'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('are the same for the same seed, and differ from what they were made of', async () => {
    const bytes = await readFile(join(CLIPS, names[0] ?? ''));
    for (const mutation of MUTATIONS) {
      expect(mutateFile(bytes, mutation, 7)).toEqual(mutateFile(bytes, mutation, 7));
      expect([1, 2, 3].some((seed) => !mutateFile(bytes, mutation, seed).equals(bytes))).toBe(true);
    }
  });

  it('each get a verdict in time, whatever they do to the decoder', async () => {
    const tasks: ProbeTask[] = [];
    for (const [i, name] of names.entries()) {
      for (const [j, mutation] of MUTATIONS.entries()) {
        const id = `${i}-${mutation}`;
        const path = join(folder, `${id}${extname(name)}`);
        await writeFile(path, mutateFile(await readFile(join(CLIPS, name)), mutation, 100 * i + j));
        const wants = ['files', 'containers', 'packets', 'images', 'frames', 'audio'] as const;
        tasks.push({ id, medium: fileMedium(path), wants, tier: 'full', decoder: 'auto' });
      }
    }
    const ended: string[] = [];
    const late: string[] = [];
    for await (const verdict of runPool(tasks, { workers: 2 })) {
      ended.push(verdict.id);
      const codes = Object.values(verdict.evidence).map((row) => row['error_code']);
      if (codes.includes('decoder-timeout')) late.push(verdict.id);
    }

    expect(ended.toSorted()).toEqual(tasks.map((task) => task.id).toSorted());
    expect(late).toEqual([]);
  });
});
