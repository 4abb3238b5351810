/**
 * Recall and false alarms of the media rules: real clips encoded anew with each fault, weaker and stronger, and with
 * what only looks like it, in several codecs and qualities, judged by a scan as a user runs it.
 *
 *     npm run bench:detection-media -- [--rule a,b] [--clips n] [--seconds n] [--wrong n] [--trials n] [--pictures folder] [folder…]
 *     npm run bench:detection-media -- --table
 *
 * Thresholds were set with the example's clips: a figure that counts is of other folders.
 *
 * Clips of the given folders (default: the example's) that have a fault of their own, seen by eye, do not count for its
 * rule. Faults of a whole shard are tried on shards drawn from the clips, and from a folder of pictures if one is given.
 * Made clips, evidence and results are kept in the temporary folder: a run that was cut short by `--seconds` goes on
 * where it stopped, and `--table` prints all results so far. Goals: recall 0.97 at the strength that a rule is designed
 * for, alarms at most 1 % (warnings) and 0.1 % (errors).
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadRules } from '../src/judge/load-rules.ts';
import { FAULT_CASES } from '../src/media/faults/fault-cases.ts';
import { benchFolder, choosePictures, chooseClips } from './media-rules/base-clips.ts';
import {
  type CohortTrial,
  makePictureScene,
  type Scene,
  tryCohorts,
} from './media-rules/cohorts.ts';
import { findingsOf } from './media-rules/findings.ts';
import { groupBy } from './media-rules/group-by.ts';
import { isKnownFault } from './media-rules/known-faults.ts';
import { keepResult, readResults, resultTable, sumOf, type Tally } from './media-rules/results.ts';
import { type BenchClip, CODINGS, recipeOf, VariantMaker } from './media-rules/variants.ts';

const EXAMPLE = ['film', 'asl', 'mdm', 'car', 'person'].map(
  (name) => `examples/quickstart/media/${name}`,
);
const DEFAULT_CLIPS = 24;
const DEFAULT_SECONDS = 3600;
const DEFAULT_TRIALS = 20;
const MOST_PICTURES = 300;

/** Rules that a clip without sound says nothing about. */
const ABOUT_SOUND: ReadonlySet<string> = new Set([
  'audio-video-gap',
  'inverted-audio-phase',
  'silent-audio',
]);

/** Rules about a shard: one clip proves nothing. */
const COHORT_RULES: Readonly<Record<string, readonly Omit<CohortTrial, 'rule' | 'trials'>[]>> = {
  'swapped-channels': [false, true].map((bySource) => ({
    ways: [
      { way: 'red-for-blue', kind: 'design' },
      { way: 'as-recorded', kind: 'lookalike' },
      { way: 'blue-hour', kind: 'lookalike' },
    ],
    scenesPerShard: 50,
    shards: 4,
    bySource,
  })),
  'stretched-frames': [false, true].map((bySource) => ({
    ways: [
      // A third narrower needs some 75 scenes.
      { way: '4-3-to-1-1', kind: 'weak' },
      { way: '16-9-to-1-1', kind: 'design' },
      { way: 'as-recorded', kind: 'lookalike' },
      { way: 'cropped-to-1-1', kind: 'lookalike' },
    ],
    scenesPerShard: 50,
    shards: 4,
    bySource,
  })),
  'compressed-range': [false, true].map((bySource) => ({
    ways: [
      { way: 'squeezed-twice', kind: 'design' },
      { way: 'as-recorded', kind: 'lookalike' },
      { way: 'full-range-with-its-tag', kind: 'lookalike' },
    ],
    scenesPerShard: 10,
    shards: 4,
    bySource,
  })),
};

const options = readArguments(process.argv.slice(2));
const root = benchFolder(join(tmpdir(), 'dailies-detection'));
if (options.isTable) console.log(resultTable(readResults(root)));
else await runBench();

