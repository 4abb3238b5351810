import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import type { Dialect } from './delimited-dialect.ts';
import type { ShardFile } from './shard-file.ts';

const LF = 0x0a;
const CR = 0x0d;

/**
 * Whether lines of a file end in more than one of LF, CRLF and CR, inside of quotes or not. DuckDB refuses some such files
 * and loses records of others without a word. zstd is not looked into.
 */
export async function hasMixedLineEnds(file: ShardFile): Promise<boolean> {
  if (file.compression === 'zstd') return false;
  const source = createReadStream(file.path, { highWaterMark: 1 << 20 });
  const unpacked = file.compression === 'gzip' ? source.pipe(createGunzip()) : source;
  source.on('error', (error) => unpacked.destroy(error));
  const seen = new Set<string>();
  let isAfterReturn = false;
  for await (const chunk of unpacked) {
    const bytes = asBytes(chunk);
    if (isAfterReturn) seen.add(bytes[0] === LF ? 'CRLF' : 'CR');
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1))
      if (at > 0 ? bytes[at - 1] !== CR : !isAfterReturn) {
        seen.add('LF');
        break;
      }
    for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
      if (at + 1 < bytes.length) seen.add(bytes[at + 1] === LF ? 'CRLF' : 'CR');
      if (seen.size > 1) return true;
    }
    if (seen.size > 1) return true;
    isAfterReturn = bytes.at(-1) === CR;
  }
  if (isAfterReturn) seen.add('CR');
  return seen.size > 1;
}

function asBytes(chunk: unknown): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.alloc(0);
}

/**
 * Copies a CSV or TSV file to `target`, uncompressed, with every record ended by LF: DuckDB refuses files whose records
 * end in different ways, as files do that were appended to on another system. Line ends inside of quotes stay as they are.
 *
 * @throws {Error} for zstd, which Node 20 cannot unpack as a stream.
 */
export async function normaliseLineEnds(
  file: ShardFile,
  dialect: Dialect,
  target: string,
): Promise<void> {
  if (file.compression === 'zstd')
    throw new Error(
      'its lines end in different ways (CRLF, LF or CR): write it with one of them, or uncompressed',
    );
  const steps = file.compression === 'gzip' ? [createGunzip()] : [];
  await pipeline([
    createReadStream(file.path),
    ...steps,
    unifyLineEnds(dialect),
    createWriteStream(target),
  ]);
}

/** A stream of bytes in which record ends become LF; quotes open only where a field begins, as RFC 4180 has them. */
function unifyLineEnds(dialect: Dialect): Transform {
  const quote = dialect.quote.charCodeAt(0);
  const delimiter = dialect.delimiter.charCodeAt(0);
  let isQuoted = false;
  let isFieldStart = true;
  let last = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const out = Buffer.allocUnsafe(chunk.length);
      let length = 0;
      for (const byte of chunk) {
        const follows = last;
        last = byte;
        if (isQuoted) {
          // A doubled quote closes and opens again.
          if (byte === quote) isQuoted = false;
        } else if (byte === quote && (isFieldStart || follows === quote)) {
          isQuoted = true;
          isFieldStart = false;
        } else if (byte === CR || byte === LF) {
          isFieldStart = true;
          if (byte === LF && follows === CR) continue;
          out[length++] = LF;
          continue;
        } else isFieldStart = byte === delimiter;
        out[length++] = byte;
      }
      done(null, out.subarray(0, length));
    },
  });
}
