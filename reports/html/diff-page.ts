import type { ChangeExample, DiffDocument } from '../../src/compare/diff-document.ts';
import { columnNote } from '../diff-text.ts';
import { CAPTION_WORDS, STATE_WORDS } from '../diff-words.ts';
import { formatBytes, formatCount, formatPercent } from '../figures.ts';
import { diffWords } from '../word-diff.ts';
import { VERDICT_WORDS } from '../words.ts';
import { driftHistogram } from './charts/drift-histogram.ts';
import { rowFlowPicture } from './charts/row-flow.ts';
import { htmlDocument } from './document-shell.ts';
import { mediaSection, type PairPictures } from './sections/media-changes.ts';
import { ruleChangesSection } from './sections/rule-changes.ts';
import { hostileLine, hostileText, markup, type Markup } from './markup.ts';
import { reproduceCommand } from './sections/dataset.ts';
import { severityMark } from './severity-mark.ts';

const EXAMPLES_SHOWN = 40;
const FINDINGS_SHOWN = 6;
const DRIFTS_SHOWN = 12;
const COLUMNS_SHOWN = 200;
/** Characters of a caption that are compared and shown. */
const CAPTION_LENGTH = 3000;

/** The comparison of two versions as one HTML file: what went, what came, what changed, and which of it is a bug. */
export function renderDiffHtml(
  diff: DiffDocument,
  pictures: ReadonlyMap<string, PairPictures> = new Map(),
): string {
  const { verdict } = diff;
  const sections: readonly (readonly [string, string, Markup])[] = [
    ['rules', 'Rules', rulesSection(diff)],
    ['schema', 'Schema', schemaSection(diff)],
    ['rows', 'Rows', section('rows', 'Rows', rowFlowPicture(diff.rowFlow))],
    ['columns', 'Columns', columnsSection(diff)],
    ['captions', 'Captions', captionsSection(diff)],
    ['media', 'Media', mediaSection(diff, pictures)],
    ['drift', 'Drift', driftSection(diff)],
    ['findings', 'Findings then and now', ruleChangesSection(diff)],
    ['examples', 'Examples', examplesSection(diff)],
    ['not-compared', 'Not compared', notComparedSection(diff)],
  ];
  const present = sections.filter(([, , content]) => content.source !== '');
  return htmlDocument({
    title: `${VERDICT_WORDS[verdict.outcome].mark} ${hostileLine(diff.after.name, 80)} against ${hostileLine(diff.before.name, 80)} – dailies`,
    name: `${diff.before.name} → ${diff.after.name}`,
    version: diff.tool.version,
    navigation: present.map(([id, word]) => [id, word] as const),
    main: markup`${headSection(diff)}${present.map(([, , content]) => content)}<section id="reproduce" aria-labelledby="reproduce-heading"><h2 id="reproduce-heading">Reproduce</h2>${reproduceCommand(diff.command)}</section>`,
    footer: markup`dailies ${diff.tool.version}`,
    after: markup``,
    shards: 0,
  });
}

function section(id: string, heading: string, content: Markup): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${heading}</h2>${content}</section>`;
}

function headSection(diff: DiffDocument): Markup {
  const { verdict } = diff;
  return markup`<section id="verdict" class="verdict ${verdict.outcome}" aria-labelledby="verdict-sentence">
