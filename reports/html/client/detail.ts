import type { FindingsTable, TableRow } from '../island-decode.ts';
import { clipId } from '../clip-id.ts';
import { valueText } from '../island.ts';
import { toSuppression } from '../copy-formats.ts';
import { button, element, hostile, severityShape } from './dom.ts';
import { TABLE_WORDS } from './words.ts';

export type DetailEvents = {
  readonly copy: (text: string) => void;
  readonly close: () => void;
  readonly addToken: (field: 'rule' | 'shard', text: string, isNegated: boolean) => void;
};

/** All that the page knows of one finding. */
export function renderDetail(
  table: FindingsTable,
  index: number,
  events: DetailEvents,
): HTMLElement {
  const row = table.row(index);
  const values = table.values(index).filter(([, value]) => value !== null);
  const heading = element(
    'h3',
    {},
    severityShape(row.severity),
    ` ${row.severity} `,
    element('a', { href: `#rule-${row.rule}` }, row.title),
  );
  const facts: (readonly [string, string | null])[] = [
    ['since the earlier run', table.state(index) === '' ? null : table.state(index)],
    ['key', row.key],
    ['shard', row.shard],
    ['row', row.rowNumber === null ? null : row.rowNumber.toLocaleString('en-US')],
  ];
  const pane = element(
    'aside',
    { class: `detail ${row.severity}`, id: 'detail', 'aria-label': 'Finding', tabindex: -1 },
    button('Close', events.close, { class: 'close' }),
    heading,
    element('p', { class: 'message' }, hostile(row.message)),
    ...watch(row),
    ...film(row),
    element(
      'dl',
      { class: 'pairs' },
      ...facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) =>
          element('div', {}, element('dt', {}, name), element('dd', {}, hostile(value ?? ''))),
        ),
      ...values.map(([name, value]) =>
        element(
          'div',
          {},
          element('dt', {}, hostile(name)),
          element('dd', { class: 'measured' }, hostile(valueText(value))),
        ),
      ),
    ),
  );
  const actions = element('p', { class: 'actions' });
  if (row.key !== null) actions.append(button('Copy key', () => events.copy(row.key ?? '')));
  actions.append(
    button('Suppress this', () => events.copy(toSuppression(row)), {
      title: 'Copies an entry for dailies-suppressions.yaml',
    }),
    button('Only this rule', () => events.addToken('rule', row.rule, false)),
    button('Not this rule', () => events.addToken('rule', row.rule, true)),
  );
  if (row.shard !== null)
    actions.append(
      button('Only this shard', () => events.addToken('shard', row.shard ?? '', false)),
    );
  pane.append(actions);
  return pane;
}

/** The link to the page of the clip, where there is one. */
function watch(row: TableRow): readonly Node[] {
  const page = document.body.dataset['clipPage'];
  if (page === undefined) {
    const link = document.querySelector(`.clip[data-clip="${clipId(row)}"] .watch`);
    return link === null ? [] : [element('p', {}, link.cloneNode(true))];
  }
  if (row.shard === null || row.rowNumber === null) return [];
  const place = new URLSearchParams({ shard: row.shard, row: String(row.rowNumber) });
  const href = `${page}?${place.toString()}`;
  return [element('p', {}, element('a', { class: 'watch', href }, TABLE_WORDS.watch))];
}

/** The film strip and caption of the clip, if the page has them: a copy of the static ones. */
function film(row: TableRow): readonly Node[] {
  const card = document.querySelector(`.clip[data-clip="${clipId(row)}"]`);
  return [...(card?.querySelectorAll('.film, .beside > .caption') ?? [])].map((part) =>
    part.cloneNode(true),
  );
}
