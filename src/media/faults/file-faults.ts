import type { ClipRecipe } from '../encode/clip-recipe.ts';
import type { FaultCase } from './fault-variant.ts';

/** What a server sends in place of a medium. */
export const NOT_FOUND_PAGE =
  '<!doctype html>\n<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n';

/** As few bits as the encoder can be made to spend. */
function starved(base: ClipRecipe): ClipRecipe {
  switch (base.codec) {
    case 'vp9':
    case 'av1':
      return { ...base, crf: 63 };
    case 'mpeg2':
      return { ...base, encoderOptions: { b: '1k', qmin: '31', qmax: '31' } };
    default:
      return { ...base, crf: 51 };
  }
}

/** Defects of the file and of its sound, each with clips that only look like it. `base` is a sound clip. */
export const FILE_FAULTS = {
  'empty-file': (base) => ({
    faulty: [{ name: 'zero-bytes', recipe: base, text: '' }],
    lookalikes: [
      {
        name: 'one-tiny-frame',
        recipe: { source: 'testsrc2', width_px: 16, height_px: 16, fps: 24, duration_s: 1 / 24 },
      },
    ],
  }),
  'truncated-file': (base) => ({
    faulty: [
      { name: 'index-in-front-cut-at-60-percent', recipe: base, keep: 0.6 },
      { name: 'matroska-cut-at-60-percent', suffix: '.mkv', recipe: base, keep: 0.6 },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'fragmented', recipe: { ...base, fragmented: true } },
      { name: 'matroska', suffix: '.mkv', recipe: base },
    ],
  }),
  'wrong-file-type': (base) => ({
    faulty: [{ name: 'web-page', recipe: base, text: NOT_FOUND_PAGE }],
    lookalikes: [{ name: 'quicktime', suffix: '.mov', recipe: base }],
  }),
  'missing-video-track': (base) => ({
    faulty: [{ name: 'sound-alone', recipe: { ...base, videoless: true, audio: {} } }],
    lookalikes: [{ name: 'sound-and-picture', recipe: { ...base, audio: {} } }],
  }),
  'decode-errors': (base) => ({
    faulty: [
      {
        name: 'forty-bits-flipped',
        recipe: { ...base, faststart: false },
        flips: { seed: 5, count: 40, from: 0.1, to: 0.9 },
      },
    ],
    weak: [
      {
        name: 'four-bits-flipped',
        recipe: { ...base, faststart: false },
        flips: { seed: 7, count: 4, from: 0.1, to: 0.7 },
      },
    ],
    lookalikes: [{ name: 'as-recorded', recipe: base }],
  }),
  'trailing-index': (base) => ({
    faulty: [{ name: 'index-behind', recipe: { ...base, faststart: false } }],
    lookalikes: [{ name: 'index-in-front', recipe: base }],
  }),
  'sparse-keyframes': (base) => ({
    faulty: [
      { name: 'one-keyframe-in-12-s', recipe: { ...base, fps: 3, duration_s: 16, gop: 999 } },
    ],
    lookalikes: [{ name: 'one-in-5-s', recipe: { ...base, fps: 3, duration_s: 16, gop: 15 } }],
  }),
  'starved-bitrate': (base) => {
    const variant = { name: 'coarsest-quantiser', recipe: starved(base) };
    // The coarsest step of VP9, AV1 and MPEG-2 still spends as much as sound clips that are easy to code.
    const isDesign = ['h264', 'hevc'].includes(base.codec ?? 'h264');
    return {
      faulty: isDesign ? [variant] : [],
      weak: isDesign ? [] : [variant],
      lookalikes: [{ name: 'as-recorded', recipe: base }],
    };
  },
  'silent-audio': (base) => ({
    faulty: [
      {
        name: 'digital-silence',
        recipe: { ...base, audio: { source: 'anullsrc=r=48000:cl=stereo' } },
      },
    ],
    lookalikes: [
      { name: 'tone', recipe: { ...base, audio: {} } },
      { name: 'quiet-tone', recipe: { ...base, audio: { filters: 'volume=-24dB' } } },
    ],
  }),
  'missing-audio': (base) => ({
    faulty: [{ name: 'no-sound-track', recipe: base }],
    lookalikes: [{ name: 'tone', recipe: { ...base, audio: {} } }],
  }),
  'audio-video-gap': (base) => ({
    faulty: [{ name: 'sound-ends-early', recipe: { ...base, audio: { duration_s: 1 } } }],
    lookalikes: [{ name: 'encoder-priming', recipe: { ...base, audio: {} } }],
  }),
  'inverted-audio-phase': (base) => ({
    faulty: [
      {
        name: 'right-is-minus-left',
        recipe: { ...base, audio: { filters: 'pan=stereo|c0=c0|c1=-1*c0' } },
      },
    ],
    lookalikes: [
      { name: 'dual-mono', recipe: { ...base, audio: { filters: 'pan=stereo|c0=c0|c1=c0' } } },
      {
        name: 'unrelated-channels',
        recipe: {
          ...base,
          audio: { source: "aevalsrc='0.1*sin(2*PI*440*t)|0.1*sin(2*PI*587*t)'" },
        },
      },
    ],
  }),
} satisfies Record<string, (base: ClipRecipe) => FaultCase>;
