import { open, stat } from 'node:fs/promises';
import type { Packet, Stream } from 'node-av/lib';

import { NO_CODEC_FACTS, ratio } from '../headers/codec-facts.ts';
import {
  type AudioTrack,
  MAX_SAMPLES,
  type MediaHeader,
  type PacketTable,
  type VideoTrack,
} from '../headers/media-header.ts';
import type { DecodeFailure } from './frame-stream.ts';
import { openInput, withLog } from './node-av-input.ts';
import { rotationOf } from './node-av-geometry.ts';
import type { NodeAv } from './node-av-library.ts';
import { bitDepthOf, formatOf, plainPixelFormat } from './pixel-format-name.ts';

/** A header as libav sees it, with what reading it cost. */
export type LibavHeader = {
  readonly ok: true;
  readonly header: MediaHeader;
  readonly size_bytes: number;
};

/**
 * Reads the header of a container and walks all its packets, without decoding more than libav needs to know the codec.
 * Times are told from the start of the file, as a player shows them.
 */
export function readLibavHeader(av: NodeAv, path: string): Promise<LibavHeader | DecodeFailure> {
  return withLog(av, async () => {
    const input = await openInput(av, path);
    if (!input.ok) return input;
    try {
      const { size: size_bytes } = await stat(path);
      const { format, video } = input;
      const kinds = (type: number): Stream[] =>
        format.streams.filter((stream) => stream.codecpar.codecType === type);
      const sound = kinds(av.constants.AVMEDIA_TYPE_AUDIO);
      const pictures = kinds(av.constants.AVMEDIA_TYPE_VIDEO);
      const covers = pictures.filter(
        (stream) => (stream.disposition & av.constants.AV_DISPOSITION_ATTACHED_PIC) !== 0,
      );
      const audio = sound[0] ?? null;
      const start_s = secondsOf(av, format.startTime, 1e-6) ?? 0;
      const walk = walkPackets(av, input.format, video, audio, start_s);
      const name = formatOf(format.iformat?.name ?? null);
      return {
        ok: true,
        size_bytes,
        header: {
          format: name,
          isFragmented: null,
          isFaststart: true,
          index_bytes: 0,
          duration_s: secondsOf(av, format.duration, 1e-6),
          video: video === null ? null : videoTrack(av, video, walk.packets),
          audio: audio === null ? null : audioTrack(av, audio, walk),
          videoTrackCount: pictures.length - covers.length,
          audioTrackCount: sound.length,
          attachedPictureCount: covers.length,
          declaredEnd_bytes: name === 'avi' ? await riffEnd(path) : null,
          scannedBytes: size_bytes,
          fault: null,
        },
      };
    } finally {
      input.format.closeInputSync();
    }
  });
}

type Walk = {
  readonly packets: PacketTable | null;
  readonly audioStart_s: number | null;
  readonly audioEnd_s: number | null;
};

function walkPackets(
  av: NodeAv,
  format: { readFrameSync: (packet: Packet) => number },
  video: Stream | null,
  audio: Stream | null,
  start_s: number,
): Walk {
  const packet = new av.lib.Packet();
  packet.alloc();
  const sizes: number[] = [];
  const ptsTicks: number[] = [];
  const keyframes: number[] = [];
  const shift = video === null ? 0 : Math.round(start_s / secondsPerTick(video));
  let lastDuration = 0;
  let audioStart_s: number | null = null;
  let audioEnd_s: number | null = null;
  const { AV_NOPTS_VALUE, AVERROR_EAGAIN } = av.constants;
  for (let count = 0; count < 2 * MAX_SAMPLES && sizes.length < MAX_SAMPLES; count++) {
    const read = format.readFrameSync(packet);
    if (read === AVERROR_EAGAIN) continue;
    if (read < 0) break;
    const ticks = packet.pts === AV_NOPTS_VALUE ? packet.dts : packet.pts;
    if (video !== null && packet.streamIndex === video.index) {
      if (packet.isKeyframe) keyframes.push(sizes.length);
      sizes.push(packet.size);
      const before = ptsTicks.at(-1);
      const guess = before === undefined ? 0 : before + Math.max(1, lastDuration);
      ptsTicks.push(ticks === AV_NOPTS_VALUE ? guess : Number(ticks) - shift);
      lastDuration = Number(packet.duration);
    } else if (audio !== null && packet.streamIndex === audio.index && ticks !== AV_NOPTS_VALUE) {
      const tick_s = secondsPerTick(audio);
      const at_s = Number(ticks) * tick_s - start_s;
      audioStart_s = Math.min(audioStart_s ?? at_s, at_s);
      audioEnd_s = Math.max(audioEnd_s ?? at_s, at_s + Number(packet.duration) * tick_s);
    }
    packet.unref();
  }
  packet.free();
  if (video === null) return { packets: null, audioStart_s, audioEnd_s };
  const packets: PacketTable = {
    source: 'index',
    isComplete: sizes.length < MAX_SAMPLES,
    sizes_bytes: Int32Array.from(sizes),
    ptsTicks: Float64Array.from(ptsTicks),
    keyframes: Int32Array.from(keyframes),
    offsets_bytes: null,
    lastDurationTicks: null,
    durationTicks: null,
  };
  return { packets, audioStart_s, audioEnd_s };
}

