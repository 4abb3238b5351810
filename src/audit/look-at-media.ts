import { countUnreachable } from '../engine/count-unreachable.ts';
import { lookAtLatents, type ProbeCount } from '../engine/gather-evidence.ts';
import type { GatherPlan } from '../engine/gather-plan.ts';
import type { LedgerAnswer } from '../judge/answers.ts';
import type { CompiledRule } from '../judge/compile-rule.ts';
import { looksAtMedia } from '../judge/sampled-clips.ts';
import { type Climb, climbLadder, createMediaTables } from '../ladder/climb.ts';
import type { RunDocument } from '../run/document.ts';
import type { Stage } from './stage.ts';

/** What was seen behind URLs, and which stores answer. */
type Objects = Pick<GatherPlan, 'objects' | 'silent'>;

/** Looks at the drawn media as deep as rules want; null where there is nothing to look at. */
export async function climb(
  stage: Stage,
  rules: readonly CompiledRule[],
  answers: ReadonlyMap<string, LedgerAnswer>,
  objects: Objects,
): Promise<Climb | null> {
  const { config, database, manifest, progress, signal } = stage;
  const { mediaColumns } = manifest.dataset;
  if (mediaColumns.length === 0 || config.tier === 'manifest' || !rules.some(looksAtMedia)) {
    await createMediaTables(database);
    return null;
  }
  const { tier, budgets } = config;
  const plan = { ...gatherPlan(stage, mediaColumns, objects), tier, budgets, rules, answers };
  return climbLadder(database, plan, progress, signal);
}

/** Headers and a block of the files of latents that the drawn clips name; null where no rule wants them. */
export async function readLatents(
  stage: Stage,
  rules: readonly CompiledRule[],
  objects: Objects,
): Promise<ProbeCount | null> {
  const { config, database, manifest, progress, signal } = stage;
  const { latentColumns } = manifest.dataset;
  const isWanted = rules.some((each) => each.evidence.includes('latents'));
  if (!isWanted || latentColumns.length === 0 || config.tier === 'manifest') return null;
  return lookAtLatents(database, gatherPlan(stage, latentColumns, objects), progress, signal);
}

/** Media of the sample that nobody gave, beside how many are allowed for; null: none. */
export async function missedMedia({
  config,
  database,
}: Stage): Promise<NonNullable<RunDocument['unreachable']> | null> {
  const { unreachable: media, ...rest } = await countUnreachable(database);
  return media === 0 ? null : { media, allowed: config.gate.maxUnreachable, ...rest };
}

function gatherPlan(stage: Stage, mediaColumns: readonly string[], objects: Objects): GatherPlan {
  const { config, engine, cacheFolder, runId } = stage;
  const { mediaRoot, held, access } = stage.manifest.dataset;
  const { decoder } = config;
  return { mediaRoot, held, access, mediaColumns, decoder, engine, cacheFolder, runId, ...objects };
}
