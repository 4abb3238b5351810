import { hammingDistance } from '../media/measures/perceptual-hashes.ts';
import { textOfMedium } from '../media/medium-text.ts';
import { hashMedium } from '../probes/files.ts';
import type { StoreAccess } from '../stores/access.ts';
import type { MediaPair } from './diff-document.ts';
import { type MediaFacts, thinFrames } from './media-facts.ts';

/** How the media of each version are asked for. */
type PairAccess = { readonly before: StoreAccess; readonly after: StoreAccess };

/** Compares what was measured of the medium of one clip in both versions. */
export async function compareMediaPair(
  key: string,
  older: MediaFacts,
  newer: MediaFacts,
  access: PairAccess,
): Promise<MediaPair> {
  const [was, is] = [sizeOf(older), sizeOf(newer)];
  return {
    key,
    bytesChanged: await haveBytesChanged(older, newer, access),
    pictureDistance: pictureDistance(older.frames, newer.frames),
    durationChange_s: change(older.duration_s, newer.duration_s),
    sizeBefore: was,
    sizeAfter: is,
    fileBefore: older.place === null ? null : textOfMedium(older.place),
    fileAfter: newer.place === null ? null : textOfMedium(newer.place),
    isSizeChanged: was === null || is === null ? null : was !== is,
    colourDistance: colourDistance(older.colour, newer.colour),
    loudnessChange_db: change(older.loudness_db, newer.loudness_db),
    audioTracksBefore: older.audioTracks,
    audioTracksAfter: newer.audioTracks,
  };
}

function sizeOf({ width_px, height_px }: MediaFacts): string | null {
  return width_px === null || height_px === null ? null : `${width_px} × ${height_px}`;
}

function change(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : b - a;
}

function colourDistance(older: MediaFacts['colour'], newer: MediaFacts['colour']): number | null {
  if (older === null || newer === null) return null;
  return Math.max(...older.map((value, i) => Math.abs(value - (newer[i] ?? value))));
}

/** Files of different size differ; equal sizes are decided by the whole content, as far as it can be read. */
async function haveBytesChanged(
  older: MediaFacts,
  newer: MediaFacts,
  access: PairAccess,
): Promise<boolean | null> {
  if (older.size_bytes === null || newer.size_bytes === null) return null;
  if (older.size_bytes !== newer.size_bytes) return true;
  // What a store tells compares with its like only.
  const isTold = isMd5(older.contentHash) && isMd5(newer.contentHash);
  const [a, b] = isTold
    ? [older.contentHash, newer.contentHash]
    : [await hashOf(older, access.before), await hashOf(newer, access.after)];
  return a === null || b === null ? null : a !== b;
}

function isMd5(hash: string | null): boolean {
  return hash?.startsWith('md5:') === true;
}

async function hashOf(facts: MediaFacts, access: StoreAccess): Promise<string | null> {
  const { contentHash, place } = facts;
  if (contentHash !== null && !isMd5(contentHash)) return contentHash;
  return place === null ? null : hashMedium(place, access);
}

/** Median Hamming distance of the hashes of frames at equal times; of two kinds of hash the smaller distance counts. */
function pictureDistance(older: MediaFacts['frames'], newer: MediaFacts['frames']): number | null {
  const distances = thinFrames(older)
    .map(({ time_s, hash, dctHash }) => {
      const nearest = newer.reduce<MediaFacts['frames'][number] | null>(
        (best, each) =>
          best === null || Math.abs(each.time_s - time_s) < Math.abs(best.time_s - time_s)
            ? each
            : best,
        null,
      );
      if (nearest === null) return null;
      const byDifference = hammingDistance(hash, nearest.hash);
      return dctHash === null || nearest.dctHash === null
        ? byDifference
        : Math.min(byDifference, hammingDistance(dctHash, nearest.dctHash));
    })
    .filter((distance) => distance !== null)
    .toSorted((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? null;
}
