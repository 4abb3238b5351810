import type { ReportInput, RuleOutcome } from '../../../src/run/document.ts';
import { formatCount } from '../../figures.ts';
import { densityByRow } from '../../row-density.ts';
import { markup, type Markup } from '../markup.ts';
import { shardStrip } from './shard-strip.ts';

const HEIGHT_PX = 26;
/** More rows than this share a cell with their neighbours. */
const CELLS_MAX = 240;

/** Where in the dataset a rule's findings lie: by shard, or by row where shards are few. */
export function placeStrip(input: ReportInput, rule: RuleOutcome): Markup {
  return rowStrip(input, rule) ?? shardStrip(input.run, rule);
}

/** All rows in manifest order as columns, hits marked: what lies side by side was made side by side. */
function rowStrip(input: ReportInput, rule: RuleOutcome): Markup | null {
  const cells = densityByRow(input.run, rule, input.findings, CELLS_MAX);
  if (cells === null) return null;
  // Cells hold a row more or less: shares of their rows, or a stretch without a gap would look like a comb.
  const share = (cell: (typeof cells)[number]): number =>
    cell.affected / Math.max(1, cell.to - cell.from);
  const peak = Math.max(...cells.map(share));
  const last = cells.at(-1)?.to ?? 0;
  const said = `Hits by row: ${formatCount(cells.reduce((sum, cell) => sum + cell.affected, 0))} of ${formatCount(last)} rows in manifest order.`;
  const gap = cells.length > 120 ? 0 : 0.14;
  const path = cells
    .map((cell, index) => {
      if (cell.affected === 0) return '';
      const height = Math.max(6, Math.round((share(cell) / peak) * HEIGHT_PX));
      return `M${index + gap / 2} ${HEIGHT_PX}v-${height}h${1 - gap}v${height}z`;
    })
    .join('');
  const perCell = last > cells.length ? `, about ${Math.round(last / cells.length)} a cell` : '';
  return markup`<figure class="shard-strip rows ${rule.severity}"><svg viewBox="0 0 ${cells.length} ${HEIGHT_PX}" preserveAspectRatio="none" role="img" aria-label="${said}"><title>${said}</title><path class="ground" d="M0 0H${cells.length}V${HEIGHT_PX}H0z"/><path class="hit" d="${path}"/></svg><figcaption><span>row 0</span><span>${formatCount(last)} rows in manifest order${perCell}</span><span>row ${formatCount(last - 1)}</span></figcaption></figure>`;
}
