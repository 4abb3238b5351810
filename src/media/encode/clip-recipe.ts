/** Video codecs a recipe can ask for, with the FFmpeg encoder that writes each. */
export const ENCODERS = {
  h264: 'libx264',
  hevc: 'libx265',
  vp8: 'libvpx',
  vp9: 'libvpx-vp9',
  av1: 'libsvtav1',
  mpeg2: 'mpeg2video',
  mpeg4: 'mpeg4',
  mjpeg: 'mjpeg',
  ffv1: 'ffv1',
  prores: 'prores_ks',
} as const;

export type VideoCodec = keyof typeof ENCODERS;

/** Audio codecs a recipe can ask for, with the FFmpeg encoder that writes each. */
export const AUDIO_ENCODERS = {
  aac: 'aac',
  opus: 'libopus',
  mp3: 'libmp3lame',
  flac: 'flac',
  pcm: 'pcm_s16le',
} as const;

type AudioCodec = keyof typeof AUDIO_ENCODERS;

/** Fills one frame: packed RGB, 3 bytes a pixel, rows without padding. */
export type DrawFrame = (
  index: number,
  frame: { readonly width_px: number; readonly height_px: number; readonly rgb: Uint8Array },
) => void;

/** Where frames come from: a moving test pattern, any libavfilter source, another clip, or a function. */
export type VideoSource =
  | 'testsrc2'
  | 'mandelbrot'
  | 'life'
  | { readonly pattern: string }
  | {
      readonly file: string;
      /** Frames before this time are decoded and thrown away. */
      readonly start_s?: number;
      /** At most this many frames. */
      readonly frames?: number;
    }
  | { readonly draw: DrawFrame; readonly frames?: number };

/** Tags written into the stream; the pixels are not converted to them. */
export type ColourTags = {
  readonly range?: 'limited' | 'full';
  readonly matrix?: 'bt709' | 'bt601' | 'bt2020';
  readonly primaries?: 'bt709' | 'bt601' | 'bt2020';
  readonly transfer?: 'bt709' | 'pq' | 'hlg' | 'srgb';
};

/** The sound of a clip: a libavfilter source such as `sine=frequency=440` or `anullsrc`. */
export type AudioRecipe = {
  readonly source?: string;
  /** libavfilter chain, such as `pan=stereo|c0=c0|c1=-1*c0`. */
  readonly filters?: string;
  readonly codec?: AudioCodec;
  readonly duration_s?: number;
  readonly sample_rate_hz?: number;
  readonly channels?: 1 | 2;
};

/** How to make one clip. The same recipe gives the same bytes with the same libraries. */
export type ClipRecipe = {
  /** One source, or several shown one after another. Default: `testsrc2` with noise. */
  readonly source?: VideoSource | readonly VideoSource[];
  /** Even numbers. Default: the size of a file source, else 320 x 180. */
  readonly width_px?: number;
  readonly height_px?: number;
  /** A number or a ratio like `30000/1001`. Frames of a file are retimed to it, none repeated, none dropped. */
  readonly fps?: number | string;
  /** Length of what the sources give, before `filters`. Default 2 for patterns, all of a file. */
  readonly duration_s?: number;
  /** libavfilter chain over the joined sources, such as `fps=30` or `tpad=stop_mode=clone:stop_duration=1`. */
  readonly filters?: string;
  /** When each frame is shown; makes a variable frame rate. */
  readonly timestamps_s?: (index: number) => number;
  readonly codec?: VideoCodec;
  readonly crf?: number;
  readonly preset?: string;
  /** Frames from keyframe to keyframe. */
  readonly gop?: number;
  readonly bFrames?: number;
  readonly pixelFormat?: string;
  /** Options of the encoder by their FFmpeg names. */
  readonly encoderOptions?: Readonly<Record<string, string>>;
  /** Clockwise turn the player must make, written as the display matrix. */
  readonly rotation_deg?: 0 | 90 | 180 | 270;
  /** Sample aspect ratio like `4/3`, written without resampling. */
  readonly sar?: string;
  readonly colour?: ColourTags;
  readonly audio?: AudioRecipe;
  /** Leave the video out: the clip is its sound. */
  readonly videoless?: boolean;
  /** MP4 index in front of the frames. Default true. */
  readonly faststart?: boolean;
  readonly fragmented?: boolean;
  /** Seeds the noise of patterns. */
  readonly seed?: number;
};

/** What came out: counted while it was written. */
export type EncodedClip = {
  readonly width_px: number;
  readonly height_px: number;
  readonly frames: number;
  readonly keyframes: number;
};
