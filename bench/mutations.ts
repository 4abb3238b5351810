/**
 * Mutated files through the probing processes, with every measure: what each kind ends as, how long the slowest took and
 * how much memory a process had. Nothing that a file holds may stop the run.
 *
 *     npm run build && npx tsc -p tsconfig.bench.json && node dist/bench/mutations.js [files] [first]
 *
 * A number tells a file, so that 2,000 can be tried in parts: `500 0`, `500 500` and so on.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

import sharp from 'sharp';

import { runPool } from '../src/engine/pool.ts';
import type { ProbeTask } from '../src/engine/task.ts';
import { fileMedium } from '../src/media/medium-text.ts';
import { MUTATIONS, mutateFile } from '../src/media/faults/mutate-file.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';

const FILES = Number(process.argv[2] ?? 2000);
const FIRST = Number(process.argv[3] ?? 0);
const WORKERS = 2;
/** Files of a second at most, mutated: what takes longer than this is a hang. */
const DEADLINE_S = 20;
const WATCH_MS = 200;

/** Most memory that any child of this process has had, bytes; 0 where the system does not tell. */
function peakOfChildren(): number {
  let peak = 0;
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        if (!new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status)) continue;
        peak = Math.max(peak, 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      } catch {
        // It is gone.
      }
    }
  } catch {
    return 0;
  }
  return peak;
}

const sources = (await readdir(join(PACKAGE_ROOT, 'test/media/clips')))
  .filter((name) => !name.endsWith('.md'))
  .map((name) => ({ name, read: () => readFile(join(PACKAGE_ROOT, 'test/media/clips', name)) }));
const noise = {
  create: {
    width: 320,
    height: 240,
    channels: 3,
    background: 'teal',
    noise: { type: 'gaussian', mean: 128, sigma: 40 },
  },
} as const;
for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
  const bytes = await sharp(noise).toFormat(format).toBuffer();
  sources.push({ name: `image.${format}`, read: async () => bytes });
}

const folder = await mkdtemp(join(tmpdir(), 'dailies-mutations-'));
const kinds = new Map<string, string>();
async function* tasks(): AsyncGenerator<ProbeTask, void, undefined> {
  for (let i = FIRST; i < FIRST + FILES; i++) {
    const source = sources[i % sources.length];
    const kind = MUTATIONS[Math.floor(i / sources.length) % MUTATIONS.length];
    if (source === undefined || kind === undefined) continue;
    const id = `${i}`;
    kinds.set(id, kind);
    const path = join(folder, `${id}${extname(source.name)}`);
    await writeFile(path, mutateFile(await source.read(), kind, i));
    const wants = ['files', 'containers', 'packets', 'images', 'frames', 'audio'] as const;
    yield { id, medium: fileMedium(path), wants, tier: 'full', decoder: 'node-av' };
  }
}

let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, peakOfChildren());
}, WATCH_MS);
const counts = new Map<string, { ok: number; faulty: number; crashed: number; late: number }>();
let answered = 0;
let slowest_s = 0;
let last = performance.now();
const started = last;
try {
  for await (const verdict of runPool(tasks(), {
    workers: WORKERS,
    deadline_s: () => DEADLINE_S,
  })) {
    answered++;
    const now = performance.now();
    slowest_s = Math.max(slowest_s, (now - last) / 1000);
    last = now;
    const kind = kinds.get(verdict.id) ?? '';
    const count = counts.get(kind) ?? { ok: 0, faulty: 0, crashed: 0, late: 0 };
    counts.set(kind, count);
    const codes = Object.values(verdict.evidence).map((row) => row['error_code'] ?? null);
    if (codes.includes('decoder-timeout')) count.late++;
    else if (verdict.outcome === 'bad') count.crashed++;
    else if (codes.some((code) => code !== null)) count.faulty++;
    else count.ok++;
    await rm(join(folder, `${verdict.id}.mp4`), { force: true });
  }
} finally {
  clearInterval(watch);
  await rm(folder, { recursive: true, force: true });
}
console.log(
  `${FILES} mutated files (from number ${FIRST} on) of ${sources.length} clips and images, tier full`,
);
console.log(
  `${'mutation'.padEnd(14)}${'measured'.padStart(10)}${'refused'.padStart(10)}${'crashed'.padStart(10)}${'too long'.padStart(10)}`,
);
for (const [kind, { ok, faulty, crashed, late }] of counts) {
  const columns = [ok, faulty, crashed, late].map((count) => `${count}`.padStart(10));
  console.log(`${kind.padEnd(14)}${columns.join('')}`);
}
const sum = (of: 'crashed' | 'late'): number =>
  [...counts.values()].reduce((total, each) => total + each[of], 0);
console.log(
  `${answered} of ${FILES} answered in ${((performance.now() - started) / 1000).toFixed(0)} s: 0 crashes of the run, ${sum('crashed')} of a decoder's process, ${sum('late')} hangs; at most ${slowest_s.toFixed(1)} s between two answers, ${(peak / 1e6).toFixed(0)} MB in a process`,
);
if (answered !== FILES || sum('late') > 0) process.exitCode = 1;
