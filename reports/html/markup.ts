import { cutText, neutralise, spellOut, splitVisible } from '../visible-text.ts';

/** HTML that is safe to put into a page: only {@link markup} and {@link joinMarkup} make it. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Part = Markup | string | number | null | readonly Markup[];

/** HTML with every interpolated string escaped; for text from data use {@link hostileText}. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let source = strings[0] ?? '';
  for (const [index, part] of parts.entries()) {
    source += renderPart(part) + (strings[index + 1] ?? '');
  }
  return new Markup(source);
}

function renderPart(part: Part): string {
  if (part === null) return '';
  if (part instanceof Markup) return part.source;
  if (typeof part === 'string') return escapeHtml(neutralise(part));
  if (typeof part === 'number') return String(part);
  return part.map((item) => item.source).join('');
}

/** Escapes for element content and for double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Characters of untrusted text that are shown at once, and after a click. */
const SHOWN_LENGTH = 420;
const MORE_LENGTH = 6000;
const CODE_LENGTH = 20_000;

/** Text from data: isolated from the page's writing direction, with nothing invisible in it. */
export function hostileText(text: string): Markup {
  return markup`<bdi>${marked(text)}</bdi>`;
}

/** For titles and labels, where no element can be put: the same as one spelled-out line of at most 300 characters. */
export function hostileLine(text: string, length = 300): string {
  const { head, leftOut } = cutText(text, length);
  return spellOut(head) + (leftOut > 0 ? '…' : '');
}

/** Long text from data: the start, the rest behind a click, and what even that leaves out. Spans are highlighted. */
export function hostileLongText(text: string, spans: readonly string[] = []): Markup {
  const shown = cutText(text, SHOWN_LENGTH);
  if (shown.leftOut === 0) return markup`<bdi>${markedSpans(text, spans)}</bdi>`;
  const more = cutText(text.slice(shown.head.length), MORE_LENGTH);
  return markup`<bdi>${markedSpans(shown.head, spans)}</bdi><span aria-hidden="true">…</span>
    <details class="more">
      <summary>Show ${more.head.length.toLocaleString('en-US')} more characters</summary>
      <bdi>${markedSpans(more.head, spans)}</bdi>${
        more.leftOut > 0
          ? markup`<p class="faint">
              … and ${more.leftOut.toLocaleString('en-US')} more that are not in this page.
            </p>`
          : null
      }
    </details>`;
}

/** Code from rule files: line breaks stay line breaks. */
export function hostileCode(text: string): Markup {
  const { head, leftOut } = cutText(text, CODE_LENGTH);
  const lines = head.split(/\r?\n/).map((line) => markup`<bdi>${marked(line)}</bdi>`);
  return markup`${joinMarkup(lines, '\n')}${leftOut > 0 ? '…' : ''}`;
}

function marked(text: string): readonly Markup[] {
  return splitVisible(text).map((piece) =>
    piece.kind === 'plain'
      ? markup`${piece.text}`
      : markup`<span class="unseen" title="${piece.name}">${piece.text}</span>${
          piece.name === 'line break' ? new Markup('<br>') : null
        }`,
  );
}

function markedSpans(text: string, spans: readonly string[]): readonly Markup[] {
  const span = spans.find((candidate) => text.includes(candidate));
  if (span === undefined) return marked(text);
  const at = text.indexOf(span);
  return [
    ...marked(text.slice(0, at)),
    markup`<mark>${marked(span)}</mark>`,
    ...marked(text.slice(at + span.length)),
  ];
}

/** Pieces one after the other. */
export function joinMarkup(parts: readonly Markup[], between = ''): Markup {
  return new Markup(parts.map((part) => part.source).join(between));
}
