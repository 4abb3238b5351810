import { stat } from 'node:fs/promises';

import { NO_CODEC_FACTS, ratio, type Ratio } from '../headers/codec-facts.ts';
import type { PacketTable } from '../headers/media-header.ts';
import type { DecodeFailure } from './frame-stream.ts';
import { askFfprobe, videoStreamOf } from './ffprobe-stream.ts';
import type { LibavHeader } from './libav-header.ts';
import { objectsIn } from './plain-objects.ts';
import { bitDepthOf, formatOf, plainPixelFormat } from './pixel-format-name.ts';

type Json = Readonly<Record<string, unknown>>;

/** The same header by a system ffprobe. Colour is left out: its names are no code points. */
export async function readFfprobeHeader(
  command: string,
  path: string,
): Promise<LibavHeader | DecodeFailure> {
  const document = await askFfprobe(command, path, { packets: true });
  if (!document.ok) return document;
  const { size: size_bytes } = await stat(path);
  const stream = videoStreamOf(document);
  const count = (kind: string): number =>
    document.streams.filter((each) => each['codec_type'] === kind).length;
  const audio = document.streams.find((each) => each['codec_type'] === 'audio') ?? null;
  const start_s = numberOf(document.format['start_time']) ?? 0;
  const covers = document.streams.filter(
    (each) => objectsIn([each['disposition']])[0]?.['attached_pic'] === 1,
  ).length;
  return {
    ok: true,
    size_bytes,
    header: {
      format: formatOf(textOf(document.format['format_name'])),
      isFragmented: null,
      isFaststart: true,
      index_bytes: 0,
      duration_s: numberOf(document.format['duration']),
      video:
        stream === null
          ? null
          : {
              codec: textOf(stream['codec_name']),
              width_px: numberOf(stream['width']),
              height_px: numberOf(stream['height']),
              facts: {
                ...NO_CODEC_FACTS,
                profile: textOf(stream['profile']),
                pixelFormat: plainPixelFormat(textOf(stream['pix_fmt'])),
                bitDepth: bitDepthOf(textOf(stream['pix_fmt'])),
                range: rangeOf(stream),
              },
              sar: ratioOf(stream['sample_aspect_ratio'], ':'),
              hasDisplaySize: false,
              rotation_deg: rotationOf(stream),
              isInterlaced: interlacingOf(textOf(stream['field_order'])),
              range: null,
              primaries: null,
              transfer: null,
              matrix: null,
              ticksPerSecond: 1 / secondsPerTick(stream),
              frameDuration_s: null,
              edits: [],
              declaredTicks: null,
              packets: packetsOf(document.packets, stream, start_s),
            },
      audio:
        audio === null
          ? null
          : {
              codec: textOf(audio['codec_name']),
              sampleRate_hz: numberOf(audio['sample_rate']),
              channels: numberOf(audio['channels']),
              start_s:
                numberOf(audio['start_time']) === null
                  ? null
                  : (numberOf(audio['start_time']) ?? 0) - start_s,
              duration_s: numberOf(audio['duration']),
            },
      videoTrackCount: count('video') - covers,
      audioTrackCount: count('audio'),
      attachedPictureCount: covers,
      declaredEnd_bytes: null,
      scannedBytes: size_bytes,
      fault: null,
    },
  };
}

function packetsOf(all: readonly Json[], stream: Json, start_s: number): PacketTable {
  const packets = all.filter((packet) => packet['stream_index'] === stream['index']);
  const shift = Math.round(start_s / secondsPerTick(stream));
  const ticks = packets.map(
    (packet) => (numberOf(packet['pts']) ?? numberOf(packet['dts']) ?? shift) - shift,
  );
  const keyframes = packets.flatMap((packet, i) =>
    String(packet['flags']).startsWith('K') ? [i] : [],
  );
  return {
    source: 'index',
    isComplete: true,
    sizes_bytes: Int32Array.from(packets, (packet) => numberOf(packet['size']) ?? 0),
    ptsTicks: Float64Array.from(ticks),
    keyframes: Int32Array.from(keyframes),
    offsets_bytes: null,
    lastDurationTicks: null,
    durationTicks: null,
  };
}

/** The stream's timebase; microseconds where it has none. */
function secondsPerTick(stream: Json): number {
  const timebase = ratioOf(stream['time_base'], '/');
  return timebase === null ? 1e-6 : timebase.num / timebase.den;
}

/** FFmpeg's rotation is counterclockwise, in side data (or, before version 5, clockwise in a tag). */
function rotationOf(stream: Json): number {
  const matrix = objectsIn(stream['side_data_list']).find(
    (data) => typeof data['rotation'] === 'number',
  );
  const tag = numberOf(objectsIn([stream['tags']])[0]?.['rotate']);
  const turned = matrix === undefined ? (tag ?? 0) : -Number(matrix['rotation']);
  const positive = ((Math.round(turned) % 360) + 360) % 360;
  return positive % 90 === 0 ? positive : -1;
}

function rangeOf(stream: Json): 'tv' | 'pc' | null {
  const range = stream['color_range'];
  return range === 'tv' || range === 'pc' ? range : null;
}

function interlacingOf(fieldOrder: string | null): boolean | null {
  if (fieldOrder === null || fieldOrder === 'unknown') return null;
  return fieldOrder !== 'progressive';
}

function ratioOf(value: unknown, separator: string): Ratio | null {
  const [num = 0, den = 0] = String(value).split(separator).map(Number);
  return ratio(num, den);
}

function numberOf(value: unknown): number | null {
  const number =
    typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value !== 'unknown' ? value : null;
}
