import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';

import { DailiesError } from '../dailies-error.ts';
import type { Medium } from '../media/medium.ts';
import type { StoreAccess } from '../stores/access.ts';
import { isOwnHost, isSameSecret } from './guard-request.ts';
import { sendMedium } from './send-medium.ts';

/** What a site answers: a page, a medium that may be sent, or why neither. */
export type Answer =
  | { readonly kind: 'page'; readonly html: string }
  | { readonly kind: 'medium'; readonly medium: Medium; readonly access: StoreAccess }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404; readonly reason: string };

/** Pages and media of a run or a comparison; `path` is what follows the token, such as `media/3`. */
export type Site = {
  readonly answer: (path: string, parameters: URLSearchParams) => Promise<Answer>;
};

type ServeOptions = {
  /** Address or name to bind to; 127.0.0.1: nobody else's machine can ask. */
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
};

/** A server that is up. */
export type RunningServer = {
  /** With the token: whoever knows it sees the run. */
  readonly url: string;
  readonly close: () => Promise<void>;
};

/** Longest address that is answered. */
const LONGEST_URL_CHARS = 16_384;

/** Bytes of the token: 128 bits, more than anybody guesses. */
const TOKEN_BYTES = 16;

/** Sent with every answer: nothing is kept, framed, guessed about or told to other sites. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/**
 * Serves a site under an address that nobody can guess. Requests need the token and a `Host` of our own; only reading is
 * answered.
 *
 * @throws {DailiesError} usage, if the address cannot be bound to.
 */
export async function serveSite(site: Site, options: ServeOptions): Promise<RunningServer> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const server = createServer((request, response) => {
    void handle(site, token, options.host, request, response);
  });
  server.headersTimeout = 10_000;
  await listen(server, options);
  const address = server.address();
  const port = address === null || typeof address === 'string' ? options.port : address.port;
  const host = isIPv6(options.host) ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}/${token}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => resolve());
    });
  } catch (cause) {
    throw new DailiesError('usage', `cannot listen on ${host}, port ${port}`, {
      cause,
      hint: 'give another --port, or --port 0 for one that is free',
    });
  }
}

async function handle(
  site: Site,
  token: string,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  response.on('error', () => response.destroy());
  try {
    const found = locate(request, token, host);
    if (typeof found === 'number') return say(response, found, REFUSALS[found]);
    const answer = await site.answer(found.path, found.parameters);
    switch (answer.kind) {
      case 'page':
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.setHeader('Content-Length', Buffer.byteLength(answer.html));
        response.end(request.method === 'HEAD' ? undefined : answer.html);
        return;
      case 'medium':
        await sendMedium(answer.medium, answer.access, request, response);
        return;
      case 'refused':
        say(response, answer.status, answer.reason);
    }
  } catch {
    if (response.headersSent) response.destroy();
    else say(response, 500, 'this page could not be made');
  }
}

const REFUSALS = {
  403: 'not by this name: ask for the address that dailies printed',
  404: 'nothing here: ask for the address that dailies printed',
  405: 'only GET and HEAD',
  414: 'the address is too long',
} as const;

function locate(
  request: IncomingMessage,
  token: string,
  host: string,
): { readonly path: string; readonly parameters: URLSearchParams } | keyof typeof REFUSALS {
  if (!isOwnHost(request.headers.host, request.socket.localPort ?? 0, host)) return 403;
  if (request.method !== 'GET' && request.method !== 'HEAD') return 405;
  const target = request.url ?? '';
  if (target.length > LONGEST_URL_CHARS) return 414;
  // Taken apart by hand: no `..` is resolved, and an address that is none is simply not there.
  const [, given = '', path, query = ''] =
    /^\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(target) ?? [];
  if (path === undefined || !isSameSecret(given, token)) return 404;
  return { path, parameters: new URLSearchParams(query) };
}

function say(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${text}\n`);
}
