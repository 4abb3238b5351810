import type { Baseline, Finding, ReportInput, RuleBaseline, RuleOutcome } from '../run/document.ts';
import { riseProbability } from './proportions.ts';

/** Findings that went away, shown at most. */
const MOST_ABSENT = 100;

/** A run seen against an earlier one. */
type AgainstBaseline = {
  readonly rules: readonly RuleOutcome[];
  readonly findings: readonly Finding[];
  readonly baseline: Baseline;
};

/**
 * Says of each finding whether the earlier run had it, of each rule what its rate was then, and which findings are gone.
 * Where one of the runs kept only some findings of a rule, those that meet no partner are `unknown`, neither new nor absent.
 */
export function compareWithBaseline(
  rules: readonly RuleOutcome[],
  findings: readonly Finding[],
  earlier: ReportInput,
): AgainstBaseline {
  const then = new Map(earlier.run.rules.map((rule) => [rule.id, rule]));
  const now = new Map(rules.map((rule) => [rule.id, rule]));
  const old = new Set(earlier.findings.map((finding) => finding.fingerprint));
  const current = new Set(findings.map((finding) => finding.fingerprint));
  const marked = findings.map((finding) => ({
    ...finding,
    baseline: old.has(finding.fingerprint)
      ? ('unchanged' as const)
      : isWhole(then.get(finding.rule_id))
        ? ('new' as const)
        : ('unknown' as const),
  }));
  const gone = earlier.findings.filter(
    (finding) => !current.has(finding.fingerprint) && isWhole(now.get(finding.rule_id)),
  );
  const compared = rules.filter((rule) => then.get(rule.id)?.rate != null && rule.rate !== null);
  const withRates = rules.map((rule): RuleOutcome => {
    const was = then.get(rule.id);
    return was === undefined
      ? rule
      : { ...rule, baseline: ruleBaseline(rule, was, compared.length, marked, gone) };
  });
  const count = (state: string): number =>
    marked.filter((finding) => finding.baseline === state).length;
  return {
    rules: withRates,
    findings: marked,
    baseline: {
      runId: earlier.run.run.id,
      startedAt: earlier.run.run.startedAt,
      dataset: earlier.run.dataset.name,
      new: count('new'),
      unchanged: count('unchanged'),
      absent: gone.length,
      unknown: count('unknown'),
      absentFindings: gone
        .slice(0, MOST_ABSENT)
        .map(({ rule_id, key, message }) => ({ rule_id, key, message })),
    },
  };
}

/** Every finding of the rule was kept: it was judged, and no cap was reached. */
function isWhole(rule: RuleOutcome | undefined): boolean {
  if (rule === undefined || (rule.outcome !== 'passed' && rule.outcome !== 'failed')) return false;
  return (
    rule.scope === 'dataset' || rule.scope === 'versions' || rule.storedFindings >= rule.affected
  );
}

function ruleBaseline(
  rule: RuleOutcome,
  was: RuleOutcome,
  comparisons: number,
  marked: readonly Finding[],
  gone: readonly Finding[],
): RuleBaseline {
  const own = marked.filter((finding) => finding.rule_id === rule.id);
  return {
    outcome: was.outcome,
    affected: was.affected,
    examined: was.examined,
    rate: was.rate,
    new: own.filter((finding) => finding.baseline === 'new').length,
    unchanged: own.filter((finding) => finding.baseline === 'unchanged').length,
    absent: gone.filter((finding) => finding.rule_id === rule.id).length,
    riseP: Math.min(1, riseProbability(was, rule) * Math.max(1, comparisons)),
  };
}
