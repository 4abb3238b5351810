import type { ByteView } from './byte-view.ts';
import { ratio, type Ratio } from './codec-facts.ts';
import type { VideoTrack } from './media-header.ts';
import { childOf, type Box } from './mp4-boxes.ts';
import { readEsds, readVideoEntry, videoCodec } from './mp4-sample-entry.ts';
import { mergeFacts, readCodecConfig, readCodecTag } from './video-codec.ts';

/** A 3x3 transform of `tkhd` or `mvhd`: its linear part [a b; c d] for row vectors. */
export type Matrix = {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
};

/** Size as shown and transform by the track header. */
type TrackHeader = {
  readonly isEnabled: boolean;
  readonly id: number;
  readonly width: number;
  readonly height: number;
  readonly matrix: Matrix;
};

/** The transform at that place, 16.16 fixed point. */
export function readMatrix(view: ByteView, at: number): Matrix {
  return {
    a: view.i32(at) / 65_536,
    b: view.i32(at + 4) / 65_536,
    c: view.i32(at + 12) / 65_536,
    d: view.i32(at + 16) / 65_536,
  };
}

/** Reads `tkhd` (ISO/IEC 14496-12 section 8.3.2). */
export function readTrackHeader(view: ByteView, trak: Box, movie: Matrix): TrackHeader {
  const tkhd = childOf(view, trak, 'tkhd');
  const identity = { a: 1, b: 0, c: 0, d: 1 };
  if (tkhd === null) return { isEnabled: true, id: 0, width: 0, height: 0, matrix: identity };
  const isLong = view.u8(tkhd.body) === 1;
  const at = tkhd.body + (isLong ? 52 : 40);
  const own = readMatrix(view, at);
  return {
    isEnabled: (view.u8(tkhd.body + 3) & 1) === 1,
    id: view.u32(tkhd.body + (isLong ? 20 : 12)),
    matrix: {
      a: own.a * movie.a + own.b * movie.c,
      b: own.a * movie.b + own.b * movie.d,
      c: own.c * movie.a + own.d * movie.c,
      d: own.c * movie.b + own.d * movie.d,
    },
    width: view.u32(at + 36) / 65_536,
    height: view.u32(at + 40) / 65_536,
  };
}

/** Clockwise rotation by which a player turns the picture, in degrees; -1 where it is no right angle or mirrors. */
function rotationOf({ a, b, c, d }: Matrix): number {
  const scale = Math.max(Math.hypot(a, b), Math.hypot(c, d));
  if (!(scale > 0)) return 0;
  const isNear = (value: number, wanted: number): boolean =>
    Math.abs(value / scale - wanted) < 0.02;
  const isZero = (value: number): boolean => isNear(value, 0);
  if (isZero(b) && isZero(c)) {
    if (a > 0 && d > 0) return 0;
    return a < 0 && d < 0 ? 180 : -1;
  }
  if (isZero(a) && isZero(d)) {
    if (b > 0 && c < 0) return 90;
    return b < 0 && c > 0 ? 270 : -1;
  }
  return -1;
}

/** Everything of a video track but its timing, from its sample description; `null` if there is none. */
export function readVideoDescription(
  view: ByteView,
  stsd: Box,
  header: TrackHeader,
): Omit<VideoTrack, 'ticksPerSecond' | 'edits' | 'declaredTicks' | 'packets'> | null {
  const entry = readVideoEntry(view, stsd);
  if (entry === null || entry.box.body + 78 > entry.box.end) return null;
  const codec = videoCodec(view, entry);
  const bodyOf = (...types: readonly string[]): Uint8Array | null => {
    const box = entry.children.find((child) => types.includes(child.type));
    return box === undefined ? null : view.slice(box.body, box.end);
  };
  const config = bodyOf('avcC', 'hvcC', 'av1C', 'vpcC') ?? readEsds(view, entry)?.config ?? null;
  const facts = mergeFacts(readCodecConfig(codec, config), readCodecTag(entry.type));
  const width = view.u16(entry.box.body + 24);
  const height = view.u16(entry.box.body + 26);
  const field = bodyOf('fiel')?.[0];
  return {
    codec,
    width_px: facts.width_px ?? (width > 0 ? width : null),
    height_px: facts.height_px ?? (height > 0 ? height : null),
    facts,
    sar: readPixelAspect(view, entry.children) ?? readDisplayAspect(header, width, height),
    hasDisplaySize: header.width > 0 && header.height > 0,
    rotation_deg: rotationOf(header.matrix),
    isInterlaced: field === 1 ? false : field === 2 ? true : null,
    frameDuration_s: null,
    ...readColour(view, entry.children),
  };
}

function readPixelAspect(view: ByteView, children: readonly Box[]): Ratio | null {
  const pasp = children.find((box) => box.type === 'pasp');
  if (pasp === undefined || pasp.body + 8 > pasp.end) return null;
  return ratio(view.u32(pasp.body), view.u32(pasp.body + 4));
}

/** Without `pasp`: a transform that stretches, else a track size that differs from the coded one (FFmpeg does the same). */
function readDisplayAspect(header: TrackHeader, width: number, height: number): Ratio | null {
  const { a, b, c, d } = header.matrix;
  const scaleX = Math.hypot(a, b);
  const scaleY = Math.hypot(c, d);
  const stretch = scaleX / scaleY;
  if (scaleX > 0 && scaleY > 0 && Math.abs(stretch - 1) > 0.01) {
    return ratio(Math.round(stretch * 1000), 1000);
  }
  const shownWidth = Math.floor(header.width);
  const shownHeight = Math.floor(header.height);
  if (shownWidth === width && shownHeight === height) return null;
  return ratio(height * shownWidth, width * shownHeight);
}

type Colour = Pick<VideoTrack, 'range' | 'primaries' | 'transfer' | 'matrix'>;

/** `colr` of type nclx or QuickTime's nclc; the first that has code points. */
function readColour(view: ByteView, children: readonly Box[]): Colour {
  for (const box of children) {
    if (box.type !== 'colr' || box.body + 10 > box.end) continue;
    const kind = view.fourcc(box.body);
    if (kind !== 'nclx' && kind !== 'nclc') continue;
    const hasRange = kind === 'nclx' && box.body + 11 <= box.end;
    return {
      range: hasRange ? (view.u8(box.body + 10) >= 0x80 ? 'pc' : 'tv') : null,
      primaries: view.u16(box.body + 4),
      transfer: view.u16(box.body + 6),
      matrix: view.u16(box.body + 8),
    };
  }
  return { range: null, primaries: null, transfer: null, matrix: null };
}
