import type { RuleOutcome, RunDocument } from '../src/run/document.ts';
import { formatCount, formatPlural } from './figures.ts';

/** `new` for a rule that did not fail before, `3 new` where some of its findings are; empty otherwise. */
export function ruleSinceWords(rule: RuleOutcome): string {
  const { baseline } = rule;
  if (baseline === undefined || rule.outcome !== 'failed') return '';
  if (baseline.outcome === 'passed') return 'new';
  return baseline.new > 0 ? `${formatCount(baseline.new)} new` : '';
}

/** What was taken out of the findings by suppressions: `12 findings suppressed by 2 entries`; empty if nothing. */
export function suppressionWords(run: RunDocument): string {
  const used = (run.suppressions?.entries ?? []).filter((entry) => entry.suppressed > 0);
  if (used.length === 0) return '';
  const count = used.reduce((sum, entry) => sum + entry.suppressed, 0);
  return `${formatPlural(count, 'finding')} suppressed by ${formatPlural(used.length, 'entry', 'entries')}`;
}
