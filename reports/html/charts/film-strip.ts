import type { ClipCard, Finding } from '../../../src/run/document.ts';
import { formatSeconds } from '../../figures.ts';
import { markup, Markup } from '../markup.ts';
import { type EvidenceMarks, marksOf } from './evidence-marks.ts';
import { soundEnvelope } from './sound-envelope.ts';
import { differenceLine } from './difference-line.ts';

/** The pictures of all clips, once each; {@link filmStrip} shows them by number. */
export function stripLibrary(
  pictures: readonly { readonly card: ClipCard; readonly index: number }[],
): Markup {
  const images = pictures.map(
    ({ card, index }) =>
      markup`${image(`strip-${index}`, card.strip)}${image(`close-${index}`, card.closeUp?.strip ?? null)}`,
  );
  return markup`<svg class="library" width="0" height="0" aria-hidden="true"><defs>${images}</defs></svg>`;
}

/** A picture of the library; nothing for what is no base64. */
function image(id: string, strip: Strip | null): Markup {
  if (strip === null || !/^[A-Za-z0-9+/=]*$/.test(strip.webpBase64)) return markup``;
  return markup`<image id="${id}" width="${widthOf(strip)}" height="${strip.frameHeight_px}" href="data:image/webp;base64,${new Markup(strip.webpBase64)}"/>`;
}

/**
 * Frames of a clip side by side with their times, and under them how much the picture changes from frame to frame.
 * A long strip is two reels, so that in a narrow place they stand one above the other and the frames stay large.
 */
export function filmStrip(clip: ClipCard, index: number, finding: Finding): Markup {
  const { strip } = clip;
  if (strip === null) return markup``;
  const marks = marksOf(finding, clip.difference?.duration_s ?? null);
  const frames = frameCount(strip);
  const perReel = frames >= 6 ? Math.ceil(frames / 2) : frames;
  const reels = Array.from({ length: Math.ceil(frames / perReel) }, (_, reel) =>
    filmReel(strip, index, reel * perReel, perReel, marks),
  );
  const shape = strip.frameWidth_px > 1.15 * strip.frameHeight_px ? 'landscape' : 'upright';
  const few = frames < 6 ? ' few' : '';
  return markup`<figure class="film ${shape}${few}">${reels}${differenceLine(clip, marks)}${soundEnvelope(clip)}</figure>${closeUp(clip, index)}`;
}

/** Frames in a row where the finding is, those that are wrong outlined and named. */
function closeUp(clip: ClipCard, index: number): Markup {
  if (clip.closeUp === undefined) return markup``;
  const { strip } = clip.closeUp;
  const marks = clip.closeUp.marks.map((mark) => (mark === null ? null : mark.slice(0, 24)));
  const { frameWidth_px: width, frameHeight_px: height } = strip;
  const count = frameCount(strip);
  const perReel = Math.ceil(count / 2);
  const inset = Math.max(2, Math.round(height / 40));
  const first = strip.times_s[0] ?? 0;
  const marked = marks.filter((mark) => mark !== null);
  const said = `${count} frames in a row from ${first.toFixed(2)} s${marked.length === 0 ? '' : `, ${marked.length} marked: ${[...new Set(marked)].join(', ')}`}`;
  const reels = [0, perReel].map((from) => {
    const frames = Array.from({ length: Math.min(perReel, count - from) }, (_, at) => from + at);
    const outlines = frames
      .filter((frame) => typeof marks[frame] === 'string')
      .map(
        (frame) =>
          `M${frame * width + inset} ${inset}H${(frame + 1) * width - inset}V${height - inset}H${frame * width + inset}z`,
      )
      .join('');
    const cuts = frames
      .slice(1)
      .map((frame) => `M${frame * width} 0V${height}`)
      .join('');
    return markup`<div class="reel"><svg viewBox="${from * width} 0 ${perReel * width} ${height}" width="${perReel * width}" height="${height}" role="img" aria-label="${said}"><title>${said}</title><use href="#close-${index}"/><path class="frame-cut" d="${cuts}"/>${outlines === '' ? null : markup`<path class="frame-mark" d="${outlines}"/>`}</svg><ol class="times" aria-hidden="true">${frames.map(
      (frame) => {
        const time = `${(strip.times_s[frame] ?? 0).toFixed(2)} s`;
        const mark = marks[frame] ?? null;
        return mark === null ? markup`<li>${time}</li>` : markup`<li><b>${time} ${mark}</b></li>`;
      },
    )}</ol></div>`;
  });
  const shape = width > 1.15 * height ? 'landscape' : 'upright';
  return markup`<figure class="film close-up ${shape}"><figcaption>${said}</figcaption>${reels}</figure>`;
}

