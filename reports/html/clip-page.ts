import type { ClipCard, Finding } from '../../src/run/document.ts';
import { formatCount, formatSeconds } from '../figures.ts';
import { PAGE_WORDS } from '../words.ts';
import { marksOf } from './charts/evidence-marks.ts';
import { filmStrip, stripLibrary } from './charts/film-strip.ts';
import { valuesTable } from './clip-card.ts';
import { htmlDocument } from './document-shell.ts';
import { hostileLine, hostileLongText, hostileText, markup, type Markup } from './markup.ts';
import type { PageSite } from './page-site.ts';
import { severityMark } from './severity-mark.ts';

/** A clip as one version of the dataset has it. */
export type ClipSide = {
  /** Which version, if there are two. */
  readonly name: string | null;
  /** Where it lies: shard and row. */
  readonly place: string | null;
  readonly caption: string | null;
  readonly media: readonly ClipMedium[];
};

/** A film or picture beside the page. */
export type ClipMedium = {
  /** Column of the manifest that names it. */
  readonly medium: string;
  /** Path as the manifest has it. */
  readonly path: string;
  readonly kind: 'video' | 'image' | null;
  /** Null: it cannot be shown, and `reason` says why. */
  readonly href: string | null;
  readonly reason: string | null;
};

export type ClipPage = {
  readonly dataset: string;
  readonly version: string;
  readonly key: string;
  readonly site: PageSite;
  readonly backHref: string;
  readonly findings: readonly Finding[];
  /** Frames and values, if the run kept them. */
  readonly card: ClipCard | null;
  readonly sides: readonly ClipSide[];
};

/** One clip, played: from the time at which something is wrong with it, beside its other version if there is one. */
export function renderClipPage(page: ClipPage): string {
  const times_s = timesOf(page);
  return htmlDocument({
    title: `${hostileLine(page.key, 120)} – dailies`,
    name: page.dataset,
    version: page.version,
    navigation: [],
    site: page.site,
    main: markup`<section id="verdict" class="one-clip" aria-labelledby="clip-heading">
<p class="back"><a href="${page.backHref}">Back to the report</a></p>
<h1 id="clip-heading">${hostileText(page.key.slice(0, 300))}</h1>
${findingsList(page.findings)}
<div class="players${page.sides.length > 1 ? ' pair' : ''}">${page.sides.map((side) => sideOf(side, times_s[0]?.time_s ?? 0))}</div>
${times_s.length === 0 ? null : markup`<ul class="seeks" aria-label="Times in the clip">${times_s.map(({ time_s, word }) => markup`<li data-seek="${time_s.toFixed(3)}">${formatSeconds(time_s)} ${word}</li>`)}</ul>`}
${evidenceOf(page)}</section>`,
    footer: markup`dailies ${page.version}`,
    after:
      page.card === null || page.card.strip === null
        ? markup``
        : stripLibrary([{ card: page.card, index: 0 }]),
    shards: 0,
  });
}

function findingsList(findings: readonly Finding[]): Markup {
  if (findings.length === 0) return markup`<p class="faint">No finding is stored of this clip.</p>`;
  return markup`<ul class="clip-findings">${findings.map(
    (finding) =>
      markup`<li class="${finding.severity}">${severityMark(finding.severity)} <code>${hostileText(finding.rule_id)}</code> <span>${hostileLongText(finding.message)}</span></li>`,
  )}</ul>`;
}

/** Two measures of the same stretch begin closer to each other than this. */
const SAME_START_S = 0.25;

/** The starts of the stretches that findings name, earliest first. */
function timesOf(page: ClipPage): readonly { readonly time_s: number; readonly word: string }[] {
  const duration_s = page.card?.difference?.duration_s ?? null;
  const spans = page.findings.flatMap((finding) => marksOf(finding, duration_s).spans);
  const starts = spans
    .map(({ from_s, word }) => ({ time_s: from_s, word }))
    .toSorted((a, b) => a.time_s - b.time_s);
  return starts.filter(
    ({ time_s, word }, index) =>
      !starts
        .slice(0, index)
        .some((before) => before.word === word && time_s - before.time_s < SAME_START_S),
  );
}

function sideOf(side: ClipSide, start_s: number): Markup {
  return markup`<div class="player">${side.name === null ? null : markup`<h2>${hostileText(side.name)}</h2>`}
${side.media.length === 0 ? markup`<p class="faint">No medium is named for this clip.</p>` : side.media.map((medium) => mediumOf(medium, start_s))}
${side.caption === null ? null : markup`<blockquote class="caption">${hostileLongText(side.caption)}</blockquote>`}
${side.place === null ? null : markup`<p class="faint fine">${hostileText(side.place)}</p>`}</div>`;
}

function mediumOf(medium: ClipMedium, start_s: number): Markup {
  const name = markup`<figcaption class="faint fine"><span>${hostileText(medium.medium.slice(0, 100))}</span> <span class="path">${hostileText(medium.path.slice(0, 400))}</span></figcaption>`;
  if (medium.href === null || medium.kind === null)
    return markup`<figure><p class="no-medium">${hostileText(medium.reason ?? PAGE_WORDS.noMedium)}</p>${name}</figure>`;
  return medium.kind === 'image'
    ? markup`<figure><img src="${medium.href}" alt="The picture as it is stored">${name}</figure>`
    : markup`<figure><video src="${medium.href}${start_s > 0 ? `#t=${start_s.toFixed(3)}` : ''}" controls muted loop playsinline preload="auto"></video><p class="no-medium" hidden>${PAGE_WORDS.notPlayable}</p>${name}</figure>`;
}

function evidenceOf(page: ClipPage): Markup {
  const { card } = page;
  const [finding] = page.findings;
  if (card === null || finding === undefined) return markup``;
  return markup`<div class="evidence">${filmStrip(card, 0, finding)}${valuesTable({ card, index: 0, finding, href: null, before: null, after: null })}</div>`;
}

/** `part-0003.parquet, row 12,345`. */
export function placeOf(shard: string, rowNumber: number): string {
  return `${shard}, row ${formatCount(rowNumber)}`;
}
