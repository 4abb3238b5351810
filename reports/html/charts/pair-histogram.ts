import type { AlignmentSummary } from '../../../src/run/document.ts';
import { formatPercent } from '../../figures.ts';
import { markup, type Markup } from '../markup.ts';
import { offsetWords } from './lag-plot.ts';

const WIDTH = 380;
const HEIGHT = 168;
const BOTTOM = 34;
const TOP = 12;

type Histogram = NonNullable<AlignmentSummary['histogram']>;

/**
 * How similar clips are to their own captions, to those some rows off, and to captions drawn at random, on one axis: own
 * captions that lie where random ones lie are not theirs.
 */
export function pairHistogram({ histogram }: AlignmentSummary): Markup {
  if (histogram === null || histogram.own.length === 0) return markup``;
  const series = [
    { name: 'unrelated', words: 'captions drawn at random', shares: sharesOf(histogram.unrelated) },
    {
      name: 'shifted',
      words: `captions ${offsetWords(histogram.offset)}`,
      shares: sharesOf(histogram.shifted),
    },
    { name: 'own', words: 'own captions', shares: sharesOf(histogram.own) },
  ] as const;
  const peak = Math.max(0.0001, ...series.flatMap((each) => each.shares));
  const bins = histogram.own.length;
  const step = WIDTH / bins;
  const floor = HEIGHT - BOTTOM;
  const y = (share: number): number => tenth(floor - (share / peak) * (floor - TOP));
  const outline = (shares: readonly number[]): string =>
    `M0 ${floor}${shares.map((share, bin) => `V${y(share)}H${tenth((bin + 1) * step)}`).join('')}V${floor}`;
  const said = `Similarity of clips to ${series.map((each) => `${each.words} (mean ${meanOf(histogram, each.shares).toFixed(2)})`).join(', ')}`;
  const ticks = [0, Math.round(bins / 2), bins];
  return markup`<figure class="pair-histogram"><figcaption>${series.toReversed().map((each) => markup`<span class="${each.name}">${each.words}</span>`)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${said}"><title>${said}</title>${series.map((each) => markup`<path class="${each.name}" d="${outline(each.shares)}"/>`)}<path class="axis" d="M0 ${floor}H${WIDTH}"/>${ticks.map((bin) => markup`<text x="${tenth(bin * step)}" y="${floor + 14}" text-anchor="${bin === 0 ? 'start' : bin === bins ? 'end' : 'middle'}">${edgeOf(histogram, bin).toFixed(1)}</text>`)}<text x="${WIDTH / 2}" y="${HEIGHT - 4}" text-anchor="middle">similarity, standard deviations of unrelated pairs</text></svg>
<details class="more"><summary>Bins as a table</summary><div class="wide" tabindex="0" role="region" aria-label="Similarity by bin"><table><thead><tr><th scope="col" class="number">from</th>${series.toReversed().map((each) => markup`<th scope="col" class="number">${each.words}</th>`)}</tr></thead><tbody>${Array.from(
    { length: bins },
    (_, bin) => bin,
  )
    .filter((bin) => series.some((each) => (each.shares[bin] ?? 0) > 0))
    .map(
      (bin) =>
        markup`<tr><th scope="row" class="number">${edgeOf(histogram, bin).toFixed(2)}</th>${series.toReversed().map((each) => markup`<td class="number">${formatPercent(each.shares[bin] ?? 0)}</td>`)}</tr>`,
    )}</tbody></table></div></details></figure>`;
}

function edgeOf(histogram: Histogram, bin: number): number {
  return histogram.start + bin * histogram.width;
}

function sharesOf(counts: readonly number[]): readonly number[] {
  const total = Math.max(
    1,
    counts.reduce((sum, count) => sum + count, 0),
  );
  return counts.map((count) => count / total);
}

function meanOf(histogram: Histogram, shares: readonly number[]): number {
  return shares.reduce((sum, share, bin) => sum + share * edgeOf(histogram, bin + 0.5), 0);
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