/** Frames of a thumbnail: enough to recognise the clip. */
const THUMBNAIL_FRAMES = 4;

/** The first frames, small and without words; the strip itself says what they are. */
export function thumbnail(clip: ClipCard, index: number): Markup {
  const { strip } = clip;
  if (strip === null) return markup``;
  const width = Math.min(THUMBNAIL_FRAMES, frameCount(strip)) * strip.frameWidth_px;
  return markup`<svg class="thumb" viewBox="0 0 ${width} ${strip.frameHeight_px}" preserveAspectRatio="xMinYMid meet" aria-hidden="true"><use href="#strip-${index}"/></svg>`;
}

type Strip = NonNullable<ClipCard['strip']>;

function filmReel(
  strip: Strip,
  index: number,
  from: number,
  perReel: number,
  marks: EvidenceMarks,
): Markup {
  const { frameWidth_px: width_px, frameHeight_px: height_px } = strip;
  const count = Math.min(perReel, frameCount(strip) - from);
  const times_s = strip.times_s.slice(from, from + count);
  const said =
    times_s.length === 0
      ? 'The picture'
      : `${count} frames from ${formatSeconds(times_s[0] ?? 0)} to ${formatSeconds(times_s.at(-1) ?? 0)}`;
  const cuts = Array.from(
    { length: count - 1 },
    (_, cut) => `M${(from + cut + 1) * width_px} 0V${height_px}`,
  ).join('');
  return markup`<div class="reel"><svg viewBox="${from * width_px} 0 ${perReel * width_px} ${height_px}" width="${perReel * width_px}" height="${height_px}" role="img" aria-label="${said}"><title>${said}</title><use href="#strip-${index}"/><path class="frame-cut" d="${cuts}"/>${frameMarks(strip, from, count, marks)}</svg>${
    times_s.length === 0
      ? null
      : markup`<ol class="times" aria-hidden="true">${times_s.map((time_s) => timeMark(strip, time_s, marks))}</ol>`
  }</div>`;
}

/** Outlines of frames inside a stretch, and the edge of the picture inside its bars. */
function frameMarks(strip: Strip, from: number, count: number, marks: EvidenceMarks): Markup {
  const { frameWidth_px: width, frameHeight_px: height } = strip;
  const inset = Math.max(2, Math.round(height / 40));
  let outlines = '';
  let edges = '';
  for (let frame = from; frame < from + count; frame += 1) {
    const left = frame * width;
    if (wordAt(strip, strip.times_s[frame] ?? 0, marks) !== null)
      outlines += `M${left + inset} ${inset}H${left + width - inset}V${height - inset}H${left + inset}z`;
    if (marks.inner !== null) {
      const { top, bottom, left: barLeft, right } = marks.inner;
      edges += `M${Math.round(left + barLeft * width)} ${Math.round(top * height)}H${Math.round(left + (1 - right) * width)}V${Math.round((1 - bottom) * height)}H${Math.round(left + barLeft * width)}z`;
    }
  }
  return markup`${outlines === '' ? null : markup`<path class="frame-mark" d="${outlines}"/>`}${edges === '' ? null : markup`<path class="bar-edge" d="${edges}"/>`}`;
}

function timeMark(strip: Strip, time_s: number, marks: EvidenceMarks): Markup {
  const word = wordAt(strip, time_s, marks);
  return word === null
    ? markup`<li>${formatSeconds(time_s)}</li>`
    : markup`<li><b>${formatSeconds(time_s)} ${word}</b></li>`;
}

/** What is wrong at a time, counted from the first frame shown. */
function wordAt(strip: Strip, time_s: number, marks: EvidenceMarks): string | null {
  if (strip.times_s.length < 2) return null;
  return marks.spans.find((span) => time_s >= span.from_s && time_s <= span.to_s)?.word ?? null;
}

function frameCount(strip: Strip): number {
  return Math.max(1, strip.times_s.length);
}

function widthOf(strip: Strip): number {
  return frameCount(strip) * strip.frameWidth_px;
}