async function runBench(): Promise<void> {
  const deadline_ms = Date.now() + 1000 * options.seconds;
  const rules = new Map((await loadRules()).map((rule) => [rule.id, rule]));
  const bases = await chooseClips(options.folders, options.clips, join(root, 'fit-clips.json'));
  const maker = new VariantMaker(benchFolder(root, 'media'), deadline_ms);
  console.log(`${bases.length} clips, ${CODINGS.length} codings`);
  const ids = Object.keys(FAULT_CASES).filter((id) => rules.has(id));
  for (const id of ids) {
    if (options.rules.length > 0 && !options.rules.includes(id)) continue;
    const severity = rules.get(id)?.severity ?? 'note';
    const cohorts = COHORT_RULES[id];
    const tallies =
      cohorts === undefined
        ? await tryClips(id, bases, maker)
        : await tryShards(id, cohorts, bases, maker);
    if (tallies === null) {
      console.log(`${id}: time is up; run again to go on`);
      continue;
    }
    const unit = cohorts === undefined ? 'clip' : `shard of ${cohorts[0]?.scenesPerShard} scenes`;
    keepResult(root, { rule: id, severity, unit, tallies });
    print(id, tallies);
  }
  await tryUntouched(bases, maker, [...rules.values()]);
  if (options.wrong > 0)
    for (const line of new Set(maker.refused)) console.log(`not made: ${line}`);
}

