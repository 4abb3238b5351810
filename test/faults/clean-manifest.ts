import { seededRandom, writeCleanCaption } from './clean-captions.ts';

/** A row of a manifest of video clips, with every column that the rules know. */
export type ManifestRow = {
  readonly key: string;
  readonly path: string;
  readonly caption: string;
  readonly split: string;
  readonly source_id: string;
  readonly start_s: number;
  readonly end_s: number;
  readonly source_duration_s: number;
  readonly width_px: number;
  readonly height_px: number;
  readonly fps: number;
  readonly duration_s: number;
  readonly frame_count: number;
  readonly size_bytes: number;
  readonly content_hash: string;
  readonly bucket: string;
  readonly created_at: string;
  readonly latent_shape: readonly number[];
  readonly latent_dtype: string;
  readonly clip_embedding: readonly number[];
  readonly text_embedding: readonly number[];
  readonly latent_std: number;
  readonly motion_score: number;
  readonly watermark_score: number;
  readonly views: number;
  /** Number of the shard, from 0. */
  readonly shard: number;
};

/** Identity and words of a clip, from a real manifest or made up. */
export type Named = { readonly key: string; readonly path: string; readonly caption: string };

const FRAME_RATES = [24000 / 1001, 24, 25, 30000 / 1001, 30, 50, 60] as const;
const SIZES = [
  [1280, 720],
  [1920, 1080],
  [640, 360],
  [720, 1280],
  [960, 960],
  [640, 480],
  [854, 480],
] as const;
const BUCKETS = ['1280x720', '720x1280', '960x960', '1104x832'] as const;
const SHARD_ROWS = 1_000;
const EMBEDDING_DIMENSIONS = 16;

/** `count` clips without a fault, in shuffled order of sources; the same for the same seed. */
export function makeCleanManifest(
  count: number,
  seed: number,
  named: readonly Named[] = [],
): readonly ManifestRow[] {
  const random = seededRandom(seed);
  const rows: ManifestRow[] = [];
  for (let source = 0; rows.length < count; source++) {
    const clips = Math.min(count - rows.length, 1 + Math.floor(random() * 6));
    let at = round(random() * 5, 3);
    const cuts = Array.from({ length: clips }, () => {
      const fps = pick(FRAME_RATES, random);
      const frames = Math.round((2 + random() * 10) * fps);
      const start = at;
      const end = start + frames / fps;
      at = round(end + random() * 3, 3);
      return { fps, frames, start, end };
    });
    for (const cut of cuts) {
      const index = rows.length;
      const name = named[index] ?? {
        key: `clip_${String(index).padStart(7, '0')}`,
        path: `clips/clip_${String(index).padStart(7, '0')}.mp4`,
        caption: writeCleanCaption(random),
      };
      const [width, height] = pick(SIZES, random);
      const meant = near(meaningOf(name.caption), random, 0.1);
      rows.push({
        ...name,
        split: source % 20 === 0 ? 'val' : 'train',
        source_id: `source-${source}`,
        start_s: cut.start,
        end_s: cut.end,
        source_duration_s: at,
        width_px: width,
        height_px: height,
        fps: cut.fps,
        duration_s: cut.frames / cut.fps,
        frame_count: cut.frames,
        size_bytes: 100_000 + Math.floor(random() * 1e8),
        content_hash: `sha-${seed}-${index}-${Math.floor(random() * 1e9).toString(16)}`,
        bucket: nearestBucket(width, height),
        created_at: `2024-0${1 + (index % 9)}-1${index % 10} 12:00:00`,
        latent_shape: [
          16,
          Math.floor((cut.frames - 1) / 4) + 1,
          Math.floor(height / 8),
          Math.floor(width / 8),
        ],
        latent_dtype: 'float16',
        clip_embedding: near(meant, random, 0.5),
        text_embedding: meant,
        latent_std: 0.8 + random() * 0.4,
        motion_score: random() * 10,
        watermark_score: random(),
        views: Math.floor(random() * 1e6),
        shard: 0,
      });
    }
  }
  return shuffle(rows, random).map((row, index) => ({
    ...row,
    shard: Math.floor(index / SHARD_ROWS),
  }));
}

/** The bucket whose ratio is nearest to a clip's. */
function nearestBucket(width: number, height: number): string {
  const distance = (bucket: string): number => {
    const [w = 1, h = 1] = bucket.split('x').map(Number);
    return Math.abs(Math.log(width / height) - Math.log(w / h));
  };
  return BUCKETS.toSorted((a, b) => distance(a) - distance(b))[0] ?? '';
}

/** What words mean to a toy encoder: the sum of a direction for each, of length one. */
function meaningOf(caption: string): readonly number[] {
  const sum = Array.from({ length: EMBEDDING_DIMENSIONS }, () => 0);
  for (const word of new Set(caption.toLowerCase().match(/\p{L}{4,}/gu) ?? [caption])) {
    const seed = Array.from(word).reduce(
      (hash, letter) => (hash * 31 + letter.charCodeAt(0)) >>> 0,
      7,
    );
    for (const [index, value] of unitVector(seededRandom(seed)).entries())
      sum[index] = (sum[index] ?? 0) + value;
  }
  return scaledToOne(sum);
}

/** A vector with so much of another direction in it. */
function near(vector: readonly number[], random: () => number, share: number): readonly number[] {
  const other = unitVector(random);
  return scaledToOne(vector.map((value, index) => value + share * (other[index] ?? 0)));
}

function scaledToOne(vector: readonly number[]): readonly number[] {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

function unitVector(random: () => number): readonly number[] {
  return scaledToOne(Array.from({ length: EMBEDDING_DIMENSIONS }, () => random() - 0.5));
}

function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function pick<T>(items: readonly [T, ...T[]] | readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
