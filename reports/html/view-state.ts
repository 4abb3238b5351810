/** Columns that the findings table can be sorted by. */
export const SORT_COLUMNS = ['severity', 'rule', 'key', 'shard', 'row', 'message'] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

/** What a link to the findings table keeps: filter, sort and the opened finding. */
export type ViewState = {
  readonly query: string;
  readonly sort: { readonly column: SortColumn; readonly isDescending: boolean } | null;
  /** Position of the opened finding in the page's order. */
  readonly at: number | null;
};

export const EMPTY_VIEW: ViewState = { query: '', sort: null, at: null };

/** `#q=rule%3Ax&sort=-shard&at=12`; empty for the view a page opens with. */
export function writeHash(state: ViewState): string {
  const parameters = new URLSearchParams();
  if (state.query !== '') parameters.set('q', state.query);
  if (state.sort !== null)
    parameters.set('sort', `${state.sort.isDescending ? '-' : ''}${state.sort.column}`);
  if (state.at !== null) parameters.set('at', String(state.at));
  const text = parameters.toString();
  return text === '' ? '' : `#${text}`;
}

/** Reads a hash; null for anchors of the page and anything else that is no view. */
export function readHash(hash: string): ViewState | null {
  if (!/^#(?:q|sort|at)=/.test(hash)) return null;
  const parameters = new URLSearchParams(hash.slice(1));
  const sort = parameters.get('sort') ?? '';
  const column = SORT_COLUMNS.find((known) => known === sort.replace(/^-/, ''));
  const at = parameters.get('at') ?? '';
  return {
    query: parameters.get('q') ?? '',
    sort: column === undefined ? null : { column, isDescending: sort.startsWith('-') },
    at: /^\d{1,9}$/.test(at) ? Number(at) : null,
  };
}
