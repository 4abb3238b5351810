import type { ClipRecipe } from '../encode/clip-recipe.ts';
import type { FaultCase } from './fault-variant.ts';
import { withFilters } from './with-filters.ts';

const SWAP_RED_AND_BLUE = 'format=rgb24,colorchannelmixer=rr=0:rb=1:br=1:bb=0';

/** What a player does who takes limited range for full and squeezes it once more: 16–235 becomes 30–218. */
const SQUEEZE_RANGE = 'lutyuv=y=16+val*219/255:u=128+(val-128)*224/255:v=128+(val-128)*224/255';

/** Whole pictures, written as if they were fields. */
function flaggedInterlaced(base: ClipRecipe): ClipRecipe {
  return {
    ...withFilters(base, 'crop=iw:trunc(ih/4)*4,setfield=tff'),
    encoderOptions: { ...base.encoderOptions, flags: '+ildct+ilme' },
  };
}

/** Defects of geometry and colour, each with clips that only look like it. `base` is a sound clip with motion. */
export const PICTURE_FAULTS = {
  'letterboxed-frames': (base) => ({
    faulty: [
      {
        name: 'bars-above-and-below',
        recipe: withFilters(
          base,
          'crop=iw:trunc(ih*0.375)*2,pad=iw:ceil(ih*4/6)*2:0:trunc((oh-ih)/4)*2:black',
        ),
      },
      {
        name: 'bars-left-and-right',
        recipe: withFilters(
          base,
          'crop=trunc(iw*0.375)*2:ih,pad=ceil(iw*4/6)*2:ih:trunc((ow-iw)/4)*2:0:black',
        ),
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'vignette', recipe: withFilters(base, 'vignette=PI/3.4') },
      {
        name: 'dark-sky',
        recipe: withFilters(base, 'drawbox=0:0:iw:ih*0.3:color=black@0.8:t=fill'),
      },
    ],
  }),
  'stretched-frames': (base) => ({
    faulty: [
      { name: '4-3-to-1-1', recipe: withFilters(base, 'scale=trunc(iw*0.375)*2:ih,setsar=1') },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'cropped-to-4-3', recipe: withFilters(base, 'crop=trunc(iw*0.375)*2:ih') },
    ],
  }),
  'ignored-rotation': (base) => ({
    faulty: [
      { name: 'turned-90', recipe: { ...base, rotation_deg: 90 } },
      { name: 'turned-270', recipe: { ...base, rotation_deg: 270 } },
    ],
    lookalikes: [
      { name: 'turned-0', recipe: { ...base, rotation_deg: 0 } },
      { name: 'portrait-as-coded', recipe: withFilters(base, 'transpose=clock') },
    ],
  }),
  'ignored-sample-aspect-ratio': (base) => ({
    faulty: [
      { name: 'sar-4-3', recipe: { ...base, sar: '4/3' } },
      { name: 'sar-2-3', recipe: { ...base, sar: '2/3' } },
    ],
    lookalikes: [
      { name: 'sar-1-1', recipe: { ...base, sar: '1/1' } },
      { name: 'rounded-while-scaling', recipe: { ...base, sar: '640/639' } },
    ],
  }),
  'interlaced-frames': (base) => ({
    faulty: [
      {
        name: 'woven-but-flagged-progressive',
        recipe: withFilters(base, 'tinterlace=interleave_top,setfield=prog'),
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'progressive-but-flagged-interlaced',
        recipe: flaggedInterlaced(base),
      },
    ],
  }),
  'interlaced-flag': (base) => ({
    faulty: [{ name: 'progressive-but-flagged-interlaced', recipe: flaggedInterlaced(base) }],
    lookalikes: [{ name: 'as-recorded', recipe: base }],
  }),
  'upscaled-frames': (base) => ({
    faulty: [
      {
        name: 'four-times',
        recipe: withFilters(base, 'scale=iw/4:ih/4:flags=area,scale=iw*4:ih*4:flags=bicubic'),
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'soft-lens', recipe: withFilters(base, 'gblur=sigma=0.7') },
    ],
  }),
  'odd-dimensions': (base) => ({
    faulty: [
      {
        name: 'odd-width-and-height',
        recipe: { ...withFilters(base, 'crop=iw-1:ih-1:exact=1'), pixelFormat: 'yuv444p' },
      },
    ],
    lookalikes: [{ name: 'even', recipe: withFilters(base, 'crop=iw-2:ih-2') }],
  }),
  'swapped-channels': (base) => ({
    faulty: [{ name: 'red-for-blue', recipe: withFilters(base, SWAP_RED_AND_BLUE) }],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'blue-hour',
        recipe: withFilters(base, 'format=rgb24,colorchannelmixer=rr=0.6:gg=0.8:bb=1'),
      },
    ],
  }),
  'compressed-range': (base) => ({
    faulty: [{ name: 'squeezed-twice', recipe: withFilters(base, SQUEEZE_RANGE) }],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'full-range-with-its-tag',
        recipe: {
          ...withFilters(base, 'scale=out_range=full'),
          colour: { range: 'full' },
        },
      },
    ],
  }),
  'grayscale-media': (base) => ({
    faulty: [{ name: 'no-chroma', recipe: withFilters(base, 'hue=s=0') }],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'faded', recipe: withFilters(base, 'hue=s=0.3') },
    ],
  }),
  'green-frames': (base) => ({
    faulty: [
      {
        name: 'planes-left-zero',
        recipe: withFilters(base, "format=yuv420p,lutyuv=y=0:u=0:v=0:enable='gte(n,12)'"),
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'green-screen',
        recipe: withFilters(base, 'drawbox=0:0:iw:ih*0.45:color=0x00b140:t=fill'),
      },
    ],
  }),
  'hdr-as-sdr': (base) => ({
    faulty: [
      {
        name: 'pq-tag-on-8-bits',
        recipe: { ...base, colour: { matrix: 'bt2020', primaries: 'bt2020', transfer: 'pq' } },
      },
    ],
    lookalikes: [
      {
        name: 'pq-on-10-bits',
        recipe: {
          ...base,
          pixelFormat: 'yuv420p10le',
          colour: { matrix: 'bt2020', primaries: 'bt2020', transfer: 'pq' },
        },
      },
      {
        name: 'sdr-with-its-tags',
        recipe: { ...base, colour: { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' } },
      },
    ],
  }),
  'untagged-colour': (base) => ({
    faulty: [
      {
        name: 'untagged-720p',
        recipe: withFilters(
          { ...base, width_px: 1280, height_px: 720, duration_s: 0.5 },
          'setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown',
        ),
      },
    ],
    lookalikes: [
      {
        name: 'tagged-720p',
        recipe: {
          ...base,
          width_px: 1280,
          height_px: 720,
          duration_s: 0.5,
          colour: { range: 'limited', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' },
        },
      },
    ],
  }),
} satisfies Record<string, (base: ClipRecipe) => FaultCase>;
