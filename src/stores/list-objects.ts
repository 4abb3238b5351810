import { assertNever } from '../assert-never.ts';
import type { StoreAccess } from './access.ts';
import { faultOfError } from './answer-fault.ts';
import { getHttp } from './http-request.ts';
import { hubAuthorization, hubOrigin, hubTreeUrl } from './hub-url.ts';
import { readBody } from './read-body.ts';
import { retrying } from './retrying.ts';
import { s3Client } from './s3-client.ts';
import { faultOfS3 } from './s3-fault.ts';
import { StoreFault } from './store-fault.ts';
import { parseStoreUrl, shownUrl, type StoreAddress } from './store-url.ts';

/** One object of a listing. */
export type ListedObject = {
  readonly url: string;
  readonly sizeBytes: number;
  readonly version: string | null;
  readonly modified_ms: number | null;
};

/** Objects that one listing gives at most: more is a wrong prefix. */
const MOST_OBJECTS = 5_000_000;

/** A page of the Hub has 1,000 entries of some 300 bytes. */
const PAGE_BYTES = 16 * 1024 * 1024;

/**
 * All objects below a prefix (`s3:`, `gs:`, `hf:`), page by page, in the store's order. Throws {@link StoreFault}: a page that
 * cannot be had ends the listing with a fault, never as if it were complete. `http:` has no listing.
 */
export async function* listObjects(
  prefixUrl: string,
  access: StoreAccess,
  signal?: AbortSignal,
): AsyncGenerator<ListedObject> {
  const address = parseStoreUrl(prefixUrl);
  // Objects are called as the prefix was spelled: callers cut it off again.
  const place =
    address.kind === 'http' ? prefixUrl : prefixUrl.slice(0, prefixUrl.length - address.key.length);
  const root = place.endsWith('/') ? place : `${place}/`;
  let count = 0;
  for await (const object of pagesOf(address, root, prefixUrl, access, signal)) {
    count += 1;
    if (count > MOST_OBJECTS)
      throw new StoreFault(
        'invalid-path',
        `${shownUrl(prefixUrl)} holds more than ${MOST_OBJECTS.toLocaleString('en')} objects`,
      );
    yield object;
  }
}

function pagesOf(
  address: StoreAddress,
  root: string,
  prefixUrl: string,
  access: StoreAccess,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  switch (address.kind) {
    case 's3':
    case 'gs':
      return listBucket(address, root, access, signal);
    case 'hf':
      return listHub(address, root, access, signal);
    case 'http':
      throw new StoreFault(
        'invalid-path',
        `${shownUrl(prefixUrl)}: folders cannot be listed over HTTP: name the files`,
      );
    default:
      return assertNever(address);
  }
}

async function* listBucket(
  address: Extract<StoreAddress, { kind: 's3' | 'gs' }>,
  root: string,
  access: StoreAccess,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const client = await s3Client(address.kind, access);
  const shown = `${root}${address.key}`.slice(0, 300);
  let token: string | undefined;
  do {
    const continued = token;
    const page = await retrying(
      () =>
        client
          .send(
            new ListObjectsV2Command({
              Bucket: address.bucket,
              ...(address.key === '' ? {} : { Prefix: address.key }),
              ...(continued === undefined ? {} : { ContinuationToken: continued }),
            }),
            signal === undefined ? {} : { abortSignal: signal },
          )
          .catch((error: unknown) => {
            signal?.throwIfAborted();
            throw faultOfS3(shown, error);
          }),
      access,
      signal,
    );
    for (const each of page.Contents ?? []) {
      // Consoles make empty objects whose names end with a slash to look like folders.
      if (each.Key === undefined || each.Key.endsWith('/')) continue;
      yield {
        url: root + each.Key,
        sizeBytes: each.Size ?? 0,
        version: each.ETag ?? null,
        modified_ms: each.LastModified?.getTime() ?? null,
      };
    }
    token = page.NextContinuationToken;
    if (page.IsTruncated === true && (token === undefined || token === continued))
      throw new StoreFault(
        'unreachable',
        `${shown}: the listing breaks off: a page leads to no next`,
      );
  } while (token !== undefined);
}

async function* listHub(
  address: Extract<StoreAddress, { kind: 'hf' }>,
  root: string,
  access: StoreAccess,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  let next: URL | null = hubTreeUrl(address);
  while (next !== null) {
    const page: { readonly text: string; readonly link: string } = await readPage(
      next,
      access,
      signal,
    );
    for (const entry of parseTree(page.text, root)) {
      yield {
        url: root + entry.path,
        sizeBytes: entry.size,
        version: entry.oid,
        modified_ms: null,
      };
    }
    const link: string | undefined = /<([^>]+)>;\s*rel="?next"?/.exec(page.link)?.[1];
    const following: URL | null =
      link !== undefined && URL.canParse(link, next.href) ? new URL(link, next.href) : null;
    if (following !== null && following.origin !== new URL(hubOrigin()).origin)
      throw new StoreFault(
        'refused-address',
        `${root}: the listing goes on at another host: refused`,
      );
    next = following;
  }
}

async function readPage(
  url: URL,
  access: StoreAccess,
  signal: AbortSignal | undefined,
): Promise<{ readonly text: string; readonly link: string }> {
  const shown = shownUrl(url.href);
  return retrying(
    async () => {
      const answer = await getHttp(url, access, { authorization: hubAuthorization(), signal });
      const parts: Uint8Array[] = [];
      let length = 0;
      await readBody(
        answer.body,
        shown,
        access,
        Number(answer.headers['content-length'] ?? 0),
        (bytes) => {
          parts.push(bytes);
          length += bytes.length;
          return length <= PAGE_BYTES;
        },
        signal,
      );
      const { link } = answer.headers;
      return {
        text: Buffer.concat(parts).toString('utf8'),
        link: Array.isArray(link) ? link.join(', ') : (link ?? ''),
      };
    },
    access,
    signal,
  );
}

type TreeFile = { readonly path: string; readonly size: number; readonly oid: string | null };

function parseTree(text: string, shown: string): readonly TreeFile[] {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch (error) {
    throw faultOfError(shown, new Error('the listing is no JSON', { cause: error }));
  }
  if (!Array.isArray(entries)) throw new StoreFault('unreachable', `${shown}: the listing is none`);
  return entries.flatMap((entry: unknown): TreeFile[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    const path: unknown = Reflect.get(entry, 'path');
    const size: unknown = Reflect.get(entry, 'size');
    const oid: unknown = Reflect.get(entry, 'oid');
    if (Reflect.get(entry, 'type') !== 'file' || typeof path !== 'string') return [];
    return [
      {
        path,
        size: typeof size === 'number' ? size : 0,
        oid: typeof oid === 'string' ? oid : null,
      },
    ];
  });
}
