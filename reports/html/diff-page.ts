import type { ChangeExample, DiffDocument } from '../../src/compare/diff-document.ts';
import { diffHeadline } from '../diff-headline.ts';
import { CAPTION_WORDS } from '../diff-words.ts';
import { formatBytes, formatCount, formatPercent } from '../figures.ts';
import { diffWords } from '../word-diff.ts';
import { VERDICT_WORDS } from '../words.ts';
import { driftHistogram } from './charts/drift-histogram.ts';
import { rowFlowPicture } from './charts/row-flow.ts';
import { htmlDocument } from './document-shell.ts';
import { mediaSection, pairOfPictures, type PairPictures } from './sections/media-changes.ts';
import { ruleChangesSection } from './sections/rule-changes.ts';
import { hostileLine, hostileText, markup, type Markup } from './markup.ts';
import { columnsContent, shareBar } from './sections/diff-columns.ts';
import { schemaContent } from './sections/diff-schema.ts';
import { reproduceCommand } from './sections/dataset.ts';
import { ALONE, type PageSite, watchLink } from './page-site.ts';
import { severityMark } from './severity-mark.ts';

const EXAMPLES_SHOWN = 40;
const FINDINGS_SHOWN = 6;
const DRIFTS_SHOWN = 12;
/** Characters of a caption that are compared and shown. */
const CAPTION_LENGTH = 3000;

/** The comparison of two versions as one HTML file: what went, what came, what changed, and which of it is a bug. */
export function renderDiffHtml(
  diff: DiffDocument,
  pictures: ReadonlyMap<string, PairPictures> = new Map(),
  site: PageSite = ALONE,
): string {
  const { verdict } = diff;
  const [nameBefore, nameAfter] = namesOf(diff);
  const sections: readonly (readonly [string, string, Markup])[] = [
    ['schema', 'Schema', section('schema', 'Schema and identity', schemaContent(diff))],
    ['rows', 'Rows', section('rows', 'Rows', rowFlowPicture(diff.rowFlow))],
    ['rules', 'Rules', rulesSection(diff, pictures)],
    ['columns', 'Columns', section('columns', 'Change rate by column', columnsContent(diff))],
    ['captions', 'Captions', captionsSection(diff)],
    ['drift', 'Drift', driftSection(diff)],
    ['media', 'Media', mediaSection(diff, pictures)],
    ['examples', 'Examples', examplesSection(diff, pictures, site)],
    ['findings', 'Findings then and now', ruleChangesSection(diff)],
    ['not-compared', 'Not compared', notComparedSection(diff)],
  ];
  const present = sections.filter(([, , content]) => content.source !== '');
  return htmlDocument({
    title: `${VERDICT_WORDS[verdict.outcome].mark} ${hostileLine(nameAfter, 80)} against ${hostileLine(nameBefore, 80)} – dailies`,
    name: `${nameBefore} → ${nameAfter}`,
    version: diff.tool.version,
    navigation: present.map(([id, word]) => [id, word] as const),
    main: markup`${site.homeHref === undefined ? null : markup`<p class="back"><a href="${site.homeHref}">Report of the newer version</a></p>`}${headSection(diff)}${seenSection(diff, pictures, site)}${present.map(([, , content]) => content)}<section id="reproduce" aria-labelledby="reproduce-heading"><h2 id="reproduce-heading">Reproduce</h2>${reproduceCommand(diff.command)}</section>`,
    footer: markup`dailies ${diff.tool.version}`,
    after: markup``,
    shards: 0,
    site,
  });
}

function section(id: string, heading: string, content: Markup): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${heading}</h2>${content}</section>`;
}

function headSection(diff: DiffDocument): Markup {
  const { verdict } = diff;
  const names = namesOf(diff);
  return markup`<section id="verdict" class="verdict ${verdict.outcome}" aria-labelledby="verdict-sentence">
