import { existsSync, renameSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

import type { ClipRecipe, VideoCodec, VideoSource } from '../../src/media/encode/clip-recipe.ts';
import { FAULT_CASES } from '../../src/media/faults/fault-cases.ts';
import {
  type FaultVariant,
  type MakeFaultCase,
  writeVariant,
} from '../../src/media/faults/fault-variant.ts';
import { digestOf } from './digest.ts';

/** `design`: the fault as the rule must find it; `weak`: less of it; `lookalike`: not a fault. */
export type VariantKind = 'design' | 'weak' | 'lookalike';

/** A clip of the bench. */
export type BenchClip = {
  readonly key: string;
  readonly path: string;
  readonly variant: string;
  readonly kind: VariantKind;
  /** The clip that it was made from. */
  readonly base: string;
  readonly codec: VideoCodec;
};

/** Encoders that a clip is written with, in turn. MPEG-2 has a bit rate instead of a quality. */
export const CODINGS: readonly { readonly codec: VideoCodec; readonly crf: number }[] = [
  { codec: 'h264', crf: 18 },
  { codec: 'hevc', crf: 24 },
  { codec: 'vp9', crf: 32 },
  { codec: 'h264', crf: 36 },
  { codec: 'av1', crf: 36 },
  { codec: 'mpeg2', crf: 0 },
  { codec: 'h264', crf: 28 },
  { codec: 'vp9', crf: 24 },
];

/** Rules whose fault lies in boxes or tags that only MP4 with H.264 is made with here. */
const H264_ONLY: ReadonlySet<string> = new Set([
  'hidden-preroll',
  'non-keyframe-start',
  'odd-dimensions',
  'interlaced-flag',
  'hdr-as-sdr',
  'trailing-index',
]);

/** Two seconds of a base clip in the coding of its turn. */
export function recipeOf(base: string, turn: number, rule: string): ClipRecipe {
  const own = CODINGS[turn % CODINGS.length] ?? { codec: 'h264' as const, crf: 23 };
  const coding = H264_ONLY.has(rule)
    ? { codec: 'h264' as const, crf: [18, 23, 28, 36][turn % 4] ?? 23 }
    : own;
  return {
    source: { file: base },
    width_px: 320,
    fps: 24,
    duration_s: 2,
    codec: coding.codec,
    ...(coding.codec === 'mpeg2' ? { encoderOptions: { b: '1200k' } } : { crf: coding.crf }),
  };
}

/** The next clip of another folder: clips of one folder may show one room. */
function otherShot(bases: readonly string[], index: number): VideoSource | undefined {
  const turned = [...bases.slice(index), ...bases.slice(0, index)];
  const file = turned.find((path) => dirname(path) !== dirname(bases[index] ?? ''));
  return file === undefined ? undefined : { file };
}

/** Writes clips, keeps them under the hash of their recipe, and stops for good at a deadline. */
export class VariantMaker {
  readonly #folder: string;
  readonly #deadline_ms: number;
  /** Whether a clip was left out for want of time. */
  isCut = false;
  readonly refused: string[] = [];

  constructor(folder: string, deadline_ms: number) {
    this.#folder = folder;
    this.#deadline_ms = deadline_ms;
  }

  /** All clips of one rule's fault case, base by base; each base in its turn's coding, which moves on by variant. */
  async makeCase(rule: string, bases: readonly string[]): Promise<readonly BenchClip[]> {
    const makeCase: MakeFaultCase | undefined = Object.entries(FAULT_CASES).find(
      ([name]) => name === rule,
    )?.[1];
    const clips: BenchClip[] = [];
    if (makeCase === undefined) return clips;
    for (const [index, base] of bases.entries()) {
      const other = otherShot(bases, index);
      const sample = makeCase(recipeOf(base, index, rule), other);
      const kinds = [
        ['design', sample.faulty],
        ['weak', sample.weak ?? []],
        ['lookalike', sample.lookalikes],
      ] as const;
      for (const [kind, variants] of kinds) {
        for (const at of variants.keys()) {
          const recipe = recipeOf(base, index + at, rule);
          const again = makeCase(recipe, other);
          const list = {
            design: again.faulty,
            weak: again.weak ?? [],
            lookalike: again.lookalikes,
          };
          const variant = list[kind][at];
          if (variant === undefined) continue;
          const path = await this.make(variant);
          if (path === null) continue;
          clips.push({
            key: `${rule}/${variant.name}/${index}`,
            path,
            variant: variant.name,
            kind,
            base,
            codec: recipe.codec ?? 'h264',
          });
        }
      }
    }
    return clips;
  }

  /** The file of a variant; null where the codec can't have it, or past the deadline. */
  async make(variant: FaultVariant): Promise<string | null> {
    const suffix = extname(variant.suffix ?? '') || variant.suffix || '.mp4';
    const name = digestOf(variant);
    const path = join(this.#folder, `${name}${suffix}`);
    if (existsSync(path)) return path;
    if (Date.now() > this.#deadline_ms) {
      this.isCut = true;
      return null;
    }
    try {
      const fresh = join(this.#folder, `making-${process.pid}-${name}${suffix}`);
      await writeVariant(fresh, variant);
      renameSync(fresh, path);
      return path;
    } catch (error) {
      this.refused.push(`${variant.name} ${variant.recipe.codec}: ${String(error).slice(0, 160)}`);
      return null;
    }
  }
}
