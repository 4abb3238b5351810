import type { AlignmentSummary } from '../../../src/run/document.ts';
import { formatCount } from '../../figures.ts';
import { markup, type Markup } from '../markup.ts';

const WIDTH = 380;
const HEIGHT = 168;
const LEFT = 44;
const BOTTOM = 34;
const TOP = 12;

/**
 * How well clips fit the captions some rows further down: a single peak at 0 is a dataset in order, a peak elsewhere is a
 * shift, no peak at all are captions of other clips. Bars are 95 % intervals.
 */
export function lagPlot(summary: AlignmentSummary): Markup {
  const { lags } = summary;
  if (lags.length === 0) return markup``;
  const low = Math.min(0, ...lags.map((lag) => lag.low));
  const high = Math.max(low + 0.001, ...lags.map((lag) => lag.high));
  const step = (WIDTH - LEFT - 8) / lags.length;
  const x = (index: number): number => tenth(LEFT + (index + 0.5) * step);
  const y = (value: number): number =>
    tenth(TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM));
  const best = lags.reduce((most, lag) => (lag.mean > most.mean ? lag : most));
  const said = `Fit of clips and captions by offset: best at ${offsetWords(best.offset)}, ${best.mean.toFixed(2)} (${best.low.toFixed(2)} to ${best.high.toFixed(2)})`;
  const marks = lags.map((lag, index) => {
    const kind = lag === best ? 'best' : lag.offset === 0 ? 'own' : 'rest';
    return markup`<g class="${kind}"><path class="whisker" d="M${x(index)} ${y(lag.low)}V${y(lag.high)}"/><circle cx="${x(index)}" cy="${y(lag.mean)}" r="${lag === best ? 4.5 : 3}"/>${lag.offset % 2 === 0 || lag === best ? markup`<text x="${x(index)}" y="${HEIGHT - BOTTOM + 14}" text-anchor="middle">${signed(lag.offset)}</text>` : null}</g>`;
  });
  const unit =
    summary.evidence === 'metadata' ? 'share of rows that match' : 'fit, standard deviations';
  return markup`<figure class="lag-plot"><figcaption>${said}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${said}"><title>${said}</title><path class="axis" d="M${LEFT} ${y(0)}H${WIDTH - 4}M${LEFT} ${TOP}V${HEIGHT - BOTTOM}"/><text x="${LEFT - 6}" y="${y(high) + 4}" text-anchor="end">${high.toFixed(1)}</text><text x="${LEFT - 6}" y="${y(0) + 4}" text-anchor="end">0</text>${marks}<text x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 4}" text-anchor="middle">caption, rows further down</text><text transform="translate(11 ${(HEIGHT - BOTTOM + TOP) / 2}) rotate(-90)" text-anchor="middle">${unit}</text></svg>
<details class="more"><summary>Offsets as a table</summary><table><thead><tr><th scope="col" class="number">offset</th><th scope="col" class="number">fit</th><th scope="col" class="number">95 % interval</th></tr></thead><tbody>${lags.map((lag) => markup`<tr><th scope="row" class="number">${signed(lag.offset)}</th><td class="number">${lag.mean.toFixed(3)}</td><td class="number">${lag.low.toFixed(3)} to ${lag.high.toFixed(3)}</td></tr>`)}</tbody></table></details></figure>`;
}

/** `the own row`, `3 rows further down`. */
export function offsetWords(offset: number): string {
  if (offset === 0) return 'the own row';
  const rows = `${formatCount(Math.abs(offset))} ${Math.abs(offset) === 1 ? 'row' : 'rows'}`;
  return offset > 0 ? `${rows} further down` : `${rows} further up`;
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : value < 0 ? `−${Math.abs(value)}` : '0';
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
