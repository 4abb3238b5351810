import type { FindingsTable, TableRow } from '../island-decode.ts';
import { SORT_COLUMNS, type SortColumn, type ViewState } from '../view-state.ts';
import { cutText } from '../../visible-text.ts';
import { button, element, hostile, severityShape } from './dom.ts';
import { TABLE_WORDS } from './words.ts';

/** Rows drawn above and below those in view. */
const MARGIN_ROWS = 8;
/** Never more than this, however tall the window says it is. */
const ROWS_MAX = 300;
/** Taller scroll areas than this make browsers lose rows (Firefox: 17.9 million px). */
const HEIGHT_MAX_PX = 15_000_000;

export type GridEvents = {
  readonly sortBy: (column: SortColumn) => void;
  readonly addToken: (field: 'rule' | 'severity' | 'shard', text: string) => void;
  readonly select: (position: number) => void;
  readonly open: (position: number) => void;
};

/** The findings that are in view, as rows of an ARIA grid; the rest is empty space to scroll over. */
export class Grid {
  readonly node: HTMLElement;
  readonly #table: FindingsTable;
  readonly #events: GridEvents;
  readonly #head: HTMLElement;
  readonly #space: HTMLElement;
  readonly #rows: HTMLElement;
  readonly #headers = new Map<SortColumn, HTMLElement>();
  #shown: Uint32Array = new Uint32Array();
  #selected = -1;

  constructor(table: FindingsTable, events: GridEvents) {
    this.#table = table;
    this.#events = events;
    this.#rows = element('div', { class: 'grid-rows', role: 'rowgroup' });
    this.#space = element('div', { class: 'grid-space', role: 'presentation' }, this.#rows);
    const header = element('div', { class: 'grid-row grid-head', role: 'row', 'aria-rowindex': 1 });
    for (const column of SORT_COLUMNS) {
      const cell = element(
        'div',
        { role: 'columnheader', class: `cell-${column}` },
        button(TABLE_WORDS.columns[column], () => events.sortBy(column), { tabindex: -1 }),
      );
      this.#headers.set(column, cell);
      header.append(cell);
    }
    this.#head = element('div', { class: 'grid-top', role: 'rowgroup' }, header);
    this.node = element(
      'div',
      {
        class: table.shards.length > 1 ? 'grid' : 'grid one-shard',
        role: 'grid',
        tabindex: 0,
        'aria-label': 'Findings',
        'aria-colcount': SORT_COLUMNS.length,
      },
      this.#head,
      this.#space,
    );
    this.node.addEventListener('scroll', () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.node);
    this.#rows.addEventListener('click', (event) => this.#click(event));
  }

  /** Number of findings shown. */
  get count(): number {
    return this.#shown.length;
  }

  /** Position of the selected row among those shown, -1 if none. */
  get selected(): number {
    return this.#selected;
  }

  /** Shows other findings, or the same in another order. */
  show(shown: Uint32Array, sort: ViewState['sort']): void {
    this.#shown = shown;
    this.#selected = -1;
    this.node.setAttribute('aria-rowcount', String(shown.length + 1));
    for (const [column, cell] of this.#headers) {
      const isSorted = sort?.column === column;
      cell.setAttribute(
        'aria-sort',
        isSorted ? (sort.isDescending ? 'descending' : 'ascending') : 'none',
      );
    }
    this.node.scrollTop = 0;
    this.#draw();
  }

  /** Selects a row and brings it into view. */
  select(position: number): void {
    this.#selected = Math.max(-1, Math.min(position, this.#shown.length - 1));
    if (this.#selected >= 0) {
      const height = this.#rowHeight();
      const top = this.#selected * height;
      const view = this.node.clientHeight - this.#head.offsetHeight;
      const scale = this.#scale();
      const now = this.node.scrollTop / scale;
      if (top < now) this.node.scrollTop = top * scale;
      else if (top + height > now + view) this.node.scrollTop = (top + height - view) * scale;
    }
    this.#draw();
  }

  #rowHeight(): number {
    return Number.parseFloat(getComputedStyle(this.node).getPropertyValue('--row-height')) || 30;
  }

  /** Scroll distance over distance in rows: below 1 only for millions of rows. */
  #scale(): number {
    const full = this.#shown.length * this.#rowHeight();
    return full > HEIGHT_MAX_PX ? HEIGHT_MAX_PX / full : 1;
  }

  #draw(): void {
    const height = this.#rowHeight();
    const scale = this.#scale();
    this.#space.style.height = `${this.#shown.length * height * scale}px`;
    const top = this.node.scrollTop / scale;
    const first = Math.max(0, Math.floor(top / height) - MARGIN_ROWS);
    const last = Math.min(
      this.#shown.length,
      Math.ceil((top + this.node.clientHeight) / height) + MARGIN_ROWS,
      first + ROWS_MAX,
    );
    this.#rows.style.transform = `translateY(${first * height - top + this.node.scrollTop}px)`;
    const rows: HTMLElement[] = [];
    for (let position = first; position < last; position += 1)
      rows.push(this.#row(position, this.#table.row(this.#shown[position] ?? 0)));
    this.#rows.replaceChildren(...rows);
    const isDrawn = this.#selected >= first && this.#selected < last;
    if (isDrawn) this.node.setAttribute('aria-activedescendant', `finding-${this.#selected}`);
    else this.node.removeAttribute('aria-activedescendant');
  }

  #row(position: number, row: TableRow): HTMLElement {
    const isSelected = position === this.#selected;
    return element(
      'div',
      {
        class: `grid-row ${row.severity}`,
        role: 'row',
        id: `finding-${position}`,
        'aria-rowindex': position + 2,
        'aria-selected': String(isSelected),
        'data-position': position,
      },
      element(
        'div',
        { role: 'gridcell', class: 'cell-severity severity adds', 'data-field': 'severity' },
        severityShape(row.severity),
        row.severity,
      ),
      element('div', { role: 'gridcell', class: 'cell-rule adds', 'data-field': 'rule' }, row.rule),
      element('div', { role: 'gridcell', class: 'cell-key' }, hostile(short(row.key ?? '–', 120))),
      element(
        'div',
        { role: 'gridcell', class: 'cell-shard adds', 'data-field': 'shard' },
        hostile(short(row.shard ?? '–', 80)),
      ),
      element(
        'div',
        { role: 'gridcell', class: 'cell-row' },
        row.rowNumber === null ? '–' : row.rowNumber.toLocaleString('en-US'),
      ),
      element('div', { role: 'gridcell', class: 'cell-message' }, hostile(short(row.message, 240))),
    );
  }

  #click(event: Event): void {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>('.grid-row');
    if (row === null || row === undefined) return;
    const position = Number(row.dataset['position']);
    const field = target?.closest<HTMLElement>('.adds')?.dataset['field'];
    const found = this.#table.row(this.#shown[position] ?? 0);
    const value = { rule: found.rule, severity: found.severity, shard: found.shard };
    if (field === 'rule' || field === 'severity' || field === 'shard') {
      const text = value[field];
      if (text !== null) this.#events.addToken(field, text);
      return;
    }
    this.#events.select(position);
    this.#events.open(position);
  }
}

function short(text: string, length: number): string {
  const { head, leftOut } = cutText(text, length);
  return leftOut > 0 ? `${head}…` : head;
}
