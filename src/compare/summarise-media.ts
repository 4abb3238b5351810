import type { Database } from '../engine/database.ts';
import type { MediaChanges, MediaPair } from './diff-document.ts';

/**
 * Bits of 64 up to which two pictures are the same. Of 847 emoji redrawn at another scale all but one (a new flag) stay within
 * 12 in the smaller of both hashes; of unrelated emoji 97 % lie beyond.
 */
const SAME_PICTURE_BITS = 12;
const SAME_DURATION_S = 0.1;
/** Change of mean red, green or blue, of 255, that encoders and scalers do not make: the same emoji stay within 20. */
const SAME_COLOUR = 24;
/** Change of loudness (root mean square) that an encoder does not make: AAC and Opus stay within half a decibel; 3 dB is half the power. */
const SAME_LOUDNESS_DB = 3;
const MOST_EXAMPLES = 20;

/** Counts of a media comparison; null if nobody asked for one. */
export function summariseMedia(
  pairs: readonly MediaPair[],
  missing: string | null,
): MediaChanges | null {
  if (pairs.length === 0) return missing === null ? null : { ...NO_MEDIA, missing };
  const count = (test: (pair: MediaPair) => boolean | null): number =>
    pairs.filter((pair) => test(pair) === true).length;
  const distances = pairs.flatMap((pair) => pair.pictureDistance ?? []).toSorted((a, b) => a - b);
  return {
    looked: pairs.length,
    bytesChanged: count((pair) => pair.bytesChanged),
    bytesUnknown: count((pair) => pair.bytesChanged === null),
    pictureLooked: distances.length,
    pictureChanged: count(hasOtherPicture),
    largestDistance: distances.at(-1) ?? null,
    durationChanged: count(hasOtherDuration),
    sizeChanged: count((pair) => pair.isSizeChanged),
    colourChanged: count(hasOtherColours),
    loudnessLooked: count((pair) => pair.loudnessChange_db !== null),
    loudnessChanged: count(hasOtherLoudness),
    soundLost: count(hasLostSound),
    examples: pairs
      .filter((pair) => DIFFERENCES.some((differs) => differs(pair)))
      .toSorted(
        (a, b) => (b.pictureDistance ?? 0) - (a.pictureDistance ?? 0) || (a.key < b.key ? -1 : 1),
      )
      .slice(0, MOST_EXAMPLES),
    missing,
  };
}

function hasOtherPicture(pair: MediaPair): boolean {
  return (pair.pictureDistance ?? 0) > SAME_PICTURE_BITS;
}

function hasOtherDuration(pair: MediaPair): boolean {
  return Math.abs(pair.durationChange_s ?? 0) > SAME_DURATION_S;
}

function hasOtherColours(pair: MediaPair): boolean {
  return (pair.colourDistance ?? 0) > SAME_COLOUR;
}

function hasOtherLoudness(pair: MediaPair): boolean {
  return Math.abs(pair.loudnessChange_db ?? 0) > SAME_LOUDNESS_DB;
}

function hasLostSound(pair: MediaPair): boolean {
  return (pair.audioTracksBefore ?? 0) > 0 && pair.audioTracksAfter === 0;
}

/** What makes a clip an example. */
const DIFFERENCES: readonly ((pair: MediaPair) => boolean)[] = [
  hasOtherPicture,
  hasOtherDuration,
  hasOtherColours,
  hasOtherLoudness,
  hasLostSound,
  (pair) => pair.isSizeChanged === true,
];

const NO_MEDIA: MediaChanges = {
  looked: 0,
  bytesChanged: 0,
  bytesUnknown: 0,
  pictureLooked: 0,
  pictureChanged: 0,
  largestDistance: null,
  durationChanged: 0,
  sizeChanged: 0,
  colourChanged: 0,
  loudnessLooked: 0,
  loudnessChanged: 0,
  soundLost: 0,
  examples: [],
  missing: null,
};

/** Rows of `media_pairs` for the rules; the caption flag is filled from the comparison of rows. */
export async function insertMediaPairs(
  database: Database,
  pairs: readonly MediaPair[],
): Promise<void> {
  if (pairs.length === 0) return;
  await database.run(
    `insert into media_pairs
     select row ->> 'key', (row ->> 'bytesChanged')::boolean, (row ->> 'pictureDistance')::double,
       (row ->> 'durationChange_s')::double, (row ->> 'isSizeChanged')::boolean, (row ->> 'colourDistance')::double,
       (row ->> 'loudnessChange_db')::double,
       (row ->> 'audioTracksBefore')::integer > 0 and (row ->> 'audioTracksAfter')::integer = 0,
       (row ->> 'key') in (select key from pairs where caption_kind in ('words', 'replaced', 'filled', 'emptied') and key is not null)
     from (select unnest(from_json($rows::json, '["json"]')) as row)`,
    { rows: JSON.stringify(pairs) },
  );
}
