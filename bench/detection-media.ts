/**
 * Recall and false alarms of the media rules: real clips encoded anew with each fault, weaker and stronger, and with
 * what only looks like it, in several codecs and qualities, judged by a scan as a user runs it.
 *
 *     npm run bench:detection-media -- [--rule a,b] [--clips n] [--seconds n] [--wrong n] [--trials n] [--pictures folder] [--sounds folder] [folder…]
 *     npm run bench:detection-media -- --table
 *
 * Thresholds were set with the example's clips: a figure that counts is of other folders.
 *
 * Clips of the given folders (default: the example's) that have a fault of their own, seen by eye, do not count for its
 * rule. Faults of pictures, and of a whole shard, are tried where a folder of photographs is given, and of clips with sound.
 * Made clips, evidence and results are kept in the temporary folder: a run that was cut short by `--seconds` goes on
 * where it stopped, and `--table` prints all results so far. Goals: recall 0.97 at the strength that a rule is designed
 * for, alarms at most 1 % (warnings) and 0.1 % (errors).
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadRules } from '../src/judge/load-rules.ts';
import { FAULT_CASES } from '../src/media/faults/fault-cases.ts';
import { benchFolder, chooseClips } from './media-rules/base-clips.ts';
import { PICTURE_COHORTS, STILL_COHORTS } from './media-rules/cohort-rules.ts';
import { findingsOf } from './media-rules/findings.ts';
import { groupBy } from './media-rules/group-by.ts';
import { isKnownFault } from './media-rules/known-faults.ts';
import {
  keepResult,
  printTallies,
  readResults,
  resultTable,
  type Tally,
} from './media-rules/results.ts';
import { tryPictures, tryShards } from './media-rules/try-sets.ts';
import { type BenchClip, CODINGS, recipeOf, VariantMaker } from './media-rules/variants.ts';

const EXAMPLE = ['film', 'asl', 'mdm', 'car', 'person'].map(
  (name) => `examples/quickstart/media/${name}`,
);
const DEFAULT_CLIPS = 24;
const DEFAULT_SECONDS = 3600;
const DEFAULT_TRIALS = 20;

/** Rules that a clip without sound says nothing about. */
const ABOUT_SOUND: ReadonlySet<string> = new Set([
  'audio-video-gap',
  'inverted-audio-phase',
  'silent-audio',
]);

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
    // One clip proves nothing of these.
    if (id in PICTURE_COHORTS || id in STILL_COHORTS) continue;
    const tallies = await tryClips(id, bases, maker);
    if (tallies === null) {
      console.log(`${id}: time is up; run again to go on`);
      continue;
    }
    keepResult(root, { rule: id, severity, unit: 'clip', tallies });
    printTallies(id, tallies);
  }
  const severityOf = (id: string): string => rules.get(id)?.severity ?? 'note';
  const sets = { ...options, root, severityOf };
  await tryPictures(sets);
  await tryShards(sets);
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
    const result = readResults(root).find((each) => each.rule === id && each.unit === 'clip');
    // The clips have no sound.
    if (result?.unit !== 'clip' || ABOUT_SOUND.has(id)) continue;
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
  readonly sounds: string | null;
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
    sounds: value('--sounds') ?? null,
    folders: folders.length === 0 ? EXAMPLE : folders,
  };
}
