import type { ChangeExample, DiffDocument } from '../../../src/compare/diff-document.ts';
import { columnNote } from '../../diff-text.ts';
import { CAPTION_WORDS, FLOW_WORDS, STATE_WORDS } from '../../diff-words.ts';
import { formatCount, formatPercent, formatPlural } from '../../figures.ts';
import { SEVERITY_WORDS, VERDICT_WORDS } from '../../words.ts';
import { loadAssets, policyHash } from '../assets.ts';
import {
  escapeHtml,
  hostileLine,
  hostileLongText,
  hostileText,
  joinMarkup,
  markup,
  Markup,
} from '../markup.ts';
import { wordDifference } from './word-difference.ts';

const MOST_EXAMPLES = 60;
const MOST_BINS = 24;

/** The comparison as one HTML file without scripts or network: schema and keys first, then rows, columns, captions, drift. */
export function renderDiffHtml(diff: DiffDocument): string {
  const { style } = loadAssets();
  const sheet = `${style}\n${OWN_STYLE}`;
  const policy = `default-src 'none'; style-src ${policyHash(sheet)}; base-uri 'none'; form-action 'none'`;
  const { mark, word } = VERDICT_WORDS[diff.verdict.outcome];
  const title = `${hostileLine(diff.before.name, 60)} → ${hostileLine(diff.after.name, 60)}`;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="dailies ${diff.tool.version}" />
        <title>${mark} ${title} – dailies diff</title>
        <style>${new Markup(sheet)}</style>
      </head>
      <body>
        <header class="top"><p class="brand">dailies diff</p></header>
        <main>
          <section id="verdict" class="verdict" aria-labelledby="h-verdict">
            <h1 id="h-verdict">${mark} ${word}: ${hostileText(diff.before.path)} → ${hostileText(diff.after.path)}</h1>
            <p>${formatPlural(diff.before.rows, 'row')} → ${formatPlural(diff.after.rows, 'row')}. ${hostileText(diff.verdict.sentence)}</p>
            <ul>${diff.story.map((sentence) => markup`<li>${hostileText(sentence)}</li>`)}</ul>
          </section>
          ${section('rules', 'Version rules that failed', ruleTable(diff))}
          ${section('schema', 'Schema', schemaTable(diff))}
          ${section('rows', 'Rows', flowTable(diff))}
          ${section('columns', 'Columns', columnTable(diff))}
          ${section('captions', 'Captions', captionList(diff))}
          ${section('drift', 'Drift', driftTables(diff))}
          ${section('came-and-went', 'Added, removed and re-keyed', rowList(diff))}
          ${section('not-compared', 'Not compared', gapList(diff))}
        </main>
        <footer><p>dailies ${diff.tool.version}</p></footer>
      </body>
    </html> `;
  return page.source;
}

/** What the report's style lacks: word differences, and bars of two distributions. */
const OWN_STYLE = `
.diff-words del { background: color-mix(in srgb, crimson 22%, transparent); text-decoration: line-through; }
.diff-words ins { background: color-mix(in srgb, seagreen 24%, transparent); text-decoration: none; }
.diff-words { overflow-wrap: anywhere; margin-block: 0.3rem 1rem; }
table.plain { border-collapse: collapse; max-width: 100%; }
table.plain th, table.plain td { text-align: start; padding: 0.15rem 0.9rem 0.15rem 0; vertical-align: top; overflow-wrap: anywhere; }
table.plain td.n { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.plain meter { width: 9rem; }
`;

function section(id: string, title: string, body: Markup | null): Markup | null {
  return body === null
    ? null
    : markup`<section id="${escapeHtml(id)}" aria-labelledby="h-${escapeHtml(id)}"><h2 id="h-${escapeHtml(id)}">${title}</h2>${body}</section>`;
}

function tableOf(head: readonly string[], rows: readonly Markup[]): Markup | null {
  return rows.length === 0
    ? null
    : markup`<table class="plain"><thead><tr>${head.map((cell) => markup`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`;
}

function ruleTable(diff: DiffDocument): Markup | null {
  const failed = diff.rules.filter((rule) => rule.outcome === 'failed');
  return tableOf(
    ['', 'rule', 'rows', 'for example', 'what to do'],
    failed.map((rule) => {
      const { mark, one } = SEVERITY_WORDS[rule.severity];
      const example = diff.findings.find((finding) => finding.rule_id === rule.id);
      return markup`<tr><td>${mark} ${one}</td><th scope="row">${hostileText(rule.id)}</th><td class="n">${formatCount(rule.affected)}</td>
        <td>${example === undefined ? hostileText(rule.title) : hostileText(`${example.key === null ? '' : `${example.key}: `}${example.message}`)}</td><td>${hostileText(rule.fix)}</td></tr>`;
    }),
  );
}

function schemaTable(diff: DiffDocument): Markup | null {
  const changed = diff.schema.columns.filter((column) => column.state !== 'same');
  const same = diff.schema.columns.length - changed.length;
  const rows = changed.map(
    (column) =>
      markup`<tr><td>${STATE_WORDS[column.state]}</td><td>${hostileText(column.before === null ? '–' : `${column.before.name} ${column.before.type.slice(0, 80)}`)}</td><td>${hostileText(column.after === null ? '–' : `${column.after.name} ${column.after.type.slice(0, 80)}`)}</td></tr>`,
  );
  return markup`${tableOf(['', 'before', 'after'], rows)}<p class="faint">${formatPlural(same, 'column')} the same</p>`;
}

function flowTable(diff: DiffDocument): Markup | null {
  const { rowFlow } = diff;
  const total = Math.max(rowFlow.beforeRows, rowFlow.afterRows, 1);
  const names = ['unchanged', 'changed', 'rekeyed', 'added', 'removed', 'returned'] as const;
  const rows = names.map(
    (name) =>
      markup`<tr><th scope="row">${FLOW_WORDS[name]}</th><td class="n">${formatCount(rowFlow[name])}</td><td class="n">${formatPercent(rowFlow[name] / total)}</td><td>${meter(rowFlow[name] / total, FLOW_WORDS[name])}</td></tr>`,
  );
  const proof = rowFlow.keySet.isComplete
    ? 'Every row is accounted for: the key sets add up.'
    : 'The key sets do not add up: some rows were missed.';
  return markup`${tableOf(['', 'rows', '', ''], rows)}<p class="faint">${proof}</p>`;
}

function columnTable(diff: DiffDocument): Markup | null {
  return tableOf(
    ['column', 'changed', 'rows', '', 'how'],
    diff.columns
      .filter((column) => column.changed > 0)
      .map(
        (column) =>
          markup`<tr><th scope="row">${hostileText(column.name)}</th><td class="n">${column.rate === null ? '–' : formatPercent(column.rate)}</td><td class="n">${formatCount(column.changed)}</td><td>${meter(column.rate ?? 0, 'changed')}</td><td>${hostileText(columnNote(column))}</td></tr>`,
      ),
  );
}

function captionList(diff: DiffDocument): Markup | null {
  const { captions } = diff;
  if (captions === null || captions.changed === 0) return null;
  const kinds = tableOf(
    ['rows', 'what changed'],
    captions.kinds.map(
      ({ kind, rows }) =>
        markup`<tr><td class="n">${formatCount(rows)}</td><td>${CAPTION_WORDS[kind]}</td></tr>`,
    ),
  );
  const shown = diff.examples
    .filter((example) => example.captionChange !== null)
    .filter((example) => example.captionBefore !== null || example.captionAfter !== null)
    .slice(0, MOST_EXAMPLES);
  return markup`${kinds}${shown.map(captionExample)}`;
}

function captionExample(example: ChangeExample): Markup {
  const what = example.captionChange === null ? '' : CAPTION_WORDS[example.captionChange];
  const pieces = wordDifference(example.captionBefore ?? '', example.captionAfter ?? '').map(
    ({ state, text }) =>
      state === 'same'
        ? hostileText(`${text} `)
        : state === 'removed'
          ? markup`<del>${hostileText(text)}</del> `
          : markup`<ins>${hostileText(text)}</ins> `,
  );
  return markup`<p class="diff-words"><strong>${hostileText(example.key ?? '')}</strong> <span class="faint">${what}</span><br />${joinMarkup(pieces)}</p>`;
}

function driftTables(diff: DiffDocument): Markup | null {
  const moved = diff.drift.filter((each) => each.psi >= 0.01).slice(0, 20);
  if (moved.length === 0) return markup`<p class="faint">No distribution moved.</p>`;
  return markup`${moved.map((each) => {
    const most = Math.max(...each.bins.flatMap((bin) => [bin.before, bin.after]), 0.001);
    const rows = each.bins
      .slice(0, MOST_BINS)
      .map(
        (bin) =>
          markup`<tr><td>${hostileText(bin.label)}</td><td>${meter(bin.before / most, 'before')}</td><td class="n">${formatPercent(bin.before)}</td><td>${meter(bin.after / most, 'after')}</td><td class="n">${formatPercent(bin.after)}</td></tr>`,
      );
    return markup`<details><summary>${hostileText(each.name)}: PSI ${each.psi.toFixed(3)}, KS ${each.ks.toFixed(3)}; ${hostileText(each.biggest)}</summary>${tableOf(['', 'before', '', 'after', ''], rows)}</details>`;
  })}`;
}

function rowList(diff: DiffDocument): Markup | null {
  return tableOf(
    ['', 'key', 'caption'],
    diff.examples
      .filter((example) => example.state !== 'changed')
      .slice(0, MOST_EXAMPLES)
      .map(
        (example) =>
          markup`<tr><td>${FLOW_WORDS[example.state]}</td><td>${example.keyBefore === null ? null : markup`${hostileText(example.keyBefore)} → `}${hostileText(example.key ?? 'no key')}</td><td>${hostileLongText(example.captionAfter ?? example.captionBefore ?? '')}</td></tr>`,
      ),
  );
}

function gapList(diff: DiffDocument): Markup | null {
  return diff.notCompared.length === 0
    ? null
    : markup`<ul>${diff.notCompared.map((gap) => markup`<li>${hostileText(gap.what)}: ${hostileText(gap.reason)}</li>`)}</ul>`;
}

function meter(ratio: number, label: string): Markup {
  return markup`<meter min="0" max="1" value="${Math.min(1, ratio).toFixed(4)}" aria-label="${escapeHtml(label)}"></meter>`;
}
