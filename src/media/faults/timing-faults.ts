import type { ClipRecipe, VideoSource } from '../encode/clip-recipe.ts';
import type { MakeFaultCase } from './fault-variant.ts';
import { withFilters } from './with-filters.ts';

/** A shot that no base looks like. */
const OTHER_SHOT = {
  pattern: 'gradients={rateAndSize}:c0=red:c1=white:seed=7:speed=0.02',
} as const;

/** Shows every frame for 4/5 of its time: 24 frames a second become 30, and none is repeated. */
const FASTER = 'settb=1/90000,setpts=N*4/5/FRAME_RATE/TB';

const FIRST_FRAME = 'loop=loop=47:size=1:start=0,trim=end_frame=48,setpts=N/FRAME_RATE/TB';

function sourcesOf(base: ClipRecipe): NonNullable<ClipRecipe['source']> {
  return base.source ?? 'testsrc2';
}

function joined(
  base: ClipRecipe,
  order: 'before' | 'after',
  frames: number,
  other?: VideoSource,
): ClipRecipe {
  const own = [sourcesOf(base)].flat();
  const shot =
    other !== undefined && typeof other === 'object' && 'file' in other
      ? { ...other, frames }
      : { pattern: `${OTHER_SHOT.pattern},trim=end_frame=${frames}` };
  return { ...base, source: order === 'before' ? [shot, ...own] : [...own, shot] };
}

/** Order of 24 frames whose numbers were sorted as text: 0, 1, 10, 11, … 2, 20, … */
const SORTED_AS_TEXT = Array.from({ length: 24 }, (_, index) => String(index))
  .toSorted()
  .join(' ');

/** Defects in what is shown when, each with clips that only look like it. `base` is a sound clip with motion. */
export const TIMING_FAULTS = {
  'duplicate-frames': (base) => ({
    faulty: [
      { name: '24-to-30-fps', recipe: withFilters(base, 'fps=source_fps*5/4') },
      {
        name: 'halved-then-doubled',
        recipe: withFilters(base, 'fps=source_fps/2,fps=source_fps*2'),
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'true-30-fps', recipe: withFilters(base, FASTER) },
      { name: 'b-pyramid', recipe: { ...base, bFrames: 3, preset: 'medium' } },
    ],
  }),
  'frozen-frames': (base) => ({
    faulty: [
      { name: 'frozen-tail', recipe: withFilters(base, 'tpad=stop_mode=clone:stop_duration=1') },
      { name: 'frozen-head', recipe: withFilters(base, 'tpad=start_mode=clone:start_duration=1') },
      {
        name: 'stalled-capture',
        recipe: withFilters(base, 'loop=loop=40:size=1:start=12,setpts=N/FRAME_RATE/TB'),
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'held-shot-with-grain',
        recipe: {
          ...withFilters(
            base,
            'tpad=stop_mode=clone:stop_duration=1,noise=alls=14:allf=t:all_seed=3',
          ),
          crf: 18,
        },
      },
    ],
  }),
  'still-video': (base) => ({
    faulty: [{ name: 'one-frame-repeated', recipe: withFilters(base, FIRST_FRAME) }],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'still-life-with-grain',
        recipe: {
          ...withFilters(base, `${FIRST_FRAME},noise=alls=14:allf=t:all_seed=3`),
          crf: 18,
        },
      },
      {
        name: 'slow-zoom',
        recipe: withFilters(
          base,
          `${FIRST_FRAME},crop=trunc(iw*0.4)*2:trunc(ih*0.4)*2:(iw-ow)*n/48:(ih-oh)*n/48:exact=1`,
        ),
      },
    ],
  }),
  'black-frames': (base) => ({
    faulty: [
      { name: 'black-head', recipe: withFilters(base, 'tpad=start_duration=0.5:color=black') },
      { name: 'black-tail', recipe: withFilters(base, 'tpad=stop_duration=0.5:color=black') },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'night', recipe: withFilters(base, 'lutyuv=y=16+(val-16)*0.3') },
    ],
  }),
  'previous-shot-frames': (base: ClipRecipe, other?: VideoSource) => ({
    faulty: [
      { name: 'two-frames-before', recipe: joined(base, 'before', 2, other) },
      { name: 'two-frames-after', recipe: joined(base, 'after', 2, other) },
    ],
    weak: [
      { name: 'one-frame-before', recipe: joined(base, 'before', 1, other) },
      { name: 'five-frames-after', recipe: joined(base, 'after', 5, other) },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'flash-at-start',
        recipe: withFilters(base, "lutyuv=y=min(val+90\\,235):enable='between(n,1,2)'"),
      },
      {
        name: 'light-switched-on',
        recipe: withFilters(base, "lutyuv=y=16+(val-16)*0.4:enable='lt(n,3)'"),
      },
    ],
  }),
  'multi-shot-clip': (base: ClipRecipe, other?: VideoSource) => ({
    faulty: [{ name: 'cut-in-the-middle', recipe: joined(base, 'after', 36, other) }],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'flash-in-the-middle',
        recipe: withFilters(base, "lutyuv=y=min(val+90\\,235):enable='between(n,20,21)'"),
      },
      {
        name: 'shaken-camera',
        recipe: withFilters(base, 'crop=iw-16:ih-16:8+8*sin(n*2.1):8+8*cos(n*1.7)'),
      },
    ],
  }),
  'scrambled-frames': (base) => ({
    faulty: [
      {
        name: 'numbers-sorted-as-text',
        recipe: withFilters(base, `shuffleframes=${SORTED_AS_TEXT}`),
      },
      { name: 'neighbours-swapped', recipe: withFilters(base, 'shuffleframes=0 2 1 3') },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'reversed', recipe: withFilters(base, 'reverse') },
    ],
  }),
  'variable-frame-rate': (base) => ({
    faulty: [
      { name: 'one-in-five-dropped', recipe: withFilters(base, "select='not(eq(mod(n,5),2))'") },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'millisecond-clock',
        suffix: '.mkv',
        recipe: withFilters(base, 'settb=1/90000,setpts=N*1001/30000/TB'),
      },
    ],
  }),
  'hidden-preroll': (base) => ({
    faulty: [
      {
        name: 'copied-from-between-keyframes',
        recipe: { ...base, gop: 999, bFrames: 0 },
        copy: { start_s: 0.8 },
      },
    ],
    lookalikes: [
      { name: 'b-frame-delay', recipe: { ...base, bFrames: 2 } },
      {
        name: 'copied-from-a-keyframe',
        recipe: { ...base, gop: 12, bFrames: 0, encoderOptions: { 'x264-params': 'scenecut=0' } },
        copy: { start_s: 0.5 },
      },
    ],
  }),
  'unstable-seek': (base) => ({
    faulty: [
      {
        name: 'every-frame-marked-as-keyframe',
        recipe: { ...base, gop: 999, bFrames: 0 },
        copy: { marksAllKeyframes: true },
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      { name: 'one-group-of-pictures', recipe: { ...base, gop: 999 } },
      { name: 'matroska', suffix: '.mkv', recipe: { ...base, gop: 12 } },
    ],
  }),
  'non-keyframe-start': (base) => ({
    faulty: [
      {
        name: 'keyframe-left-out',
        recipe: { ...base, gop: 20, bFrames: 0 },
        copy: { start_s: 0.5, from: 'exact' },
      },
    ],
    lookalikes: [
      { name: 'as-recorded', recipe: base },
      {
        name: 'copied-with-its-keyframe',
        recipe: { ...base, gop: 20, bFrames: 0 },
        copy: { start_s: 0.5 },
      },
    ],
  }),
} satisfies Record<string, MakeFaultCase>;
