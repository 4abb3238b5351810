import type { Severity } from './judge/rule.ts';
import type { RuleOutcome } from './run/document.ts';

const ORDER = { error: 0, warning: 1, note: 2 } as const satisfies Record<Severity, number>;

/**
 * Rows of the whole dataset that are affected at the least: the lower end of the interval times the rows the rule is
 * about. A rule about shards or the dataset counts for the share of rows it stands for.
 */
function affectedAtLeast(rule: RuleOutcome, datasetRows: number): number {
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

/** Failed rules, worst first: by severity, then by the rows that are affected at the least, then by id. */
export function rankWorst(run: Ranked): readonly RuleOutcome[] {
  const rows = (rule: RuleOutcome): number => affectedAtLeast(rule, run.dataset.rows);
  return failedRules(run).toSorted(
    (a, b) => ORDER[a.severity] - ORDER[b.severity] || rows(b) - rows(a) || compareText(a.id, b.id),
  );
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
