/** A stretch of text that is safe to show as it is, or one character that must be shown by its code point. */
export type TextPiece = {
  /** As it is to be shown. */
  readonly text: string;
  /** As it was. */
  readonly source: string;
} & ({ readonly kind: 'plain' } | { readonly kind: 'mark'; readonly name: string });

/**
 * Characters that change how their neighbours look without being seen themselves: controls, bidi controls,
 * zero-width and tag characters, line separators, noncharacters and surrogates without their other half.
 * Joiners (U+200C, U+200D) stay: emoji and several scripts need them.
 * Trojan Source (Boucher and Anderson, 2021) lists the bidi ones.
 */
const INVISIBLE =
  // oxlint-disable-next-line no-control-regex -- to spell them out is what this is for
  /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\uFFFE\uFFFF]|[\u{E0000}-\u{E007F}]|\p{Cs}|\r?\n/gu;

const NAMES: Readonly<Record<string, string>> = {
  '\t': 'tab',
  '\n': 'line break',
  '\r': 'carriage return',
  '\u0000': 'null',
  '\u001B': 'escape',
  '\u00AD': 'soft hyphen',
  '\u200B': 'zero-width space',
  '\u200E': 'left-to-right mark',
  '\u200F': 'right-to-left mark',
  '\u202A': 'left-to-right embedding',
  '\u202B': 'right-to-left embedding',
  '\u202C': 'pop directional formatting',
  '\u202D': 'left-to-right override',
  '\u202E': 'right-to-left override',
  '\u2066': 'left-to-right isolate',
  '\u2067': 'right-to-left isolate',
  '\u2068': 'first strong isolate',
  '\u2069': 'pop directional isolate',
  '\uFEFF': 'byte order mark',
};

/** The code point in the usual notation: `U+202E`. */
function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Cuts hostile text into what may be shown and what must be spelled out, so that nothing in it is invisible. */
export function splitVisible(text: string): readonly TextPiece[] {
  const pieces: TextPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(INVISIBLE)) {
    if (match.index > from) pieces.push(plain(text.slice(from, match.index)));
    pieces.push(markOf(match[0]));
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push(plain(text.slice(from)));
  return pieces;
}

function plain(text: string): TextPiece {
  return { kind: 'plain', text, source: text };
}

function markOf(source: string): TextPiece {
  if (source === '\n' || source === '\r\n')
    return { kind: 'mark', text: '↵', name: 'line break', source };
  if (source === '\t') return { kind: 'mark', text: '⇥', name: 'tab', source };
  const code = codePointName(source);
  const name = /^\p{Cs}$/u.test(source) ? 'lone surrogate' : NAMES[source];
  return { kind: 'mark', text: code, name: [code, name].filter(Boolean).join(' '), source };
}

/** One line of plain text in which every invisible character is spelled out: for terminals, titles and labels. */
export function spellOut(text: string): string {
  let line = '';
  for (const piece of splitVisible(text)) {
    if (piece.kind === 'plain') line += piece.text;
    else line += piece.text.startsWith('U+') ? `<${piece.text}>` : piece.text;
  }
  return line;
}

/**
 * The net under everything that shows text: line breaks and tabs stay, what is truly invisible is spelled out.
 * Our own words pass unchanged.
 */
export function neutralise(text: string): string {
  if (text.search(INVISIBLE) < 0) return text;
  let shown = '';
  for (const piece of splitVisible(text))
    shown +=
      piece.kind === 'mark' && piece.text.startsWith('U+') ? `<${piece.text}>` : piece.source;
  return shown;
}

/** At most `length` UTF-16 units, never half a surrogate pair, and how many were left out. */
export function cutText(
  text: string,
  length: number,
): { readonly head: string; readonly leftOut: number } {
  if (text.length <= length) return { head: text, leftOut: 0 };
  const last = text.charCodeAt(length - 1);
  const end = last >= 0xd8_00 && last <= 0xdb_ff ? length - 1 : length;
  return { head: text.slice(0, end), leftOut: text.length - end };
}
