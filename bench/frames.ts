/**
 * CPU a clip of the frames probe, all frames and keyframes alone, beside a plain decode by `ffmpeg` of the same clips in
 * the same run.
 *
 *     npx tsc -p tsconfig.bench.json && node dist/bench/frames.js folder…
 *
 * CPU time counts, not the clock, in rounds that take turns. Goals: all frames with every measure at most 1.1 times
 * the plain decode, keyframes at least 12 times cheaper than all frames.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { decodeFrames, selectDecoder } from '../src/media/decoders/decode-frames.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { probeFrames } from '../src/probes/frames.ts';

const CLIP = /\.(?:mp4|m4v|mov|mkv|webm)$/i;
const ROUNDS = 3;
const MOST_CLIPS = 24;
const LEAST_FRAMES = 40;

type Way = { readonly name: string; readonly cpu: (clip: string) => Promise<number> };

function findClips(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => CLIP.test(name))
      .toSorted()
      .map((name) => join(folder, name)),
  );
}

/** CPU seconds of this process over some work. */
async function ownCpu(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const spent = process.cpuUsage(start);
  return (spent.user + spent.system) / 1e6;
}

/** CPU seconds of one ffmpeg process, its start included, by the accounting of a shell around it. */
function ffmpegCpu(input: readonly string[]): number {
  const { stdout } = spawnSync(
    'sh',
    ['-c', '"$@"; times', 'sh', 'ffmpeg', '-nostdin', '-loglevel', 'quiet', '-threads', '1']
      .concat(input)
      .concat(['-an', '-f', 'null', '-']),
    { encoding: 'utf8' },
  );
  // The second line is of the children: user and system time as 1m2.345s.
  const parts = [...(stdout.trim().split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const decoder = await selectDecoder('node-av');
if (!decoder.ok) throw new Error(decoder.reason);
const folders = process.argv.slice(2);
const candidates = findClips(
  folders.length > 0 ? folders : [join(PACKAGE_ROOT, 'examples/quickstart/media')],
);
const clips: string[] = [];
let frames = 0;
for (const clip of candidates) {
  if (clips.length === MOST_CLIPS) break;
  const row = await probeFrames(clip, { tier: 'frames', decoder: 'node-av' });
  if (row.error_code !== null || (row.decoded_frame_count ?? 0) < LEAST_FRAMES) continue;
  clips.push(clip);
  frames += row.decoded_frame_count ?? 0;
}
const ways: readonly Way[] = [
  {
    name: 'frames probe, all frames',
    cpu: (clip) => ownCpu(() => probeFrames(clip, { tier: 'frames', decoder: 'node-av' })),
  },
  {
    name: '  of that decode and scaling',
    cpu: (clip) =>
      ownCpu(() => decodeFrames(clip, { tier: 'frames', decoder: 'node-av' }, () => undefined)),
  },
  {
    name: 'frames probe, keyframes',
    cpu: (clip) => ownCpu(() => probeFrames(clip, { tier: 'keyframes', decoder: 'node-av' })),
  },
  {
    name: 'ffmpeg -threads 1 -f null',
    cpu: async (clip) => ffmpegCpu(['-i', clip]),
  },
];
const rounds = new Map(ways.map((way) => [way.name, [] as number[]] as const));
const startUp: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  startUp.push(ffmpegCpu(['-f', 'lavfi', '-i', 'nullsrc=s=16x16', '-frames:v', '1']));
  for (const way of ways) {
    let total = 0;
    for (const clip of clips) total += await way.cpu(clip);
    rounds.get(way.name)?.push(total / clips.length);
  }
}
const of = (name: string): number => median(rounds.get(name) ?? []);
const floor_s = of('ffmpeg -threads 1 -f null');
console.log(
  `${clips.length} clips, ${(frames / clips.length).toFixed(0)} frames each, node-av ${decoder.version}`,
);
console.log(
  `${'way'.padEnd(32)}${'ms CPU/clip'.padStart(12)}${'us/frame'.padStart(10)}${'x ffmpeg'.padStart(10)}`,
);
for (const { name } of ways) {
  const cpu_s = of(name);
  const perFrame_us = (cpu_s * 1e6 * clips.length) / frames;
  console.log(
    `${name.padEnd(32)}${(cpu_s * 1e3).toFixed(1).padStart(12)}${perFrame_us.toFixed(0).padStart(10)}${(cpu_s / floor_s).toFixed(2).padStart(10)}`,
  );
}
const ratio = of('frames probe, all frames') / of('frames probe, keyframes');
const lean_s = floor_s - median(startUp);
console.log(`keyframes are ${ratio.toFixed(1)} times cheaper than all frames`);
console.log(
  `without its start-up of ${(median(startUp) * 1e3).toFixed(0)} ms ffmpeg takes ${(lean_s * 1e3).toFixed(1)} ms a clip: all frames cost ${(of('frames probe, all frames') / lean_s).toFixed(2)} of that`,
);
