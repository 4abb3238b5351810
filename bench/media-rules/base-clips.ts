import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { probeFrames } from '../../src/probes/frames.ts';
import { digestOf } from './digest.ts';

const CLIP = /\.(?:mp4|m4v|mov|mkv|webm|gif)$/i;
const PICTURE = /\.(?:jpe?g|png|webp)$/i;
/** Median change of neighbouring frames, grey levels: no rule of time can tell anything of a still scene. */
const LEAST_MOTION = 1;
const LEAST_STILL_SCORE = 2;
/** Only the start of a clip is used. */
const LOOKED_AT_FRAMES = 150;
/** Shorter clips hold no fault of a second: all are shown at 24 frames a second. */
const LEAST_LENGTH_S = 1.9;
const LEAST_FRAMES = 36;

/** Files below a folder, in one order everywhere. */
function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => pattern.test(file))
    .toSorted()
    .map((file) => resolve(folder, file));
}

/** All clips below a folder. */
export function clipsBelow(folder: string): readonly string[] {
  return filesBelow(folder, CLIP);
}

/**
 * An even choice of the folders' clips, at most `count`: two seconds or more, in which something moves. What was found
 * out about a clip is kept in `cacheFile`.
 */
export async function chooseClips(
  folders: readonly string[],
  count: number,
  cacheFile: string,
): Promise<readonly string[]> {
  const known = readKnown(cacheFile);
  const each = folders.map((folder) => filesBelow(folder, CLIP));
  const longest = Math.max(0, ...each.map((clips) => clips.length));
  const chosen: string[] = [];
  for (let round = 0; round < longest && chosen.length < count; round++) {
    for (const clips of each) {
      const clip = clips[round];
      if (clip === undefined || chosen.length >= count) continue;
      const isFit = known.get(clip) ?? (await isMovingClip(clip));
      known.set(clip, isFit);
      if (isFit) chosen.push(clip);
    }
  }
  mkdirSync(dirname(cacheFile), { recursive: true });
  writeFileSync(cacheFile, JSON.stringify(Object.fromEntries(known)));
  return chosen;
}

/** At most `count` pictures of a folder, by the hash of their names. */
export function choosePictures(folder: string, count: number): readonly string[] {
  return filesBelow(folder, PICTURE)
    .toSorted((a, b) => (digestOf(a) < digestOf(b) ? -1 : 1))
    .slice(0, count);
}

async function isMovingClip(path: string): Promise<boolean> {
  const limits = { maxFrames: LOOKED_AT_FRAMES };
  const row = await probeFrames(path, { tier: 'frames', decoder: 'auto', limits });
  const length_s = (row.pts_s?.at(-1) ?? 0) - (row.pts_s?.[0] ?? 0);
  return (
    (row.motion_median ?? 0) >= LEAST_MOTION &&
    (row.still_score ?? 0) >= LEAST_STILL_SCORE &&
    length_s >= LEAST_LENGTH_S &&
    (row.pts_s?.length ?? 0) >= LEAST_FRAMES
  );
}

function readKnown(file: string): Map<string, boolean> {
  if (!existsSync(file)) return new Map();
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return new Map(
    Object.entries(parsed ?? {}).filter(
      (entry): entry is [string, boolean] => typeof entry[1] === 'boolean',
    ),
  );
}

/** A folder of the bench. */
export function benchFolder(root: string, ...names: readonly string[]): string {
  const folder = join(root, ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}
