import type { Severity } from './judge/rule.ts';
import type { RuleOutcome } from './run/document.ts';

/** How much worse one row of a severity is than one of the next: an error on 1 % outranks a note on everything. */
const WEIGHT = { error: 100, warning: 10, note: 1 } as const satisfies Record<Severity, number>;

const ORDER = { error: 0, warning: 1, note: 2 } as const satisfies Record<Severity, number>;

/**
 * Rows of the whole dataset that are affected at the least: the lower end of the interval times the rows the rule is
 * about. A rule about shards or the dataset counts for the share of rows it stands for.
 */
export function affectedAtLeast(rule: RuleOutcome, datasetRows: number): number {
  const low = rule.interval?.low ?? rule.rate ?? 0;
  if (rule.scope === 'dataset' || rule.scope === 'versions')
    return Math.max(rule.affected, low * datasetRows);
  return rule.isSampled ? Math.max(rule.affected, low * rule.eligible) : rule.affected;
}

/** What is ranked: a run, or the part of it that there is before the verdict. */
type Ranked = {
  readonly rules: readonly RuleOutcome[];
  readonly dataset: { readonly rows: number };
};

/** Failed rules, worst first: rows affected times severity times confidence. The order is total. */
export function rankWorst(run: Ranked): readonly RuleOutcome[] {
  const score = (rule: RuleOutcome): number =>
    affectedAtLeast(rule, run.dataset.rows) * WEIGHT[rule.severity];
  return failedRules(run).toSorted((a, b) => score(b) - score(a) || compareText(a.id, b.id));
}

/** Failed rules by severity, then those with new findings, then rate, then id: the order of the rules section. */
export function rankFailed(run: Pick<Ranked, 'rules'>): readonly RuleOutcome[] {
  return failedRules(run).toSorted(
    (a, b) =>
      ORDER[a.severity] - ORDER[b.severity] ||
      newness(b) - newness(a) ||
      (b.rate ?? 0) - (a.rate ?? 0) ||
      compareText(a.id, b.id),
  );
}

function newness(rule: RuleOutcome): number {
  return Math.sign(rule.baseline?.new ?? 0);
}

function failedRules(run: Pick<Ranked, 'rules'>): readonly RuleOutcome[] {
  return run.rules.filter((rule) => rule.outcome === 'failed');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
