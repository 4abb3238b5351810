import type { ReportInput, RuleOutcome, RunDocument } from '../../../src/run/document.ts';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatPercent,
  formatPlural,
} from '../../figures.ts';
import { ruleSinceWords } from '../../since.ts';
import { OUTCOME_WORDS, PAGE_WORDS, placeWords, unitsOf } from '../../words.ts';
import { placeStrip } from '../charts/row-strip.ts';
import { thumbnail } from '../charts/film-strip.ts';
import type { ShownClip } from '../clip-card.ts';
import { hostileLine, hostileText, markup, type Markup } from '../markup.ts';
import type { PageSite } from '../page-site.ts';
import { severityMark } from '../severity-mark.ts';
import { reproduceCommand } from './dataset.ts';
import { isNotApplicable } from './not-looked-at.ts';
import type { Worst } from './worst.ts';

/** Characters of a caption that stand in for a picture. */
const CAPTION_LENGTH = 110;

/**
 * The first screen below the verdict: the worst findings in a line each, and beside them what was not looked at, what the
 * dataset is, what became of an earlier run's findings, and the command.
 */
export function overview(
  input: ReportInput,
  worst: readonly Worst[],
  leftOut: readonly string[],
  site: PageSite,
): Markup {
  return markup`<div class="overview">
<div>${
    worst.length === 0
      ? markup`<p class="quiet">${PAGE_WORDS.rulesNone}</p>`
      : markup`<h2 id="lead-heading">${PAGE_WORDS.worst}</h2><ol class="lead" aria-labelledby="lead-heading">${worst.map((each) => leadItem(input, each))}</ol>`
  }</div>
<div class="cards">${gapsCard(input.run, leftOut)}${datasetCard(input.run)}${sinceCard(input.run, site)}${commandCard(input.run)}</div>
</div>`;
}

function leadItem(input: ReportInput, { rule, proof }: Worst): Markup {
  const place = placeWords(input.run, rule);
  const since = ruleSinceWords(rule);
  return markup`<li class="${rule.severity}">
<p class="what">${severityMark(rule.severity)} <a href="#worst-${rule.id}">${rule.title}</a>${since === '' ? null : markup` <b class="badge">${since}</b>`}</p>
<p class="much"><b>${rule.rate === null ? formatCount(rule.affected) : formatPercent(rule.rate)}</b> ${muchWords(rule)}</p>
<div class="sight">${sightOf(proof)}</div>
<div class="spot">${placeStrip(input, rule)}${place === '' ? null : markup`<p>${hostileText(place)}</p>`}</div>
</li>`;
}

/** How often, and how sure: `412 of 3,000; 12.5–15.0 % of the dataset`. */
function muchWords(rule: RuleOutcome): string {
  const of = `${formatCount(rule.affected)} of ${formatCount(rule.examined)} ${unitsOf(rule).many}`;
  return rule.isSampled && rule.interval !== null
    ? `${of} looked at, ${formatInterval(rule.interval)} of all`
    : `${of}, all examined`;
}

function sightOf(proof: ShownClip | undefined): Markup {
  if (proof === undefined) return markup``;
  const { card } = proof;
  if (card.strip !== null) return thumbnail(card, proof.index);
  const caption = card.caption?.trim() ?? '';
  return caption === ''
    ? markup`<p class="faint fine">${hostileLine(card.key, CAPTION_LENGTH)}</p>`
    : markup`<p class="fine">“${hostileText(caption.slice(0, CAPTION_LENGTH))}${caption.length > CAPTION_LENGTH ? '…' : ''}”</p>`;
}

function cardOf(id: string, heading: string, content: Markup): Markup {
  return markup`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${heading}</h2>${content}</section>`;
}

