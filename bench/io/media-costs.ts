import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { runPool } from '../../src/engine/pool.ts';
import type { ProbeTask, ProbeVerdict } from '../../src/engine/task.ts';
import type { ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import { encodeClip } from '../../src/media/encode/encode-clip.ts';
import type { Medium } from '../../src/media/medium.ts';
import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { type RangeServer, serveFolder } from './range-server.ts';

/** What a header may cost: so many times the index itself, and so much more. */
const MOST_TIMES = 1.2;
const MOST_MORE_BYTES = 64 * 1024;

type Traffic = ReturnType<RangeServer['take']>;

const LOOKS = [
  { name: 'header', wants: ['files', 'containers'], tier: 'header' },
  { name: 'packets', wants: ['files', 'containers', 'packets'], tier: 'header' },
  { name: 'keyframes', wants: ['files', 'containers', 'packets', 'frames'], tier: 'keyframes' },
  { name: 'frames', wants: ['files', 'containers', 'packets', 'frames', 'audio'], tier: 'frames' },
  { name: 'full', wants: ['files', 'containers', 'packets', 'frames', 'audio'], tier: 'full' },
] as const satisfies readonly (Pick<ProbeTask, 'wants' | 'tier'> & { readonly name: string })[];

const SHORT = { duration_s: 10, fps: 24, gop: 48, audio: { source: 'sine' } } as const;
const LONG = { duration_s: 180, fps: 24, gop: 240, width_px: 128, height_px: 72 } as const;

const RECIPES: readonly {
  readonly name: string;
  readonly file: string;
  readonly recipe: ClipRecipe;
}[] = [
  { name: '10 s, index in front', file: 'front.mp4', recipe: { ...SHORT, faststart: true } },
  { name: '10 s, index behind', file: 'back.mp4', recipe: { ...SHORT, faststart: false } },
  { name: '3 min, index in front', file: 'long-front.mp4', recipe: { ...LONG, faststart: true } },
  { name: '3 min, index behind', file: 'long-back.mp4', recipe: { ...LONG, faststart: false } },
  { name: '10 s, fragments', file: 'fragments.mp4', recipe: { ...SHORT, fragmented: true } },
  {
    name: '10 s, WebM',
    file: 'clip.webm',
    recipe: { ...SHORT, codec: 'vp9', audio: { source: 'sine', codec: 'opus' } },
  },
];

/**
 * Bytes and requests that each look at one medium costs over HTTP, against the size of its index, which is the least that a
 * header look can read. True if headers cost no more than they may.
 */
export async function measureMediaCosts(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-bench-io-'));
  try {
    for (const { file, recipe } of RECIPES) {
      await encodeClip(join(folder, file), recipe);
    }
    const archive = join(folder, 'clips.tar');
    const names = RECIPES.map(({ file }) => file);
    const packed = spawnSync('tar', ['--format=ustar', '-cf', archive, '-C', folder, ...names]);
    if (packed.status !== 0) throw new Error('tar is needed');
    const server = await serveFolder(folder);
    try {
      return await measureAll(server, folder, archive);
    } finally {
      server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll(server: RangeServer, folder: string, archive: string): Promise<boolean> {
  const tar = await readFile(archive);
  console.log('\nBytes and requests of one look at one medium over HTTP, and the index itself:\n');
  console.log(
    `  ${'medium'.padEnd(36)}${'size'.padStart(10)}${'index'.padStart(9)}   ${LOOKS.map(({ name }) => name.padStart(15)).join('')}   header goal`,
  );
  let isMet = true;
  for (const { name, file } of RECIPES) {
    const source = `${server.origin}/${file}`;
    const body = await readFile(join(folder, file));
    const range = { start_bytes: tar.indexOf(body), length_bytes: body.length };
    const places: readonly (readonly [string, Medium])[] = [
      [name, { source, range: null, name: basename(file) }],
      [`${name}, in a tar`, { source: `${server.origin}/clips.tar`, range, name: file }],
    ];
    for (const [label, medium] of places) {
      const { index_bytes, costs } = await measureOne(server, medium);
      const goal = MOST_TIMES * index_bytes + MOST_MORE_BYTES;
      const isGood = (costs[0]?.bytes ?? 0) <= goal;
      isMet &&= isGood;
      const { size } = await stat(join(folder, file));
      const cells = costs.map(({ bytes, requests }) => `${kb(bytes)} in ${requests}`.padStart(15));
      console.log(
        `  ${label.padEnd(36)}${kb(size).padStart(10)}${kb(index_bytes).padStart(9)}   ${cells.join('')}   ${isGood ? 'met' : 'MISSED'} (${kb(goal)})`,
      );
    }
  }
  return isMet;
}

async function measureOne(
  server: RangeServer,
  medium: Medium,
): Promise<{ readonly index_bytes: number; readonly costs: readonly Traffic[] }> {
  const costs: Traffic[] = [];
  let index_bytes = 0;
  for (const { wants, tier } of LOOKS) {
    server.take();
    const verdict = await lookAt({
      id: 'clip',
      medium,
      access: DEFAULT_STORE_ACCESS,
      wants,
      tier,
      decoder: 'auto',
    });
    for (const [table, row] of Object.entries(verdict.evidence))
      if (row['error_code'] !== null) throw new Error(`${table}: ${String(row['error_message'])}`);
    costs.push(server.take());
    index_bytes = Number(verdict.evidence.containers?.['index_bytes'] ?? 0);
  }
  return { index_bytes, costs };
}

async function lookAt(task: ProbeTask): Promise<ProbeVerdict> {
  for await (const verdict of runPool([task], { workers: 1 })) return verdict;
  throw new Error('no verdict');
}

function kb(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;
}
