import type { ByteView } from './byte-view.ts';
import { boxesIn, childOf, type Box } from './mp4-boxes.ts';

/** MPEG-4 object types (mp4ra.org) to codec names. */
const OBJECT_TYPES: Readonly<Record<number, string>> = {
  0x20: 'mpeg4',
  0x21: 'h264',
  0x23: 'hevc',
  0x40: 'aac',
  0x60: 'mpeg2video',
  0x61: 'mpeg2video',
  0x62: 'mpeg2video',
  0x63: 'mpeg2video',
  0x64: 'mpeg2video',
  0x65: 'mpeg2video',
  0x66: 'aac',
  0x67: 'aac',
  0x68: 'aac',
  0x69: 'mp3',
  0x6a: 'mpeg1video',
  0x6b: 'mp3',
  0x6c: 'mjpeg',
  0x6d: 'png',
  0xa5: 'ac3',
  0xa6: 'eac3',
  0xa9: 'dts',
  0xad: 'opus',
  0xb1: 'vp9',
  0xdd: 'vorbis',
};

/** Sample entry types to codec names as FFmpeg has them. */
const VIDEO_TYPES: Readonly<Record<string, string>> = {
  avc1: 'h264',
  avc2: 'h264',
  avc3: 'h264',
  avc4: 'h264',
  dva1: 'h264',
  dvav: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  dvh1: 'hevc',
  dvhe: 'hevc',
  vvc1: 'vvc',
  vvi1: 'vvc',
  av01: 'av1',
  vp08: 'vp8',
  vp09: 'vp9',
  apch: 'prores',
  apcn: 'prores',
  apcs: 'prores',
  apco: 'prores',
  ap4h: 'prores',
  ap4x: 'prores',
  jpeg: 'mjpeg',
  mjpa: 'mjpeg',
  mjpb: 'mjpegb',
  dmb1: 'mjpeg',
  mjp2: 'jpeg2000',
  'png ': 'png',
  s263: 'h263',
  h263: 'h263',
  H263: 'h263',
  SVQ1: 'svq1',
  SVQ3: 'svq3',
  'rle ': 'qtrle',
  cvid: 'cinepak',
  'raw ': 'rawvideo',
  '2vuy': 'rawvideo',
  yuv2: 'rawvideo',
  v210: 'v210',
  AVdn: 'dnxhd',
  AVdh: 'dnxhd',
  CFHD: 'cfhd',
  XVID: 'mpeg4',
  DIVX: 'mpeg4',
  '3IVD': 'mpeg4',
  mp4v: 'mpeg4',
  m1v1: 'mpeg1video',
  mpg1: 'mpeg1video',
  m2v1: 'mpeg2video',
  mpg2: 'mpeg2video',
  'dvc ': 'dvvideo',
  dvcp: 'dvvideo',
  dvpp: 'dvvideo',
  dv5n: 'dvvideo',
  dv5p: 'dvvideo',
  FFV1: 'ffv1',
  Hap1: 'hap',
};

const AUDIO_TYPES: Readonly<Record<string, string>> = {
  mp4a: 'aac',
  '.mp3': 'mp3',
  'ms\0U': 'mp3',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  'ac-4': 'ac4',
  Opus: 'opus',
  fLaC: 'flac',
  alac: 'alac',
  dtsc: 'dts',
  dtsh: 'dts',
  dtsl: 'dts',
  samr: 'amr_nb',
  sawb: 'amr_wb',
  sowt: 'pcm_s16le',
  twos: 'pcm_s16be',
  lpcm: 'pcm',
  ipcm: 'pcm',
  fpcm: 'pcm',
  in24: 'pcm_s24be',
  in32: 'pcm_s32be',
  fl32: 'pcm_f32be',
  ulaw: 'pcm_mulaw',
  alaw: 'pcm_alaw',
  ima4: 'adpcm_ima_qt',
};

/** Sony and Apple tags of MPEG-2 in QuickTime: XDCAM, HDV, IMX. */
const MPEG2_TYPE = /^(?:xd[5v-z][0-9a-z]|hdv[0-9a-z]|mx[345][np]|AVmp)$/;

/** The first entry of `stsd` with its child boxes. */
type SampleEntry = {
  readonly type: string;
  readonly box: Box;
  readonly children: readonly Box[];
};

/** The video sample entry (ISO/IEC 14496-12 section 12.1.3); an encrypted one under its original type. */
export function readVideoEntry(view: ByteView, stsd: Box): SampleEntry | null {
  return readEntry(view, stsd, () => 78);
}

/** The audio sample entry (section 12.2.3), or QuickTime's sound descriptions of version 1 and 2. */
export function readAudioEntry(view: ByteView, stsd: Box): SampleEntry | null {
  return readEntry(view, stsd, (box) => {
    const version = box.body + 10 <= box.end ? view.u16(box.body + 8) : 0;
    return version === 1 ? 44 : version === 2 ? 64 : 28;
  });
}

