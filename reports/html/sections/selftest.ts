import type { SelftestDocument, SelftestRule } from '../../../src/selftest/document.ts';
import { formatCount, formatPercent } from '../../figures.ts';
import { isBelowMark } from '../../selftest-text.ts';
import { PAGE_WORDS } from '../../words.ts';
import { hostileText, markup, type Markup } from '../markup.ts';

const METHODS = {
  rows: 'rows of this dataset',
  examples: 'its own examples',
  none: 'nothing',
} as const satisfies Record<SelftestRule['method'], string>;

/** How well the rules find faults that were put into this dataset: what the report can be trusted with. */
export function selftestSection(document: SelftestDocument | undefined): Markup {
  if (document === undefined) return markup``;
  const below = document.rules.filter(isBelowMark);
  const onRows = document.rules.filter((rule) => rule.method === 'rows');
  const found = onRows.filter((rule) => !isBelowMark(rule)).length;
  const ordered = document.rules.toSorted(
    (a, b) =>
      Number(isBelowMark(b)) - Number(isBelowMark(a)) ||
      Number(b.method === 'rows') - Number(a.method === 'rows') ||
      (a.id < b.id ? -1 : 1),
  );
  return markup`<section id="selftest" aria-labelledby="selftest-heading"><h2 id="selftest-heading">${PAGE_WORDS.selftest}</h2>
<p>Faults were put into copies of ${formatCount(document.testedRows)} rows of this dataset, ${formatCount(document.testedMedia)} with media: ${formatCount(found)} of ${formatCount(onRows.length)} rules find at least 95 % of them with at most 1 % false alarms.</p>
${below.length === 0 ? null : markup`<p><b>Below that mark:</b> ${below.map((rule) => markup`<code>${hostileText(rule.id)}</code> `)}</p>`}
<details class="others"><summary>${formatCount(document.rules.length)} rules</summary><div class="wide" tabindex="0" role="region" aria-label="${PAGE_WORDS.selftest}"><table><thead><tr><th scope="col">rule</th><th scope="col">tested on</th><th scope="col">faults</th><th scope="col" class="number">found</th><th scope="col" class="number">recall</th><th scope="col" class="number">false alarms</th><th scope="col" class="number">smallest rate the sample shows</th></tr></thead><tbody>${ordered.map(
    (rule) =>
      markup`<tr><th scope="row"><code>${hostileText(rule.id)}</code></th><td>${METHODS[rule.method]}</td><td>${hostileText((rule.reason ?? rule.faults.join(', ')).slice(0, 300))}</td><td class="number">${foundOf(rule)}</td><td class="number">${percent(rule.recall)}</td><td class="number">${percent(rule.falseAlarmRate)}</td><td class="number">${percent(rule.smallestRate)}</td></tr>`,
  )}</tbody></table></div></details></section>`;
}

function foundOf(rule: SelftestRule): string {
  if (rule.trials.length === 0) return '–';
  const sum = (pick: (trial: SelftestRule['trials'][number]) => number): number =>
    rule.trials.reduce((total, trial) => total + pick(trial), 0);
  return `${formatCount(sum((trial) => trial.found))} of ${formatCount(sum((trial) => trial.injected))}`;
}

function percent(ratio: number | null): string {
  return ratio === null ? '–' : formatPercent(ratio);
}
