import sharp, { type Metadata } from 'sharp';

import type { MediaErrorCode } from '../../probes/evidence-tables.ts';
import { faultOfHead } from '../decoders/media-file.ts';
import { mediumFaultOf } from '../medium-fault.ts';
import type { RangeReader } from '../ranges.ts';

// One picture at a time and nothing kept: the pool of processes is the parallelism, and its memory is watched.
sharp.cache(false);
sharp.concurrency(1);

/** Most pixels (all pages) that are decoded; larger pictures are described by their header. */
export const MOST_DECODED_PIXELS = 100e6;

/** Largest file that is read. */
const MOST_BYTES = 1e9;

/** What is read of a JPEG, PNG or WebP file for its header: of its beginning, and of its end for the mark there. */
const HEAD_BYTES = 64 * 1024 - 4096;
const TAIL_BYTES = 4096;

/** An image file in memory, with what its header says. */
export type OpenImage = {
  readonly ok: true;
  /** The file, or its beginning and end. */
  readonly bytes: Buffer;
  readonly sizeBytes: number;
  readonly metadata: Metadata;
  /** jpeg, png, webp, avif, gif, tiff, svg… by the bytes, not by the name. */
  readonly format: string;
};

type ImageFailure = {
  readonly ok: false;
  readonly code: MediaErrorCode;
  readonly message: string;
};

/**
 * Reads the header of an image: 64 KB in two requests where that is enough, else all of it. The pixels of what it returns may
 * not be there.
 */
export async function openImageHeader(reader: RangeReader): Promise<OpenImage | ImageFailure> {
  const { sizeBytes } = reader;
  if (sizeBytes <= HEAD_BYTES + TAIL_BYTES) return openImage(reader);
  let bytes: Buffer;
  try {
    const head = await reader.read(0, HEAD_BYTES);
    const tail = await reader.read(sizeBytes - TAIL_BYTES, TAIL_BYTES);
    bytes = Buffer.concat([head, tail]);
  } catch (error) {
    return { ok: false, ...mediumFaultOf(error) };
  }
  try {
    const head = bytes.subarray(0, HEAD_BYTES);
    const metadata = await sharp(head, { limitInputPixels: false, failOn: 'none' }).metadata();
    const format = formatName(metadata);
    if (HEADED_FORMATS.has(format) && (metadata.pages ?? 1) === 1)
      return { ok: true, bytes, sizeBytes, metadata, format };
  } catch {
    // The header is longer, or broken: the whole file tells.
  }
  return openImage(reader);
}

/** Formats whose header lies in front. */
const HEADED_FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp']);

/** Reads an image and its header. From memory, so that nothing inside can name another file. */
export async function openImage(reader: RangeReader): Promise<OpenImage | ImageFailure> {
  const { sizeBytes } = reader;
  if (sizeBytes === 0) return { ok: false, code: 'empty-file', message: 'the file has no bytes' };
  if (sizeBytes > MOST_BYTES)
    return { ok: false, code: 'out-of-memory', message: `the file has ${sizeBytes} bytes` };
  let bytes: Buffer;
  try {
    const whole = await reader.read(0, sizeBytes);
    bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  } catch (error) {
    return { ok: false, ...mediumFaultOf(error) };
  }
  try {
    const metadata = await sharp(bytes, { limitInputPixels: false, failOn: 'none' }).metadata();
    const format = formatName(metadata);
    if (format === 'heic')
      return { ok: false, code: 'unsupported-codec', message: 'no decoder for HEIC' };
    return { ok: true, bytes, sizeBytes: bytes.length, metadata, format };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const message = [...new Set(said.split('\n').map((line) => line.trim()))].join(' ').trim();
    const isImage = IMAGE_SIGNATURES.some((signature) =>
      bytes.subarray(0, 16).toString('latin1').includes(signature),
    );
    return { ok: false, code: isImage ? 'corrupt-header' : faultOfHead(bytes), message };
  }
}

/** First bytes of images whose header is broken rather than unknown. */
const IMAGE_SIGNATURES = [
  '\u00ff\u00d8\u00ff',
  '\u0089PNG',
  'GIF8',
  'WEBP',
  'II*\0',
  'MM\0*',
  'ftypavif',
  'ftypmif1',
];

function formatName(metadata: Metadata): string {
  if (metadata.format !== 'heif') return metadata.format;
  return metadata.compression === 'hevc' ? 'heic' : 'avif';
}
