import { basename } from 'node:path';

/** Faults that source clips have as they were published, by file name: looked at, and true. */
const KNOWN_FAULTS: Readonly<Record<string, readonly string[]>> = {
  'bunny-meadow.mp4': ['duplicate-frames'],
  'green-screen.mp4': ['duplicate-frames'],
  // As published it repeats frames and has no detail finer than a few pixels.
  'flipping_a_pancake-0.3.mp4': ['duplicate-frames', 'upscaled-frames'],
  'flipping_a_pancake-4.2.mp4': ['duplicate-frames', 'upscaled-frames'],
  'flipping_a_pancake-7.3.mp4': ['duplicate-frames', 'upscaled-frames'],
  // 25.5 frames a second made 30, as published.
  'demo-0.3.mp4': ['duplicate-frames'],
  'demo-4.2.mp4': ['duplicate-frames'],
  // Silent film, without colour: 17 frames a second made 25, 4:3 between bars.
  'chaplin-1.mp4': ['duplicate-frames', 'grayscale-media', 'letterboxed-frames'],
  'chaplin-5.mp4': ['duplicate-frames', 'grayscale-media', 'letterboxed-frames'],
  // 16 frames a second made 30, 4:3 between bars.
  'CogVideoX-LoRA-4.2.mp4': [
    'duplicate-frames',
    'interlaced-frames',
    'letterboxed-frames',
    'scrambled-frames',
  ],
  // A capture that stalls: every second frame repeats in stretches.
  'test-0.5.mp4': ['duplicate-frames', 'scrambled-frames'],
  'test-3.4.mp4': ['duplicate-frames', 'scrambled-frames'],
  // Its first frame is one plain green, in which a zoom shows nothing.
  'man-on-green-screen-0.3.mp4': ['duplicate-frames', 'still-video'],
  // Fades in from black.
  'nasa_13013-4.2.mp4': ['black-frames'],
  // Two frames in five repeat: fields woven from them are of one picture, and they change places without a trace.
  'video5.mp4': ['duplicate-frames', 'interlaced-frames', 'scrambled-frames'],
  // Stands still for most of its first two seconds: order cannot be told.
  'jump.mp4': ['scrambled-frames'],
};

/** Whether a source clip has the fault of this rule by itself. */
export function isKnownFault(path: string, rule: string): boolean {
  return KNOWN_FAULTS[basename(path)]?.includes(rule) ?? false;
}
