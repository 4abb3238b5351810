import { ByteWindow } from '../media/byte-window.ts';
import { HeaderFault } from '../media/headers/header-fault.ts';
import { readMatroska } from '../media/headers/matroska.ts';
import type { MediaHeader } from '../media/headers/media-header.ts';
import { keyframeStretches } from '../media/keyframe-stretches.ts';
import { readMp4 } from '../media/headers/mp4.ts';
import { readTimeline } from '../media/headers/timeline.ts';
import { MAGIC_BYTES, detectMagic, type Magic } from '../media/magic.ts';
import { mediumFaultOf } from '../media/medium-fault.ts';
import type { Stretch } from '../media/local-copy.ts';
import type { RangeReader } from '../media/ranges.ts';
import { brokenContainerRow, containerRow, type Spent } from './containers.ts';
import {
  errorRow,
  type EvidenceRow,
  type EvidenceTable,
  type MediaErrorCode,
} from './evidence-tables.ts';
import { packetRow } from './packets.ts';

/** Both rows that one reading of a header gives; `packets` is null where it was not wanted. */
export type HeaderRows = {
  readonly containers: EvidenceRow<'containers'>;
  readonly packets: EvidenceRow<'packets'> | null;
  /** Where the keyframes lie, for a decoder that is to see no more; null or none: not known for all of them. */
  readonly keyframes?: () => readonly Stretch[] | null;
};

/** A reader of other formats: another way to the same rows; `packets` null if it did not look at them. */
export type HeaderFallback = () => Promise<HeaderRows>;

export type HeaderOptions = {
  /** Tables wanted: without `packets` the blocks of a Matroska file are not walked. */
  readonly wants: readonly EvidenceTable[];
  /** Reads AVI, MPEG-TS and what else has no reader here, and MP4 or Matroska that this one finds corrupt. */
  readonly fallback?: HeaderFallback;
};

/** Formats that a video medium may not have: these bytes are something else. */
const NOT_VIDEO: ReadonlySet<Magic> = new Set<Magic>([
  ...(['jpeg', 'png', 'webp', 'avif', 'heic', 'jxl', 'jpeg2000', 'bmp', 'tiff', 'svg'] as const),
  ...(['html', 'json', 'xml', 'text', 'pdf', 'zip', 'gzip', 'zstd', 'tar'] as const),
  ...(['parquet', 'arrow', 'npy', 'git-lfs', 'zeros'] as const),
]);

/**
 * Reads the header of a medium through its ranges.
 *
 * Never throws for what the medium holds or that it cannot be read: such rows carry an `error_code`.
 */
export async function probeHeader(
  reader: RangeReader,
  options: HeaderOptions,
): Promise<HeaderRows> {
  let rows: HeaderRows;
  try {
    rows = await probeRanges(reader, options);
  } catch (error) {
    const fault = mediumFaultOf(error);
    rows = faultRows(fault.code, fault.message);
  }
  return options.wants.includes('packets') ? rows : { ...rows, packets: null };
}

async function probeRanges(reader: RangeReader, options: HeaderOptions): Promise<HeaderRows> {
  const window = new ByteWindow(reader);
  const magic = detectMagic(await window.read(0, MAGIC_BYTES));
  const own = await readOwn(window, reader, magic, options.wants.includes('packets'));
  const isFinal =
    own.containers.error_code === null || !FALLBACK_CODES.has(own.containers.error_code);
  if (isFinal || options.fallback === undefined || NOT_VIDEO.has(magic)) return own;
  const other = await options.fallback();
  if (other.containers.error_code !== null && isOwnFormat(magic)) return own;
  const packets = other.packets ?? errorRow('packets', 'unsupported-codec', 'no packets were read');
  return { containers: other.containers, packets };
}

/** Faults after which another reader may see more. */
const FALLBACK_CODES: ReadonlySet<string> = new Set<MediaErrorCode>([
  'corrupt-header',
  'unknown-format',
  'decoder-unavailable',
]);

function isOwnFormat(magic: Magic): boolean {
  return magic === 'mp4' || magic === 'mov' || magic === 'matroska' || magic === 'webm';
}

async function readOwn(
  window: ByteWindow,
  reader: RangeReader,
  magic: Magic,
  wantsPackets: boolean,
): Promise<HeaderRows> {
  const spent = (): Spent => ({ sizeBytes: reader.sizeBytes, ...reader.spent() });
  try {
    if (magic === 'mp4' || magic === 'mov') {
      return headerRows(await readMp4(window, magic), spent(), wantsPackets);
    }
    if (magic === 'matroska' || magic === 'webm') {
      const cost = (): number => reader.spent().bytesRead;
      return headerRows(
        await readMatroska(window, magic, wantsPackets, cost),
        spent(),
        wantsPackets,
      );
    }
    throw notReadHere(magic);
  } catch (error) {
    if (!(error instanceof HeaderFault)) throw error;
    const rows = faultRows(error.code, error.message);
    const end = error.declaredEndBytes;
    return { ...rows, containers: brokenContainerRow(rows.containers, magic, end, spent()) };
  }
}

function notReadHere(magic: Magic): HeaderFault {
  if (magic === 'empty') return new HeaderFault('empty-file', 'the file is empty');
  if (magic === 'unknown')
    return new HeaderFault('unknown-format', 'the first bytes are of no known format');
  if (NOT_VIDEO.has(magic))
    return new HeaderFault('unknown-format', `the file is ${magic}, not a video`);
  return new HeaderFault(
    'decoder-unavailable',
    `${magic} headers are read by libav, which is not there`,
  );
}

function headerRows(header: MediaHeader, spent: Spent, wantsPackets: boolean): HeaderRows {
  const { video } = header;
  const packets = video?.packets ?? null;
  const timeline = video === null || packets === null ? null : readTimeline(video, packets);
  const containers = containerRow(header, timeline, spent);
  if (video === null) {
    const message = 'the file has no video track';
    return { containers, packets: errorRow('packets', 'no-video-track', message) };
  }
  if (!wantsPackets)
    return { containers, packets: null, keyframes: () => keyframeStretches(header) };
  if (packets === null || timeline === null) {
    return { containers, packets: errorRow('packets', 'no-frames', 'the file has no packets') };
  }
  return {
    containers,
    packets: packetRow(header, video, packets, timeline),
    keyframes: () => keyframeStretches(header),
  };
}

/** Both rows of a medium that could not be read. */
export function faultRows(code: MediaErrorCode, message: string): HeaderRows {
  return {
    containers: errorRow('containers', code, message),
    packets: errorRow('packets', code, message),
  };
}
