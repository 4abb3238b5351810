import type { RuleOutcome, RunDocument, ShardSummary } from '../../../src/run/document.ts';
import { formatCount, formatPercent } from '../../figures.ts';
import { densityByShard, type ShardCell } from '../../shard-density.ts';
import { hostileLine, markup, type Markup } from '../markup.ts';

/** More shards than this share a cell with their neighbours. */
const CELLS_MAX = 600;
const HEIGHT_PX = 26;

/** All shards in manifest order as columns: the taller and darker, the more of a shard's rows are hit. */
export function shardStrip(run: RunDocument, rule: RuleOutcome): Markup {
  const { shards } = run.dataset;
  if (rule.localisation === null || shards.length < 2) return markup``;
  const cells = densityByShard(shards, rule.localisation.shards, CELLS_MAX);
  const peak = Math.max(...cells.map((cell) => cell.rate));
  const hit = cells.filter((cell) => cell.affected > 0);
  const perCell = Math.ceil(shards.length / cells.length);
  const said = `Hits in ${formatCount(rule.localisation.shards.filter((shard) => shard.affected > 0).length)} of ${formatCount(shards.length)} shards, at most ${formatPercent(peak)} of the rows of one${perCell > 1 ? ` cell (${perCell} shards)` : ''}.`;
  const gap = cells.length > 120 ? 0 : 0.14;
  return markup`<figure class="shard-strip ${rule.severity}" data-rule="${rule.id}">
    <svg
      viewBox="0 0 ${cells.length} ${HEIGHT_PX}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${said}"
    >
      <title>${said}</title>
      <path class="ground" d="M0 0H${cells.length}V${HEIGHT_PX}H0z" />
      ${[
        pathOf(
          cells.filter((cell) => cell.isUnread),
          cells,
          'unread',
          peak,
          gap,
        ),
        pathOf(
          hit.filter((cell) => cell.rate < peak / 3),
          cells,
          'hit low',
          peak,
          gap,
        ),
        pathOf(
          hit.filter((cell) => cell.rate >= peak / 3 && cell.rate < (2 * peak) / 3),
          cells,
          'hit mid',
          peak,
          gap,
        ),
        pathOf(
          hit.filter((cell) => cell.rate >= (2 * peak) / 3),
          cells,
          'hit high',
          peak,
          gap,
        ),
      ]}
    </svg>
    <figcaption>
      <span>${shardLabel(shards[0])}</span
      ><span
        >${formatCount(shards.length)} shards${perCell > 1 ? `, ${perCell} a cell` : ''} · peak
        ${formatPercent(peak)}</span
      ><span>${shardLabel(shards.at(-1))}</span>
    </figcaption>
  </figure>`;
}

function pathOf(
  drawn: readonly ShardCell[],
  cells: readonly ShardCell[],
  kind: string,
  peak: number,
  gap: number,
): Markup {
  if (drawn.length === 0) return markup``;
  const at = new Map(cells.map((cell, index) => [cell, index]));
  const width = Math.round((1 - gap) * 100) / 100;
  const path = drawn
    .map((cell) => {
      const height =
        kind === 'unread' ? HEIGHT_PX : Math.max(4, Math.round((cell.rate / peak) * HEIGHT_PX));
      return `M${(at.get(cell) ?? 0) + gap / 2} ${HEIGHT_PX}v-${height}h${width}v${height}z`;
    })
    .join('');
  return markup`<path class="${kind}" d="${path}" />`;
}

/** The file's name without folders and extension. */
function shardLabel(shard: ShardSummary | undefined): string {
  const file = shard?.name.split('/').at(-1) ?? '';
  return hostileLine(file.replace(/(.)\.[a-z]+(?:\.[a-z]+)?$/, '$1'), 32);
}
