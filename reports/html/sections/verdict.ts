import type { RunDocument } from '../../../src/run/document.ts';
import { formatDatasetBytes, formatCount, formatPlural, openedWords } from '../../figures.ts';
import { OUTCOME_WORDS, SEVERITY_WORDS, VERDICT_WORDS } from '../../words.ts';
import { suppressionWords } from '../../since.ts';
import { hostileText, markup, type Markup } from '../markup.ts';
import { outcomeIcon, severityIcon } from '../severity-mark.ts';

const OTHER_OUTCOMES = ['incomplete', 'errored', 'passed', 'not-applicable'] as const;

/** The verdict in one sentence, the tally of rules, and how much was looked at. */
export function verdictSection(run: RunDocument): Markup {
  const { verdict } = run;
  return markup`<section
    id="verdict"
    class="verdict ${verdict.outcome}"
    aria-labelledby="verdict-sentence"
  >
    <p class="stamp">
      ${VERDICT_WORDS[verdict.outcome].mark} ${VERDICT_WORDS[verdict.outcome].word}
    </p>
    <h1 id="verdict-sentence">${hostileText(verdict.sentence)}</h1>
    <ul class="tally" aria-label="Rules by outcome">
      ${tally(run)}
    </ul>
    ${[suppressionWords(run)].filter((words) => words !== '').map((words) => markup`<p class="since">${hostileText(words)}</p>`)}
    <p class="looked">${looked(run)}</p>
  </section>`;
}

function tally(run: RunDocument): readonly Markup[] {
  const failed = (['error', 'warning', 'note'] as const)
    .filter((severity) => run.verdict.failed[severity] > 0)
    .map((severity) => {
      const count = run.verdict.failed[severity];
      const { one, many } = SEVERITY_WORDS[severity];
      return markup`<li class="${severity}">
        ${severityIcon(severity)}<b>${count}</b> ${count === 1 ? one : many}
      </li>`;
    });
  const others = OTHER_OUTCOMES.filter((outcome) => run.verdict.outcomes[outcome] > 0).map(
    (outcome) =>
      markup`<li class="${outcome}">
        ${outcomeIcon(outcome)}<b>${run.verdict.outcomes[outcome]}</b> ${OUTCOME_WORDS[outcome]}
      </li>`,
  );
  return [...failed, ...others];
}

function looked(run: RunDocument): Markup {
  const { dataset, plan } = run;
  const unread = dataset.shards.filter((shard) => shard.state === 'unread').length;
  if (run.probes.length === 0) {
    return markup`${formatPlural(dataset.rows, 'row')} in
    ${formatPlural(dataset.shards.length, 'shard')}${unread > 0 ? ` (${unread} unread)` : ''},
    ${formatDatasetBytes(dataset)}; no media opened.`;
  }
  const sampled =
    plan.sample.size < plan.sample.population
      ? markup`${formatCount(plan.sample.size)} clips ${openedWords(run)} as a sample.
          <span class="promise">${hostileText(plan.sample.promise)}</span>`
      : markup`all ${formatPlural(plan.sample.size, 'clip')} ${openedWords(run)}.`;
  return markup`${formatPlural(dataset.rows, 'row')} in
  ${formatPlural(dataset.shards.length, 'shard')}${unread > 0 ? ` (${unread} unread)` : ''},
  ${formatDatasetBytes(dataset)}; ${sampled}`;
}
