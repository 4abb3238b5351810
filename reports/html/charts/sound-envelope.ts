import type { ClipCard } from '../../../src/run/document.ts';
import { formatSeconds } from '../../figures.ts';
import { markup, type Markup } from '../markup.ts';

const WIDTH = 240;
const HEIGHT = 28;
/** Levels are drawn from here, dB of full scale, to 0. */
const FLOOR_DB = -70;

/** How loud the sound is over the clip's time, mirrored as editors draw it: a flat line is silence. */
export function soundEnvelope({ sound }: ClipCard): Markup {
  if (sound === undefined || sound.levels_db.length < 2) return markup``;
  const step = WIDTH / sound.levels_db.length;
  const half = (level_db: number): number =>
    Math.max(
      0.4,
      ((Math.max(FLOOR_DB, Math.min(0, level_db)) - FLOOR_DB) / -FLOOR_DB) * (HEIGHT / 2),
    );
  const side = (sign: 1 | -1, levels: readonly (readonly [number, number])[]): string =>
    levels
      .map(
        ([level, index]) =>
          `L${tenth((index + 0.5) * step)} ${tenth(HEIGHT / 2 - sign * half(level))}`,
      )
      .join('');
  const levels = sound.levels_db.map((level, index) => [level, index] as const);
  const path = `M0 ${HEIGHT / 2}${side(1, levels)}L${WIDTH} ${HEIGHT / 2}${side(-1, levels.toReversed())}z`;
  const loudest = Math.max(...sound.levels_db);
  const length_s = sound.levels_db.length * sound.window_s;
  const said = `Level of the sound over ${formatSeconds(length_s)}: at most ${loudest.toFixed(0)} dB of full scale`;
  return markup`<div class="spark sound"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${said}"><title>${said}</title><path class="axis" d="M0 ${HEIGHT / 2}H${WIDTH}"/><path class="wave" d="${path}"/></svg><span class="faint">sound, ${formatSeconds(length_s)}, at most ${loudest.toFixed(0)} dB</span></div>`;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
