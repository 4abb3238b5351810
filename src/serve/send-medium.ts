import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { detectMagic, MAGIC_BYTES } from '../media/magic.ts';
import { mediaTypeOf } from '../media/media-type.ts';
import type { Medium } from '../media/medium.ts';
import { openMedium } from '../media/open-medium.ts';
import type { RangeReader } from '../media/ranges.ts';
import type { StoreAccess } from '../stores/access.ts';
import { parseByteRange } from './byte-range.ts';

/** Read at a time while it is sent. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Sends a film or picture, or the part of it that was asked for, wherever it lies. What it is decides its first bytes, never its
 * name: a document that calls itself `.mp4` is not sent. The place has been checked.
 */
export async function sendMedium(
  medium: Medium,
  access: StoreAccess,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const opened = await openMedium(medium, access);
  if (!opened.ok) {
    return opened.code === 'not-a-file'
      ? refuse(response, 404, 'no regular file')
      : refuse(response, 404, 'the file cannot be opened');
  }
  const { reader } = opened;
  try {
    const { sizeBytes } = reader;
    const media = mediaTypeOf(detectMagic(await reader.read(0, MAGIC_BYTES)));
    if (media === null) return refuse(response, 415, 'neither film nor picture');
    const range = parseByteRange(request.headers.range, sizeBytes);
    if (range === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${sizeBytes}`);
      return refuse(response, 416, 'no such bytes');
    }
    const { start, end } = range ?? { start: 0, end: sizeBytes };
    response.statusCode = range === null ? 200 : 206;
    response.setHeader('Content-Type', media.type);
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Content-Length', end - start);
    if (range !== null)
      response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${sizeBytes}`);
    if (request.method === 'HEAD' || end === start) {
      response.end();
      return;
    }
    await pipeline(Readable.from(chunksOf(reader, start, end)), response).catch(() => {
      // A player that jumps ahead closes its old request.
    });
  } finally {
    await reader.close();
  }
}

async function* chunksOf(
  reader: RangeReader,
  from: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = from; start < end;) {
    const chunk = await reader.read(start, Math.min(CHUNK_BYTES, end - start));
    if (chunk.length === 0) throw new Error('the medium ends early');
    yield chunk;
    start += chunk.length;
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${reason}\n`);
}