function readEntry(
  view: ByteView,
  stsd: Box,
  fieldBytes: (box: Box) => number,
): SampleEntry | null {
  const box = boxesIn(view, stsd.body + 8, stsd.end)[0];
  if (box === undefined) return null;
  const children = boxesIn(view, box.body + fieldBytes(box), box.end);
  const original = children.find((child) => child.type === 'sinf');
  const format = original === undefined ? null : childOf(view, original, 'frma');
  const isNamed = format !== null && format.body + 4 <= format.end;
  return { type: isNamed ? view.fourcc(format.body) : box.type, box, children };
}

/** The codec of a video sample entry; the bare tag in lower case where it is not known. */
export function videoCodec(view: ByteView, entry: SampleEntry): string {
  if (entry.type === 'mp4v') return OBJECT_TYPES[readEsds(view, entry)?.objectType ?? 0] ?? 'mpeg4';
  if (MPEG2_TYPE.test(entry.type)) return 'mpeg2video';
  return VIDEO_TYPES[entry.type] ?? entry.type.trim().toLowerCase();
}

/** Codec, rate and channels of an audio sample entry. */
export function readAudioFormat(
  view: ByteView,
  entry: SampleEntry,
): {
  readonly codec: string;
  readonly sampleRate_hz: number | null;
  readonly channels: number | null;
} {
  const at = entry.box.body;
  const isVersion2 = view.u16(at + 8) === 2;
  const esds = readEsds(view, entry);
  const codec =
    (entry.type === 'mp4a' && esds !== null ? OBJECT_TYPES[esds.objectType] : undefined) ??
    AUDIO_TYPES[entry.type] ??
    entry.type.trim().toLowerCase();
  const aac = codec === 'aac' && esds !== null ? readAacConfig(esds.config) : null;
  const rate = isVersion2 ? view.f64(at + 32) : view.u32(at + 24) / 65_536;
  const channels = isVersion2 ? view.u32(at + 40) : view.u16(at + 16);
  return {
    codec,
    sampleRate_hz:
      codec === 'opus' ? 48_000 : (aac?.sampleRate_hz ?? (rate > 0 ? Math.round(rate) : null)),
    channels: aac?.channels ?? (channels > 0 && channels <= 1024 ? channels : null),
  };
}

/** Object type and decoder configuration of an `esds` box, also inside QuickTime's `wave`. */
export function readEsds(
  view: ByteView,
  entry: SampleEntry,
): { readonly objectType: number; readonly config: Uint8Array } | null {
  const wave = entry.children.find((box) => box.type === 'wave');
  const esds =
    entry.children.find((box) => box.type === 'esds') ??
    (wave === undefined ? null : childOf(view, wave, 'esds'));
  if (esds === null) return null;
  let at = esds.body + 4;
  let objectType = 0;
  for (let depth = 0; depth < 8 && at + 2 <= esds.end; depth++) {
    const tag = view.u8(at);
    let size = 0;
    at += 1;
    for (let i = 0; i < 4 && at < esds.end; i++) {
      const byte = view.u8(at);
      at += 1;
      size = size * 128 + (byte & 127);
      if (byte < 128) break;
    }
    if (tag === 3 && at + 3 <= esds.end) {
      const flags = view.u8(at + 2);
      at += 3 + ((flags & 0x80) === 0 ? 0 : 2) + ((flags & 0x20) === 0 ? 0 : 2);
      if ((flags & 0x40) !== 0 && at < esds.end) at += 1 + view.u8(at);
    } else if (tag === 4 && at + 13 <= esds.end) {
      objectType = view.u8(at);
      at += 13;
    } else if (tag === 5) {
      return { objectType, config: view.slice(at, Math.min(at + size, esds.end)) };
    } else {
      at += size;
    }
  }
  return objectType === 0 ? null : { objectType, config: new Uint8Array(0) };
}

const AAC_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
  7350,
];

/** Sample rate and channels of an AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1), SBR applied where stated. */
export function readAacConfig(
  config: Uint8Array,
): { readonly sampleRate_hz: number | null; readonly channels: number | null } | null {
  const [first, second, third, fourth, fifth] = config;
  if (first === undefined || second === undefined) return null;
  const objectType = first >> 3;
  const rateIndex = ((first & 7) << 1) | (second >> 7);
  if (objectType === 31 || rateIndex === 15) return null;
  const layout = (second >> 3) & 15;
  const isParametricStereo = objectType === 29;
  const hasSbr = objectType === 5 || isParametricStereo;
  const sbrIndex =
    hasSbr && third !== undefined
      ? ((second & 7) << 1) | (third >> 7)
      : third === 0x56 && fourth !== undefined && fourth >> 5 === 7 && (fifth ?? 0) >= 0
        ? explicitSbrIndex(fourth, fifth)
        : rateIndex;
  return {
    sampleRate_hz: AAC_RATES[sbrIndex] ?? AAC_RATES[rateIndex] ?? null,
    channels: isParametricStereo ? 2 : layout === 7 ? 8 : layout > 0 && layout < 7 ? layout : null,
  };
}

/** Backward compatible signalling: sync extension 0x2b7, object type 5, then the flag and the rate. */
function explicitSbrIndex(fourth: number, fifth: number | undefined): number {
  if ((fourth & 31) !== 5 || fifth === undefined || (fifth & 0x80) === 0) return -1;
  return (fifth >> 3) & 15;
}
