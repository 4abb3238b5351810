import type { DiffDocument } from '../../../src/compare/diff-document.ts';
import { STATE_WORDS } from '../../diff-words.ts';
import { formatCount, formatPlural } from '../../figures.ts';
import { hostileText, markup, type Markup } from '../markup.ts';

type Column = DiffDocument['schema']['columns'][number];

const STATE_ORDER = ['dropped', 'all-null', 'retyped', 'renamed', 'added', 'same'] as const;

/** Columns of either version, those of one side first, and by what rows are known again. */
export function schemaContent(diff: DiffDocument): Markup {
  const columns = diff.schema.columns.toSorted(
    (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state),
  );
  const changed = columns.filter((column) => column.state !== 'same');
  const same = columns.length - changed.length;
  const oneSided = changed.filter((column) => column.before === null || column.after === null);
  return markup`${oneSided.length === 0 ? null : markup`<p class="one-sided">${oneSided.map((column) => markup`<span>${column.after === null ? 'only before' : 'only after'}: <b>${hostileText(column.name.slice(0, 120))}</b></span> `)}</p>`}${
    changed.length === 0
      ? markup`<p>Both versions have the same ${formatPlural(same, 'column')}.</p>`
      : markup`<div class="wide" tabindex="0" role="region" aria-label="Changed columns"><table><thead><tr><th scope="col">column</th><th scope="col">change</th><th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>${changed.map((column) => markup`<tr><th scope="row">${hostileText(column.name.slice(0, 200))}</th><td><b>${STATE_WORDS[column.state]}</b></td><td>${columnCell(column.before)}</td><td>${columnCell(column.after)}</td></tr>`)}</tbody></table></div><p class="faint fine">${formatCount(same)} more ${same === 1 ? 'is' : 'are'} the same.</p>`
  }${identityTable(diff)}`;
}

function columnCell(side: Column['before']): Markup {
  return side === null
    ? markup`<span class="faint">absent</span>`
    : markup`${hostileText(side.name.slice(0, 200))} <code>${hostileText(side.type.slice(0, 200))}</code>`;
}

/** By what a row of one version is found in the other, and how far that can be trusted. */
function identityTable({ before, after, rowFlow }: DiffDocument): Markup {
  const { keySet, duplicateKeys, rowsWithoutKey } = rowFlow;
  const rows: readonly (readonly [string, Markup, Markup])[] = [
    ['key', keyOf(before), keyOf(after)],
    ['rows', markup`${formatCount(before.rows)}`, markup`${formatCount(after.rows)}`],
    [
      'rows without a key',
      markup`${formatCount(rowsWithoutKey.before)}`,
      markup`${formatCount(rowsWithoutKey.after)}`,
    ],
    [
      'keys on several rows',
      markup`${formatCount(duplicateKeys.before)}`,
      markup`${formatCount(duplicateKeys.after)}`,
    ],
    [
      'sum of all keys',
      markup`<code>${hostileText(keySet.before)}</code>`,
      markup`<code>${hostileText(keySet.after)}</code>`,
    ],
  ];
  return markup`<h3 class="sub">Identity of rows</h3><div class="wide" tabindex="0" role="region" aria-label="Identity of rows"><table class="narrow"><thead><tr><th scope="col"></th><th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>${rows.map(([name, old, now]) => markup`<tr><th scope="row">${name}</th><td>${old}</td><td>${now}</td></tr>`)}</tbody></table></div><p class="fine">${keySet.isComplete ? 'Before, less what was removed, plus what was added, is after: every row is accounted for.' : markup`<b>Before, less what was removed, plus what was added, is not after: rows are missing from this comparison.</b>`}</p>`;
}

function keyOf(side: DiffDocument['before']): Markup {
  return side.keySource === null
    ? markup`<b>no key</b>: rows are known by their content`
    : markup`${hostileText(side.keySource.slice(0, 200))}${side.isKeyStable ? null : markup`, <b>which a new version may give out again</b>`}`;
}
