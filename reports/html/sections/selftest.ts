import {
  LEAST_RECALL,
  MOST_FALSE_ALARMS,
  type SelftestDocument,
  type SelftestRule,
} from '../../../src/selftest/document.ts';
import { formatCount, formatPercent } from '../../figures.ts';
import { SELFTEST_METHODS, SELFTEST_METHOD_WORDS } from '../../selftest-text.ts';
import { PAGE_WORDS } from '../../words.ts';
import { hostileText, markup, type Markup } from '../markup.ts';

/** How well the rules find faults that were put into this dataset: what the report can be trusted with. */
export function selftestSection(document: SelftestDocument | undefined): Markup {
  if (document === undefined) return markup``;
  const below = document.rules.filter((rule) => rule.isBelowMark);
  const tried = document.rules.filter((rule) => rule.trials.length > 0);
  const found = tried.filter((rule) => !rule.isBelowMark).length;
  const ordered = document.rules.toSorted(
    (a, b) =>
      Number(b.isBelowMark) - Number(a.isBelowMark) ||
      SELFTEST_METHODS.indexOf(a.method) - SELFTEST_METHODS.indexOf(b.method) ||
      (a.id < b.id ? -1 : 1),
  );
  return markup`<section id="selftest" aria-labelledby="selftest-heading"><h2 id="selftest-heading">${PAGE_WORDS.selftest}</h2>
<p>Faults were put into copies of ${formatCount(document.testedRows)} rows of this dataset, ${formatCount(document.testedMedia)} with media (${formatCount(document.encodedMedia)} encoded anew): ${formatCount(found)} of ${formatCount(tried.length)} rules find at least ${formatPercent(LEAST_RECALL)} of them with at most ${formatPercent(MOST_FALSE_ALARMS)} false alarms.</p>
${below.length === 0 ? null : markup`<p><b>Below that mark:</b> ${below.map((rule) => markup`<code>${hostileText(rule.id)}</code> `)}</p>`}
<details class="others"><summary>${formatCount(document.rules.length)} rules</summary><div class="wide" tabindex="0" role="region" aria-label="${PAGE_WORDS.selftest}"><table><thead><tr><th scope="col">rule</th><th scope="col">tested on</th><th scope="col">faults</th><th scope="col" class="number">found</th><th scope="col" class="number">recall</th><th scope="col" class="number">false alarms</th><th scope="col" class="number">smallest rate the sample shows</th></tr></thead><tbody>${ordered.map(
    (rule) =>
      markup`<tr><th scope="row"><code>${hostileText(rule.id)}</code></th><td>${SELFTEST_METHOD_WORDS[rule.method]}</td><td>${hostileText((rule.reason ?? rule.faults.map((fault) => `${fault.name} ${fault.found}/${fault.injected}`).join(', ')).slice(0, 300))}</td><td class="number">${foundOf(rule)}</td><td class="number">${percent(rule.recall)}</td><td class="number">${percent(rule.falseAlarmRate)}</td><td class="number">${percent(rule.smallestRate)}</td></tr>`,
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
