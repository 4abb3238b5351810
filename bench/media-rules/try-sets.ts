import { benchFolder, choosePictures, clipsBelow } from './base-clips.ts';
import { PICTURE_COHORTS, SOUND_COHORTS, STILL_COHORTS } from './cohort-rules.ts';
import { type CohortTrial, makePictureScene, type Scene, tryCohorts } from './cohorts.ts';
import { findingsOf } from './findings.ts';
import { groupBy } from './group-by.ts';
import { makePictureCase, PICTURE_RULES } from './picture-variants.ts';
import { keepResult, printTallies, type Tally } from './results.ts';
import { chooseSounds, makeSoundScene } from './sound-scenes.ts';
import { makeStillScene } from './still-scenes.ts';

const MOST_PICTURES = 300;
/** Photographs that are made clips: more than the cohorts of one trial need. */
const MOST_STILLS = 110;
const MOST_SOUNDS = 72;

/** What is tried, and where from. */
export type SetOptions = {
  readonly root: string;
  /** Folder of photographs, and of clips with sound; nothing is tried of what is not there. */
  readonly pictures: string | null;
  readonly sounds: string | null;
  /** Pictures that each fault of single ones is made of. */
  readonly clips: number;
  readonly trials: number;
  readonly wrong: number;
  /** All if empty. */
  readonly rules: readonly string[];
  readonly severityOf: (rule: string) => string;
};

/** Each picture on its own, where a folder of them is given. */
export async function tryPictures(options: SetOptions): Promise<void> {
  const { root, severityOf } = options;
  if (options.pictures === null) return;
  const pictures = choosePictures(options.pictures, options.clips);
  for (const id of PICTURE_RULES) {
    if (options.rules.length > 0 && !options.rules.includes(id)) continue;
    const made = await makePictureCase(benchFolder(root, 'picture-cases'), id, pictures);
    const found = await findingsOf(
      root,
      `picture-${id}`,
      made.map(({ key, path, variant }) => ({ key, path, shard: variant })),
      { rules: [id] },
    );
    const tallies = [...groupBy(made, (each) => each.variant).entries()].map(
      ([variant, group]): Tally => ({
        variant,
        kind: group[0]?.isFaulty === true ? 'design' : 'lookalike',
        codec: 'any',
        count: group.length,
        hits: group.filter((each) => found.get(each.key)?.has(id) ?? false).length,
      }),
    );
    for (const each of made
      .filter((one) => (found.get(one.key)?.has(id) ?? false) !== one.isFaulty)
      .slice(0, options.wrong))
      console.log(`  ${each.isFaulty ? 'missed' : 'alarm '} ${each.key} ${each.path}`);
    keepResult(root, { rule: id, severity: severityOf(id), unit: 'picture', tallies });
    printTallies(id, tallies);
  }
}

/** Shards and sources of pictures, of photographs as clips, and of clips with sound. */
export async function tryShards(options: SetOptions): Promise<void> {
  const { root } = options;
  const isWanted = (id: string): boolean =>
    options.rules.length === 0 || options.rules.includes(id);
  const photos = options.pictures === null ? [] : choosePictures(options.pictures, MOST_PICTURES);
  for (const [id, cohorts] of Object.entries(PICTURE_COHORTS)) {
    if (!isWanted(id) || photos.length === 0) continue;
    const ways = ['as-recorded', ...(cohorts[0]?.ways.map(({ way }) => way) ?? [])];
    const scenes: Scene[] = [];
    for (const path of photos)
      scenes.push(await makePictureScene(benchFolder(root, 'pictures'), path, [...new Set(ways)]));
    await tryScenes(id, options, cohorts, scenes);
  }
  for (const [id, cohorts] of Object.entries(STILL_COHORTS)) {
    if (!isWanted(id) || photos.length === 0) continue;
    const ways = cohorts[0]?.ways.map(({ way }) => way) ?? [];
    const scenes: (Scene | null)[] = [];
    for (const path of photos.slice(0, MOST_STILLS))
      scenes.push(await makeStillScene(benchFolder(root, 'stills'), path, ways));
    await tryScenes(id, options, cohorts, scenes);
  }
  const spans =
    options.sounds === null ? [] : await chooseSounds(clipsBelow(options.sounds), MOST_SOUNDS);
  for (const [id, cohorts] of Object.entries(SOUND_COHORTS)) {
    if (!isWanted(id) || spans.length === 0) continue;
    const ways = cohorts[0]?.ways.map(({ way }) => way) ?? [];
    const scenes: (Scene | null)[] = [];
    for (const span of spans)
      scenes.push(await makeSoundScene(benchFolder(root, 'sounds'), span, ways));
    await tryScenes(id, options, cohorts, scenes);
  }
}

async function tryScenes(
  id: string,
  { root, severityOf, trials }: SetOptions,
  cohorts: readonly Omit<CohortTrial, 'rule' | 'trials'>[],
  made: readonly (Scene | null)[],
): Promise<void> {
  const scenes = made.filter((scene) => scene !== null);
  const tallies: Tally[] = [];
  for (const cohort of cohorts)
    tallies.push(...(await tryCohorts(root, scenes, { rule: id, ...cohort, trials })));
  if (tallies.length === 0) {
    console.log(`${id}: ${scenes.length} scenes are too few`);
    return;
  }
  const unit = `shard of ${cohorts[0]?.scenesPerShard} scenes`;
  keepResult(root, { rule: id, severity: severityOf(id), unit, tallies });
  printTallies(`${id}, ${unit}`, tallies);
}