/** Each clip on its own; null if time ran out. */
async function tryClips(
  id: string,
  bases: readonly string[],
  maker: VariantMaker,
): Promise<readonly Tally[] | null> {
  const clips = await maker.makeCase(id, bases);
  if (maker.isCut) return null;
  const found = await findingsOf(
    root,
    id,
    clips.map(({ key, path, kind, variant }) => ({
      key,
      path,
      shard: `${kind}-${variant}`,
      declared: declaredFor(id),
    })),
    { rules: [id], tier: id === 'unstable-seek' ? 'full' : 'frames' },
  );
  const counted = clips.filter((clip) => !isKnownFault(clip.base, id));
  const isHit = (clip: BenchClip): boolean => found.get(clip.key)?.has(id) ?? false;
  const wrong = counted.filter((clip) => isHit(clip) === (clip.kind === 'lookalike'));
  for (const clip of wrong.slice(0, options.wrong))
    console.log(
      `  ${isHit(clip) ? 'alarm ' : 'missed'} ${clip.kind} ${clip.variant} ${clip.codec} ${clip.base} ${clip.path}`,
    );
  const groups = groupBy(counted, (clip) => `${clip.kind} ${clip.variant} ${clip.codec}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { variant, kind, codec } = first;
    return [{ variant, kind, codec, count: group.length, hits: group.filter(isHit).length }];
  });
}

/** Shards of clips or pictures; null if time ran out. */
async function tryShards(
  id: string,
  cohorts: readonly Omit<CohortTrial, 'rule' | 'trials'>[],
  bases: readonly string[],
  maker: VariantMaker,
): Promise<readonly Tally[] | null> {
  const ways = [...new Set(['as-recorded', ...(cohorts[0]?.ways.map(({ way }) => way) ?? [])])];
  const scenes: Scene[] = [];
  if (options.pictures !== null && id !== 'compressed-range') {
    const folder = benchFolder(root, 'pictures');
    for (const path of choosePictures(options.pictures, MOST_PICTURES))
      scenes.push(await makePictureScene(folder, path, ways));
  } else {
    const clips = await maker.makeCase(id, bases);
    for (const own of groupBy(clips, (clip) => clip.base).values())
      scenes.push({
        name: own[0]?.base ?? '',
        paths: new Map(own.map((clip) => [clip.variant, clip.path])),
      });
  }
  if (maker.isCut) return null;
  const tallies: Tally[] = [];
  for (const cohort of cohorts)
    tallies.push(
      ...(await tryCohorts(root, scenes, { rule: id, ...cohort, trials: options.trials })),
    );
  if (tallies.length === 0) console.log(`${id}: ${scenes.length} scenes are too few`);
  return tallies;
}

/** All clips untouched in every coding, judged by every rule about single clips. */
async function tryUntouched(
  bases: readonly string[],
  maker: VariantMaker,
  rules: readonly { readonly id: string; readonly severity: string }[],
): Promise<void> {
  if (options.rules.length > 0 && !options.rules.includes('untouched')) return;
  const made: { key: string; base: string; path: string; codec: string }[] = [];
  for (const [index, base] of bases.entries()) {
    for (const turn of CODINGS.keys()) {
      const recipe = recipeOf(base, turn, 'untouched');
      const path = await maker.make({ name: 'as-recorded', recipe });
      if (path !== null)
        made.push({ key: `${index}/${turn}`, base, path, codec: recipe.codec ?? 'h264' });
    }
  }
  if (maker.isCut) {
    console.log('untouched: time is up; run again to go on');
    return;
  }
  const found = await findingsOf(
    root,
    'untouched',
    made.map(({ key, path }) => ({ key, path, shard: 'untouched' })),
  );
  for (const { id, severity } of rules) {
    const tested = made.filter((each) => !isKnownFault(each.base, id));
    const alarms = tested.filter((each) => found.get(each.key)?.has(id) ?? false);
    for (const each of alarms.slice(0, options.wrong))
      console.log(`  alarm untouched ${id} ${severity} ${each.codec} ${each.base} ${each.path}`);
    const result = readResults(root).find((each) => each.rule === id);
    // The clips have no sound.
    if (result === undefined || COHORT_RULES[id] !== undefined || ABOUT_SOUND.has(id)) continue;
    const others = result.tallies.filter((tally) => tally.variant !== 'untouched');
    const untouched = {
      variant: 'untouched',
      kind: 'lookalike',
      codec: 'any',
      count: tested.length,
      hits: alarms.length,
    } as const;
    keepResult(root, { ...result, tallies: [...others, untouched] });
  }
}

function print(id: string, tallies: readonly Tally[]): void {
  console.log(id);
  const variants = groupBy(tallies, (tally) => `${tally.kind} ${tally.variant}`);
  for (const [name, own] of variants) {
    const { count, hits } = sumOf(own, () => true);
    const codecs = own
      .filter((tally) => tally.hits !== (tally.kind === 'lookalike' ? 0 : tally.count))
      .map((tally) => `${tally.codec} ${tally.hits}/${tally.count}`);
    console.log(`  ${name.padEnd(50)} ${hits}/${count}  ${codecs.join(', ')}`);
  }
}

/** What a manifest says besides, where a rule goes by it. */
function declaredFor(rule: string): Readonly<Record<string, number>> {
  return rule === 'missing-audio' ? { sample_rate_hz: 48_000 } : {};
}

function readArguments(args: readonly string[]): {
  readonly clips: number;
  readonly seconds: number;
  readonly wrong: number;
  /** Draws of shards, of each way to show them. */
  readonly trials: number;
  readonly isTable: boolean;
  readonly rules: readonly string[];
  readonly pictures: string | null;
  readonly folders: readonly string[];
} {
  const value = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const folders = args.filter(
    (arg, at) => !arg.startsWith('--') && !(args[at - 1] ?? '').startsWith('--'),
  );
  return {
    clips: Number(value('--clips') ?? DEFAULT_CLIPS),
    seconds: Number(value('--seconds') ?? DEFAULT_SECONDS),
    wrong: Number(value('--wrong') ?? 0),
    trials: Number(value('--trials') ?? DEFAULT_TRIALS),
    isTable: args.includes('--table'),
    rules: value('--rule')?.split(',') ?? [],
    pictures: value('--pictures') ?? null,
    folders: folders.length === 0 ? EXAMPLE : folders,
  };
}
