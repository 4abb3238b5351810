import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

import type { StoreAccess } from './access.ts';
import { kindOfAddress } from './address-guard.ts';
import { agentsFor } from './agents.ts';
import { faultOfError, faultOfStatus, wordsOf } from './answer-fault.ts';
import { StoreFault } from './store-fault.ts';
import { shownUrl } from './store-url.ts';

/** The Hub answers with two, content networks with one more; more are a loop. */
const MOST_REDIRECTS = 5;

/** Error pages are read so far. */
const ERROR_PAGE_BYTES = 4096;

export type HttpAnswer = {
  readonly status: 200 | 206;
  readonly headers: IncomingMessage['headers'];
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly body: IncomingMessage;
};

type HttpAsk = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of the first URL only. */
  readonly authorization?: string | null;
  readonly signal?: AbortSignal | undefined;
};

/**
 * One GET, redirects followed: never from https to http, and never with the credentials to another origin. The time-out
 * is about the head of the answer. Throws {@link StoreFault} for any answer but 200 and 206.
 */
export async function getHttp(url: URL, access: StoreAccess, ask: HttpAsk): Promise<HttpAnswer> {
  const { plain, authorization } = withoutUser(url);
  const shown = shownUrl(url.href);
  let current = plain;
  let reach = access;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const secret = ask.authorization ?? authorization;
    const body = await send(current, reach, {
      ...ask,
      headers: {
        'user-agent': 'dailies',
        'accept-encoding': 'identity',
        ...ask.headers,
        ...(secret !== null && current.origin === plain.origin ? { authorization: secret } : {}),
      },
    }).catch((error: unknown) => {
      ask.signal?.throwIfAborted();
      throw faultOfError(shown, error);
    });
    const status = body.statusCode ?? 0;
    if (status === 200 || status === 206)
      return { status, headers: body.headers, url: current, body };
    const { location } = body.headers;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      const words = await readErrorPage(body);
      if (status === 416 && /^bytes \*\/0$/.test(body.headers['content-range'] ?? ''))
        throw new EmptyObject(body.headers);
      throw faultOfStatus(shown, status, words, body.headers['retry-after'] ?? null);
    }
    // A place of the public internet has no business to lead into a private network; one that hung up may have been one.
    const { remoteAddress } = body.socket;
    if (remoteAddress === undefined || kindOfAddress(remoteAddress) === null)
      reach = { ...access, isFromRemoteManifest: true };
    body.resume();
    const next = URL.canParse(location, current.href) ? new URL(location, current) : null;
    if (next === null || !/^https?:$/.test(next.protocol))
      throw new StoreFault('invalid-path', `${shown}: redirected to no web address`);
    if (current.protocol === 'https:' && next.protocol === 'http:')
      throw new StoreFault('refused-address', `${shown}: redirected from https to http: refused`);
    current = withoutUser(next).plain;
  }
  throw new StoreFault('unreachable', `${shown}: more than ${MOST_REDIRECTS} redirects`);
}

/** A 416 that says why no range can be answered: there is nothing. */
export class EmptyObject extends Error {
  readonly headers: IncomingMessage['headers'];
  constructor(headers: IncomingMessage['headers']) {
    super('the object is empty');
    this.headers = headers;
  }
}

/** User and password of a URL as a header, and the URL without them. */
function withoutUser(url: URL): { readonly plain: URL; readonly authorization: string | null } {
  if (url.username === '' && url.password === '') return { plain: url, authorization: null };
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { plain, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function send(url: URL, access: StoreAccess, ask: HttpAsk): Promise<IncomingMessage> {
  const agents = agentsFor(access);
  const isSecure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      request.destroy(
        new StoreFault(
          'unreachable',
          `${shownUrl(url.href)}: no answer within ${access.timeout_s} s`,
          {
            isPassing: true,
          },
        ),
      );
    }, access.timeout_s * 1000);
    const request = (isSecure ? httpsRequest : httpRequest)(
      url,
      {
        agent: isSecure ? agents.https : agents.http,
        headers: { ...ask.headers },
        ...(ask.signal === undefined ? {} : { signal: ask.signal }),
      },
      (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
    );
    request.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end();
  });
}

async function readErrorPage(body: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const timer = setTimeout(() => body.destroy(), 5000);
  try {
    for await (const part of body) {
      if (!(part instanceof Uint8Array)) break;
      parts.push(part);
      length += part.length;
      if (length >= ERROR_PAGE_BYTES) break;
    }
  } catch {
    // What came has to do.
  } finally {
    clearTimeout(timer);
  }
  return wordsOf(Buffer.concat(parts).toString('utf8').slice(0, ERROR_PAGE_BYTES));
}
