import type { StoreAccess } from '../stores/access.ts';
import type { DecoderChoice } from './decoders/frame-stream.ts';
import type { Medium } from './medium.ts';

/** What a film strip is made of. */
export type FilmStripOptions = {
  readonly kind: 'video' | 'image';
  /** Who decodes videos; `auto` if left out. */
  readonly decoder?: DecoderChoice;
  /** Frames at these presentation times, s; else `count` frames evenly over the clip. */
  readonly times?: readonly number[];
  /** Frames of the strip, 8 if left out. */
  readonly count?: number;
  /** Widest frame, 160 px if left out. */
  readonly maxWidth_px?: number;
  /** Clockwise rotation to apply; the container's if left out. Videos only: images turn by EXIF. */
  readonly rotation_deg?: number;
  /** Sample aspect ratio to undo; the container's if left out. */
  readonly sar?: number;
  /** Measure the sound too. */
  readonly withSound?: boolean;
};

/** Frames side by side in one WebP, upright and with square pixels. */
export type FilmStrip = {
  readonly webpBase64: string;
  readonly frameWidth_px: number;
  readonly frameHeight_px: number;
  /** Presentation time of each frame, s. */
  readonly times_s: readonly number[];
  /** Level of the sound, dB of full scale, in windows of equal length; left out where it was not asked for or there is none. */
  readonly sound?: { readonly levels_db: readonly number[]; readonly window_s: number };
};

/** A job of the film strip process. */
export type FilmStripJob = {
  readonly medium: Medium;
  readonly access: StoreAccess;
  readonly options: FilmStripOptions;
  /** Folder for copies of media that are no plain files; null if there are none. */
  readonly scratch: string | null;
};

export const DEFAULT_STRIP_FRAMES = 8;
export const DEFAULT_STRIP_WIDTH_PX = 160;
/** Frames a strip may have. */
export const MOST_STRIP_FRAMES = 32;
