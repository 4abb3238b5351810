import { schemeOf } from './medium-text.ts';

/** Characters that a part of an HTTP path may have as they are (RFC 3986, section 3.3); `%` where it begins an escape. */
const PLAIN = /%[0-9A-Fa-f]{2}|[A-Za-z0-9\-._~!$&'()*+,;=:@]/g;

/**
 * The URL of a relative path under a URL that stands for a folder (`s3://bucket/set`, `https://host/set/`); null if the path is
 * absolute or its `..` lead out. Keys of object stores are taken as they are, parts of HTTP paths escaped where they must be.
 */
export function underUrl(root: string, path: string): string | null {
  if (path.startsWith('/')) return null;
  const scheme = schemeOf(root);
  const isHttp = scheme === 'http' || scheme === 'https';
  const parts: string[] = [];
  for (const part of path.split('/')) {
    switch (meaningOf(part, isHttp)) {
      case 'here':
        // A key of a store may have empty parts.
        if (part === '' && !isHttp) parts.push(part);
        break;
      case 'up':
        if (parts.pop() === undefined) return null;
        break;
      default:
        parts.push(isHttp ? escape(part) : part);
    }
  }
  const [, base = root, query = ''] = isHttp ? (/^([^?#]*)(\?[^#]*)?/.exec(root) ?? []) : [];
  return `${base.replace(/\/+$/, '')}/${parts.join('/')}${query}`;
}

function meaningOf(part: string, isHttp: boolean): 'here' | 'up' | 'name' {
  // `%2e%2e` goes up as well, and a backslash is a slash to many servers.
  const plain = isHttp ? part.replaceAll(/%2e/gi, '.') : part;
  if (plain === '' || plain === '.') return 'here';
  return plain === '..' || (isHttp && /^\.\.(?:\\|%5c|%2f)/i.test(plain)) ? 'up' : 'name';
}

function escape(part: string): string {
  let escaped = '';
  let at = 0;
  for (const match of part.matchAll(PLAIN)) {
    escaped += encodeURIComponent(part.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  return escaped + encodeURIComponent(part.slice(at));
}
