import type { RuleLevel } from './rule.ts';

/** What each level of a rule looks at, for people. */
export const RULE_LEVELS = {
  L0: 'manifest only',
  L1: 'container header',
  L2: 'packets, no decoding',
  L3: 'keyframes',
  L4: 'every frame, decoded small',
  L5: 'embeddings',
  X: 'two versions',
} as const satisfies Readonly<Record<RuleLevel, string>>;
