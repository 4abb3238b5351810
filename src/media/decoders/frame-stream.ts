import type { MediaErrorCode } from '../../probes/evidence-tables.ts';
import type { SmallPicture } from '../measures/colour-frames.ts';
import type { NativePlane } from '../measures/native-luma.ts';

/** Which decoder a user asks for. */
export type DecoderChoice = (typeof DECODER_CHOICES)[number];

/** All choices; `auto` takes node-av if it loads, else a system ffmpeg. */
export const DECODER_CHOICES = ['auto', 'node-av', 'ffmpeg'] as const;

/** keyframes: only frames that decode alone; frames: all of them; full: all of them, each at native size too. */
export type DecodeTier = 'keyframes' | 'frames' | 'full';

/** Side of the gray plane of every frame: the whole picture squeezed to a square. */
export const GRAY_SIDE_PX = 64;

/** Longer side of the small colour picture, whose pixels are as square as the coded ones. */
const COLOUR_SIDE_PX = 96;

/** A longer clip's colour frames: at least half as many as this from the whole length, at most this. */
export const MOST_COLOUR_FRAMES = 8;

/** What a decode may cost before it is cut off. */
export type DecodeLimits = {
  /** Frames, then the decode ends incomplete. */
  readonly maxFrames: number;
  /** Pixels of a coded picture. */
  readonly maxPixels: number;
};

export const DECODE_LIMITS: DecodeLimits = { maxFrames: 20_000, maxPixels: 8192 * 8192 };

/** One decoded frame, reduced. */
export type SmallFrame = {
  /** Position in presentation order among the decoded frames. */
  readonly index: number;
  /** Presentation time, s; estimated from the frame rate where the file has none. */
  readonly pts_s: number;
  /** 64x64 gray, full range. Valid during the call only. */
  readonly gray: Uint8Array;
  /** Makes a small colour picture, valid until the next; null where the decoder can't, but at {@link isColourFrame}. */
  readonly colour: () => SmallPicture | null;
  /** Whether a part of it has no chroma at all, as planes that were never written: told by a few samples. */
  readonly hasEmptyChroma: () => boolean;
  /** Luma at native size, valid during the call only; null where the decoder can't give it. */
  readonly native: () => NativePlane | null;
  /** The decoder concealed something in it. */
  readonly isCorrupt: boolean;
};

/** What a decoder says about a decode that produced frames. */
export type DecodeReport = {
  readonly ok: true;
  readonly decoder: 'node-av' | 'ffmpeg';
  readonly decoder_version: string;
  readonly width_px: number;
  readonly height_px: number;
  readonly frame_count: number;
  /** The end of the stream was reached. */
  readonly is_complete: boolean;
  /** Error lines of the log plus frames flagged corrupt. */
  readonly error_count: number;
  /** First distinct lines of the log. */
  readonly log: readonly string[];
  /** CPU seconds spent. */
  readonly decode_s: number;
};

/** Why no frame came out. */
export type DecodeFailure = {
  readonly ok: false;
  readonly code: MediaErrorCode;
  readonly message: string;
};

export type DecodeOutcome = DecodeReport | DecodeFailure;

/** Called for each frame in presentation order; must not keep the frame's buffers. */
export type OnFrame = (frame: SmallFrame) => void;

/**
 * Whether a frame is also looked at in colour: every eighth of the first 64 (and the fifth), every sixteenth up to 128…
 * The wanted number is reached whatever the length, without knowing the length before.
 */
export function isColourFrame(index: number): boolean {
  return index % colourStride(index) === 0;
}

/** Distance of the colour frames around this index; the frames of a clip of n that count are multiples of that at n − 1. */
export function colourStride(index: number): number {
  if (index < FIRST_COLOUR_STRIDE) return FIRST_COLOUR_STRIDE / 2;
  let stride = FIRST_COLOUR_STRIDE;
  while (index >= MOST_COLOUR_FRAMES * stride) stride *= 2;
  return stride;
}

/** Stride of the colour frames of clips of 9 to 64 frames. */
export const FIRST_COLOUR_STRIDE = 8;

/** Pairs of frames at native size: at least half as many as this from the whole length of a longer clip. */
const MOST_NATIVE_PAIRS = 6;
const NATIVE_STRIDE = 4;

/**
 * Whether luma of a frame is also looked at in native size, and as what: as the first or the second of a pair of
 * neighbours. Pairs are farther apart the longer the clip; where fields need not be looked for any more, single frames
 * stand twice as far apart.
 */
export function nativeFrame(index: number, isPlain: boolean): 'first' | 'second' | null {
  let stride = NATIVE_STRIDE;
  while (index >= MOST_NATIVE_PAIRS * stride) stride *= 2;
  if (isPlain) return index % (2 * stride) === 0 ? 'first' : null;
  if (index % stride === 0) return 'first';
  return index % stride === 1 ? 'second' : null;
}

/** Size of the colour picture of a frame of this size. */
export function colourSize(
  width_px: number,
  height_px: number,
): { width_px: number; height_px: number } {
  const scale = Math.min(1, COLOUR_SIDE_PX / Math.max(width_px, height_px));
  return {
    width_px: Math.max(1, Math.round(width_px * scale)),
    height_px: Math.max(1, Math.round(height_px * scale)),
  };
}
