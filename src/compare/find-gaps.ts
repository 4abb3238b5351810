import type { DiffDocument, RowFlow } from './diff-document.ts';
import type { ColumnPairs } from './pair-columns.ts';
import type { Side } from './side.ts';

/** What of the two versions was not compared. */
export function findGaps(
  before: Side,
  after: Side,
  columns: ColumnPairs,
): DiffDocument['notCompared'] {
  return [
    ...[before, after].flatMap((side) => [
      ...side.unreadShards.map((shard) => ({
        what: `${side.which}: shard ${shard}`,
        reason: 'unreadable',
      })),
      ...side.warnings.map((reason) => ({ what: side.which, reason })),
    ]),
    ...columns.dropped.map((column) => ({
      what: `column ${column.source}`,
      reason: 'only the older version has it',
    })),
    ...columns.added.map((column) => ({
      what: `column ${column.source}`,
      reason: 'only the newer version has it',
    })),
  ];
}

/** Share of the larger version's rows under which common keys look like chance. */
const HARDLY_ANY = 0.01;

/** Signs that these are not the older and the newer version of one dataset. */
export function findDoubts(
  before: Side,
  after: Side,
  flow: RowFlow,
): readonly { readonly what: 'order' | 'keys'; readonly reason: string }[] {
  const swapped = whySwapped(before, after);
  const matched = flow.unchanged + flow.changed + flow.rekeyed;
  const share = matched / Math.max(flow.beforeRows, flow.afterRows, 1);
  return [
    ...(swapped === null ? [] : [{ what: 'order' as const, reason: swapped }]),
    ...(share < HARDLY_ANY
      ? [
          {
            what: 'keys' as const,
            reason: `only ${matched.toLocaleString('en-US')} of ${Math.max(flow.beforeRows, flow.afterRows).toLocaleString('en-US')} rows have a partner: are these two versions of one dataset, with ${before.keySource ?? 'the path or row'} and ${after.keySource ?? 'the path or row'} as the same key?`,
          },
        ]
      : []),
  ];
}

/** Why the arguments seem to have changed places; null if nothing says so. */
function whySwapped(before: Side, after: Side): string | null {
  const [older, newer] = [before.run?.run.startedAt, after.run?.run.startedAt];
  if (older !== undefined && newer !== undefined)
    return older > newer
      ? `the run given as the older version was made later (${older}) than the other (${newer}): were the arguments swapped?`
      : null;
  return isLaterName(before.path, after.path)
    ? `by their names ${before.path} is later than ${after.path}: were the arguments swapped?`
    : null;
}

/** Two paths that differ in numbers alone (`v15` and `v14`, `2026-02` and `2026-01`), and the first has the larger one. */
export function isLaterName(one: string, other: string): boolean {
  if (one.replaceAll(/\d+/g, '0') !== other.replaceAll(/\d+/g, '0')) return false;
  const [own, others] = [one, other].map((name) => (name.match(/\d+/g) ?? []).map(Number));
  const at = own?.findIndex((number, i) => number !== others?.[i]) ?? -1;
  return at >= 0 && (own?.[at] ?? 0) > (others?.[at] ?? 0);
}
