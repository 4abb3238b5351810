import { assertNever } from '../../../src/assert-never.ts';
import type { FindingsTable } from '../island-decode.ts';
import type { SortColumn, ViewState } from '../view-state.ts';

const SEVERITY_ORDER = { error: 0, warning: 1, note: 2 } as const;

/** Positions in another order; equal ones keep the page's order. */
export function sortFindings(
  table: FindingsTable,
  positions: Uint32Array,
  sort: ViewState['sort'],
): Uint32Array {
  if (sort === null) return positions;
  const rank = rankOf(table, positions, sort.column);
  const sign = sort.isDescending ? -1 : 1;
  return positions.toSorted((a, b) => sign * (rank(a) - rank(b)) || a - b);
}

/** A number per finding that sorts as its column does. */
function rankOf(
  table: FindingsTable,
  positions: Uint32Array,
  column: SortColumn,
): (index: number) => number {
  switch (column) {
    case 'row':
      return (index) => table.rowOf[index] ?? -1;
    case 'severity': {
      const ranks = table.groups.map((group) => SEVERITY_ORDER[group.severity]);
      return (index) => ranks[table.groupOf[index] ?? 0] ?? 0;
    }
    case 'rule': {
      const ranks = rankTexts(table.groups.map((group) => group.rule));
      return (index) => ranks[table.groupOf[index] ?? 0] ?? 0;
    }
    case 'shard': {
      const ranks = rankTexts(['', ...table.shards]);
      return (index) => ranks[(table.shardOf[index] ?? -1) + 1] ?? 0;
    }
    case 'key':
      return rankFindings(table, positions, (index) => table.key(index) ?? '');
    case 'message':
      return rankFindings(table, positions, (index) => table.message(index));
    default:
      return assertNever(column);
  }
}

function rankFindings(
  table: FindingsTable,
  positions: Uint32Array,
  text: (index: number) => string,
): (index: number) => number {
  const ranks = new Float64Array(table.count);
  const ranked = rankTexts(Array.from(positions, text));
  for (const [place, index] of positions.entries()) ranks[index] = ranked[place] ?? 0;
  return (index) => ranks[index] ?? 0;
}

/** The place of each text among the different texts, in code unit order. */
function rankTexts(texts: readonly string[]): Float64Array {
  const order = texts
    .map((text, index) => ({ text, index }))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  const ranks = new Float64Array(texts.length);
  let place = 0;
  let last: string | null = null;
  for (const { text, index } of order) {
    if (text !== last) place += 1;
    last = text;
    ranks[index] = place;
  }
  return ranks;
}
