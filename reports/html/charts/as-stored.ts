import type { ClipCard, Finding } from '../../../src/run/document.ts';
import { markup, type Markup } from '../markup.ts';
import { numberOf } from './evidence-marks.ts';

/** How the stored pixels differ from what a player shows. */
type Storage = {
  /** Clockwise turn that a player makes. */
  readonly rotation_deg: 0 | 90 | 180 | 270;
  /** Width over height of a stored pixel. */
  readonly sar: number;
};

/** Clockwise turn by EXIF orientation; mirrored ones are left out. */
const TURN_BY_ORIENTATION: Readonly<Record<string, Storage['rotation_deg']>> = {
  '3': 180,
  '6': 90,
  '8': 270,
};

/**
 * One frame twice: as a player shows it, and as it is stored, which is what a reader gets that ignores rotation or
 * pixel shape. Null for findings that say nothing of either.
 */
export function asStored(card: ClipCard, index: number, finding: Finding): Markup | null {
  const { strip } = card;
  const storage = storageOf(finding);
  if (strip === null || storage === null) return null;
  const frame = Math.floor(strip.times_s.length * 0.7);
  const { frameWidth_px: width, frameHeight_px: height } = strip;
  const inside = markup`<svg width="${width}" height="${height}" viewBox="${frame * width} 0 ${width} ${height}"><use href="#strip-${index}"/></svg>`;
  const isTurned = storage.rotation_deg === 90 || storage.rotation_deg === 270;
  const [turnedWidth, storedHeight] = isTurned ? [height, width] : [width, height];
  const storedWidth = Math.round(isTurned ? turnedWidth : turnedWidth / storage.sar);
  return markup`<div class="as-stored">
    <figure>${framed(width, height, 'The frame as a player shows it', inside)}<figcaption>as a player shows it</figcaption></figure>
    <figure>${framed(storedWidth, storedHeight, 'The same frame as it is stored', markup`<g transform="${transformOf(storage, width, height)}">${inside}</g>`)}<figcaption>as stored: what a reader gets that ignores the ${storage.rotation_deg === 0 ? 'pixel shape' : 'rotation'}</figcaption></figure>
  </div>`;
}

function framed(width: number, height: number, said: string, inside: Markup): Markup {
  return markup`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${said}"><title>${said}</title>${inside}</svg>`;
}

function transformOf(storage: Storage, width: number, height: number): string {
  if (storage.rotation_deg === 90) return `matrix(0 -1 1 0 0 ${width})`;
  if (storage.rotation_deg === 180) return `matrix(-1 0 0 -1 ${width} ${height})`;
  if (storage.rotation_deg === 270) return `matrix(0 1 -1 0 ${height} 0)`;
  return `scale(${1 / storage.sar} 1)`;
}

function storageOf(finding: Finding): Storage | null {
  const turn = numberOf(finding, 'rotation_deg');
  const orientation = numberOf(finding, 'orientation');
  const rotation_deg =
    turn === 90 || turn === 180 || turn === 270
      ? turn
      : (TURN_BY_ORIENTATION[String(orientation)] ?? 0);
  const coded = ratio(numberOf(finding, 'coded_width_px'), numberOf(finding, 'coded_height_px'));
  const shown = ratio(
    numberOf(finding, 'display_width_px'),
    numberOf(finding, 'display_height_px'),
  );
  const stated = numberOf(finding, 'sar');
  const sar = stated ?? (coded === null || shown === null ? 1 : shown / coded);
  if (rotation_deg !== 0) return { rotation_deg, sar: 1 };
  return sar > 0.1 && sar < 10 && Math.abs(sar - 1) > 0.02 ? { rotation_deg: 0, sar } : null;
}

function ratio(width: number | null, height: number | null): number | null {
  return width === null || height === null || height <= 0 ? null : width / height;
}
