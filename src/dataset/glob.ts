import { sep } from 'node:path';

/** The directory in front of the first glob character of an absolute pattern and how deep it reaches below; null without glob. */
export function splitGlob(
  pattern: string,
): { readonly base: string; readonly depth: number } | null {
  const parts = pattern.split(sep);
  const at = parts.findIndex((part) => /[*?[{]/.test(part));
  if (at < 0) return null;
  const depth = parts.slice(at).some((part) => part.includes('**')) ? Infinity : parts.length - at;
  return { base: parts.slice(0, at).join(sep) || sep, depth };
}

/** `*` and `?` stay within a name, `**` crosses directories, `[…]`, `{a,b}` and `{000..123}` mean what a shell means. */
export function matchGlob(pattern: string, path: string): boolean {
  const { expression, ranges } = globExpression(pattern);
  const found = expression.exec(path);
  return (
    found !== null &&
    ranges.every(({ first, last }, i) => {
      const number = Number(found[i + 1]);
      return found[i + 1] === undefined || (number >= first && number <= last);
    })
  );
}

/** The numbers of `{000..123}`, captured in order. */
type NumberRange = { readonly first: number; readonly last: number };

function globExpression(pattern: string): {
  readonly expression: RegExp;
  readonly ranges: readonly NumberRange[];
} {
  let source = '';
  let depth = 0;
  const ranges: NumberRange[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    if (pattern.startsWith('**/', i)) {
      source += '(?:[^/]+/)*';
      i += 2;
    } else if (pattern.startsWith('**', i)) {
      source += '.*';
      i += 1;
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[' && pattern.indexOf(']', i + 2) > 0) {
      const end = pattern.indexOf(']', i + 2);
      const body = pattern
        .slice(i + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[');
      source += `[${body}]`;
      i = end;
    } else if (/^\{\d+\.\.\d+\}/.test(pattern.slice(i, i + 64))) {
      const [whole = '', first = '', last = ''] =
        /^\{(\d+)\.\.(\d+)\}/.exec(pattern.slice(i, i + 64)) ?? [];
      // Equal widths with a leading zero mean padded numbers.
      source += first.startsWith('0') ? `(\\d{${first.length},})` : String.raw`(\d+)`;
      ranges.push({ first: Number(first), last: Number(last) });
      i += whole.length - 1;
    } else if (char === '{' && pattern.indexOf('}', i) > 0) {
      source += '(?:';
      depth++;
    } else if (char === '}' && depth > 0) {
      source += ')';
      depth--;
    } else if (char === ',' && depth > 0) source += '|';
    else source += char.replace(/[\\^$.|?*+()[\]{}]/, String.raw`\$&`);
  }
  return { expression: new RegExp(`^${source}$`, 's'), ranges };
}
