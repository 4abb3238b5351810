import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { ClipRecipe, VideoSource } from '../encode/clip-recipe.ts';
import { copyClip, type CopyRecipe } from '../encode/copy-clip.ts';
import { flipBits, truncateFile } from '../encode/damage.ts';
import { encodeClip } from '../encode/encode-clip.ts';

/** One way to make a clip that has a defect, or only looks as if it had: an encoding, then what happens to the file. */
export type FaultVariant = {
  /** What was done, in a few words joined by hyphens. */
  readonly name: string;
  /** Suffix of the file, with its dot. Default `.mp4`. */
  readonly suffix?: string;
  readonly recipe: ClipRecipe;
  /** Copied without decoding after it was encoded. */
  readonly copy?: CopyRecipe;
  /** Share of the bytes that is kept, from the front. */
  readonly keep?: number;
  readonly flips?: {
    readonly seed: number;
    readonly count: number;
    readonly from?: number;
    readonly to?: number;
  };
  /** Whole content of the file, instead of all above. */
  readonly text?: string;
};

/** The clips that show one rule: those with the defect, and those it must not be seen in. */
export type FaultCase = {
  readonly faulty: readonly FaultVariant[];
  /** The defect in less strength, or in more ways, than the rule is designed for; measured, not demanded. */
  readonly weak?: readonly FaultVariant[];
  readonly lookalikes: readonly FaultVariant[];
};

/** Makes a case of a sound clip; `other` is a shot that does not belong to it, a pattern if not given. */
export type MakeFaultCase = (base: ClipRecipe, other?: VideoSource) => FaultCase;

/** Make the file of a variant. Throws `engine` where the libraries refuse it. */
export async function writeVariant(file: string, variant: FaultVariant): Promise<void> {
  if (variant.text !== undefined) {
    await writeFile(file, variant.text);
    return;
  }
  const steps: ((from: string, to: string) => Promise<unknown>)[] = [];
  const { copy, keep, flips } = variant;
  if (copy !== undefined) {
    steps.push((from, to) => copyClip(from, to, copy));
  }
  if (keep !== undefined) {
    steps.push((from, to) => truncateFile(from, to, keep));
  }
  if (flips !== undefined) {
    steps.push((from, to) => flipBits(from, to, flips));
  }
  if (steps.length === 0) {
    await encodeClip(file, variant.recipe);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'dailies-fault-'));
  try {
    let from = join(folder, `0${extname(file)}`);
    await encodeClip(from, variant.recipe);
    for (const [index, step] of steps.entries()) {
      const to = index === steps.length - 1 ? file : join(folder, `${index + 1}${extname(file)}`);
      await step(from, to);
      from = to;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
