import { assertNever } from '../assert-never.ts';
import type { Tier, TierBudget } from '../config/config.ts';

/** What a tier may cost unless the user says otherwise. */
export const DEFAULT_BUDGETS: Readonly<Record<Exclude<Tier, 'manifest'>, TierBudget>> = {
  header: { random: 'all', bytes: 10e9, decode_s: null },
  packets: { random: 'all', bytes: 10e9, decode_s: null },
  keyframes: { random: 'all', bytes: 100e9, decode_s: 3600 },
  frames: { random: 'all', bytes: 100e9, decode_s: 3600 },
  full: { random: '300', bytes: 100e9, decode_s: 1200 },
};

/** What is known of a medium before it is decoded. */
export type MediumFacts = {
  readonly sizeBytes: number;
  /** A picture: looked at once, with keyframes. */
  readonly isImage: boolean;
  /** Pixels of a coded picture, and how many there are; null: not known. */
  readonly pixels: number | null;
  readonly frames: number | null;
  readonly keyframes: number | null;
};

export type Cost = { readonly bytes: number; readonly decode_s: number };

/** Most of a file that is read for its header, and share of a file that its packet tables are. */
const HEADER_BYTES = 64 * 1024;
const PACKET_SHARE = 0.01;

/** Seconds to open a decoder, and for each pixel of each frame with all measures: 81 clips of ten codecs took 0.7 of that. */
const OPENING_S = 0.01;
const PER_PIXEL_S = 3e-9;
/** Seconds a frame takes whatever its size. */
const PER_FRAME_S = 0.3e-3;
/** What measuring every frame at native size, and seeking, takes more. */
const NATIVE_FACTOR = 3;
/** Seconds for each byte of an image, or of a video whose header could not be read. */
const PER_BYTE_S = 50e-9;

/** What looking at a medium at a tier will cost, without what cheaper tiers cost; of a core of today. */
export function costOf(tier: Exclude<Tier, 'manifest'>, medium: MediumFacts): Cost {
  const { sizeBytes, isImage, pixels, frames, keyframes } = medium;
  if (isImage && (tier === 'frames' || tier === 'full')) return { bytes: 0, decode_s: 0 };
  const decode = (count: number | null): number =>
    pixels === null || count === null
      ? OPENING_S + sizeBytes * PER_BYTE_S
      : OPENING_S + count * (PER_FRAME_S + pixels * PER_PIXEL_S);
  switch (tier) {
    case 'header':
      return { bytes: Math.min(sizeBytes, HEADER_BYTES), decode_s: 0 };
    case 'packets':
      return { bytes: Math.round(sizeBytes * PACKET_SHARE), decode_s: 0 };
    case 'keyframes':
      return { bytes: sizeBytes, decode_s: decode(keyframes) };
    case 'frames':
      return { bytes: sizeBytes, decode_s: decode(frames) };
    case 'full':
      return { bytes: sizeBytes, decode_s: NATIVE_FACTOR * decode(frames) };
    default:
      return assertNever(tier);
  }
}
