import type { RunDocument, SuppressionOutcome } from '../../../src/run/document.ts';
import { formatCount } from '../../figures.ts';
import { PAGE_WORDS } from '../../words.ts';
import { hostileText, markup, type Markup } from '../markup.ts';

const LISTED_MAX = 200;

/** Entries that need somebody first. */
const STATES = {
  expired: { order: 0, words: 'expired: it does nothing any more' },
  useless: { order: 1, words: 'useless: it matched nothing' },
  'not-judged': { order: 2, words: 'its rule was not judged' },
  used: { order: 3, words: 'in use' },
} as const satisfies Record<SuppressionOutcome['state'], { order: number; words: string }>;

/** What was taken out of this report on purpose, by whom, why and until when. */
export function suppressionsSection(run: RunDocument): Markup {
  const entries = run.suppressions?.entries ?? [];
  if (run.suppressions === undefined || entries.length === 0) return markup``;
  const ordered = entries.toSorted((a, b) => STATES[a.state].order - STATES[b.state].order);
  return markup`<section id="suppressions" aria-labelledby="suppressions-heading"><h2 id="suppressions-heading">${PAGE_WORDS.suppressions} <span class="faint">${formatCount(entries.length)} in ${hostileText(run.suppressions.file.slice(0, 200))}</span></h2>
<div class="wide" tabindex="0" role="region" aria-label="${PAGE_WORDS.suppressions}"><table><thead><tr><th scope="col">state</th><th scope="col">rule</th><th scope="col">which findings</th><th scope="col" class="number">taken out</th><th scope="col">reason</th><th scope="col">owner</th><th scope="col">until</th></tr></thead><tbody>${ordered
    .slice(0, LISTED_MAX)
    .map(
      (entry) =>
        markup`<tr><td>${entry.state === 'expired' || entry.state === 'useless' ? markup`<b>${STATES[entry.state].words}</b>` : STATES[entry.state].words}</td><th scope="row"><code>${hostileText(entry.rule.slice(0, 100))}</code></th><td>${hostileText(entry.selector.slice(0, 300))}</td><td class="number">${formatCount(entry.suppressed)}</td><td>${hostileText(entry.reason.slice(0, 600))}</td><td>${entry.owner === null ? '–' : hostileText(entry.owner.slice(0, 100))}</td><td>${entry.until === null ? 'no end' : hostileText(entry.until)}</td></tr>`,
    )}</tbody></table></div>${entries.length > LISTED_MAX ? markup`<p class="faint fine">${formatCount(entries.length - LISTED_MAX)} more in run.json.</p>` : null}</section>`;
}
