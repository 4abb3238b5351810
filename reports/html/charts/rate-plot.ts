import type { RuleOutcome } from '../../../src/run/document.ts';
import { formatInterval, formatPercent } from '../../figures.ts';
import { markup, type Markup } from '../markup.ts';

const DECADES = [0.0001, 0.001, 0.01, 0.1, 1] as const;
const DECADE_LABELS = ['0.01', '0.1', '1', '10', '100 %'] as const;
const LEFT_PX = 8;
const WIDTH_PX = 224;

/** Rate and 95 % interval on decades from 0.01 to 100 %: a dot with a whisker, so that rare and common compare. */
export function ratePlot(rule: RuleOutcome, withScale = false): Markup {
  if (rule.rate === null) return markup``;
  const interval = rule.interval ?? { low: rule.rate, high: rule.rate };
  const said = `${formatPercent(rule.rate)}${rule.isSampled ? `, 95 % interval ${formatInterval(interval)}` : ', all examined'}`;
  const low = position(interval.low);
  const high = position(interval.high);
  return markup`<svg
    class="rate-plot ${rule.severity}"
    viewBox="0 0 240 ${withScale ? 34 : 18}"
    width="240"
    height="${withScale ? 34 : 18}"
    role="img"
    aria-label="${said}"
  >
    <title>${said}</title>
    <path
      class="decades"
      d="${DECADES.map((decade) => `M${round(position(decade))} 2v14`).join('')}"
    />
    <path class="axis" d="M${LEFT_PX} 9H${LEFT_PX + WIDTH_PX}" />
    <path
      class="whisker"
      d="M${round(low)} 9H${round(Math.max(high, low + 0.5))}M${round(low)} 5v8M${round(high)} 5v8"
    />
    <circle class="dot" cx="${round(position(rule.rate))}" cy="9" r="4" />
    ${
      withScale
        ? DECADES.map(
            (decade, index) =>
              markup`<text
                x="${round(position(decade))}"
                y="30"
                text-anchor="${index === DECADES.length - 1 ? 'end' : 'middle'}"
                >${DECADE_LABELS[index] ?? ''}</text
              >`,
          )
        : null
    }
  </svg>`;
}

function position(rate: number): number {
  const decades = Math.log10(Math.max(rate, DECADES[0]) / DECADES[0]) / (DECADES.length - 1);
  return LEFT_PX + Math.min(Math.max(decades, 0), 1) * WIDTH_PX;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
