import type { ClipCard } from '../../../src/run/document.ts';
import { formatSeconds } from '../../figures.ts';
import type { EvidenceMarks } from './evidence-marks.ts';
import { markup, type Markup } from '../markup.ts';

const WIDTH = 240;
const HEIGHT = 24;

/** Luma difference to the frame before, over the clip's time: a flat line is a freeze, a comb is duplicates. */
export function differenceLine(clip: ClipCard, marks: EvidenceMarks): Markup {
  const { difference } = clip;
  if (difference === null || difference.values.length < 2) return markup``;
  const known = difference.values.filter((value) => value !== null && Number.isFinite(value));
  const peak = Math.max(1, ...known.map(Number));
  const step = WIDTH / (difference.values.length - 1);
  let path = '';
  let isDown = false;
  for (const [index, value] of difference.values.entries()) {
    if (value === null || !Number.isFinite(value)) {
      isDown = false;
      continue;
    }
    const y = HEIGHT - 1 - (value / peak) * (HEIGHT - 3);
    path += `${isDown ? 'L' : 'M'}${tenth(index * step)} ${tenth(y)}`;
    isDown = true;
  }
  const scale = WIDTH / Math.max(difference.duration_s, 0.001);
  const spans = marks.spans.map(
    (span) =>
      markup`<path class="span" d="M${tenth(span.from_s * scale)} 0H${tenth(Math.min(WIDTH, span.to_s * scale))}V${HEIGHT}H${tenth(span.from_s * scale)}z"/>`,
  );
  const said = `Change between frames over ${formatSeconds(difference.duration_s)}: at most ${peak.toFixed(1)} of 255 grey levels`;
  return markup`<div class="spark"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${said}"><title>${said}</title>${spans}<path class="axis" d="M0 ${HEIGHT - 0.5}H${WIDTH}"/><path class="line" d="${path}"/></svg><span class="faint">change between frames, ${formatSeconds(difference.duration_s)}</span></div>`;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
