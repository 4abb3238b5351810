import { BitReader, splitAnnexB } from './bit-reader.ts';
import {
  NO_CODEC_FACTS,
  ratio,
  yuvPixelFormat,
  type CodecFacts,
  type Ratio,
} from './codec-facts.ts';

/** Pixel aspect ratios of ISO/IEC 14496-2 table 6-12. */
const MPEG4_ASPECTS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
];

const MPEG2_PROFILES: Readonly<Record<number, string>> = {
  0: '4:2:2',
  1: 'High',
  2: 'Spatially Scalable',
  3: 'SNR Scalable',
  4: 'Main',
  5: 'Simple',
};

/** Facts from the sequence header and extensions of MPEG-1/2 video (ISO/IEC 13818-2 section 6.2.2). */
export function readMpeg2Packet(packet: Uint8Array): CodecFacts {
  const units = splitAnnexB(packet);
  const sequence = units.find((unit) => unit[0] === 0xb3);
  if (sequence === undefined) return NO_CODEC_FACTS;
  const head = new BitReader(sequence.subarray(1));
  const width = head.bits(12);
  const height = head.bits(12);
  const aspect = head.bits(4);
  const extension = units.find((unit) => unit[0] === 0xb5 && (unit[1] ?? 0) >> 4 === 1);
  if (extension === undefined) {
    const facts = { ...NO_CODEC_FACTS, width_px: width, height_px: height };
    return { ...facts, bitDepth: 8, pixelFormat: 'yuv420p', isInterlaced: false };
  }
  const bits = new BitReader(extension.subarray(1));
  bits.skip(5);
  const profile = bits.bits(3);
  const level = bits.bits(4);
  const isProgressive = bits.flag();
  const chroma = bits.bits(2);
  const fullWidth = width + bits.bits(2) * 4096;
  const fullHeight = height + bits.bits(2) * 4096;
  const isHigh422 = profile === 0 && (level === 2 || level === 5);
  return {
    ...NO_CODEC_FACTS,
    width_px: fullWidth,
    height_px: fullHeight,
    sar: mpeg2Sar(aspect, fullWidth, fullHeight),
    profile: isHigh422 ? '4:2:2' : (MPEG2_PROFILES[profile] ?? null),
    pixelFormat: yuvPixelFormat(chroma, 8),
    bitDepth: 8,
    isInterlaced: isProgressive ? false : isPictureInterlaced(units),
    ...readDisplayExtension(units),
  };
}

function mpeg2Sar(aspect: number, width: number, height: number): Ratio | null {
  if (aspect === 1) return { num: 1, den: 1 };
  const display = { 2: [4, 3], 3: [16, 9], 4: [221, 100] }[aspect];
  if (display === undefined) return null;
  return ratio((display[0] ?? 0) * height, (display[1] ?? 0) * width);
}

/** The first picture's progressive_frame; a sequence that may be interlaced often is not. */
function isPictureInterlaced(units: readonly Uint8Array[]): boolean {
  const coding = units.find((unit) => unit[0] === 0xb5 && (unit[1] ?? 0) >> 4 === 8);
  return coding === undefined || ((coding[5] ?? 0) & 0x80) === 0;
}

function readDisplayExtension(units: readonly Uint8Array[]): Partial<CodecFacts> {
  const display = units.find((unit) => unit[0] === 0xb5 && (unit[1] ?? 0) >> 4 === 2);
  if (display === undefined || ((display[1] ?? 0) & 1) === 0) return {};
  return {
    primaries: display[2] ?? null,
    transfer: display[3] ?? null,
    matrix: display[4] ?? null,
  };
}

/** Facts from the video object layer of MPEG-4 part 2 (ISO/IEC 14496-2 section 6.2.3). */
export function readMpeg4Config(config: Uint8Array): CodecFacts {
  const known = { ...NO_CODEC_FACTS, bitDepth: 8, pixelFormat: 'yuv420p' };
  const layer = splitAnnexB(config).find(
    (unit) => (unit[0] ?? 0) >= 0x20 && (unit[0] ?? 0) <= 0x2f,
  );
  if (layer === undefined) return known;
  const bits = new BitReader(layer.subarray(1));
  bits.skip(1);
  const kind = bits.bits(8);
  let version = 1;
  if (bits.flag()) {
    version = bits.bits(4);
    bits.skip(3);
  }
  const aspect = bits.bits(4);
  const entry = MPEG4_ASPECTS[aspect] ?? [0, 0];
  const sar = aspect === 15 ? ratio(bits.bits(8), bits.bits(8)) : ratio(entry[0], entry[1]);
  if (bits.flag()) {
    bits.skip(3);
    if (bits.flag()) bits.skip(79);
  }
  const shape = bits.bits(2);
  if (shape !== 0) return { ...known, sar };
  bits.skip(1);
  const resolution = bits.bits(16);
  bits.skip(1);
  if (bits.flag()) bits.skip(Math.max(1, Math.ceil(Math.log2(resolution + 1))));
  bits.skip(1);
  const width = bits.bits(13);
  bits.skip(1);
  const height = bits.bits(13);
  bits.skip(1);
  return {
    ...known,
    width_px: width,
    height_px: height,
    sar,
    profile:
      kind === 1 ? 'Simple Profile' : kind === 17 || version > 1 ? 'Advanced Simple Profile' : null,
    isInterlaced: bits.flag(),
  };
}