function videoTrack(av: NodeAv, video: Stream, packets: PacketTable | null): VideoTrack {
  const { codecpar } = video;
  const { lib, constants } = av;
  const codec = lib.Codec.findDecoder(codecpar.codecId);
  const profile = codec?.profiles?.find((each) => each.profile === codecpar.profile)?.name ?? null;
  const name = isPixelFormat(av, video, codecpar.format)
    ? lib.avGetPixFmtName(codecpar.format)
    : null;
  const pixelFormat = plainPixelFormat(name);
  const isFullByName = name !== null && name.startsWith('yuvj');
  const range =
    codecpar.colorRange === constants.AVCOL_RANGE_JPEG || isFullByName
      ? 'pc'
      : codecpar.colorRange === constants.AVCOL_RANGE_MPEG
        ? 'tv'
        : null;
  return {
    codec: lib.avGetCodecName(codecpar.codecId),
    width_px: codecpar.width > 0 ? codecpar.width : null,
    height_px: codecpar.height > 0 ? codecpar.height : null,
    facts: {
      ...NO_CODEC_FACTS,
      sar: ratio(codecpar.sampleAspectRatio.num, codecpar.sampleAspectRatio.den),
      profile,
      pixelFormat,
      bitDepth: bitDepthOf(pixelFormat),
      range,
      primaries: codecpar.colorPrimaries,
      transfer: codecpar.colorTrc,
      matrix: codecpar.colorSpace,
    },
    sar: ratio(video.sampleAspectRatio.num, video.sampleAspectRatio.den),
    hasDisplaySize: false,
    rotation_deg: rotationOf(av, video),
    isInterlaced: null,
    range: null,
    primaries: null,
    transfer: null,
    matrix: null,
    ticksPerSecond: 1 / secondsPerTick(video),
    // libav's own guess may be the timebase (1000 fps of FLV): the packets say better.
    frameDuration_s: null,
    edits: [],
    declaredTicks: null,
    packets,
  };
}

function audioTrack(av: NodeAv, audio: Stream, walk: Walk): AudioTrack {
  const { codecpar } = audio;
  const { audioStart_s, audioEnd_s } = walk;
  return {
    codec: av.lib.avGetCodecName(codecpar.codecId),
    sampleRate_hz: codecpar.sampleRate > 0 ? codecpar.sampleRate : null,
    channels: codecpar.channels > 0 ? codecpar.channels : null,
    start_s: audioStart_s,
    duration_s: audioStart_s === null || audioEnd_s === null ? null : audioEnd_s - audioStart_s,
  };
}

function secondsPerTick(stream: Stream): number {
  return stream.timeBase.num / stream.timeBase.den;
}

function secondsOf(av: NodeAv, ticks: bigint, tick_s: number): number | null {
  return ticks === av.constants.AV_NOPTS_VALUE ? null : Number(ticks) * tick_s;
}

function isPixelFormat(
  av: NodeAv,
  video: Stream,
  format: Stream['codecpar']['format'],
): format is Parameters<NodeAv['lib']['avGetPixFmtName']>[0] {
  return (
    video.codecpar.codecType === av.constants.AVMEDIA_TYPE_VIDEO && format === video.codecpar.format
  );
}

/** Where the first RIFF chunk of an AVI ends by its own size. */
async function riffEnd(path: string): Promise<number | null> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(8);
    const { bytesRead } = await handle.read(bytes, 0, 8, 0);
    const size = bytesRead === 8 ? bytes.readUInt32LE(4) : 0;
    // 0 is what a writer leaves that could not seek back.
    return size === 0 || size === 0xff_ff_ff_ff ? null : size + 8;
  } finally {
    await handle.close();
  }
}
