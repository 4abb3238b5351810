import type { DiffDocument, RuleChange } from '../../../src/compare/diff-document.ts';
import { formatCount, formatPercent } from '../../figures.ts';
import { markup, type Markup } from '../markup.ts';
import { severityMark } from '../severity-mark.ts';

/** p-value, corrected for the number of rules, below which a rate has risen. */
const RISEN_P = 0.01;

/** Rules that both runs judged and whose findings differ, those that rose surest first. */
export function ruleChangesSection(diff: DiffDocument): Markup {
  const changed = diff.ruleChanges
    .filter((each) => rateOf(each.before) !== rateOf(each.after) || each.new + each.absent > 0)
    .toSorted((a, b) => a.riseP - b.riseP || (a.id < b.id ? -1 : 1));
  if (changed.length === 0) return markup``;
  return markup`<section id="findings" aria-labelledby="findings-heading"><h2 id="findings-heading">Findings then and now</h2><div class="wide" tabindex="0" role="region" aria-label="Findings then and now"><table class="slices"><thead><tr><th scope="col">severity</th><th scope="col">rule</th><th scope="col" class="number">rate before</th><th scope="col" class="number">rate after</th><th scope="col">rate</th><th scope="col" class="number">new</th><th scope="col" class="number">still there</th><th scope="col" class="number">gone</th></tr></thead><tbody>${changed.map((each) => markup`<tr><td>${severityMark(each.severity)}</td><th scope="row"><code>${each.id}</code></th><td class="number">${formatPercent(rateOf(each.before))}</td><td class="number">${formatPercent(rateOf(each.after))}</td><td>${trendOf(each)}</td><td class="number">${formatCount(each.new)}</td><td class="number">${formatCount(each.unchanged)}</td><td class="number">${formatCount(each.absent)}</td></tr>`)}</tbody></table></div></section>`;
}

function trendOf(change: RuleChange): string {
  if (change.riseP < RISEN_P) return '▲ rose';
  return rateOf(change.after) < rateOf(change.before) ? '▼ fell' : 'within chance';
}

function rateOf(each: RuleChange['before']): number {
  return each.affected / Math.max(1, each.examined);
}
