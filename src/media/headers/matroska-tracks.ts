import { ByteView } from './byte-view.ts';
import { NO_CODEC_FACTS, ratio, type Ratio } from './codec-facts.ts';
import { elementMap, elementsIn, floatOf, textOf, unsignedOf } from './ebml.ts';
import type { AudioTrack, VideoTrack } from './media-header.ts';
import { readAacConfig } from './mp4-sample-entry.ts';
import { readCodecConfig } from './video-codec.ts';

/** A TrackEntry of a Matroska file (RFC 9559 section 5.1.4). */
export type MatroskaTrack = {
  readonly number: number;
  readonly kind: 'video' | 'audio' | 'other';
  readonly isDefault: boolean;
  /** Bytes that a header-stripping compression took off each packet. */
  readonly strippedBytes: number;
  /** Nanoseconds that a decoder takes off the times of this track (CodecDelay). */
  readonly delay_ns: number;
  readonly video: MatroskaVideo | null;
  readonly audio: Pick<AudioTrack, 'codec' | 'sampleRate_hz' | 'channels'> | null;
};

/** The video track but for its timing. */
type MatroskaVideo = Omit<VideoTrack, 'ticksPerSecond' | 'edits' | 'declaredTicks' | 'packets'>;

type Fields = ReadonlyMap<number, Uint8Array>;

const EMPTY = new Uint8Array(0);

const VIDEO_CODECS: Readonly<Record<string, string>> = {
  'V_MPEG4/ISO/AVC': 'h264',
  'V_MPEGH/ISO/HEVC': 'hevc',
  'V_MPEGI/ISO/VVC': 'vvc',
  'V_MPEG4/ISO/SP': 'mpeg4',
  'V_MPEG4/ISO/ASP': 'mpeg4',
  'V_MPEG4/ISO/AP': 'mpeg4',
  'V_MPEG4/MS/V3': 'msmpeg4v3',
  V_MPEG1: 'mpeg1video',
  V_MPEG2: 'mpeg2video',
  V_VP8: 'vp8',
  V_VP9: 'vp9',
  V_AV1: 'av1',
  V_MJPEG: 'mjpeg',
  V_PRORES: 'prores',
  V_THEORA: 'theora',
  V_FFV1: 'ffv1',
  V_UNCOMPRESSED: 'rawvideo',
};

const AUDIO_CODECS: readonly (readonly [string, string])[] = [
  ['A_AAC', 'aac'],
  ['A_OPUS', 'opus'],
  ['A_VORBIS', 'vorbis'],
  ['A_FLAC', 'flac'],
  ['A_MPEG/L3', 'mp3'],
  ['A_MPEG/L2', 'mp2'],
  ['A_EAC3', 'eac3'],
  ['A_AC3', 'ac3'],
  ['A_DTS', 'dts'],
  ['A_TRUEHD', 'truehd'],
  ['A_ALAC', 'alac'],
  ['A_PCM/INT/LIT', 'pcm_s16le'],
  ['A_PCM/INT/BIG', 'pcm_s16be'],
  ['A_PCM/FLOAT', 'pcm_f32le'],
];

/** Every TrackEntry of a Tracks element, at most 64. */
export function readTracks(data: Uint8Array): MatroskaTrack[] {
  return elementsIn(data)
    .filter((element) => element.id === 0xae)
    .slice(0, 64)
    .map((element) => readTrack(elementMap(element.data)));
}

function readTrack(fields: Fields): MatroskaTrack {
  const type = unsignedOf(fields.get(0x83));
  const codecId = textOf(fields.get(0x86)) ?? '';
  const config = fields.get(0x63_a2) ?? null;
  const isVideo = type === 1;
  const isAudio = type === 2;
  return {
    number: unsignedOf(fields.get(0xd7)) ?? 0,
    kind: isVideo ? 'video' : isAudio ? 'audio' : 'other',
    isDefault: unsignedOf(fields.get(0x88)) !== 0,
    strippedBytes: readStrippedBytes(fields.get(0x6d_80)),
    delay_ns: unsignedOf(fields.get(0x56_aa)) ?? 0,
    video: isVideo ? readVideo(codecId, config, fields) : null,
    audio: isAudio ? readAudio(codecId, config, elementMap(fields.get(0xe1) ?? EMPTY)) : null,
  };
}

