import type { Frame } from 'node-av/lib';

import type { NativePlane } from '../measures/native-luma.ts';
import type { NodeAv } from './node-av-library.ts';

/**
 * A frame's luma at native size; null for formats whose first plane is not luma. For few frames alone: who reads a
 * decoder's memory from JavaScript keeps it until the garbage is collected, and the decoder goes on in new memory, which
 * took 18 % of a decode of 1,080 lines when every frame was read.
 */
export function lumaPlane(av: NodeAv, frame: Frame): NativePlane | null {
  const depth_bits = lumaDepth(av, frame);
  const codes = depth_bits === null ? undefined : frame.data?.[0];
  const stride_bytes = frame.linesize[0] ?? 0;
  if (depth_bits === null || codes === undefined) return null;
  return { codes, stride_bytes, width_px: frame.width, height_px: frame.height, depth_bits };
}

/** Points of each chroma plane that are looked at, and how many of them may be 0 in a picture: pure colours are rare. */
const POINTS = 64;
const MOST_EMPTY = 3;
/** Chroma of nothing is 128 in 8 bits; that of planes left zero is 0, give or take compression. */
const EMPTY_LEVEL = 12;

/** Whether more than a few of 64 points have both chroma codes near 0; false for formats without chroma planes of 8 bits. */
export function hasEmptyChroma(av: NodeAv, frame: Frame): boolean {
  const { constants } = av;
  const isPlanar =
    frame.format === constants.AV_PIX_FMT_YUV420P || frame.format === constants.AV_PIX_FMT_YUVJ420P;
  const [, blue, red] = isPlanar ? (frame.data ?? []) : [];
  if (blue === undefined || red === undefined) return false;
  // A step that is prime to most line lengths: the points lie all over the picture.
  const length = Math.min(blue.length, red.length);
  const step = Math.max(1, Math.floor(length / POINTS) | 1);
  let empty = 0;
  for (let at = step >> 1; at < length; at += step)
    if ((blue[at] ?? 128) <= EMPTY_LEVEL && (red[at] ?? 128) <= EMPTY_LEVEL) empty++;
  return empty > MOST_EMPTY;
}

/** Bits of a luma code of formats whose first plane is luma; null for others. */
export function lumaDepth({ constants }: NodeAv, { format }: Frame): number | null {
  switch (format) {
    case constants.AV_PIX_FMT_YUV420P:
    case constants.AV_PIX_FMT_YUVJ420P:
    case constants.AV_PIX_FMT_YUV422P:
    case constants.AV_PIX_FMT_YUVJ422P:
    case constants.AV_PIX_FMT_YUV444P:
    case constants.AV_PIX_FMT_YUVJ444P:
    case constants.AV_PIX_FMT_GRAY8:
    case constants.AV_PIX_FMT_NV12:
      return 8;
    case constants.AV_PIX_FMT_YUV420P10LE:
    case constants.AV_PIX_FMT_YUV422P10LE:
    case constants.AV_PIX_FMT_YUV444P10LE:
      return 10;
    case constants.AV_PIX_FMT_YUV420P12LE:
    case constants.AV_PIX_FMT_YUV422P12LE:
    case constants.AV_PIX_FMT_YUV444P12LE:
      return 12;
    default:
      return null;
  }
}
