import type { Finding } from '../../src/run/document.ts';
import { formatCount } from '../figures.ts';
import { htmlDocument } from './document-shell.ts';
import { hostileLine, hostileLongText, hostileText, markup, type Markup } from './markup.ts';
import type { PageSite } from './page-site.ts';
import { writeToken } from './query.ts';
import { severityMark } from './severity-mark.ts';

/** Some of all findings, in the order of the pages. */
export type FindingsListing = {
  readonly dataset: string;
  readonly version: string;
  readonly site: PageSite;
  /** Filter, as the table of the report takes it. */
  readonly query: string;
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
  readonly total: number;
  readonly rules: readonly { readonly rule: string; readonly count: number }[];
  readonly findings: readonly Finding[];
};

/** Rules offered as filters. */
const RULES_SHOWN = 16;

/** All findings of a run, page by page, for browsers with and without scripts. */
export function renderFindingsPage(listing: FindingsListing): string {
  const { query, page, total, perPage } = listing;
  const pages = Math.max(1, Math.ceil(total / perPage));
  const first = (page - 1) * perPage + 1;
  const last = first + listing.findings.length - 1;
  const turn = (to: number, word: string, relation: string): Markup =>
    to < 1 || to > pages
      ? markup`<span class="faint">${word}</span>`
      : markup`<a rel="${relation}" href="${addressOf(query, to)}">${word}</a>`;
  const turns =
    pages === 1
      ? null
      : markup`<p class="turns">${turn(page - 1, 'Previous', 'prev')} <span>page ${formatCount(page)} of ${formatCount(pages)}</span> ${turn(page + 1, 'Next', 'next')}</p>`;
  return htmlDocument({
    title: `Findings of ${hostileLine(listing.dataset, 120)} – dailies`,
    name: listing.dataset,
    version: listing.version,
    navigation: [],
    site: listing.site,
    main: markup`<section id="verdict" class="listing" aria-labelledby="listing-heading">
<p class="back"><a href=".">Back to the report</a></p>
<h1 id="listing-heading">All findings</h1>
<form class="tools" action="findings" method="get" role="search"><input type="search" name="q" id="filter" aria-label="Filter findings" placeholder="rule:… severity:error !shard:… key:… any words" value="${query}"><button>Filter</button></form>
<div class="facets" role="group" aria-label="Rules">${listing.rules.slice(0, RULES_SHOWN).map(({ rule, count }) => markup`<a class="facet" href="${addressOf(withRule(query, rule), 1)}">${hostileText(rule)} <span class="faint">${formatCount(count)}</span></a>`)}</div>
<p class="status">${total === 0 ? 'No finding matches this filter.' : `${formatCount(first)}–${formatCount(last)} of ${formatCount(total)}`}</p>
${turns}
${listing.findings.length === 0 ? null : table(listing)}
${listing.findings.length > 20 ? turns : null}</section>`,
    footer: markup`dailies ${listing.version}`,
    after: markup``,
    shards: 0,
  });
}

function table({ findings, site }: FindingsListing): Markup {
  return markup`<div class="wide" tabindex="0" role="region" aria-label="Findings"><table class="findings"><thead><tr><th scope="col">severity</th><th scope="col">rule</th><th scope="col">key</th><th scope="col">shard</th><th scope="col" class="number">row</th><th scope="col">message</th></tr></thead><tbody>${findings.map(
    (finding) => {
      const href = site.clipHref({
        key: finding.key,
        shard: finding.shard,
        rowNumber: finding.row_number,
      });
      const key = hostileText((finding.key ?? '–').slice(0, 200));
      return markup`<tr><td>${severityMark(finding.severity)}</td><td><code>${hostileText(finding.rule_id)}</code></td><th scope="row">${href === null ? key : markup`<a href="${href}">${key}</a>`}</th><td>${hostileText((finding.shard ?? '–').slice(0, 120))}</td><td class="number">${finding.row_number === null ? '–' : formatCount(finding.row_number)}</td><td>${hostileLongText(finding.message)}</td></tr>`;
    },
  )}</tbody></table></div>`;
}

function withRule(query: string, rule: string): string {
  const token = writeToken({ field: 'rule', text: rule, isNegated: false });
  return query.split(/\s+/).includes(token) ? query : `${query} ${token}`.trim();
}

function addressOf(query: string, page: number): string {
  const parameters = new URLSearchParams();
  if (query !== '') parameters.set('q', query);
  if (page > 1) parameters.set('page', String(page));
  const text = parameters.toString();
  return text === '' ? 'findings' : `findings?${text}`;
}
