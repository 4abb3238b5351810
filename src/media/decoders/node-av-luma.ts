import type { Frame } from 'node-av/lib';

import type { LumaStrips } from '../measures/native-luma.ts';
import type { NodeAv } from './node-av-library.ts';

/** Strips spread over the width, and the columns of each: 256 columns in all, whatever the width. */
const STRIPS = 8;
const STRIP_PX = 32;

/** Vertical strips of a frame's luma at native size; null for formats whose first plane is not luma. */
export function lumaStrips(av: NodeAv, frame: Frame): LumaStrips | null {
  const depth = lumaDepth(av, frame);
  const plane = depth === null ? undefined : frame.data?.[0];
  const stride = frame.linesize[0] ?? 0;
  const { width, height } = frame;
  if (depth === null || plane === undefined || stride <= 0 || width < STRIP_PX) return null;
  const bytes = depth === 8 ? 1 : 2;
  const strips = Math.min(STRIPS, Math.floor(width / STRIP_PX));
  const packed = new Uint8Array(strips * STRIP_PX * height);
  let to = 0;
  const columns = Int32Array.from(
    { length: strips },
    (_, strip) =>
      (strips === 1 ? 0 : Math.floor((strip * (width - STRIP_PX)) / (strips - 1))) * bytes,
  );
  // Counted loops: this is the most that JavaScript does with a frame.
  for (let row = 0; row < height; row++) {
    for (let strip = 0; strip < strips; strip++) {
      const from = row * stride + (columns[strip] ?? 0);
      if (bytes === 1) {
        for (let x = 0; x < STRIP_PX; x++) packed[to + x] = plane[from + x] ?? 0;
      } else {
        for (let x = 0; x < STRIP_PX; x++) {
          const at = from + 2 * x;
          packed[to + x] = ((plane[at] ?? 0) | ((plane[at + 1] ?? 0) << 8)) >> (depth - 8);
        }
      }
      to += STRIP_PX;
    }
  }
  return { plane: packed, width_px: strips * STRIP_PX, height_px: height, strip_px: STRIP_PX };
}

function lumaDepth({ constants }: NodeAv, { format }: Frame): number | null {
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
