import { resolve } from 'node:path';

import { StoreFault } from './store-fault.ts';

/** An object or a prefix of objects in a store. `key` is percent-decoded and may be empty for a prefix. */
export type StoreAddress =
  | { readonly kind: 'http'; readonly url: URL }
  | { readonly kind: 's3' | 'gs'; readonly bucket: string; readonly key: string }
  | {
      readonly kind: 'hf';
      readonly repository: 'datasets' | 'spaces' | 'models';
      /** `owner/name`, or the bare name of the old canonical datasets. */
      readonly id: string;
      readonly revision: string;
      readonly key: string;
    };

const STORE_URL = /^(https?|s3|s3a|gs|hf):\/\//i;

/** Bucket names of Amazon, the old ones with capitals and underscores too: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

/** Longest key of S3 in bytes, which is more than a URL in practice has. */
const LONGEST_URL_CHARS = 8192;

/** Whether a text is a URL that stores can be asked for. */
export function isStoreUrl(text: string): boolean {
  return STORE_URL.test(text);
}

/** Takes a URL apart. Throws {@link StoreFault} `invalid-path` for one that means nothing. */
export function parseStoreUrl(text: string): StoreAddress {
  if (text.length > LONGEST_URL_CHARS) throw invalid(text, 'it is too long');
  if (/\p{Cc}/u.test(text)) throw invalid(text, 'it has control characters');
  const scheme = STORE_URL.exec(text)?.[1]?.toLowerCase();
  const rest = text.slice(text.indexOf('://') + 3);
  switch (scheme) {
    case 'http':
    case 'https': {
      const url = URL.canParse(text) ? new URL(text) : null;
      if (url === null || url.hostname === '') throw invalid(text, 'it names no host');
      url.hash = '';
      return { kind: 'http', url };
    }
    case 's3':
    case 's3a':
    case 'gs': {
      const slash = rest.indexOf('/');
      const bucket = slash < 0 ? rest : rest.slice(0, slash);
      if (!BUCKET.test(bucket)) throw invalid(text, 'it names no bucket');
      return {
        kind: scheme === 'gs' ? 'gs' : 's3',
        bucket,
        key: slash < 0 ? '' : rest.slice(slash + 1),
      };
    }
    case 'hf':
      return parseHub(text, rest);
    default:
      throw invalid(text, 'stores are http:, https:, s3:, gs: and hf:');
  }
}

function parseHub(text: string, rest: string): StoreAddress {
  const parts = rest.split('/');
  const repository = parts[0] === 'datasets' || parts[0] === 'spaces' ? parts[0] : 'models';
  const [owner = '', named = '', ...path] = repository === 'models' ? parts : parts.slice(1);
  const at = named.indexOf('@');
  const name = at < 0 ? named : named.slice(0, at);
  // Names of branches may hold a slash, spelled %2F, as in refs%2Fconvert%2Fparquet.
  const revision = at < 0 ? 'main' : decodeText(named.slice(at + 1));
  if (![owner, name].every((each) => /^[\w.-]+$/.test(each) && !/^\.+$/.test(each)))
    throw invalid(text, 'as in hf://datasets/owner/name/data/train.parquet');
  if (!/^[\w./-]+$/.test(revision) || revision.includes('..'))
    throw invalid(text, 'its revision is none');
  return { kind: 'hf', repository, id: `${owner}/${name}`, revision, key: path.join('/') };
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function invalid(text: string, reason: string): StoreFault {
  return new StoreFault('invalid-path', `${shownUrl(text)}: ${reason}`);
}

/** A URL without user, password and query string, which is where credentials stand. */
export function plainUrl(url: string): string {
  return url
    .replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/?#]*@/, '$1')
    .replace(/^(https?:[^?#]*)[?#].*$/is, '$1');
}

/** A URL as it may be shown: {@link plainUrl}, cut where it is long. */
export function shownUrl(url: string): string {
  const shown = plainUrl(url);
  return shown.length > 300 ? `${shown.slice(0, 300)}…` : shown;
}

/** A dataset or folder as the user named it: a URL as it stands, a path from `base`. */
export function resolveInput(base: string, named: string): string {
  return isStoreUrl(named) ? named : resolve(base, named);
}

/** The directory of a URL, with `/` at its end, without query. */
export function parentUrl(url: string): string {
  const plain = shownLess(url);
  const start = plain.indexOf('://') + 3;
  const slash = plain.lastIndexOf('/');
  return slash < start ? `${plain}/` : plain.slice(0, slash + 1);
}

/** The last part of the path of a URL, percent-decoded for http. */
export function nameOfUrl(url: string): string {
  const plain = shownLess(url);
  const name = plain.slice(plain.lastIndexOf('/') + 1);
  return /^https?:/i.test(url) ? decodeText(name) : name;
}

function shownLess(url: string): string {
  return /^https?:/i.test(url) ? url.replace(/[?#].*$/s, '') : url;
}
