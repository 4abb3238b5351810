import sharp from 'sharp';

import { hiddenGifColour } from './gif-palette.ts';
import type { OpenImage } from './open-image.ts';

/** What lies under the transparency of an image, shares 0–1: what a reader shows that drops alpha. */
export type HiddenColour = {
  readonly transparent_share: number | null;
  readonly hidden_black_share: number | null;
};

export const UNKNOWN_ALPHA: HiddenColour = { transparent_share: null, hidden_black_share: null };

/** Most pixels that are read in full: scaling would mix the hidden colour away. */
const MOST_PIXELS = 16e6;
const TRANSPARENT = 128;
const BLACK = 8;

/** Measures the first page of an image as it is stored; unknown if it is large or doesn't decode. */
export async function hiddenColour(image: OpenImage): Promise<HiddenColour> {
  const { metadata, bytes, format } = image;
  if (!metadata.hasAlpha) return { transparent_share: 0, hidden_black_share: null };
  if (metadata.width * metadata.height > MOST_PIXELS) return UNKNOWN_ALPHA;
  let rgba: Buffer;
  try {
    rgba = await sharp(bytes, { failOn: 'none', page: 0, limitInputPixels: MOST_PIXELS })
      .toColourspace('srgb')
      .ensureAlpha()
      .timeout({ seconds: 60 })
      .raw({ depth: 'uchar' })
      .toBuffer();
  } catch {
    return UNKNOWN_ALPHA;
  }
  let transparent = 0;
  let black = 0;
  for (let i = 0; i + 3 < rgba.length; i += 4) {
    if ((rgba[i + 3] ?? 0) >= TRANSPARENT) continue;
    transparent++;
    if (Math.max(rgba[i] ?? 0, rgba[i + 1] ?? 0, rgba[i + 2] ?? 0) <= BLACK) black++;
  }
  // The decoder gives black for the transparent pixels of a GIF, whatever the palette says.
  const palette = format === 'gif' ? hiddenGifColour(bytes) : null;
  if (palette !== null) black = Math.max(...palette) <= BLACK ? transparent : 0;
  return {
    transparent_share: (4 * transparent) / Math.max(1, rgba.length),
    hidden_black_share: transparent === 0 ? null : black / transparent,
  };
}
