import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

/** A server of files on loopback that counts what it sends. */
export type RangeServer = {
  readonly origin: string;
  /** Bytes and requests since the last call. */
  readonly take: () => { readonly bytes: number; readonly requests: number };
  readonly close: () => void;
};

/** Serves a folder by ranges. */
export async function serveFolder(folder: string): Promise<RangeServer> {
  let bytes = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    void (async () => {
      requests += 1;
      const { pathname } = new URL(request.url ?? '/', 'http://host');
      const file = join(folder, normalize(decodeURIComponent(pathname)));
      const info = await stat(file).catch(() => null);
      if (info === null || !info.isFile()) {
        response.writeHead(404).end();
        return;
      }
      const { size } = info;
      const [, first = '', last = ''] =
        /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      const start = first === '' ? Math.max(0, size - Number(last || size)) : Number(first);
      const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
      if (start >= size) {
        response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
        return;
      }
      bytes += end - start;
      response.writeHead(request.headers.range === undefined ? 200 : 206, {
        etag: `"${info.ino}-${info.mtimeMs}"`,
        'content-length': end - start,
        ...(request.headers.range === undefined
          ? {}
          : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
      });
      createReadStream(file, { start, end: end - 1 }).pipe(response);
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    take: () => {
      const taken = { bytes, requests };
      bytes = 0;
      requests = 0;
      return taken;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