<p class="stamp">${VERDICT_WORDS[verdict.outcome].mark} ${VERDICT_WORDS[verdict.outcome].word}</p>
<h1 id="verdict-sentence">${hostileText(verdict.sentence)}</h1>
${diff.story.length === 0 ? null : markup`<ul class="story">${diff.story.map((line) => markup`<li>${hostileText(line)}</li>`)}</ul>`}
<dl class="facts sides">${sideFacts('before', diff.before)}${sideFacts('after', diff.after)}</dl></section>`;
}

function sideFacts(name: string, summary: DiffDocument['before']): Markup {
  return markup`<div><dt>${name}</dt><dd>${hostileText(summary.name)}, ${formatCount(summary.rows)} rows in ${formatCount(summary.shards)} ${summary.shards === 1 ? 'shard' : 'shards'}, ${formatBytes(summary.bytes)}<span class="path">${hostileText(summary.path)}</span></dd></div>`;
}

function rulesSection(diff: DiffDocument): Markup {
  const failed = diff.rules.filter((rule) => rule.outcome === 'failed');
  const quiet = diff.rules.filter((rule) => rule.outcome !== 'failed');
  const content = markup`${failed.length === 0 ? markup`<p>No rule about versions failed.</p>` : null}${failed.map(
    (rule) => {
      const findings = diff.findings.filter((finding) => finding.rule_id === rule.id);
      return markup`<article class="clip ${rule.severity}" id="rule-${rule.id}"><p class="kind">${severityMark(rule.severity)} <code>${rule.id}</code></p><h3>${rule.title}</h3>
<p class="extent"><b>${formatCount(rule.affected)}</b> <span>${rule.rate === null ? '' : `${formatPercent(rule.rate)} of ${formatCount(rule.examined)}`}</span></p>
<ul class="plain-findings">${findings.slice(0, FINDINGS_SHOWN).map((finding) => markup`<li>${finding.key === null ? null : markup`<code>${hostileText(finding.key.slice(0, 300))}</code> `}${hostileText(finding.message.slice(0, 600))}</li>`)}</ul>${findings.length > FINDINGS_SHOWN ? markup`<p class="faint fine">and ${formatCount(findings.length - FINDINGS_SHOWN)} more</p>` : null}
<dl class="prose"><div><dt>Why it matters</dt><dd>${hostileText(rule.why)}</dd></div><div><dt>Likely step</dt><dd>${hostileText(rule.step)}</dd></div><div><dt>Fix</dt><dd>${hostileText(rule.fix)}</dd></div></dl></article>`;
    },
  )}${
    quiet.length === 0
      ? null
      : markup`<details class="others"><summary>${quiet.length} rules that did not fail</summary><div class="wide" tabindex="0" role="region" aria-label="Rules that did not fail"><table><thead><tr><th scope="col">rule</th><th scope="col">looks for</th><th scope="col">outcome</th></tr></thead><tbody>${quiet.map((rule) => markup`<tr><th scope="row"><code>${rule.id}</code></th><td>${rule.title}</td><td>${rule.outcome}${rule.reason === null ? null : markup`: ${hostileText(rule.reason)}`}</td></tr>`)}</tbody></table></div></details>`
  }`;
  return section('rules', 'Rules about versions', content);
}

const STATE_ORDER = ['dropped', 'all-null', 'retyped', 'renamed', 'added', 'same'] as const;

function schemaSection(diff: DiffDocument): Markup {
  const columns = diff.schema.columns.toSorted(
    (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state),
  );
  const changed = columns.filter((column) => column.state !== 'same');
  const same = columns.length - changed.length;
  const content =
    changed.length === 0
      ? markup`<p>Both versions have the same ${formatCount(same)} columns.</p>`
      : markup`<div class="wide" tabindex="0" role="region" aria-label="Changed columns"><table><thead><tr><th scope="col">column</th><th scope="col">change</th><th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>${changed.map((column) => markup`<tr><th scope="row">${hostileText(column.name.slice(0, 200))}</th><td><b>${STATE_WORDS[column.state]}</b></td><td>${columnCell(column.before)}</td><td>${columnCell(column.after)}</td></tr>`)}</tbody></table></div><p class="faint fine">${formatCount(same)} more are the same.</p>`;
  return section('schema', 'Schema', content);
}

function columnCell(side: DiffDocument['schema']['columns'][number]['before']): Markup {
  return side === null
    ? markup`<span class="faint">absent</span>`
    : markup`${hostileText(side.name.slice(0, 200))} <code>${hostileText(side.type.slice(0, 200))}</code>`;
}

function columnsSection(diff: DiffDocument): Markup {
  const changed = diff.columns
    .filter((column) => column.changed > 0)
    .toSorted((a, b) => (b.rate ?? 0) - (a.rate ?? 0) || (a.name < b.name ? -1 : 1))
    .slice(0, COLUMNS_SHOWN);
  const table =
    changed.length === 0
      ? markup`<p>No value changed in the rows that both versions have.</p>`
      : markup`<div class="wide" tabindex="0" role="region" aria-label="Change rate by column"><table class="slices"><thead><tr><th scope="col">column</th><th scope="col" class="number">changed</th><th scope="col">rate</th><th scope="col" class="number">lost</th><th scope="col" class="number">filled</th><th scope="col">what happened</th></tr></thead><tbody>${changed.map((column) => markup`<tr><th scope="row">${hostileText(column.name.slice(0, 200))}</th><td class="number">${formatCount(column.changed)}</td><td class="share note">${bar(column.rate ?? 0)} ${column.rate === null ? '–' : formatPercent(column.rate)}</td><td class="number">${formatCount(column.nulled)}</td><td class="number">${formatCount(column.filled)}</td><td>${hostileText(columnNote(column).slice(0, 400))}</td></tr>`)}</tbody></table></div>`;
  const causes =
    diff.causes.length === 0
      ? null
      : markup`<h3 class="sub">Columns that changed together</h3><div class="wide" tabindex="0" role="region" aria-label="Columns that changed together"><table class="slices"><thead><tr><th scope="col">columns</th><th scope="col" class="number">rows</th><th scope="col">share of changed rows</th><th scope="col">shards</th></tr></thead><tbody>${diff.causes.slice(0, 12).map((cause) => markup`<tr><th scope="row">${hostileText(cause.columns.join(' + ').slice(0, 400))}</th><td class="number">${formatCount(cause.rows)}</td><td class="share note">${bar(cause.share)} ${formatPercent(cause.share)}</td><td>${formatCount(cause.shards.hit)} of ${formatCount(cause.shards.of)}${cause.shards.isRun && cause.shards.of > 1 ? markup`, side by side: ${hostileLine(cause.shards.first, 60)} to ${hostileLine(cause.shards.last, 60)}` : null}</td></tr>`)}</tbody></table></div>`;
  return section('columns', 'Change rate by column', markup`${table}${causes}`);
}

function bar(share: number): Markup {
  return markup`<svg viewBox="0 0 100 8" width="100" height="8" aria-hidden="true"><path class="ground" d="M0 0h100v8H0z"/><path class="fill" d="M0 0h${Math.round(Math.min(1, Math.max(0, share)) * 100)}v8H0z"/></svg>`;
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
    markup`<p>${formatCount(captions.changed)} of ${formatCount(captions.compared)} changed.</p><table class="slices narrow"><thead><tr><th scope="col">how</th><th scope="col" class="number">rows</th><th scope="col">share of changed</th></tr></thead><tbody>${captions.kinds.map(({ kind, rows }) => markup`<tr><th scope="row">${CAPTION_WORDS[kind]}</th><td class="number">${formatCount(rows)}</td><td class="share note">${bar(rows / Math.max(1, captions.changed))} ${formatPercent(rows / Math.max(1, captions.changed))}</td></tr>`)}</tbody></table>${facts.map((fact) => markup`<p>${hostileText(fact)}</p>`)}`,
  );
}

function driftSection(diff: DiffDocument): Markup {
  const drifts = diff.drift.slice(0, DRIFTS_SHOWN);
  if (drifts.length === 0) return markup``;
  return section(
    'drift',
    'Drift',
    markup`<p class="faint fine">Filled: before; outlined: after; on the same bins. PSI above 0.1 is a shift worth a look, above 0.25 a large one.</p><div class="drifts">${drifts.map((drift) => markup`<article><h3>${hostileText(drift.name.slice(0, 120))} <span class="faint">PSI ${drift.psi.toFixed(3)}, KS ${drift.ks.toFixed(3)}</span></h3>${driftHistogram(drift)}<p class="fine">${hostileText(drift.biggest)}</p></article>`)}</div>`,
  );
}

function examplesSection(diff: DiffDocument): Markup {
  const examples = diff.examples.slice(0, EXAMPLES_SHOWN);
  if (examples.length === 0) return markup``;
  return section(
    'examples',
    'Rows side by side',
    markup`${examples.map((example) => exampleCard(example))}${diff.examples.length > examples.length ? markup`<p class="faint fine">${formatCount(diff.examples.length - examples.length)} more examples in diff.json.</p>` : null}`,
  );
}

function exampleCard(example: ChangeExample): Markup {
  const key = example.key ?? example.keyBefore ?? '–';
  const wasRekeyed =
    example.keyBefore !== null && example.key !== null && example.keyBefore !== example.key;
  return markup`<article class="clip"><header><h4>${hostileText(key.slice(0, 300))}${wasRekeyed ? markup` <span class="faint">was ${hostileText((example.keyBefore ?? '').slice(0, 300))}</span>` : null}</h4><p class="faint">${example.state}${example.captionChange === null ? '' : `, ${CAPTION_WORDS[example.captionChange]}`}${example.shard === null ? null : markup` · ${hostileText(example.shard.slice(0, 200))}, row ${formatCount(example.rowNumber ?? 0)}`}</p></header>${captionPair(example)}${
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
