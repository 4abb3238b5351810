import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import sharp, { type Sharp } from 'sharp';

import { digestOf } from './digest.ts';
import { findingsOf, type ManifestRow } from './findings.ts';
import type { Tally } from './results.ts';
import type { VariantKind } from './variants.ts';

/** One scene in the ways it can be shown; the first way is as it was recorded. */
export type Scene = {
  readonly name: string;
  readonly paths: ReadonlyMap<string, string>;
};

/** What a cohort rule is tried on: the faulty shard is shown in one way, the others as recorded. */
export type CohortTrial<Way extends string = string> = {
  readonly rule: string;
  readonly ways: readonly { readonly way: Way; readonly kind: VariantKind }[];
  readonly scenesPerShard: number;
  readonly shards: number;
  readonly trials: number;
  /** Whether the faulty cohort is a source whose clips lie in all shards, instead of a shard. */
  readonly bySource: boolean;
};

/** The way in which nothing was done. */
export const AS_RECORDED = 'as-recorded';

/** Longer side of the pictures that are made, px. */
const SIDE_PX = 256;

/** Ways to show a picture: JPEG of quality 85, as crawled pictures are. */
const PICTURE_WAYS: Readonly<Record<string, (picture: Sharp) => Promise<Sharp>>> = {
  [AS_RECORDED]: async (picture) => picture,
  'red-for-blue': async (picture) =>
    picture.recomb([
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ]),
  'blue-hour': async (picture) => picture.linear([0.6, 0.8, 1], [0, 0, 0]),
  '4-3-to-1-1': (picture) => squeezed(picture, 0.75),
  '16-9-to-1-1': (picture) => squeezed(picture, 9 / 16),
  'cropped-to-1-1': async (picture) => {
    const { width_px, height_px } = await sizeOf(picture);
    const side = Math.min(width_px, height_px);
    return picture.extract({
      left: Math.floor((width_px - side) / 2),
      top: Math.floor((height_px - side) / 2),
      width: side,
      height: side,
    });
  },
};

async function sizeOf(picture: Sharp): Promise<{ width_px: number; height_px: number }> {
  const { width, height } = await picture.metadata();
  return { width_px: width, height_px: height };
}

async function squeezed(picture: Sharp, factor: number): Promise<Sharp> {
  const { width_px, height_px } = await sizeOf(picture);
  const width = Math.max(1, Math.round(width_px * factor));
  return picture.resize({ width, height: height_px, fit: 'fill' });
}

/** Writes a picture in the given ways and keeps the files. */
export async function makePictureScene(
  folder: string,
  path: string,
  ways: readonly string[],
): Promise<Scene> {
  const paths = new Map<string, string>();
  for (const way of ways) {
    const file = join(folder, `${digestOf([path, way, SIDE_PX])}.jpg`);
    paths.set(way, file);
    if (existsSync(file)) continue;
    const small = await sharp(path)
      .resize({ width: SIDE_PX, height: SIDE_PX, fit: 'inside', withoutEnlargement: true })
      .removeAlpha()
      .toColourspace('srgb')
      .png({ compressionLevel: 1 })
      .toBuffer();
    const shown = await PICTURE_WAYS[way]?.(sharp(small));
    const fresh = `${file}.${process.pid}`;
    await shown?.jpeg({ quality: 85 }).toFile(fresh);
    renameSync(fresh, file);
  }
  return { name: path, paths };
}

/** Shards of scenes drawn anew in each trial; a finding on most of a cohort is the cohort's. */
export async function tryCohorts(
  root: string,
  scenes: readonly Scene[],
  trial: CohortTrial,
): Promise<readonly Tally[]> {
  const tallies: Tally[] = [];
  const wanted = trial.scenesPerShard * trial.shards;
  if (scenes.length < wanted) return tallies;
  for (const { way, kind } of trial.ways) {
    const sound = { count: 0, hits: 0 };
    let hits = 0;
    for (let turn = 0; turn < trial.trials; turn++) {
      const drawn = scenes
        .toSorted((a, b) => (digestOf([turn, a.name]) < digestOf([turn, b.name]) ? -1 : 1))
        .slice(0, wanted);
      const cohortOf = (index: number): number => Math.floor(index / trial.scenesPerShard);
      const rows = drawn.flatMap((scene, index): ManifestRow[] => {
        const cohort = cohortOf(index);
        const path = scene.paths.get(cohort === 0 ? way : AS_RECORDED);
        if (path === undefined) return [];
        const key = `${cohort}/${index}`;
        return trial.bySource
          ? [{ key, path, shard: `shard-${index % 4}`, declared: { source: `source-${cohort}` } }]
          : [{ key, path, shard: `shard-${cohort}` }];
      });
      const found = await findingsOf(root, `cohort-${trial.rule}`, rows, { rules: [trial.rule] });
      const flagged = (cohort: number): boolean =>
        rows.filter((row) => row.key.startsWith(`${cohort}/`) && found.has(row.key)).length * 2 >
        trial.scenesPerShard;
      if (flagged(0)) hits++;
      for (let cohort = 1; cohort < trial.shards; cohort++) {
        sound.count++;
        if (flagged(cohort)) sound.hits++;
      }
    }
    tallies.push({ variant: way, kind, codec: 'any', count: trial.trials, hits });
    tallies.push({ variant: `beside ${way}`, kind: 'lookalike', codec: 'any', ...sound });
  }
  return tallies;
}
