/**
 * What each tier costs, beside its floor in the same run and beside what a user would do instead.
 *
 *     npm run build && npx tsc -p tsconfig.bench.json && node dist/bench/tiers.js [folder…]
 *
 * CPU time counts, not the clock, in rounds that take turns; of other programs that of the children, start included.
 * Goals: headers in at most two requests and 64 KB above the index; packets above 2,000 clips/s/core; frames with all
 * measures at most 1.1 times the decode alone and at least 4 times the filter chain's clips a second.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { compileLate } from '../src/media/decoders/compile-late.ts';
import { loadNodeAv, type NodeAv } from '../src/media/decoders/node-av-library.ts';
import { openDecoder, openInput, withLog } from '../src/media/decoders/node-av-input.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { probeFrames } from '../src/probes/frames.ts';
import { type HeaderOptions, type HeaderRows, probeHeader } from '../src/probes/header.ts';
import { openFileRanges } from '../src/media/file-ranges.ts';
import { pythonTools } from './python-tools.ts';

const CLIP = /\.(?:mp4|m4v|mov|mkv|webm)$/i;
const IMAGE = /\.(?:jpe?g|png|webp)$/i;
const ROUNDS = 3;
/** Rounds that only warm the compiler and the page cache up: a worker looks at thousands of clips. */
const WARM_UP_ROUNDS = 3;
const HEADER_ROUNDS = 8;
/** Clips that one process of a scan looks at, about: half of the 3,000 that are drawn. */
const COLD_CLIPS = 1500;
/** Clips that are decoded, an even choice; headers are read of all. */
const MOST_DECODED = 16;
const LEAST_FRAMES = 20;

/** CPU seconds a clip of one way to look at clips, and the bytes it reads of one; null: not known. */
type Way = {
  readonly name: string;
  readonly clips: readonly string[];
  readonly cpu: (clip: string) => Promise<number>;
  readonly rounds: number[];
  readonly bytes: number | null;
  /** This process does the work. */
  readonly isOwn: boolean;
};

function find(folders: readonly string[], names: RegExp): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => names.test(name))
      .toSorted()
      .map((name) => join(folder, name)),
  );
}

/** An even choice over a list. */
function some<T>(items: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, items.length / most);
  return Array.from(
    { length: Math.min(most, items.length) },
    (_, i) => items[Math.floor(i * step)],
  ).filter((item) => item !== undefined);
}

/** CPU seconds of this process over some work. */
async function ownCpu(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const spent = process.cpuUsage(start);
  return (spent.user + spent.system) / 1e6;
}

