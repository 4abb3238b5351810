import type { ClipCard } from '../../../src/run/document.ts';
import { formatSeconds } from '../../figures.ts';
import { markup, type Markup } from '../markup.ts';

/** The pictures of all clips, once each; {@link filmStrip} shows them by number. */
export function stripLibrary(clips: readonly ClipCard[]): Markup {
  const images = clips.map((clip, index) => {
    const { strip } = clip;
    if (strip === null || !/^[A-Za-z0-9+/=]*$/.test(strip.webpBase64)) return markup``;
    return markup`<image
      id="strip-${index}"
      width="${widthOf(strip)}"
      height="${strip.frameHeight_px}"
      href="data:image/webp;base64,${strip.webpBase64}"
    />`;
  });
  return markup`<svg class="library" width="0" height="0" aria-hidden="true">
    <defs>${images}</defs>
  </svg>`;
}

/** Frames of a clip side by side with their times, and how much the picture changes from frame to frame. */
export function filmStrip(clip: ClipCard, index: number): Markup {
  const { strip } = clip;
  if (strip === null) return markup``;
  const frames = frameCount(strip);
  const said =
    strip.times_s.length === 0
      ? 'The picture'
      : `${frames} frames from ${formatSeconds(strip.times_s[0] ?? 0)} to ${formatSeconds(strip.times_s.at(-1) ?? 0)}`;
  const cuts = Array.from(
    { length: frames - 1 },
    (_, cut) => `M${(cut + 1) * strip.frameWidth_px} 0V${strip.frameHeight_px}`,
  ).join('');
  return markup`<figure class="film">
    <svg
      viewBox="0 0 ${widthOf(strip)} ${strip.frameHeight_px}"
      width="${widthOf(strip)}"
      height="${strip.frameHeight_px}"
      role="img"
      aria-label="${said}"
    >
      <title>${said}</title>
      <use href="#strip-${index}" />
      <path class="frame-cut" d="${cuts}" /></svg
    >${
      strip.times_s.length > 0
        ? markup`<ol class="times" aria-hidden="true">
            ${strip.times_s.map((time_s) => markup`<li>${formatSeconds(time_s)}</li>`)}
          </ol>`
        : null
    }${sparkline(clip)}
  </figure>`;
}

type Strip = NonNullable<ClipCard['strip']>;

function frameCount(strip: Strip): number {
  return Math.max(1, strip.times_s.length);
}

function widthOf(strip: Strip): number {
  return frameCount(strip) * strip.frameWidth_px;
}

const SPARK_HEIGHT_PX = 24;

/** Luma difference to the frame before, over the clip's time; a flat line is a freeze, a comb is duplicates. */
function sparkline(clip: ClipCard): Markup {
  const { difference } = clip;
  if (difference === null || difference.values.length < 2) return markup``;
  const known = difference.values.filter((value) => value !== null && Number.isFinite(value));
  const peak = Math.max(1, ...known.map(Number));
  const step = 240 / (difference.values.length - 1);
  let path = '';
  let isDown = false;
  for (const [index, value] of difference.values.entries()) {
    if (value === null || !Number.isFinite(value)) {
      isDown = false;
      continue;
    }
    const y = SPARK_HEIGHT_PX - 1 - (value / peak) * (SPARK_HEIGHT_PX - 3);
    path += `${isDown ? 'L' : 'M'}${Math.round(index * step * 10) / 10} ${Math.round(y * 10) / 10}`;
    isDown = true;
  }
  const said = `Change between frames over ${formatSeconds(difference.duration_s)}: at most ${peak.toFixed(1)} of 255 grey levels`;
  return markup`<svg
    class="spark"
    viewBox="0 0 240 ${SPARK_HEIGHT_PX}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${said}"
  >
    <title>${said}</title>
    <path class="axis" d="M0 ${SPARK_HEIGHT_PX - 0.5}H240" />
    <path class="line" d="${path}" />
  </svg>`;
}
