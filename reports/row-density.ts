import type { Finding, RuleOutcome, RunDocument } from '../src/run/document.ts';

/** Fewer shards than this say little about place; rows in manifest order say more. */
const SHARDS_FEW = 8;

/** Rows of a range in manifest order, and how many of them have a finding. */
export type RowCell = { readonly from: number; readonly to: number; readonly affected: number };

/**
 * Findings by row in manifest order, shards one after the other: for datasets of few shards whose findings are all
 * stored. Null where that would show nothing, or not the truth.
 */
export function densityByRow(
  run: RunDocument,
  rule: RuleOutcome,
  findings: readonly Finding[],
  cellsMax: number,
): readonly RowCell[] | null {
  const { shards } = run.dataset;
  const own = findings.filter((finding) => finding.rule_id === rule.id);
  const isAboutStretches = own.some((finding) => stretchOf(finding) !== null);
  if (shards.length >= SHARDS_FEW || rule.isSampled) return null;
  if (rule.storedFindings < rule.affected && !isAboutStretches) return null;
  const starts = new Map<string, number>();
  let rows = 0;
  for (const shard of shards) {
    starts.set(shard.name, rows);
    rows += shard.rows;
  }
  const hit = new Set<number>();
  for (const finding of own) {
    const start = finding.shard === null ? undefined : starts.get(finding.shard);
    if (start === undefined) continue;
    const [from, to] = stretchOf(finding) ?? [
      finding.row_number ?? rows,
      (finding.row_number ?? rows) + 1,
    ];
    for (let row = start + from; row < Math.min(rows, start + to); row += 1) hit.add(row);
  }
  if (rows < 2 || hit.size === 0) return null;
  const count = Math.min(cellsMax, rows);
  const affected = new Uint32Array(count);
  for (const row of hit) {
    const cell = Math.floor(((row + 0.5) * count) / rows);
    affected[cell] = (affected[cell] ?? 0) + 1;
  }
  return Array.from(affected, (hits, cell) => ({
    from: Math.ceil((cell * rows) / count - 0.5),
    to: Math.ceil(((cell + 1) * rows) / count - 0.5),
    affected: hits,
  }));
}

/** Rows of the shard that a finding about a stretch stands for, half-open; null for findings about one row. */
function stretchOf({ values }: Finding): readonly [number, number] | null {
  const { from_row: from, to_row: to } = values;
  return typeof from === 'number' && typeof to === 'number' && to > from ? [from, to] : null;
}