<p class="stamp">${VERDICT_WORDS[verdict.outcome].mark} ${VERDICT_WORDS[verdict.outcome].word}</p>
<h1 id="verdict-sentence">${hostileText(diffHeadline(diff))}</h1>
${failedList(diff)}
${diff.story.length === 0 ? null : markup`<ul class="story">${diff.story.map((line) => markup`<li>${hostileText(line)}</li>`)}</ul>`}
<dl class="facts sides">${sideFacts('before', diff.before, names[0])}${sideFacts('after', diff.after, names[1])}</dl></section>`;
}

function sideFacts(name: string, summary: DiffDocument['before'], label: string): Markup {
  return markup`<div><dt>${name}</dt><dd>${hostileText(label)}, ${formatCount(summary.rows)} rows in ${formatCount(summary.shards)} ${summary.shards === 1 ? 'shard' : 'shards'}, ${formatBytes(summary.bytes)}<span class="path">${hostileText(summary.path)}</span></dd></div>`;
}

/** Rules that failed, a line each, with the way to what is known of them. */
function failedList(diff: DiffDocument): Markup {
  const failed = diff.rules.filter((rule) => rule.outcome === 'failed');
  return failed.length === 0
    ? markup``
    : markup`<ul class="failed-rules">${failed.map((rule) => markup`<li class="${rule.severity}">${severityMark(rule.severity)} <a href="#rule-${rule.id}">${rule.title}</a> <span class="faint">${formatCount(rule.affected)} of ${formatCount(rule.examined)}</span></li>`)}</ul>`;
}

/** Names of both versions; where they are the same, with the folders that tell them apart. */
function namesOf({ before, after }: DiffDocument): readonly [string, string] {
  if (before.name !== after.name) return [before.name, after.name];
  return [pathTail(before.path), pathTail(after.path)];
}

function pathTail(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).slice(-2).join('/');
}

function rulesSection(diff: DiffDocument, pictures: ReadonlyMap<string, PairPictures>): Markup {
  const failed = diff.rules.filter((rule) => rule.outcome === 'failed');
  const quiet = diff.rules.filter((rule) => rule.outcome !== 'failed');
  const content = markup`${failed.length === 0 ? markup`<p>No rule about versions failed.</p>` : null}${failed.map(
    (rule) => {
      const findings = diff.findings.filter((finding) => finding.rule_id === rule.id);
      const pictured = findings
        .map((finding) => pictures.get(finding.key ?? ''))
        .find((each) => each !== undefined);
      return markup`<article class="clip ${rule.severity}" id="rule-${rule.id}"><p class="kind">${severityMark(rule.severity)} <code>${rule.id}</code></p><h3>${rule.title}</h3>
<p class="extent"><b>${formatCount(rule.affected)}</b> <span>${rule.rate === null ? '' : `${formatPercent(rule.rate)} of ${formatCount(rule.examined)}`}</span></p>
<ul class="plain-findings">${findings.slice(0, FINDINGS_SHOWN).map((finding) => markup`<li>${finding.key === null ? null : markup`<code>${hostileText(finding.key.slice(0, 300))}</code> `}${hostileText(finding.message.slice(0, 600))}</li>`)}</ul>${findings.length > FINDINGS_SHOWN ? markup`<p class="faint fine">and ${formatCount(findings.length - FINDINGS_SHOWN)} more</p>` : null}${pictured === undefined ? null : pairOfPictures(pictured)}
<dl class="prose"><div><dt>Why it matters</dt><dd>${hostileText(rule.why)}</dd></div><div><dt>Likely step</dt><dd>${hostileText(rule.step)}</dd></div><div><dt>Fix</dt><dd>${hostileText(rule.fix)}</dd></div></dl></article>`;
    },
  )}${
    quiet.length === 0
      ? null
      : markup`<details class="others"><summary>${quiet.length} rules that did not fail</summary><div class="wide" tabindex="0" role="region" aria-label="Rules that did not fail"><table><thead><tr><th scope="col">rule</th><th scope="col">looks for</th><th scope="col">outcome</th></tr></thead><tbody>${quiet.map((rule) => markup`<tr><th scope="row"><code>${rule.id}</code></th><td>${rule.title}</td><td>${rule.outcome}${rule.reason === null ? null : markup`: ${hostileText(rule.reason)}`}</td></tr>`)}</tbody></table></div></details>`
  }`;
  return section('rules', 'Rules about versions', content);
}

function captionsSection(diff: DiffDocument): Markup {
  const { captions } = diff;
  if (captions === null || (captions.changed === 0 && captions.notCompared === null))
    return markup``;
  const facts = [
    captions.moved > 0
      ? `${formatCount(captions.moved)} changed captions stood with another key before`
      : '',
    captions.offset === null
      ? ''
      : `${formatCount(captions.offset.count)} of them lie ${formatCount(Math.abs(captions.offset.rows))} rows ${captions.offset.rows > 0 ? 'further down' : 'further up'}`,
    captions.medianOverlap === null
      ? ''
      : `changed captions share ${formatPercent(captions.medianOverlap)} of their words at the median`,
    captions.notCompared ?? '',
  ].filter((fact) => fact !== '');
  return section(
    'captions',
    'Captions',
    markup`<p>${formatCount(captions.changed)} of ${formatCount(captions.compared)} changed.</p><table class="slices narrow"><thead><tr><th scope="col">how</th><th scope="col" class="number">rows</th><th scope="col">share of changed</th></tr></thead><tbody>${captions.kinds.map(({ kind, rows }) => markup`<tr><th scope="row">${CAPTION_WORDS[kind]}</th><td class="number">${formatCount(rows)}</td><td class="share note">${shareBar(rows / Math.max(1, captions.changed))} ${formatPercent(rows / Math.max(1, captions.changed))}</td></tr>`)}</tbody></table>${facts.map((fact) => markup`<p>${hostileText(fact)}</p>`)}`,
  );
}

/** PSI from which a column is drawn at once: below, bins differ as samples of one distribution do. */
const DRIFT_SEEN = 0.02;

function driftSection(diff: DiffDocument): Markup {
  const drifts = diff.drift.toSorted((a, b) => b.psi - a.psi).slice(0, DRIFTS_SHOWN);
  const [most] = drifts;
  if (most === undefined) return markup``;
  const seen = drifts.filter((drift) => drift.psi >= DRIFT_SEEN);
  const quiet = drifts.filter((drift) => drift.psi < DRIFT_SEEN);
  return section(
    'drift',
    'Drift',
    markup`${seen.length === 0 ? markup`<p>No column drifted: the largest PSI is ${most.psi.toFixed(3)}, of ${hostileText(most.name.slice(0, 120))}.</p>` : driftGrid(seen)}${quiet.length === 0 ? null : markup`<details class="others"><summary>${formatCount(quiet.length)} ${quiet.length === 1 ? 'column' : 'columns'} that did not drift</summary>${driftGrid(quiet)}</details>`}`,
  );
}

function driftGrid(shown: DiffDocument['drift']): Markup {
  return markup`<p class="faint fine">Filled: before; outlined: after; on the same bins. PSI above 0.1 is a shift worth a look, above 0.25 a large one.</p><div class="drifts">${shown.map((drift, rank) => markup`<article><h3>${rank + 1}. ${hostileText(drift.name.slice(0, 120))} <span class="faint">PSI ${drift.psi.toFixed(3)}, KS ${drift.ks.toFixed(3)}</span></h3>${driftHistogram(drift)}<p class="fine">${hostileText(drift.biggest)}</p></article>`)}</div>`;
}

/** Rows shown below the verdict. */
const SEEN_ROWS = 2;

/** One row of each of the changes that weigh most, so that the first screen shows what they look like. */
function seenSection(
  diff: DiffDocument,
  pictures: ReadonlyMap<string, PairPictures>,
  site: PageSite,
): Markup {
  const accused = new Set(diff.findings.map((finding) => finding.key));
  const weight = (example: ChangeExample): number =>
    (accused.has(example.key) ? 8 : 0) +
    (example.captionChange === 'replaced' || example.captionChange === 'emptied' ? 4 : 0) +
    (example.captionChange === null ? 0 : 2) +
    (pictures.has(example.key ?? '') ? 1 : 0);
  const kinds = new Set<string>();
  const seen: ChangeExample[] = [];
  for (const example of diff.examples.toSorted((a, b) => weight(b) - weight(a))) {
    const kind = `${example.state} ${example.captionChange ?? ''}`;
    if (kinds.has(kind) || seen.length >= SEEN_ROWS || weight(example) < 2) continue;
    kinds.add(kind);
    seen.push(example);
  }
  return seen.length === 0
    ? markup``
    : markup`<section id="seen" aria-labelledby="seen-heading"><h2 id="seen-heading">What it looks like</h2>${seen.map((example) => exampleCard(example, pictures.get(example.key ?? ''), site))}</section>`;
}

function examplesSection(
  diff: DiffDocument,
  pictures: ReadonlyMap<string, PairPictures>,
  site: PageSite,
): Markup {
  const examples = diff.examples.slice(0, EXAMPLES_SHOWN);
  if (examples.length === 0) return markup``;
  return section(
    'examples',
    'Rows side by side',
    markup`${examples.map((example) => exampleCard(example, pictures.get(example.key ?? ''), site))}${diff.examples.length > examples.length ? markup`<p class="faint fine">${formatCount(diff.examples.length - examples.length)} more examples in diff.json.</p>` : null}`,
  );
}

function exampleCard(
  example: ChangeExample,
  pictures: PairPictures | undefined,
  site: PageSite,
): Markup {
  const key = example.key ?? example.keyBefore ?? '–';
  const wasRekeyed =
    example.keyBefore !== null && example.key !== null && example.keyBefore !== example.key;
  return markup`<article class="clip"><header><h4>${hostileText(key.slice(0, 300))}${wasRekeyed ? markup` <span class="faint">was ${hostileText((example.keyBefore ?? '').slice(0, 300))}</span>` : null}</h4><p class="faint">${watchLink(site.clipHref({ key: example.key, shard: example.shard, rowNumber: example.rowNumber }), 'Play both versions')} ${example.state}${example.captionChange === null ? '' : `, ${CAPTION_WORDS[example.captionChange]}`}${example.shard === null ? null : markup` · ${hostileText(example.shard.slice(0, 200))}, row ${formatCount(example.rowNumber ?? 0)}`}</p></header>${pictures === undefined ? null : pairOfPictures(pictures)}${captionPair(example)}${
    example.values.length === 0
      ? null
      : markup`<table class="values"><thead><tr><th scope="col">column</th><th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>${example.values.slice(0, 20).map((value) => markup`<tr><th scope="row">${hostileText(value.name.slice(0, 200))}</th><td>${sideValue(value.before)}</td><td>${sideValue(value.after)}</td></tr>`)}</tbody></table>`
  }</article>`;
}

function sideValue(value: string | null): Markup {
  return value === null ? markup`<span class="faint">–</span>` : hostileText(value.slice(0, 300));
}

function captionPair(example: ChangeExample): Markup {
  const { captionBefore, captionAfter } = example;
  if (captionBefore === null && captionAfter === null) return markup``;
  const isOther = example.captionChange === 'replaced';
  const runs = diffWords(
    (captionBefore ?? '').slice(0, CAPTION_LENGTH),
    (captionAfter ?? '').slice(0, CAPTION_LENGTH),
  );
  const side = (label: string, gone: 'removed' | 'added', caption: string | null): Markup =>
    markup`<div><h5>${label}</h5>${
      caption === null
        ? markup`<p class="caption none">no caption</p>`
        : markup`<blockquote class="caption">${runs
            .filter((run) => run.kind === 'same' || run.kind === gone)
            .map((run) =>
              run.kind === 'same' || isOther
                ? hostileText(run.text)
                : gone === 'removed'
                  ? markup`<del>${hostileText(run.text)}</del>`
                  : markup`<ins>${hostileText(run.text)}</ins>`,
            )}</blockquote>`
    }</div>`;
  return markup`<div class="beside">${side('before', 'removed', captionBefore)}${side('after', 'added', captionAfter)}</div>`;
}

function notComparedSection(diff: DiffDocument): Markup {
  if (diff.notCompared.length === 0) return markup``;
  return section(
    'not-compared',
    'Not compared',
    markup`<ul class="gaps">${diff.notCompared.map((gap) => markup`<li><b>–</b><span>${hostileText(gap.what)}<small>${hostileText(gap.reason)}</small></span></li>`)}</ul>`,
  );
}
