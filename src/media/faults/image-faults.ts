import sharp, { type Sharp } from 'sharp';

/** One way to make an image that has a defect, or only looks as if it had, out of the bytes of a sound one. */
type ImageVariant = {
  /** What was done, in a few words joined by hyphens. */
  readonly name: string;
  /** Suffix of the file, with its dot. */
  readonly suffix: string;
  readonly make: (image: Uint8Array) => Promise<Uint8Array>;
};

type ImageCase = {
  readonly faulty: readonly ImageVariant[];
  readonly lookalikes: readonly ImageVariant[];
};

const jpeg = (name: string, change: (image: Sharp) => Sharp): ImageVariant => ({
  name,
  suffix: '.jpg',
  make: async (image) => change(opened(image)).jpeg({ quality: 92 }).toBuffer(),
});

const png = (name: string, change: (image: Sharp) => Sharp): ImageVariant => ({
  name,
  suffix: '.png',
  make: async (image) => change(opened(image)).png().toBuffer(),
});

/** The image as all variants begin with it: upright, opaque, at most 480 px a side. */
function opened(image: Uint8Array): Sharp {
  return sharp(image)
    .rotate()
    .resize({ width: 480, height: 480, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#808080' })
    .toColourspace('srgb');
}

const asTaken = jpeg('as-taken', (image) => image);

/** What web servers send to whoever says that it can read it. */
const webpCalledJpeg: ImageVariant = {
  name: 'webp-called-jpeg',
  suffix: '.jpg',
  make: (image) => opened(image).webp().toBuffer(),
};

/** Transparent left third whose hidden colour is `level`. */
function cutOut(name: string, level: number): ImageVariant {
  return {
    name,
    suffix: '.png',
    make: async (image) => {
      const { data, info } = await opened(image)
        .ensureAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      for (let pixel = 0; pixel < info.width * info.height; pixel += 1) {
        if (pixel % info.width >= info.width / 3) continue;
        data.fill(level, 4 * pixel, 4 * pixel + 3);
        data[4 * pixel + 3] = 0;
      }
      return sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
        .png()
        .toBuffer();
    },
  };
}

/** Defects of still pictures, under the id of the rule that must find each, with pictures that only look like it. */
export const IMAGE_FAULTS: Readonly<Record<string, ImageCase>> = {
  'truncated-file': {
    faulty: [
      {
        name: 'upload-broke-off',
        suffix: '.jpg',
        make: async (image) => {
          const whole = await asTaken.make(image);
          return whole.subarray(0, Math.floor(whole.length * 0.6));
        },
      },
    ],
    lookalikes: [
      asTaken,
      {
        name: 'bytes-behind-the-end',
        suffix: '.jpg',
        make: async (image) => Buffer.concat([await asTaken.make(image), new Uint8Array(64)]),
      },
    ],
  },
  'blurry-image': {
    faulty: [jpeg('out-of-focus', (image) => image.blur(9))],
    lookalikes: [asTaken, jpeg('slightly-soft', (image) => image.blur(0.6))],
  },
  'dark-image': {
    faulty: [jpeg('under-exposed', (image) => image.linear(0.2, 0))],
    lookalikes: [asTaken, jpeg('dusk', (image) => image.linear(0.6, 0))],
  },
  'low-information-image': {
    faulty: [jpeg('plain-colour', (image) => image.blur(40).linear(0.01, 120))],
    lookalikes: [asTaken],
  },
  'grayscale-media': {
    faulty: [jpeg('no-colour', (image) => image.modulate({ saturation: 0 }))],
    lookalikes: [asTaken, jpeg('faded', (image) => image.modulate({ saturation: 0.4 }))],
  },
  'alpha-to-black': {
    faulty: [cutOut('black-behind-alpha', 0)],
    lookalikes: [cutOut('white-behind-alpha', 255), png('opaque', (image) => image)],
  },
  'clipped-sixteen-bit': {
    faulty: [png('sixteen-bit-grey', (image) => image.greyscale().toColourspace('grey16'))],
    lookalikes: [png('eight-bit-grey', (image) => image.greyscale())],
  },
  'unmanaged-colour': {
    faulty: [
      {
        name: 'cmyk',
        suffix: '.jpg',
        make: async (image) => opened(image).toColourspace('cmyk').jpeg().toBuffer(),
      },
      {
        name: 'wide-gamut',
        suffix: '.jpg',
        make: async (image) => opened(image).withIccProfile('p3').jpeg().toBuffer(),
      },
    ],
    lookalikes: [
      asTaken,
      {
        name: 'srgb-profile',
        suffix: '.jpg',
        make: async (image) => opened(image).withIccProfile('srgb').jpeg().toBuffer(),
      },
    ],
  },
  'ignored-rotation': {
    faulty: [
      {
        name: 'turned-by-exif',
        suffix: '.jpg',
        make: async (image) => opened(image).jpeg().withMetadata({ orientation: 6 }).toBuffer(),
      },
    ],
    lookalikes: [
      {
        name: 'upright-by-exif',
        suffix: '.jpg',
        make: async (image) => opened(image).jpeg().withMetadata({ orientation: 1 }).toBuffer(),
      },
    ],
  },
  'wrong-file-type': {
    faulty: [
      {
        name: 'web-page',
        suffix: '.jpg',
        make: async () => new TextEncoder().encode('<!doctype html><html><body>404</body></html>'),
      },
    ],
    lookalikes: [asTaken, webpCalledJpeg],
  },
  'mislabelled-image': { faulty: [webpCalledJpeg], lookalikes: [asTaken] },
  'odd-size-image': {
    faulty: [
      jpeg('thin-strip', (image) => image.resize({ width: 480, height: 60, fit: 'cover' })),
      jpeg('thumbnail', (image) => image.resize({ width: 16, height: 16, fit: 'cover' })),
    ],
    lookalikes: [
      asTaken,
      jpeg('wide-screen', (image) => image.resize({ width: 480, height: 206, fit: 'cover' })),
    ],
  },
};
