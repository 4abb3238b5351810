import sharp from 'sharp';
import { seededRandom, truncateFile } from '../../src/media/encode/damage.ts';
import { keepFile } from './media-kit.ts';

/** How to make one image. */
export type ImageRecipe = {
  readonly kind?: 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff';
  readonly width_px?: number;
  readonly height_px?: number;
  /** EXIF orientation, 1 to 8. */
  readonly orientation?: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
  readonly colour?: 'rgb' | 'gray' | 'cmyk' | 'gray16' | 'rgb16';
  /** A transparent background whose hidden colour is black. */
  readonly alpha?: boolean;
  /** ICC profile by the name sharp knows, such as `p3`. */
  readonly profile?: 'srgb' | 'p3';
  /** Share of the bytes that is kept, from the front. */
  readonly keep?: number;
  readonly quality?: number;
  readonly seed?: number;
};

/** A picture with edges and texture: tiles of seeded colours with a gradient, and a disc in the middle. */
function drawPicture(recipe: ImageRecipe, width_px: number, height_px: number): Buffer {
  const random = seededRandom(recipe.seed ?? 1);
  const tiles = Array.from({ length: 64 }, () => [random() * 255, random() * 255, random() * 255]);
  const channels = recipe.alpha === true ? 4 : 3;
  const pixels = Buffer.alloc(width_px * height_px * channels);
  for (let y = 0; y < height_px; y += 1) {
    for (let x = 0; x < width_px; x += 1) {
      const tile =
        tiles[Math.floor((y * 8) / height_px) * 8 + Math.floor((x * 8) / width_px)] ?? [];
      const at = (y * width_px + x) * channels;
      const isInside = Math.hypot(x / width_px - 0.5, y / height_px - 0.5) < 0.3;
      const isHidden = recipe.alpha === true && !isInside;
      for (let channel = 0; channel < 3; channel += 1) {
        const value = (tile[channel] ?? 0) * 0.7 + (x / width_px) * 60 + random() * 10;
        pixels[at + channel] = isHidden ? 0 : Math.min(255, isInside ? 255 - value : value);
      }
      if (channels === 4) {
        pixels[at + 3] = isHidden ? 0 : 255;
      }
    }
  }
  return pixels;
}

/** Path of the image of a recipe, made if it is not there yet. */
export async function makeImage(recipe: ImageRecipe = {}, suffix?: string): Promise<string> {
  const kind = recipe.kind ?? 'jpeg';
  const { keep } = recipe;
  if (keep !== undefined) {
    const { keep: _, ...whole } = recipe;
    const from = await makeImage(whole, suffix);
    return keepFile(['image', recipe], suffix ?? `.${kind}`, (file) =>
      truncateFile(from, file, keep),
    );
  }
  return keepFile(['image', recipe], suffix ?? `.${kind}`, async (file) => {
    const width = recipe.width_px ?? 192;
    const height = recipe.height_px ?? 128;
    const channels = recipe.alpha === true ? 4 : 3;
    let image = sharp(drawPicture(recipe, width, height), { raw: { width, height, channels } });
    switch (recipe.colour ?? 'rgb') {
      case 'gray':
        image = image.toColourspace('b-w');
        break;
      case 'gray16':
        image = image.toColourspace('grey16');
        break;
      case 'rgb16':
        image = image.toColourspace('rgb16');
        break;
      case 'cmyk':
        image = image.toColourspace('cmyk');
        break;
      case 'rgb':
        break;
    }
    if (recipe.profile !== undefined) {
      image = image.withIccProfile(recipe.profile);
    }
    if (recipe.orientation !== undefined) {
      image = image.withMetadata({ orientation: recipe.orientation });
    }
    const quality = recipe.quality === undefined ? {} : { quality: recipe.quality };
    await image.toFormat(kind, quality).toFile(file);
  });
}
