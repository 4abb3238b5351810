import { basename } from 'node:path';

/** Faults that source clips have as they were published, by file name: looked at, and true. */
const KNOWN_FAULTS: Readonly<Record<string, readonly string[]>> = {
  'bunny-meadow.mp4': ['duplicate-frames'],
  'green-screen.mp4': ['duplicate-frames'],
  'flipping_a_pancake-0.3.mp4': ['duplicate-frames'],
  'flipping_a_pancake-4.2.mp4': ['duplicate-frames'],
  // Two frames in five repeat: fields woven from them are of one picture, and they change places without a trace.
  'video5.mp4': ['duplicate-frames', 'interlaced-frames', 'scrambled-frames'],
  // Stands still for most of its first two seconds: order cannot be told.
  'jump.mp4': ['scrambled-frames'],
};

/** Whether a source clip has the fault of this rule by itself. */
export function isKnownFault(path: string, rule: string): boolean {
  return KNOWN_FAULTS[basename(path)]?.includes(rule) ?? false;
}
