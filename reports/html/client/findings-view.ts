import type { FindingsTable, TableRow } from '../island-decode.ts';
import { toCsv, toKeys, toMarkdown } from '../copy-formats.ts';
import { filterFindings, parseQuery, type QueryField, writeToken } from '../query.ts';
import { EMPTY_VIEW, readHash, type SortColumn, type ViewState, writeHash } from '../view-state.ts';
import { copyText, downloadText } from './clipboard.ts';
import { renderDetail } from './detail.ts';
import { button, element, severityShape } from './dom.ts';
import { Grid } from './grid.ts';
import { makeHelp } from './help.ts';
import { sortFindings } from './sort.ts';
import { TABLE_WORDS } from './words.ts';

/** Waits for this long after the last key before filtering, ms. */
const TYPING_MS = 60;

/** Rules offered at once; the rest is behind a button. */
const FACETS_SHOWN = 14;

/** The findings table with its filter, buttons and keys; the URL hash is its state. */
export function startFindings(table: FindingsTable, place: HTMLElement): void {
  let state: ViewState = EMPTY_VIEW;
  let shown: Uint32Array = new Uint32Array();
  const shortcuts = { isOn: true };
  const haystacks: (string | undefined)[] = [];
  const haystack = (index: number): string =>
    (haystacks[index] ??= `${table.key(index) ?? ''} ${table.message(index)}`.toLowerCase());

  const input = element('input', {
    type: 'search',
    id: 'filter',
    'aria-label': TABLE_WORDS.filter,
    placeholder: TABLE_WORDS.placeholder,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const status = element('p', { class: 'status', role: 'status' });
  const empty = element('p', { class: 'empty', hidden: true }, TABLE_WORDS.none);
  const side = element('div', { class: 'side' });
  const help = makeHelp(shortcuts);
  const facets = element('div', { class: 'facets', role: 'group', 'aria-label': 'Rules' });

  const grid = new Grid(table, {
    sortBy: (column) => update({ sort: nextSort(state.sort, column), at: null }),
    addToken: (field, text) => addToken(field, text, false),
    select: (position) => grid.select(position),
    open: (position) => open(position),
  });

  const rows = function* (): Generator<TableRow> {
    for (const index of shown) yield table.row(index);
  };
  const say = (text: string): void => {
    status.textContent = text;
    setTimeout(() => describe(), 2500);
  };
  const copy = (text: string): void => {
    void copyText(text).then((isCopied) =>
      say(isCopied ? TABLE_WORDS.copied : TABLE_WORDS.notCopied),
    );
  };

  function describe(): void {
    const all = table.count.toLocaleString('en-US');
    status.textContent =
      shown.length === table.count
        ? `${all} findings`
        : `${shown.length.toLocaleString('en-US')} of ${all} findings`;
  }

  function addToken(field: QueryField, text: string, isNegated: boolean): void {
    const token = writeToken({ field, text, isNegated });
    const opposite = writeToken({ field, text, isNegated: !isNegated });
    const tokens = parseQuery(state.query).map(writeToken);
    const others = tokens.filter((known) => known !== token && known !== opposite);
    update({ query: [...others, token].join(' '), at: null });
    input.value = state.query;
  }

  function toggleRule(rule: string): void {
    const token = writeToken({ field: 'rule', text: rule, isNegated: false });
    const tokens = parseQuery(state.query).map(writeToken);
    const query = tokens.includes(token)
      ? tokens.filter((known) => known !== token)
      : [...tokens, token];
    update({ query: query.join(' '), at: null });
    input.value = state.query;
  }

  function update(change: Partial<ViewState>): void {
    const next = { ...state, ...change };
    const isSameList = next.query === state.query && next.sort === state.sort;
    state = next;
    if (!isSameList) list();
    const hash = writeHash(state);
    if (hash !== location.hash)
      history.replaceState(null, '', hash === '' ? location.pathname + location.search : hash);
  }

  function list(): void {
    shown = sortFindings(table, filterFindings(table, state.query, haystack), state.sort);
    grid.show(shown, state.sort);
    empty.hidden = shown.length > 0;
    grid.node.hidden = shown.length === 0;
    if (state.at === null) side.replaceChildren();
    place.classList.toggle('with-detail', state.at !== null);
    describe();
    const chosen = new Set(
      parseQuery(state.query)
        .filter((token) => token.field === 'rule' && !token.isNegated)
        .map((token) => token.text),
    );
    for (const facet of facets.querySelectorAll('button'))
      facet.setAttribute('aria-pressed', String(chosen.has(facet.dataset['rule'] ?? '')));
  }

  function open(position: number): void {
    const index = shown[position];
    if (index === undefined) return;
    side.replaceChildren(
      renderDetail(table, index, {
        copy,
        close,
        addToken: (field, text, isNegated) => addToken(field, text, isNegated),
      }),
    );
    place.classList.add('with-detail');
    grid.select(position);
    update({ at: index });
  }

  function close(): void {
    side.replaceChildren();
    place.classList.remove('with-detail');
    update({ at: null });
    grid.node.focus();
  }

  function move(by: number): void {
    grid.node.focus({ preventScroll: true });
    grid.node.scrollIntoView({ block: 'nearest' });
    grid.select(Math.max(0, grid.selected + by));
    if (state.at !== null) open(grid.selected);
  }

  function act(key: string): boolean {
    const isInGrid = document.activeElement === grid.node;
    if (key === 'Escape' && state.at !== null) close();
    else if (key === 'Enter' && isInGrid) open(Math.max(0, grid.selected));
    else if (isInGrid && key === 'ArrowDown') move(1);
    else if (isInGrid && key === 'ArrowUp') move(-1);
    else if (isInGrid && key === 'PageDown') move(15);
    else if (isInGrid && key === 'PageUp') move(-15);
    else if (isInGrid && key === 'Home') move(-table.count);
    else if (isInGrid && key === 'End') move(table.count);
    else if (!shortcuts.isOn) return false;
    else if (key === 'j') move(1);
    else if (key === 'k') move(-1);
    else if (key === '/') {
      input.focus();
      input.scrollIntoView({ block: 'nearest' });
    } else if (key === '?') help.showModal();
    else return false;
    return true;
  }

  function restore(wanted: ViewState): void {
    state = wanted;
    input.value = wanted.query;
    list();
    const position = wanted.at === null ? -1 : shown.indexOf(wanted.at);
    if (position >= 0) open(position);
    else if (wanted.at !== null) close();
  }

  let typing = 0;
  input.addEventListener('input', () => {
    clearTimeout(typing);
    typing = window.setTimeout(() => update({ query: input.value, at: null }), TYPING_MS);
  });
  input.addEventListener('change', () => {
    clearTimeout(typing);
    if (input.value !== state.query) update({ query: input.value, at: null });
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === 'ArrowDown') {
      event.preventDefault();
      event.stopPropagation();
      move(1);
    } else if (event.key === 'Escape') grid.node.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('input, textarea, select') != null) return;
    if (event.key === 'Enter' && target !== grid.node) return;
    if (act(event.key)) event.preventDefault();
  });
  window.addEventListener('hashchange', () => {
    const wanted = readHash(location.hash);
    if (wanted === null) return;
    restore(wanted);
    (place.closest('section') ?? place).scrollIntoView({ block: 'start' });
  });

  const more = button(`${table.groups.length - FACETS_SHOWN} more`, () => {
    for (const facet of facets.children) if (facet instanceof HTMLElement) facet.hidden = false;
    more.remove();
  });
  for (const [rank, group] of table.groups.entries()) {
    const facet = button(`${group.rule} `, () => toggleRule(group.rule), {
      class: `facet ${group.severity}`,
      'data-rule': group.rule,
      'aria-pressed': 'false',
    });
    facet.prepend(severityShape(group.severity));
    facet.append(element('span', { class: 'faint' }, group.count.toLocaleString('en-US')));
    facet.hidden = rank >= FACETS_SHOWN;
    facets.append(facet);
  }
  if (table.groups.length > FACETS_SHOWN) facets.append(more);
  place.replaceChildren(
    element(
      'div',
      { class: 'tools' },
      input,
      button('? Help', () => help.showModal()),
    ),
    facets,
    element(
      'div',
      { class: 'tools' },
      status,
      button('Copy keys', () => copy(toKeys(rows()))),
      button('Copy Markdown', () => copy(toMarkdown([...rows()]))),
      button('Copy CSV', () => copy(toCsv(rows()))),
      button('Download keys', () => downloadText('keys.txt', toKeys(rows()), 'text/plain')),
      button('Download CSV', () => downloadText('findings.csv', toCsv(rows()), 'text/csv')),
    ),
    element('div', { class: 'grid-and-side' }, grid.node, side),
    empty,
    help,
  );
  warmUp(table.count, haystack);
  const wanted = readHash(location.hash);
  restore(wanted ?? EMPTY_VIEW);
  if (wanted !== null) (place.closest('section') ?? place).scrollIntoView({ block: 'start' });
}

/** Ascending, descending, then the page's own order. */
function nextSort(sort: ViewState['sort'], column: SortColumn): ViewState['sort'] {
  if (sort?.column !== column) return { column, isDescending: false };
  return sort.isDescending ? null : { column, isDescending: true };
}

/** Makes the texts that words are looked up in while nothing else is to do, so that the first search is fast too. */
function warmUp(count: number, haystack: (index: number) => string): void {
  let next = 0;
  const step = (deadline: IdleDeadline): void => {
    while (next < count && deadline.timeRemaining() > 2) {
      const end = Math.min(count, next + 500);
      for (; next < end; next += 1) haystack(next);
    }
    if (next < count) requestIdleCallback(step);
  };
  if ('requestIdleCallback' in window) requestIdleCallback(step);
}
