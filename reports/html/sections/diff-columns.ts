import type { ColumnChange, DiffDocument } from '../../../src/compare/diff-document.ts';
import { columnNote } from '../../diff-text.ts';
import { formatCount, formatPercent } from '../../figures.ts';
import { hostileLine, hostileText, markup, type Markup } from '../markup.ts';

const COLUMNS_SHOWN = 200;
/** Columns of the co-change matrix; more do not fit a page. */
const MATRIX_MAX = 14;
const TRANSITIONS_SHOWN = 12;
const CAUSES_SHOWN = 12;

/** Change rate by column, which columns changed together, and what their values became. */
export function columnsContent(diff: DiffDocument): Markup {
  const changed = diff.columns
    .filter((column) => column.changed > 0)
    .toSorted((a, b) => (b.rate ?? 0) - (a.rate ?? 0) || (a.name < b.name ? -1 : 1));
  if (changed.length === 0)
    return markup`<p>No value changed in the rows that both versions have.</p>`;
  return markup`${rateTable(changed.slice(0, COLUMNS_SHOWN))}${matrixOf(diff, changed.slice(0, MATRIX_MAX))}${causesTable(diff)}${transitionsOf(changed)}`;
}

/** A share as a bar; the words beside it say it too. */
export function shareBar(share: number): Markup {
  return markup`<svg viewBox="0 0 100 8" width="100" height="8" aria-hidden="true"><path class="ground" d="M0 0h100v8H0z"/><path class="fill" d="M0 0h${Math.round(Math.min(1, Math.max(0, share)) * 100)}v8H0z"/></svg>`;
}

function rateTable(changed: readonly ColumnChange[]): Markup {
  return markup`<div class="wide" tabindex="0" role="region" aria-label="Change rate by column"><table class="slices"><thead><tr><th scope="col">column</th><th scope="col" class="number">changed</th><th scope="col">rate</th><th scope="col" class="number">lost</th><th scope="col" class="number">filled</th><th scope="col">what happened</th></tr></thead><tbody>${changed.map((column) => markup`<tr><th scope="row">${hostileText(column.name.slice(0, 200))}</th><td class="number">${formatCount(column.changed)}</td><td class="share note">${shareBar(column.rate ?? 0)} ${column.rate === null ? '–' : formatPercent(column.rate)}</td><td class="number">${formatCount(column.nulled)}</td><td class="number">${formatCount(column.filled)}</td><td>${hostileText(columnNote(column).slice(0, 400))}</td></tr>`)}</tbody></table></div>`;
}

/** Of the rows in which the column of a line changed, the share in which the other column changed too. */
function matrixOf(diff: DiffDocument, columns: readonly ColumnChange[]): Markup {
  if (columns.length < 2 || diff.causes.length === 0) return markup``;
  const together = (a: string, b: string): number =>
    diff.causes
      .filter((cause) => cause.columns.includes(a) && cause.columns.includes(b))
      .reduce((sum, cause) => sum + cause.rows, 0);
  const cell = (row: ColumnChange, column: ColumnChange): Markup => {
    const share = Math.min(1, together(row.name, column.name) / Math.max(1, row.changed));
    return row.name === column.name
      ? markup`<td class="number faint">·</td>`
      : markup`<td class="number"><svg class="cell note" viewBox="0 0 10 10" width="12" height="12" aria-hidden="true"><path class="ground" d="M0 0h10v10H0z"/><path class="fill" fill-opacity="${share.toFixed(2)}" d="M0 0h10v10H0z"/></svg>${share === 0 ? '0' : formatPercent(share)}</td>`;
  };
  return markup`<h3 class="sub">Changed in the same rows</h3><p class="faint fine">Of the rows in which the column at the left changed, the share in which the one above changed too.</p><div class="wide" tabindex="0" role="region" aria-label="Co-change matrix"><table class="matrix"><thead><tr><th scope="col">column</th>${columns.map((column) => markup`<th scope="col" class="number">${hostileLine(column.name, 24)}</th>`)}</tr></thead><tbody>${columns.map((row) => markup`<tr><th scope="row">${hostileLine(row.name, 40)}</th>${columns.map((column) => cell(row, column))}</tr>`)}</tbody></table></div>`;
}

function causesTable(diff: DiffDocument): Markup {
  if (diff.causes.length === 0) return markup``;
  return markup`<h3 class="sub">Columns that changed together</h3><div class="wide" tabindex="0" role="region" aria-label="Columns that changed together"><table class="slices"><thead><tr><th scope="col">columns</th><th scope="col" class="number">rows</th><th scope="col">share of changed rows</th><th scope="col">shards</th></tr></thead><tbody>${diff.causes.slice(0, CAUSES_SHOWN).map((cause) => markup`<tr><th scope="row">${hostileText(cause.columns.join(' + ').slice(0, 400))}</th><td class="number">${formatCount(cause.rows)}</td><td class="share note">${shareBar(cause.share)} ${formatPercent(cause.share)}</td><td>${formatCount(cause.shards.hit)} of ${formatCount(cause.shards.of)}${cause.shards.isRun && cause.shards.of > 1 ? markup`, side by side: ${hostileLine(cause.shards.first, 60)} to ${hostileLine(cause.shards.last, 60)}` : null}</td></tr>`)}</tbody></table></div>`;
}

/** The most frequent changes of value, of columns whose changes repeat. */
function transitionsOf(changed: readonly ColumnChange[]): Markup {
  const rows = changed
    .flatMap((column) => column.transitions.map((each) => ({ ...each, column: column.name })))
    .toSorted((a, b) => b.rows - a.rows)
    .slice(0, TRANSITIONS_SHOWN);
  if (rows.length === 0) return markup``;
  return markup`<h3 class="sub">What values became</h3><div class="wide" tabindex="0" role="region" aria-label="Transitions"><table class="slices"><thead><tr><th scope="col">column</th><th scope="col">before</th><th scope="col">after</th><th scope="col" class="number">rows</th><th scope="col">share of its changes</th></tr></thead><tbody>${rows.map((each) => markup`<tr><th scope="row">${hostileLine(each.column, 60)}</th><td>${hostileText(each.before.slice(0, 120))}</td><td>${hostileText(each.after.slice(0, 120))}</td><td class="number">${formatCount(each.rows)}</td><td class="share note">${shareBar(each.share)} ${formatPercent(each.share)}</td></tr>`)}</tbody></table></div>`;
}
