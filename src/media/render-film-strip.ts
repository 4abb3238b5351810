import { tmpdir } from 'node:os';

import sharp from 'sharp';

import type { StoreAccess } from '../stores/access.ts';
import { selectDecoder } from './decoders/decode-frames.ts';
import { pickWithFfmpeg } from './decoders/ffmpeg-pick.ts';
import type { DecoderChoice } from './decoders/frame-stream.ts';
import { findFfmpegTool } from './decoders/ffmpeg-tools.ts';
import { decodeSound } from './decoders/node-av-audio.ts';
import { loadNodeAv } from './decoders/node-av-library.ts';
import { type PickedFrames, pickWithNodeAv } from './decoders/node-av-pick.ts';
import {
  DEFAULT_STRIP_FRAMES,
  DEFAULT_STRIP_WIDTH_PX,
  type FilmStrip,
  type FilmStripOptions,
  MOST_STRIP_FRAMES,
} from './film-strip-request.ts';
import { MOST_DECODED_PIXELS, openImage } from './images/open-image.ts';
import { decodeSmallRgb } from './images/small-rgb.ts';
import { findKeyframes, stretchesToFetch } from './keyframe-stretches.ts';
import { LocalCopy } from './local-copy.ts';
import { LEVEL_WINDOW_S } from './measures/loudness.ts';
import type { Medium } from './medium.ts';
import { openMedium } from './open-medium.ts';
import type { RangeReader } from './ranges.ts';
import { scratchOfProcess } from './scratch-folder.ts';
import type { StripSize } from './strip-size.ts';

/** WebP quality of a strip: a thumbnail to recognise a fault by. */
const QUALITY = 70;

/** Makes a film strip in this process; null if the medium shows nothing. `scratch` is the folder for a copy, where one is needed. */
export async function renderFilmStrip(
  medium: Medium,
  access: StoreAccess,
  options: FilmStripOptions,
  scratch: string | null,
): Promise<FilmStrip | null> {
  const opened = await openMedium(medium, access);
  if (!opened.ok) return null;
  const copy = new LocalCopy(opened, () => scratchOfProcess(scratch ?? tmpdir(), process.pid));
  try {
    const count = Math.min(MOST_STRIP_FRAMES, Math.max(1, options.count ?? DEFAULT_STRIP_FRAMES));
    const maxWidth_px = Math.max(16, options.maxWidth_px ?? DEFAULT_STRIP_WIDTH_PX);
    if (options.kind === 'image') return await imageStrip(copy.reader, count, maxWidth_px);
    const sparse = await keyframesOf(copy, options);
    const some =
      sparse === null ? null : await videoStrip(sparse, options, count, maxWidth_px, true);
    if (some !== null) return some;
    const file = await copy.whole();
    return file.ok ? await videoStrip(file.path, options, count, maxWidth_px) : null;
  } finally {
    await copy.close();
  }
}

/** Media up to this size are fetched whole: more frames to see for one request. */
const MOST_WHOLE_BYTES = 4_000_000;

/** A large medium in a store as far as its keyframes, if any frames will do; null: all of it is wanted, or there is no index. */
async function keyframesOf(copy: LocalCopy, options: FilmStripOptions): Promise<string | null> {
  const isWanted = options.times === undefined && options.withSound !== true;
  if (!isWanted || copy.isInPlace || copy.reader.sizeBytes <= MOST_WHOLE_BYTES) return null;
  const { decoder = 'auto' } = options;
  const stretches = await stretchesToFetch(decoder, copy.reader.sizeBytes, () =>
    findKeyframes(copy.reader).catch(() => null),
  );
  if (stretches === null) return null;
  const file = await copy.parts(stretches);
  return file.ok ? file.path : null;
}

async function videoStrip(
  path: string,
  options: FilmStripOptions,
  count: number,
  maxWidth_px: number,
  isSparse = false,
): Promise<FilmStrip | null> {
  const picked = await pickFrames(path, {
    times: options.times?.slice(0, MOST_STRIP_FRAMES) ?? null,
    count,
    maxWidth_px,
    rotation_deg: options.rotation_deg ?? null,
    sar: options.sar ?? null,
    decoder: options.decoder ?? 'auto',
    isSparse,
  });
  if (picked === null || (isSparse && picked.frames.length === 0)) return null;
  const { size } = picked;
  const upright: Uint8Array[] = [];
  for (const { rgb } of picked.frames) upright.push(await turn(rgb, size));
  const times_s = picked.frames.map((frame) => frame.pts_s);
  const made = await strip(upright, size.width_px, size.height_px, times_s);
  const sound = options.withSound === true ? await soundOf(path, options.decoder ?? 'auto') : null;
  return sound === null ? made : { ...made, sound };
}

