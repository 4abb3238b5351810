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

/** `*` and `?` stay within a name, `**` crosses directories, `[…]` and `{a,b}` mean what a shell means. */
export function matchGlob(pattern: string, path: string): boolean {
  return globExpression(pattern).test(path);
}

function globExpression(pattern: string): RegExp {
  let source = '';
  let depth = 0;
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
    } else if (char === '{' && pattern.indexOf('}', i) > 0) {
      source += '(?:';
      depth++;
    } else if (char === '}' && depth > 0) {
      source += ')';
      depth--;
    } else if (char === ',' && depth > 0) source += '|';
    else source += char.replace(/[\\^$.|?*+()[\]{}]/, String.raw`\$&`);
  }
  return new RegExp(`^${source}$`, 's');
}
