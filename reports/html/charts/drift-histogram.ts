import type { Drift } from '../../../src/compare/diff-document.ts';
import { formatPercent } from '../../figures.ts';
import { hostileLine, markup, type Markup } from '../markup.ts';

const WIDTH = 360;
const HEIGHT = 72;
const BINS_MAX = 40;

/** Shares by bin of the older version, filled, and of the newer one, outlined, on the same edges. */
export function driftHistogram(drift: Drift): Markup {
  const bins = drift.bins.slice(0, BINS_MAX);
  if (bins.length === 0) return markup``;
  const peak = Math.max(0.0001, ...bins.flatMap((bin) => [bin.before, bin.after]));
  const step = WIDTH / bins.length;
  const height = (share: number): number => Math.round((share / peak) * (HEIGHT - 2) * 10) / 10;
  const before = bins
    .map(
      (bin, index) =>
        `M${tenth(index * step + 1)} ${HEIGHT}v-${height(bin.before)}h${tenth(step - 2)}v${height(bin.before)}z`,
    )
    .join('');
  const after = bins
    .map(
      (bin, index) =>
        `${index === 0 ? 'M0' : 'H'}${index === 0 ? '' : tenth(index * step)} ${index === 0 ? HEIGHT - height(bin.after) : `V${HEIGHT - height(bin.after)}`}H${tenth((index + 1) * step)}`,
    )
    .join('');
  const said = `Shares by bin, before and after: ${hostileLine(drift.biggest, 160)}`;
  return markup`<svg class="histogram" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${said}"><title>${said}</title><path class="before" d="${before}"/><path class="after" d="${after}"/></svg>
  <details class="more"><summary>Bins as a table</summary><div class="wide" tabindex="0" role="region" aria-label="Bins of ${hostileLine(drift.name, 80)}"><table><thead><tr><th scope="col">bin</th><th scope="col" class="number">before</th><th scope="col" class="number">after</th></tr></thead><tbody>${bins.map(
    (bin) =>
      markup`<tr><th scope="row">${hostileLine(bin.label, 80)}</th><td class="number">${formatPercent(bin.before)}</td><td class="number">${formatPercent(bin.after)}</td></tr>`,
  )}</tbody></table></div></details>`;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
