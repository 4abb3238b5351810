import type { RuleScope, Severity } from '../judge/rule.ts';

/** What injecting one rule's faults at one rate showed. */
export type SelftestTrial = {
  /** Share of the rows into which the fault was put, 0–1. */
  readonly rate: number;
  readonly injected: number;
  readonly found: number;
  /** Rows that are sound, or only look faulty, and how many of them the rule reported. */
  readonly sound: number;
  readonly falseAlarms: number;
};

/** How well one rule does on this dataset. */
export type SelftestRule = {
  readonly id: string;
  readonly family: string;
  readonly severity: Severity;
  readonly scope: RuleScope;
  /** rows: faults put into rows of this dataset; examples: the rule's own examples; none: nothing could be injected. */
  readonly method: 'rows' | 'examples' | 'none';
  /** Names of the faults, or why there are none. */
  readonly faults: readonly string[];
  readonly reason: string | null;
  readonly trials: readonly SelftestTrial[];
  /** Of all trials together, 0–1; null without a trial. */
  readonly recall: number | null;
  readonly falseAlarmRate: number | null;
  /** Smallest rate in the whole dataset that the configured sample shows at least once in 95 of 100 draws. */
  readonly smallestRate: number | null;
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
  readonly configuredSample: number;
  readonly rules: readonly SelftestRule[];
};