/** CPU seconds of a program, by the accounting of a shell around it. */
function childCpu(command: readonly string[]): number {
  const { stdout } = spawnSync('sh', ['-c', '"$@" > /dev/null 2>&1; times', 'sh', ...command], {
    encoding: 'utf8',
  });
  // The second line is of the children: user and system time as 1m2.345s.
  const parts = [...(stdout.trim().split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
}

/** Decodes all frames and drops them: the least that a look at every frame can cost in this process. */
function nullDecode(av: NodeAv, clip: string): Promise<number> {
  return withLog(av, async () => {
    const input = await openInput(av, clip);
    if (!input.ok) return 0;
    const { format, video } = input;
    const decoder = video === null ? null : openDecoder(av, video, 8192 * 8192);
    if (video === null || decoder === null || 'ok' in decoder) {
      format.closeInputSync();
      return 0;
    }
    const packet = new av.lib.Packet();
    packet.alloc();
    const frame = new av.lib.Frame();
    frame.alloc();
    let frames = 0;
    const drain = (): void => {
      while (decoder.receiveFrameSync(frame) >= 0) {
        frames++;
        frame.unref();
      }
    };
    for (;;) {
      const read = format.readFrameSync(packet);
      if (read === av.constants.AVERROR_EAGAIN) continue;
      if (read < 0) break;
      if (packet.streamIndex === video.index) {
        decoder.sendPacketSync(packet);
        drain();
      }
      packet.unref();
    }
    decoder.sendPacketSync(null);
    drain();
    packet.free();
    frame.free();
    decoder.freeContext();
    format.closeInputSync();
    return frames;
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

// As the processes that probe do.
compileLate();
const loaded = await loadNodeAv();
if (loaded instanceof Error) throw loaded;
const av = loaded;
const given = process.argv.slice(2);
const folders =
  given.length > 0
    ? given
    : ['examples/quickstart/media', 'test/media/clips'].map((each) => join(PACKAGE_ROOT, each));
const clips = find(folders, CLIP);
if (clips.length === 0) throw new Error('no clips in the given folders');

// A process that begins has its code to compile: its first clips cost more.
let cold_s = 0;
for (let i = 0; i < COLD_CLIPS; i++) {
  const clip = clips[i % clips.length] ?? '';
  cold_s += await ownCpu(() => headerOf(clip, { wants: ['containers', 'packets'] }));
}

// What headers cost in bytes, once: the floor is the index, which must be read.
const above: number[] = [];
const requests: number[] = [];
const headerBytes: number[] = [];
const packetBytes: number[] = [];
let unreadable = 0;
for (const clip of clips) {
  const { containers } = await headerOf(clip, { wants: ['containers'] });
  const both = await headerOf(clip, { wants: ['containers', 'packets'] });
  if (containers.error_code !== null) {
    unreadable++;
    continue;
  }
  headerBytes.push(Number(containers.bytes_read));
  packetBytes.push(Number(both.containers.bytes_read ?? 0) + Number(both.packets?.bytes_read ?? 0));
  requests.push(containers.requests ?? 0);
  above.push(Number(containers.bytes_read) - Number(containers.index_bytes ?? 0));
}
const counts = new Map<string, number>();
for (const clip of some(clips, 4 * MOST_DECODED)) {
  const count = await nullDecode(av, clip);
  if (count >= LEAST_FRAMES) counts.set(clip, count);
}
const decodable = some([...counts.keys()], MOST_DECODED);
const frames = decodable.reduce((sum, clip) => sum + (counts.get(clip) ?? 0), 0);
const sizeOf = (list: readonly string[]): number => mean(list.map((clip) => statSync(clip).size));
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).error === undefined;
const FILTERS = 'freezedetect,blackdetect,cropdetect,idet,signalstats';
const DECODE = ['ffmpeg', '-nostdin', '-loglevel', 'quiet', '-threads', '1', '-i'] as const;
const ffmpeg = (clip: string, filters: readonly string[]): readonly string[] => [
  ...DECODE,
  clip,
  ...filters,
  '-an',
  '-f',
  'null',
  '-',
];
const probe = (tier: 'keyframes' | 'frames' | 'full') => (clip: string) =>
  ownCpu(() => probeFrames(clip, { tier, decoder: 'node-av' }));
const way = (
  name: string,
  list: readonly string[],
  cpu: Way['cpu'],
  bytes: number | null,
): Way => ({ name, clips: list, cpu, bytes, rounds: [], isOwn: bytes !== null });
const NULL_DECODE = 'decode alone, this process';
const FILTER_CHAIN = 'ffmpeg, filter chain';
const tools = await pythonTools();
const images = some(find(folders, IMAGE), MOST_DECODED);
const ways: readonly Way[] = [
  way(
    'tier header',
    clips,
    (clip) => ownCpu(() => headerOf(clip, { wants: ['containers'] })),
    mean(headerBytes),
  ),
  way(
    'tier packets',
    clips,
    (clip) => ownCpu(() => headerOf(clip, { wants: ['containers', 'packets'] })),
    mean(packetBytes),
  ),
  way('tier keyframes', decodable, probe('keyframes'), sizeOf(decodable)),
  way('tier frames', decodable, probe('frames'), sizeOf(decodable)),
  way('tier full', decodable, probe('full'), sizeOf(decodable)),
  way(NULL_DECODE, decodable, (clip) => ownCpu(() => nullDecode(av, clip)), sizeOf(decodable)),
  ...(hasFfmpeg
    ? [
        way(
          'ffprobe, headers and packets',
          some(clips, MOST_DECODED),
          async (clip) =>
            childCpu(['ffprobe', '-v', 'quiet', '-show_streams', '-show_packets', clip]),
          null,
        ),
        way('ffmpeg, decode alone', decodable, async (clip) => childCpu(ffmpeg(clip, [])), null),
        way(
          FILTER_CHAIN,
          decodable,
          async (clip) => childCpu(ffmpeg(clip, ['-vf', FILTERS])),
          null,
        ),
      ]
    : []),
  ...(tools.scenedetect === null
    ? []
    : [
        way(
          'PySceneDetect',
          decodable,
          async (clip) => childCpu(tools.scenedetect?.(clip) ?? []),
          null,
        ),
      ]),
  ...(tools.cleanvision === null || images.length === 0
    ? []
    : [
        way(
          'cleanvision, an image',
          images,
          async (image) => childCpu(tools.cleanvision?.(image) ?? []),
          null,
        ),
      ]),
];
for (let round = 1 - WARM_UP_ROUNDS; round <= ROUNDS; round++) {
  for (const { clips: list, cpu, rounds, isOwn } of ways) {
    if (round <= 0 && !isOwn) continue;
    // Headers are so cheap that one round of them says nothing.
    const times = isOwn && list === clips ? HEADER_ROUNDS : 1;
    let total = 0;
    for (let time = 0; time < times; time++)
      for (const clip of list) total += (await cpu(clip)) / times;
    if (round > 0) rounds.push(total / list.length);
  }
}
const secondsOf = (name: string): number =>
  median(ways.find((each) => each.name === name)?.rounds ?? []);
const floor_s = secondsOf(NULL_DECODE);
console.log(
  `${clips.length} clips (${unreadable} unreadable); ${decodable.length} of them decoded, ${(frames / decodable.length).toFixed(0)} frames each`,
);
console.log(
  `${'way'.padEnd(30)}${'clips/s/core'.padStart(14)}${'ms CPU/clip'.padStart(13)}${'KB/clip'.padStart(10)}${'x decode'.padStart(10)}`,
);
for (const { name, rounds, bytes, clips: list } of ways) {
  const cpu_s = median(rounds);
  const times = list === decodable ? (cpu_s / floor_s).toFixed(2) : '';
  const size = bytes === null ? '' : (bytes / 1024).toFixed(1);
  console.log(
    `${name.padEnd(30)}${(1 / cpu_s).toFixed(cpu_s < 0.01 ? 0 : 1).padStart(14)}${(cpu_s * 1e3).toFixed(2).padStart(13)}${size.padStart(10)}${times.padStart(10)}`,
  );
}
const within = above.filter((bytes, i) => bytes <= 64 * 1024 && (requests[i] ?? 0) <= 2).length;
console.log(
  `headers: ${(mean(above) / 1024).toFixed(1)} KB above the index in ${mean(requests).toFixed(2)} requests; ${within} of ${above.length} within 64 KB and two requests, the most ${(Math.max(...above) / 1024).toFixed(0)} KB and ${Math.max(...requests)}`,
);
console.log(
  `packets: ${(COLD_CLIPS / cold_s).toFixed(0)} clips/s/core over the first ${COLD_CLIPS} of a process, compiling included`,
);
if (hasFfmpeg) {
  console.log(
    `frames: ${(secondsOf(FILTER_CHAIN) / secondsOf('tier frames')).toFixed(1)} times the clips a second of the filter chain`,
  );
} else console.log('ffmpeg is not installed: nothing to compare with');
for (const line of tools.skipped) console.log(line);

async function headerOf(clip: string, options: HeaderOptions): Promise<HeaderRows> {
  const { reader } = await openFileRanges(clip);
  try {
    return await probeHeader(reader, options);
  } finally {
    await reader.close();
  }
}
