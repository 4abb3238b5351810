import { BitReader } from './bit-reader.ts';
import { NO_CODEC_FACTS, yuvPixelFormat, type CodecFacts } from './codec-facts.ts';

/** Matrix of VP9's color_space (VP9 specification section 7.2.2) as an H.273 code point. */
const VP9_MATRICES = [2, 5, 1, 6, 7, 9, 2, 0] as const;

/** Facts from a vpcC body (VP codec ISO media binding): version and flags, then the record. */
export function readVpConfig(config: Uint8Array): CodecFacts {
  const profile = config[4];
  const packed = config[6];
  if (profile === undefined || packed === undefined) return NO_CODEC_FACTS;
  const depth = packed >> 4;
  const subsampling = (packed >> 1) & 7;
  const format = subsampling <= 1 ? 1 : subsampling === 2 ? 2 : 3;
  return {
    ...NO_CODEC_FACTS,
    profile: `Profile ${profile}`,
    bitDepth: depth,
    pixelFormat: yuvPixelFormat(format, depth),
    isInterlaced: false,
    range: (packed & 1) === 1 ? 'pc' : 'tv',
    primaries: config[7] ?? null,
    transfer: config[8] ?? null,
    matrix: config[9] ?? null,
  };
}

/** Facts from the uncompressed header of a VP9 keyframe (VP9 specification section 6.2). */
export function readVp9Packet(packet: Uint8Array): CodecFacts {
  const bits = new BitReader(packet);
  if (bits.bits(2) !== 2) return NO_CODEC_FACTS;
  const low = bits.bit();
  const profile = bits.bit() * 2 + low;
  if (profile === 3) bits.skip(1);
  const isShowExisting = bits.flag();
  const isInter = bits.flag();
  bits.skip(2);
  if (isShowExisting || isInter || bits.bits(24) !== 0x49_83_42) return NO_CODEC_FACTS;
  const depth = profile >= 2 ? (bits.flag() ? 12 : 10) : 8;
  const space = bits.bits(3);
  const isRgb = space === 7;
  const range = isRgb || bits.flag() ? 'pc' : 'tv';
  let format = isRgb ? 3 : 1;
  if (profile === 1 || profile === 3) {
    if (!isRgb) {
      const isSubsampledX = bits.flag();
      const isSubsampledY = bits.flag();
      format = isSubsampledX ? (isSubsampledY ? 1 : 2) : 3;
    }
    bits.skip(1);
  }
  return {
    ...NO_CODEC_FACTS,
    width_px: bits.bits(16) + 1,
    height_px: bits.bits(16) + 1,
    profile: `Profile ${profile}`,
    bitDepth: depth,
    pixelFormat: isRgb ? (depth > 8 ? `gbrp${depth}le` : 'gbrp') : yuvPixelFormat(format, depth),
    isInterlaced: false,
    range,
    matrix: VP9_MATRICES[space] ?? null,
  };
}

/** Facts from the frame header of a VP8 keyframe (RFC 6386 section 9.1). */
export function readVp8Packet(packet: Uint8Array): CodecFacts {
  const known = { ...NO_CODEC_FACTS, bitDepth: 8, pixelFormat: 'yuv420p', isInterlaced: false };
  const tag = packet[0] ?? 1;
  if ((tag & 1) !== 0 || packet[3] !== 0x9d || packet[4] !== 1 || packet[5] !== 0x2a) return known;
  return {
    ...known,
    profile: String((tag >> 1) & 7),
    width_px: (((packet[7] ?? 0) & 63) << 8) | (packet[6] ?? 0),
    height_px: (((packet[9] ?? 0) & 63) << 8) | (packet[8] ?? 0),
  };
}