/** How loud it is over time; null without a track, or where the decoder gives no samples. */
async function soundOf(
  path: string,
  decoder: DecoderChoice,
): Promise<NonNullable<FilmStrip['sound']> | null> {
  const selected = await selectDecoder(decoder);
  if (!selected.ok || selected.name !== 'node-av') return null;
  const av = await loadNodeAv();
  const sound = av instanceof Error ? null : await decodeSound(av, path);
  return sound?.ok === true ? { levels_db: sound.levels_db, window_s: LEVEL_WINDOW_S } : null;
}

/** A frame turned upright. */
async function turn(rgb: Uint8Array, size: StripSize): Promise<Uint8Array> {
  if (size.rotation_deg === 0) return rgb;
  const raw = { width: size.scaledWidth_px, height: size.scaledHeight_px, channels: 3 } as const;
  return sharp(rgb, { raw }).rotate(size.rotation_deg).raw().toBuffer();
}

async function pickFrames(
  path: string,
  options: Parameters<typeof pickWithNodeAv>[2] & { readonly decoder: DecoderChoice },
): Promise<PickedFrames | null> {
  const selected = await selectDecoder(options.decoder);
  if (!selected.ok) return null;
  if (selected.name === 'node-av') {
    const av = await loadNodeAv();
    return av instanceof Error ? null : pickWithNodeAv(av, path, options);
  }
  const [ffmpeg, ffprobe] = await Promise.all([
    findFfmpegTool('ffmpeg'),
    findFfmpegTool('ffprobe'),
  ]);
  if (ffmpeg instanceof Error || ffprobe instanceof Error) return null;
  return pickWithFfmpeg({ ffmpeg: ffmpeg.command, ffprobe: ffprobe.command }, path, options);
}

/** Still images are one frame; of animations, pages evenly over the length. */
async function imageStrip(
  reader: RangeReader,
  count: number,
  maxWidth_px: number,
): Promise<FilmStrip | null> {
  const image = await openImage(reader);
  if (!image.ok || image.metadata.width * image.metadata.height > MOST_DECODED_PIXELS) return null;
  const pages = image.metadata.pages ?? 1;
  const isAnimated = pages > 1 && (image.format === 'gif' || image.format === 'webp');
  const frames = isAnimated ? Math.min(count, pages) : 1;
  const delays_ms = image.metadata.delay ?? [];
  const planes: Uint8Array[] = [];
  const times_s: number[] = [];
  let size = { width: 0, height: 0 };
  for (let i = 0; i < frames; i++) {
    const page = Math.floor(((i + 0.5) / frames) * (isAnimated ? pages : 1));
    const small = await decodeSmallRgb(image.bytes, {
      failOn: 'none',
      page,
      maxWidth_px,
      maxHeight_px: 2 * maxWidth_px,
    });
    size = { width: small.width_px, height: small.height_px };
    planes.push(small.rgb);
    times_s.push(delays_ms.slice(0, page).reduce((sum, delay) => sum + delay, 0) / 1000);
  }
  return strip(planes, size.width, size.height, times_s);
}

/** Lays RGB frames of one size side by side. */
async function strip(
  frames: readonly Uint8Array[],
  width_px: number,
  height_px: number,
  times_s: readonly number[],
): Promise<FilmStrip> {
  const row = 3 * width_px;
  const wide = Buffer.alloc(row * frames.length * height_px);
  for (const [i, frame] of frames.entries()) {
    for (let y = 0; y < height_px; y++) {
      wide.set(frame.subarray(y * row, (y + 1) * row), (y * frames.length + i) * row);
    }
  }
  const raw = { width: width_px * frames.length, height: height_px, channels: 3 } as const;
  const webp = await sharp(wide, { raw }).webp({ quality: QUALITY }).toBuffer();
  return {
    webpBase64: webp.toString('base64'),
    frameWidth_px: width_px,
    frameHeight_px: height_px,
    times_s,
  };
}
