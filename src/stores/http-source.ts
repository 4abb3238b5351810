import { Readable } from 'node:stream';

import type { StoreAccess } from './access.ts';
import { EmptyObject, getHttp, type HttpAnswer } from './http-request.ts';
import { type ObjectSource, parseContentRange, rangeHeader } from './object-source.ts';
import { isEtagOfCipher, type ObjectVersion } from './object-version.ts';
import { StoreFault } from './store-fault.ts';
import { shownUrl } from './store-url.ts';

/**
 * An object behind an HTTP(S) URL. Where redirects led is asked directly from then on, and the first URL again once that
 * place refuses, as the places of content networks are good for a while only.
 */
export function httpSource(
  url: URL,
  access: StoreAccess,
  authorization: string | null = null,
): ObjectSource {
  const shown = shownUrl(url.href);
  let place: URL | null = null;
  return {
    shown,
    get: async (range, version, signal) => {
      const headers = {
        ...(range === null ? {} : { range: rangeHeader(range) }),
        ...preconditions(version),
      };
      const ask = { headers, signal };
      try {
        const answer = await getHttp(place ?? url, access, {
          ...ask,
          authorization: place === null || place.origin === url.origin ? authorization : null,
        }).catch((error: unknown) => {
          if (
            place === null ||
            !(error instanceof StoreFault) ||
            error.code !== 'permission-denied'
          )
            throw error;
          place = null;
          return getHttp(url, access, { ...ask, authorization });
        });
        place = answer.url.href === url.href ? null : answer.url;
        const said = parseContentRange(answer.headers['content-range']);
        if (answer.status === 206 && said === null) {
          answer.body.destroy();
          throw new StoreFault('unreachable', `${shown}: 206 without a Content-Range that fits`);
        }
        const contentLength = lengthOf(answer.headers['content-length']);
        return {
          isRange: said !== null,
          start: said?.start ?? 0,
          length: said === null ? contentLength : said.end - said.start,
          sizeBytes: said === null ? contentLength : said.sizeBytes,
          ...versionOf(answer.headers),
          body: answer.body,
        };
      } catch (error) {
        if (!(error instanceof EmptyObject)) throw error;
        return {
          isRange: true,
          start: 0,
          length: 0,
          sizeBytes: 0,
          ...versionOf(error.headers),
          body: Readable.from([]),
        };
      }
    },
  };
}

function versionOf(headers: HttpAnswer['headers']): ObjectVersion {
  return {
    etag: headers.etag ?? null,
    hasEncryptedEtag: isEtagOfCipher(
      headers['x-amz-server-side-encryption'],
      headers['x-amz-server-side-encryption-customer-algorithm'],
    ),
    modified_ms: timeOf(headers['last-modified']),
  };
}

/** `If-Match` takes strong tags only (RFC 9110, 13.1.1); else the date of the last change has to do. */
function preconditions(
  version: Parameters<ObjectSource['get']>[1],
): Readonly<Record<string, string>> {
  if (version === null) return {};
  if (version.etag !== null && !version.etag.startsWith('W/')) return { 'if-match': version.etag };
  if (version.modified_ms === null) return {};
  return { 'if-unmodified-since': new Date(version.modified_ms).toUTCString() };
}

function lengthOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function timeOf(text: string | undefined): number | null {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
