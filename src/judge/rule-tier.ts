import { reaches, type Tier } from '../config/config.ts';
import { tierOfColumn } from '../probes/evidence-tiers.ts';
import type { CompiledRule } from './compile-rule.ts';
import type { RuleLevel } from './rule.ts';
import { ALIGNMENT_NAMES } from './sampled-clips.ts';

const LEVEL_TIERS: Readonly<Record<RuleLevel, Tier>> = {
  L0: 'header',
  L1: 'header',
  L2: 'packets',
  L3: 'keyframes',
  L4: 'frames',
  L5: 'frames',
  X: 'frames',
};

/** Tables that analyses make of evidence of every frame. */
const ANALYSES: ReadonlySet<string> = new Set([
  'near_duplicates',
  'action_lags',
  ...ALIGNMENT_NAMES,
]);

/**
 * The tier at which clips count as looked at for a rule that reads evidence: that of its level, or of a required column
 * that only a deeper tier measures.
 */
export function tierOfRule(compiled: Pick<CompiledRule, 'rule' | 'needs'>): Tier {
  let deepest = LEVEL_TIERS[compiled.rule.level];
  for (const need of compiled.needs) {
    const tier = ANALYSES.has(need.table)
      ? 'frames'
      : need.isOptional
        ? null
        : tierOfColumn(need.table, need.column);
    if (tier !== null && reaches(tier, deepest)) deepest = tier;
  }
  return deepest;
}

/** The deepest tier that measures anything that a rule reads, required or not, or that its analyses are made of. */
export function deepestTierOf(compiled: Pick<CompiledRule, 'rule' | 'needs'>): Tier {
  let deepest: Tier = 'header';
  for (const need of compiled.needs) {
    const tier = ANALYSES.has(need.table) ? 'frames' : tierOfColumn(need.table, need.column);
    if (tier !== null && reaches(tier, deepest)) deepest = tier;
  }
  return reaches(tierOfRule(compiled), deepest) ? tierOfRule(compiled) : deepest;
}