function readVideo(codecId: string, config: Uint8Array | null, fields: Fields): MatroskaVideo {
  const video = elementMap(fields.get(0xe0) ?? EMPTY);
  const codec = videoCodec(codecId, config);
  const facts = config === null ? NO_CODEC_FACTS : readCodecConfig(codec, config);
  const width = unsignedOf(video.get(0xb0));
  const height = unsignedOf(video.get(0xba));
  const cropX = (unsignedOf(video.get(0x54_cc)) ?? 0) + (unsignedOf(video.get(0x54_dd)) ?? 0);
  const cropY = (unsignedOf(video.get(0x54_bb)) ?? 0) + (unsignedOf(video.get(0x54_aa)) ?? 0);
  const interlaced = unsignedOf(video.get(0x9a));
  const duration_ns = unsignedOf(fields.get(0x23_e3_83));
  return {
    codec,
    width_px: facts.width_px ?? width,
    height_px: facts.height_px ?? height,
    facts,
    sar:
      width === null || height === null
        ? null
        : readDisplayAspect(video, width - cropX, height - cropY),
    hasDisplaySize: true,
    rotation_deg: readRotation(video.get(0x76_70)),
    isInterlaced: interlaced === 1 ? true : interlaced === 2 ? false : null,
    frameDuration_s: duration_ns === null || duration_ns === 0 ? null : duration_ns / 1e9,
    ...readColour(elementMap(video.get(0x55_b0) ?? EMPTY)),
  };
}

function videoCodec(codecId: string, config: Uint8Array | null): string {
  if (codecId === 'V_MS/VFW/FOURCC' && config !== null && config.length >= 20) {
    const tag = new ByteView(config).fourcc(16).toUpperCase();
    if (/^(?:XVID|DIVX|DX50|FMP4|MP4V)$/.test(tag)) return 'mpeg4';
    if (/^(?:H264|X264|AVC1)$/.test(tag)) return 'h264';
    return tag === 'MJPG' ? 'mjpeg' : tag.trim().toLowerCase();
  }
  return VIDEO_CODECS[codecId] ?? codecId.replace(/^V_/, '').toLowerCase();
}

/** DisplayWidth and DisplayHeight against the picture; the specification's default is square pixels. */
function readDisplayAspect(video: Fields, width: number, height: number): Ratio | null {
  const unit = unsignedOf(video.get(0x54_b2)) ?? 0;
  if (unit === 4) return null;
  const shownWidth = unsignedOf(video.get(0x54_b0));
  const shownHeight = unsignedOf(video.get(0x54_ba));
  if (shownWidth === null && shownHeight === null) return null;
  return ratio(height * (shownWidth ?? width), width * (shownHeight ?? height));
}

/** ProjectionPoseRoll turns counter-clockwise (RFC 9559 section 5.1.4.1.28.46). */
function readRotation(projection: Uint8Array | undefined): number {
  if (projection === undefined) return 0;
  const roll = floatOf(elementMap(projection).get(0x76_75)) ?? 0;
  const clockwise = (((-roll % 360) + 360) % 360) / 90;
  const turns = Math.round(clockwise);
  return Math.abs(clockwise - turns) > 0.02 ? -1 : (turns % 4) * 90;
}

function readColour(
  colour: Fields,
): Pick<VideoTrack, 'range' | 'primaries' | 'transfer' | 'matrix'> {
  const range = unsignedOf(colour.get(0x55_b9));
  return {
    range: range === 1 ? 'tv' : range === 2 ? 'pc' : null,
    primaries: unsignedOf(colour.get(0x55_bb)),
    transfer: unsignedOf(colour.get(0x55_ba)),
    matrix: unsignedOf(colour.get(0x55_b1)),
  };
}

function readAudio(
  codecId: string,
  config: Uint8Array | null,
  audio: Fields,
): MatroskaTrack['audio'] {
  const known = AUDIO_CODECS.find(([prefix]) => codecId.startsWith(prefix));
  const codec = known?.[1] ?? codecId.replace(/^A_/, '').toLowerCase();
  const aac = codec === 'aac' && config !== null ? readAacConfig(config) : null;
  const rate = floatOf(audio.get(0x78_b5)) ?? floatOf(audio.get(0xb5)) ?? 8000;
  return {
    codec,
    sampleRate_hz:
      codec === 'opus' ? 48_000 : (aac?.sampleRate_hz ?? (rate > 0 ? Math.round(rate) : null)),
    channels: aac?.channels ?? unsignedOf(audio.get(0x9f)) ?? 1,
  };
}

/** ContentCompAlgo 3 takes the same bytes off the head of every packet (RFC 9559 section 5.1.4.1.31.7). */
function readStrippedBytes(encodings: Uint8Array | undefined): number {
  if (encodings === undefined) return 0;
  const encoding = elementMap(encodings).get(0x62_40);
  const compression = encoding === undefined ? undefined : elementMap(encoding).get(0x50_34);
  if (compression === undefined) return 0;
  const fields = elementMap(compression);
  return unsignedOf(fields.get(0x42_54)) === 3 ? (fields.get(0x42_55)?.length ?? 0) : 0;
}
