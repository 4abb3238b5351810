import type { ClipCard, Finding } from '../../src/run/document.ts';
import { formatCount } from '../figures.ts';
import { PAGE_WORDS } from '../words.ts';
import { clipId } from './clip-id.ts';
import { asStored } from './charts/as-stored.ts';
import { filmStrip } from './charts/film-strip.ts';
import { neighboursOf } from './neighbours.ts';
import { watchLink } from './page-site.ts';
import { hostileLongText, hostileText, markup, type Markup } from './markup.ts';

/** A clip as the page shows it: the card, its number in the picture library, and the finding that brought it up. */
export type ShownClip = {
  readonly card: ClipCard;
  readonly index: number;
  readonly finding: Finding;
  /** Address of the clip's own page, if it has one. */
  readonly href: string | null;
  /** The rows before and after in the shard, if the page has them. */
  readonly before: NumberedCard | null;
  readonly after: NumberedCard | null;
};

/** A card and its number in the picture library. */
export type NumberedCard = { readonly card: ClipCard; readonly index: number };

/** A clip with its finding: what is wrong, the frames, the caption, declared against measured. */
export function clipCard(shown: ShownClip): Markup {
  const { card, finding } = shown;
  return markup`<article
    class="clip"
    data-clip="${clipId(card)}"
  >
    <header>
      <h4>${hostileText(card.key)}</h4>
      <p class="faint">
        ${watchLink(shown.href)} <span>${hostileText(card.shard)}, row ${formatCount(card.rowNumber)}</span>${
          card.path === null ? null : markup` <span class="path">${hostileText(card.path)}</span>`
        }
      </p>
    </header>
    <p class="message">${hostileLongText(finding.message)}</p>
    ${card.strip === null ? markup`<p class="faint">${PAGE_WORDS.noPicture}</p>` : markup`${asStored(card, shown.index, finding)}${filmStrip(card, shown.index, finding)}`}
    ${neighboursOf(shown)}
    <div class="beside">${captionOf(shown)}${valuesTable(shown)}</div>
  </article>`;
}

/** The caption, with the words that the rule selected marked. */
export function captionOf(shown: ShownClip): Markup {
  const { caption } = shown.card;
  if (caption === null || caption.trim() === '')
    return markup`<p class="caption none">${caption === null ? PAGE_WORDS.noCaption : PAGE_WORDS.emptyCaption}</p>`;
  const matched = Object.entries(shown.card.captionSpans ?? {})
    .filter(([rule]) => rule === shown.finding.rule_id)
    .map(([, span]) => span);
  const spans = [...matched, ...Object.values(shown.finding.values)]
    .filter((value) => typeof value === 'string')
    .filter((value) => value.length > 0 && value.length < caption.length)
    .toSorted((a, b) => b.length - a.length);
  return markup`<blockquote class="caption">${hostileLongText(caption, spans)}</blockquote>`;
}

/** Values as declared beside values as measured. */
export function valuesTable(shown: ShownClip): Markup {
  const { values } = shown.card;
  if (values.length === 0) return markup``;
  return markup`<table class="values">
    <thead>
      <tr>
        <th scope="col">value</th>
        <th scope="col">declared</th>
        <th scope="col">measured</th>
      </tr>
    </thead>
    <tbody>
      ${values.map(
        (value) =>
          markup`<tr
            class="${isNamed(shown, value.name) ? 'named' : ''}${differs(value) ? ' differs' : ''}"
          >
            <th scope="row">${hostileText(value.name)}</th>
            <td>
              ${
                value.declared === null
                  ? markup`<span class="faint">–</span>`
                  : hostileText(short(value.declared))
              }
            </td>
            <td>
              ${
                value.measured === null
                  ? markup`<span class="faint">–</span>`
                  : hostileText(short(value.measured))
              }${differs(value) ? markup`<span class="unequal" title="differs from what is declared">≠</span>` : null}
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function short(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function isNamed(shown: ShownClip, name: string): boolean {
  return Object.hasOwn(shown.finding.values, name);
}

/** Both sides are there and further apart than rounding: 2 % or half a unit of the last digit that was declared. */
export function differs(value: ClipCard['values'][number]): boolean {
  if (value.declared === null || value.measured === null) return false;
  const declared = Number(value.declared);
  const measured = Number(value.measured);
  if (!Number.isFinite(declared) || !Number.isFinite(measured))
    return value.declared !== value.measured;
  const isWhole = Number.isInteger(declared) && Number.isInteger(measured);
  const digits = /\.(\d+)$/.exec(value.declared)?.[1]?.length ?? 0;
  const slack = Math.max(0.5 * 10 ** -digits, 0.02 * Math.abs(declared));
  return isWhole ? declared !== measured : Math.abs(declared - measured) > slack;
}
