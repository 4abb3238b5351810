import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What came in, for tests about what was asked. */
export type Asked = {
  readonly method: string;
  readonly url: string;
  readonly range: string | null;
  readonly headers: IncomingMessage['headers'];
};

export type ObjectServer = {
  readonly origin: string;
  readonly asked: Asked[];
  readonly close: () => Promise<void>;
};

/** A real HTTP server on a free port of loopback. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<ObjectServer> {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    asked.push({
      method: request.method ?? '',
      url: request.url ?? '',
      range: request.headers.range ?? null,
      headers: request.headers,
    });
    void Promise.resolve(answer(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Answers with an object, its ranges, and 412 for another ETag, as RFC 9110 wants it. */
export function sendObject(
  request: IncomingMessage,
  response: ServerResponse,
  object: { readonly bytes: Uint8Array; readonly etag?: string },
): void {
  const { bytes, etag } = object;
  const ifMatch = request.headers['if-match'];
  if (ifMatch !== undefined && ifMatch !== etag) {
    response.writeHead(412).end();
    return;
  }
  const headers = etag === undefined ? {} : { etag };
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (match === null) {
    response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
    return;
  }
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(0, bytes.length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes.length : Math.min(Number(last) + 1, bytes.length);
  if (start >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  response
    .writeHead(206, {
      ...headers,
      'content-range': `bytes ${start}-${end - 1}/${bytes.length}`,
      'content-length': end - start,
    })
    .end(bytes.subarray(start, end));
}
