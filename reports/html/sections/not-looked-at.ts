import type { RunDocument } from '../../../src/run/document.ts';
import { formatCount, formatPlural } from '../../figures.ts';
import { PAGE_WORDS } from '../../words.ts';
import { hostileText, markup, type Markup } from '../markup.ts';

type Gap = RunDocument['notLookedAt'][number];

/** What nobody looked at, worst first, and what this page leaves out. Rules that do not apply are folded away. */
export function notLookedAtSection(run: RunDocument, leftOut: readonly string[]): Markup {
  const gaps = run.notLookedAt.filter((gap) => !isNotApplicable(gap));
  const idle = run.notLookedAt.filter(isNotApplicable);
  const rules = idle.reduce((sum, gap) => sum + gap.count, 0);
  return markup`<section id="not-looked-at" aria-labelledby="not-looked-at-heading">
    <h2 id="not-looked-at-heading">${PAGE_WORDS.notLookedAt}</h2>
    ${gaps.length === 0 ? markup`<p>${PAGE_WORDS.notLookedAtNone}</p>` : listOf(gaps)}${
      idle.length === 0
        ? null
        : markup`<details class="others"><summary>${formatPlural(rules, 'rule')} that ${rules === 1 ? 'does' : 'do'} not apply, and why</summary>${listOf(idle)}</details>`
    }${
      leftOut.length === 0
        ? null
        : markup`<h3>${PAGE_WORDS.leftOut}</h3>
            <ul class="plain">
              ${leftOut.map((what) => markup`<li>${hostileText(what)}</li>`)}
            </ul>`
    }
  </section>`;
}

/** Whether a gap is no loss: there is nothing in the dataset that these rules look at. */
export function isNotApplicable(gap: Gap): boolean {
  return gap.what.startsWith(NOT_APPLICABLE);
}

const NOT_APPLICABLE = 'not-applicable:';

function listOf(gaps: readonly Gap[]): Markup {
  return markup`<ul class="gaps">${gaps.map(
    (gap) =>
      markup`<li><b>${formatCount(gap.count)}</b><span>${hostileText(isNotApplicable(gap) ? gap.what.slice(NOT_APPLICABLE.length + 1) : gap.what)}<small>${hostileText(gap.reason)}</small></span></li>`,
  )}</ul>`;
}
