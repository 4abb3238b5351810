import type { RuleScope, Severity } from '../judge/rule.ts';

/**
 * What the faults of a rule were put into. media: clips and images of the dataset, encoded anew with the fault, measured
 * and judged; rows: values of the dataset's own rows; shards: files of a copy of its manifest; versions: a second copy,
 * compared with the first; evidence: measured values of its clips, replaced by those of the rule's examples; examples: the
 * rule's examples alone, because the dataset gives it nothing to work on.
 */
export type SelftestMethod = 'media' | 'rows' | 'shards' | 'versions' | 'evidence' | 'examples';

/** One way of going wrong, at the design point. */
export type SelftestFault = {
  readonly name: string;
  readonly injected: number;
  readonly found: number;
};

/** What injecting one rule's faults at one rate showed. */
export type SelftestTrial = {
  /** Share of what was looked at into which the fault was put, 0–1. */
  readonly rate: number;
  /** Whether the rule is held to this trial: what shows in many rows together is held to its largest rate alone. */
  readonly isDesignPoint: boolean;
  readonly injected: number;
  readonly found: number;
  /** Rows, clips or sets that are sound or only look faulty, and how many of them the rule reported. */
  readonly sound: number;
  readonly falseAlarms: number;
};

/** How well one rule does on this dataset. */
export type SelftestRule = {
  readonly id: string;
  readonly family: string;
  readonly severity: Severity;
  readonly scope: RuleScope;
  readonly method: SelftestMethod;
  readonly faults: readonly SelftestFault[];
  /** Why nothing better than examples, or than evidence, could be tried; null: it was. */
  readonly reason: string | null;
  readonly trials: readonly SelftestTrial[];
  /** At the design point, 0–1; null without a fault. */
  readonly recall: number | null;
  readonly falseAlarmRate: number | null;
  /** Smallest rate in the whole dataset that the configured sample shows at least once in 95 of 100 draws; null: unknown. */
  readonly smallestRate: number | null;
  /** Recall under 0.95 or more than 1 % false alarms. */
  readonly isBelowMark: boolean;
};

/** `selftest.json` in the run folder. */
export type SelftestDocument = {
  readonly schemaVersion: 1;
  readonly dataset: string;
  readonly rows: number;
  readonly seed: string;
  /** Rows that faults were put into, and those of them whose media were looked at. */
  readonly testedRows: number;
  readonly testedMedia: number;
  /** Clips and images that were encoded anew, with faults and as look-alikes of them. */
  readonly encodedMedia: number;
  readonly configuredSample: number;
  readonly rules: readonly SelftestRule[];
};

/** What a rule must reach on its faults, and may not exceed on sound data. */
export const LEAST_RECALL = 0.95;
export const MOST_FALSE_ALARMS = 0.01;
