import type { Readable } from 'node:stream';

/** What of an object is asked for: [start, end), or the last bytes of it. */
export type AskedRange =
  | { readonly start: number; readonly end: number }
  | { readonly last: number };

/** The head of an answer and the bytes to come. */
export type RangeAnswer = {
  /** Whether the store answered with the range; false: the whole object comes, from its first byte. */
  readonly isRange: boolean;
  /** First byte that comes. */
  readonly start: number;
  /** Bytes that come; null: not said. */
  readonly length: number | null;
  /** Size of the whole object; null: not said. */
  readonly sizeBytes: number | null;
  /** The ETag, with its quotes; null: none. */
  readonly etag: string | null;
  /** Whether the ETag says nothing of the bytes, because they are encrypted. */
  readonly hasEncryptedEtag: boolean;
  readonly modified_ms: number | null;
  readonly body: Readable;
};

/** One object as its protocol gives it: one attempt at one range. */
export type ObjectSource = {
  /** The URL without what must not be shown. */
  readonly shown: string;
  /** Throws StoreFault; for an object without bytes it answers with size 0. */
  readonly get: (
    range: AskedRange | null,
    version: { readonly etag: string | null; readonly modified_ms: number | null } | null,
    signal: AbortSignal | undefined,
  ) => Promise<RangeAnswer>;
};

/** `Range` for what is asked (RFC 9110, 14.1.2). */
export function rangeHeader(range: AskedRange): string {
  return 'last' in range ? `bytes=-${range.last}` : `bytes=${range.start}-${range.end - 1}`;
}

/** First byte, byte after the last, and size of the whole in `Content-Range`; null if it says something else. */
export function parseContentRange(
  text: string | undefined,
): { readonly start: number; readonly end: number; readonly sizeBytes: number | null } | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text?.trim() ?? '');
  if (match === null) return null;
  const [start, last] = [Number(match[1]), Number(match[2])];
  const sizeBytes = match[3] === '*' ? null : Number(match[3]);
  if (last < start || (sizeBytes !== null && last >= sizeBytes)) return null;
  return { start, end: last + 1, sizeBytes };
}
