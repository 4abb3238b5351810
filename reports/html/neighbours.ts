import { filmStrip } from './charts/film-strip.ts';
import type { ShownClip } from './clip-card.ts';
import { hostileLongText, hostileText, markup, type Markup } from './markup.ts';

/** Frames of the rows before, of and after a finding beside their captions, so that a shift is seen; null for other findings. */
export function neighboursOf(shown: ShownClip): Markup | null {
  const { values } = shown.finding;
  const before = textOf(values['caption_before']);
  const after = textOf(values['caption_after']);
  if (before === null && after === null) return null;
  const rows = [
    { offset: -1, key: textOf(values['key_before']), caption: before, clip: shown.before },
    { offset: 0, key: shown.card.key, caption: shown.card.caption, clip: shown },
    { offset: 1, key: textOf(values['key_after']), caption: after, clip: shown.after },
  ];
  return markup`<ol class="neighbours" aria-label="Neighbours in the shard">${rows.map(
    ({ offset, key, caption, clip }) =>
      markup`<li><p class="faint fine">row ${(shown.card.rowNumber + offset).toLocaleString('en-US')}${key === null ? null : markup` <code>${hostileText(key.slice(0, 120))}</code>`}</p>${clip === null ? null : filmStrip(clip.card, clip.index, shown.finding)}${caption === null ? markup`<p class="caption none">no caption</p>` : markup`<blockquote class="caption">${hostileLongText(caption)}</blockquote>`}</li>`,
  )}</ol>`;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
