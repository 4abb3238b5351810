import sharp from 'sharp';

import { MOST_DECODED_PIXELS } from './open-image.ts';

/** A small upright picture, interleaved RGB, transparency on white. */
export type SmallImage = {
  readonly rgb: Uint8Array;
  readonly width_px: number;
  readonly height_px: number;
};

/**
 * Decodes one page of an image into a picture that fits the box, never enlarged. `warning` throws at the first
 * complaint of the decoder, `none` gives what can be had.
 */
export async function decodeSmallRgb(
  bytes: Buffer,
  options: {
    readonly failOn: 'warning' | 'error' | 'none';
    readonly maxWidth_px: number;
    readonly maxHeight_px: number;
    readonly page?: number;
  },
): Promise<SmallImage> {
  const { data, info } = await sharp(bytes, {
    failOn: options.failOn,
    page: options.page ?? 0,
    limitInputPixels: MOST_DECODED_PIXELS,
    autoOrient: true,
  })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .resize(options.maxWidth_px, options.maxHeight_px, { fit: 'inside', withoutEnlargement: true })
    .timeout({ seconds: 60 })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const rgb = info.channels === 1 ? grayToRgb(data) : data;
  return { rgb, width_px: info.width, height_px: info.height };
}

function grayToRgb(gray: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let i = 0; i < gray.length; i++) rgb.fill(gray[i] ?? 0, 3 * i, 3 * i + 3);
  return rgb;
}
