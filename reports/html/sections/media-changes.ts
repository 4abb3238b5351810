import type { DiffDocument, MediaPair } from '../../../src/compare/diff-document.ts';
import type { ClipCard } from '../../../src/run/document.ts';
import { formatCount, formatPercent } from '../../figures.ts';
import { hostileLine, hostileText, Markup, markup } from '../markup.ts';

/** Frames of a clip in both versions; null where none could be made. */
export type PairPictures = {
  readonly before: ClipCard['strip'];
  readonly after: ClipCard['strip'];
};

/** What became of the media of clips that both versions have: counts, then the clips that changed most, frame beside frame. */
export function mediaSection(
  diff: DiffDocument,
  pictures: ReadonlyMap<string, PairPictures>,
): Markup {
  const { media } = diff;
  if (media === null) return markup``;
  const body =
    media.looked === 0
      ? markup`<p>${hostileText(media.missing ?? 'No media were compared.')}</p>`
      : markup`${countsTable(media)}${media.examples.map((pair) => pairCard(pair, pictures.get(pair.key)))}`;
  return markup`<section id="media" aria-labelledby="media-heading"><h2 id="media-heading">Media of the same clips <span class="faint">${formatCount(media.looked)} looked at</span></h2>${body}</section>`;
}

function countsTable(media: NonNullable<DiffDocument['media']>): Markup {
  const rows: readonly (readonly [string, number, number])[] = [
    ['other bytes', media.bytesChanged, media.looked - media.bytesUnknown],
    ['another picture', media.pictureChanged, media.pictureLooked],
    ['another duration', media.durationChanged, media.looked],
    ['another size', media.sizeChanged, media.looked],
    ['other colours', media.colourChanged, media.looked],
    ['louder or softer', media.loudnessChanged, media.loudnessLooked],
    ['the sound is gone', media.soundLost, media.looked],
  ];
  return markup`<table class="slices narrow"><thead><tr><th scope="col">what</th><th scope="col" class="number">clips</th><th scope="col" class="number">of</th><th scope="col" class="number">share</th></tr></thead><tbody>${rows.map(([what, count, of]) => markup`<tr><th scope="row">${what}</th><td class="number">${formatCount(count)}</td><td class="number">${formatCount(of)}</td><td class="number">${of === 0 ? '–' : formatPercent(count / of)}</td></tr>`)}</tbody></table>`;
}

function pairCard(pair: MediaPair, pictures: PairPictures | undefined): Markup {
  const facts = [
    pair.pictureDistance === null
      ? null
      : `pictures ${formatCount(pair.pictureDistance)} bits of 64 apart`,
    pair.isSizeChanged === true ? `${pair.sizeBefore ?? '–'} → ${pair.sizeAfter ?? '–'}` : null,
    Math.abs(pair.durationChange_s ?? 0) > 0.1
      ? `${(pair.durationChange_s ?? 0) > 0 ? '+' : '−'}${Math.abs(pair.durationChange_s ?? 0).toFixed(2)} s`
      : null,
    (pair.colourDistance ?? 0) > 24
      ? `colours ${formatCount(Math.round(pair.colourDistance ?? 0))} of 255 apart`
      : null,
    Math.abs(pair.loudnessChange_db ?? 0) > 3
      ? `${(pair.loudnessChange_db ?? 0) > 0 ? '+' : '−'}${Math.abs(pair.loudnessChange_db ?? 0).toFixed(1)} dB`
      : null,
    (pair.audioTracksBefore ?? 0) > 0 && pair.audioTracksAfter === 0 ? 'the sound is gone' : null,
  ].filter((fact) => fact !== null);
  return markup`<article class="clip"><header><h4>${hostileText(pair.key.slice(0, 300))}</h4><p class="faint">${hostileLine(facts.join(' · '))}</p></header>${
    pictures === undefined ? null : pairOfPictures(pictures)
  }</article>`;
}

/** Frames of both versions beside each other. */
export function pairOfPictures(pictures: PairPictures): Markup {
  return markup`<div class="beside">${stripOf('before', pictures.before)}${stripOf('after', pictures.after)}</div>`;
}

function stripOf(name: string, strip: ClipCard['strip']): Markup {
  const isSound = strip !== null && /^[A-Za-z0-9+/=]*$/.test(strip.webpBase64);
  return markup`<figure class="version"><figcaption>${name}</figcaption>${
    isSound
      ? markup`<img alt="Frames ${name}" width="${Math.max(1, strip.times_s.length) * strip.frameWidth_px}" height="${strip.frameHeight_px}" src="data:image/webp;base64,${new Markup(strip.webpBase64)}">`
      : markup`<p class="faint">No picture could be made.</p>`
  }</figure>`;
}
