import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

import { detectMagic, MAGIC_BYTES } from '../media/magic.ts';
import { mediaTypeOf } from '../media/media-type.ts';
import { parseByteRange } from './byte-range.ts';

/**
 * Sends a film or picture, or the part of it that was asked for. What it is decides its first bytes, never its name: a
 * document that calls itself `.mp4` is not sent. The path has been checked.
 */
export async function sendMedium(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Without blocking: a pipe has nobody at its other end.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return refuse(response, 404, 'the file cannot be opened');
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return refuse(response, 404, 'no regular file');
    const head = Buffer.alloc(Math.min(MAGIC_BYTES, stats.size));
    await file.read(head, 0, head.length, 0);
    const media = mediaTypeOf(detectMagic(head));
    if (media === null) return refuse(response, 415, 'neither film nor picture');
    const range = parseByteRange(request.headers.range, stats.size);
    if (range === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${stats.size}`);
      return refuse(response, 416, 'no such bytes');
    }
    const { start, end } = range ?? { start: 0, end: stats.size };
    response.statusCode = range === null ? 200 : 206;
    response.setHeader('Content-Type', media.type);
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Content-Length', end - start);
    if (range !== null)
      response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${stats.size}`);
    if (request.method === 'HEAD' || end === start) {
      response.end();
      return;
    }
    await pipeline(
      file.createReadStream({ start, end: end - 1, autoClose: false }),
      response,
    ).catch(() => {
      // A player that jumps ahead closes its old request.
    });
  } finally {
    await file.close();
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${reason}\n`);
}