/** What nobody looked at, in a few lines; the section of that name has all of it. */
function gapsCard(run: RunDocument, leftOut: readonly string[]): Markup {
  const { plan, verdict } = run;
  const real = run.notLookedAt.filter((gap) => !isNotApplicable(gap)).slice(0, 4);
  const more = run.notLookedAt.filter((gap) => !isNotApplicable(gap)).length - real.length;
  const isSample = run.probes.length > 0 && plan.sample.size < plan.sample.population;
  const lines: readonly Markup[] = [
    ...real.map(
      (gap) =>
        markup`<li><b>${formatCount(gap.count)}</b> ${hostileText(shortList(gap.what))} <span class="faint">${hostileLine(gap.reason, 120)}</span></li>`,
    ),
    ...(more > 0 ? [markup`<li>${formatPlural(more, 'more gap')}</li>`] : []),
    ...(isSample
      ? [
          markup`<li>The sample proves: <span class="promise">${hostileText(plan.sample.promise)}</span></li>`,
        ]
      : []),
    ...(verdict.outcomes['not-applicable'] > 0
      ? [
          markup`<li><b>${formatCount(verdict.outcomes['not-applicable'])}</b> rules ${OUTCOME_WORDS['not-applicable']}: nothing here that they look at</li>`,
        ]
      : []),
    ...leftOut.map((what) => markup`<li>Left out of this page: ${hostileText(what)}</li>`),
  ];
  return cardOf(
    'gaps-card',
    PAGE_WORDS.notLookedAt,
    lines.length === 0
      ? markup`<p>${PAGE_WORDS.notLookedAtNone}</p>`
      : markup`<ul>${lines}</ul><p><a href="#not-looked-at">${PAGE_WORDS.allReasons}</a></p>`,
  );
}

/** `incomplete: a, b, c and 47 more`: the names are in the section. */
function shortList(what: string): string {
  const names = what.split(', ');
  return names.length <= 4 ? what : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

function datasetCard(run: RunDocument): Markup {
  const { dataset, tool } = run;
  const unread = dataset.shards.filter((shard) => shard.state === 'unread').length;
  const known = dataset.columns.filter((column) => column.role !== null).length;
  return cardOf(
    'dataset-card',
    PAGE_WORDS.dataset,
    markup`<p><b>${hostileText(dataset.name.slice(0, 200))}</b></p><p>${formatPlural(dataset.rows, 'row')} in ${formatPlural(dataset.shards.length, 'shard')}${unread > 0 ? ` (${formatCount(unread)} unread)` : ''}, ${hostileText(dataset.format)}, ${formatBytes(dataset.bytes)}; ${known} of ${formatPlural(dataset.columns.length, 'column')} understood</p>
<p class="faint">${hostileText(run.run.startedAt.slice(0, 16).replace('T', ' '))}, tier ${hostileText(run.plan.tier)}, dailies ${tool.version}. <a href="#dataset">${PAGE_WORDS.allFacts}</a></p>`,
  );
}

/** This version against the earlier one. */
function sinceCard(run: RunDocument, site: PageSite): Markup {
  const { baseline } = run;
  const both =
    site.diffHref === undefined
      ? null
      : markup`<p><a href="${site.diffHref}">${PAGE_WORDS.bothVersions}</a></p>`;
  if (baseline === undefined)
    return cardOf(
      'since-card',
      PAGE_WORDS.since,
      both ?? markup`<p class="faint">${PAGE_WORDS.sinceNone}</p>`,
    );
  const figures: readonly (readonly [number, string])[] = [
    [baseline.new, 'new'],
    [baseline.unchanged, 'still there'],
    [baseline.absent, 'fixed'],
    ...(baseline.unknown > 0 ? [[baseline.unknown, 'cannot be told'] as const] : []),
  ];
  return cardOf(
    'since-card',
    PAGE_WORDS.since,
    markup`${both}<ul class="figures">${figures.map(([count, word]) => markup`<li><b>${formatCount(count)}</b> ${word}</li>`)}</ul><p class="faint">${hostileText(baseline.dataset.slice(0, 120))}, run ${hostileText(baseline.runId.slice(0, 60))}, ${hostileText(baseline.startedAt.slice(0, 10))}</p>${
      baseline.absentFindings.length === 0
        ? null
        : markup`<details class="more"><summary>Fixed findings</summary><ul class="plain">${baseline.absentFindings.slice(0, 20).map((each) => markup`<li><code>${hostileText(each.rule_id)}</code> ${each.key === null ? null : markup`<code>${hostileText(each.key.slice(0, 120))}</code> `}${hostileText(each.message.slice(0, 200))}</li>`)}</ul></details>`
    }`,
  );
}

function commandCard(run: RunDocument): Markup {
  return cardOf(
    'reproduce',
    PAGE_WORDS.reproduce,
    markup`${reproduceCommand(run.run.command)}<p class="faint">Seed ${hostileText(run.run.seed)}: the same rows are drawn again, in every version of the dataset.</p>`,
  );
}
