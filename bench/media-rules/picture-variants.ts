import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { IMAGE_FAULTS } from '../../src/media/faults/image-faults.ts';
import { digestOf } from './digest.ts';

/** A picture of the bench. */
export type BenchPicture = {
  readonly key: string;
  readonly path: string;
  readonly variant: string;
  readonly isFaulty: boolean;
};

/** Rules about single pictures. */
export const PICTURE_RULES: readonly string[] = Object.keys(IMAGE_FAULTS);

/** Writes all variants of one rule's case for each picture, and keeps them. */
export async function makePictureCase(
  folder: string,
  rule: string,
  pictures: readonly string[],
): Promise<readonly BenchPicture[]> {
  const sample = IMAGE_FAULTS[rule];
  const made: BenchPicture[] = [];
  for (const [index, picture] of pictures.entries()) {
    for (const variant of [...(sample?.faulty ?? []), ...(sample?.lookalikes ?? [])]) {
      const name = digestOf(['picture', rule, variant.name, String(variant.make), picture]);
      const path = join(folder, `${name}${variant.suffix}`);
      if (!existsSync(path)) {
        const fresh = `${path}.${process.pid}`;
        writeFileSync(fresh, await variant.make(readFileSync(picture)));
        renameSync(fresh, path);
      }
      const isFaulty = sample?.faulty.includes(variant) ?? false;
      made.push({
        key: `${rule}/${variant.name}/${index}`,
        path,
        variant: variant.name,
        isFaulty,
      });
    }
  }
  return made;
}
