/**
 * Headers and packet tables per second and core, beside spawning `ffprobe` for the same clips in the same run.
 *
 *     npx tsc -p tsconfig.bench.json && node dist/bench/headers.js [folder…]
 *
 * CPU time of this process counts, not the clock; of `ffprobe` that of the children, from their own accounting.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { probeHeader } from '../src/probes/header.ts';

const CLIP = /\.(?:mp4|m4v|mov|mkv|webm)$/i;
const ROUNDS = 5;
const FFPROBE_CLIPS = 60;

type Tier = 'header' | 'header and packets';

function findClips(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => CLIP.test(name))
      .toSorted()
      .map((name) => join(folder, name)),
  );
}

async function measureOwn(clips: readonly string[], tier: Tier): Promise<string> {
  const wants =
    tier === 'header' ? (['containers'] as const) : (['containers', 'packets'] as const);
  let bytes = 0;
  let requests = 0;
  let errors = 0;
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.cpuUsage();
    for (const clip of clips) {
      const { containers } = await probeHeader(clip, { wants });
      if (round > 0) continue;
      bytes += Number(containers.bytes_read ?? 0);
      requests += containers.requests ?? 0;
      if (containers.error_code !== null) errors += 1;
    }
    const spent = process.cpuUsage(start);
    // The first round warms the compiler and the page cache up.
    if (round > 0) rounds.push((spent.user + spent.system) / 1e6 / clips.length);
  }
  const cpu_s = rounds.toSorted((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0;
  const perClip = `${(bytes / clips.length / 1024).toFixed(1)} KB in ${(requests / clips.length).toFixed(2)} requests`;
  console.log(
    `${tier}: ${(1 / cpu_s).toFixed(0)} clips/s/core, ${(cpu_s * 1e3).toFixed(3)} ms CPU a clip, ${perClip}, ${errors} of ${clips.length} with errors`,
  );
  return `${cpu_s}`;
}

/** CPU seconds per clip of one `ffprobe` process for each, null if it is not installed. */
function measureFfprobe(clips: readonly string[]): number | null {
  if (spawnSync('ffprobe', ['-version']).error !== undefined) return null;
  // An even choice over the whole list, so that every folder has its share.
  const step = Math.max(1, Math.floor(clips.length / FFPROBE_CLIPS));
  const chosen = clips.filter((_, index) => index % step === 0);
  const command =
    'for clip; do ffprobe -v quiet -show_streams -show_packets -- "$clip" > /dev/null; done; times';
  const { stdout } = spawnSync('bash', ['-c', command, 'bash', ...chosen], { encoding: 'utf8' });
  const children = stdout.trim().split('\n').at(-1) ?? '';
  let seconds = 0;
  for (const [, minutes, rest] of children.matchAll(/(\d+)m([\d.]+)s/g)) {
    seconds += Number(minutes) * 60 + Number(rest);
  }
  return seconds / chosen.length;
}

const folders = process.argv.slice(2);
const clips = findClips(folders.length === 0 ? ['test/media/clips'] : folders);
if (clips.length === 0) throw new Error('no clips in the given folders');
await measureOwn(clips, 'header');
const own_s = Number(await measureOwn(clips, 'header and packets'));
const ffprobe_s = measureFfprobe(clips);
console.log(
  ffprobe_s === null
    ? 'ffprobe is not installed: nothing to compare with'
    : `ffprobe -show_streams -show_packets: ${(1 / ffprobe_s).toFixed(1)} clips/s/core, ${(ffprobe_s * 1e3).toFixed(1)} ms CPU a clip: ${(ffprobe_s / own_s).toFixed(0)} times as much`,
);
