import { BitReader } from './bit-reader.ts';
import { NO_CODEC_FACTS, yuvPixelFormat, type CodecFacts } from './codec-facts.ts';

const SEQUENCE_HEADER = 1;
const PROFILE_NAMES = ['Main', 'High', 'Professional'] as const;

/** Facts from an av1C body: four bytes, then OBUs (AV1-ISOBMFF section 2.3). */
export function readAv1Config(config: Uint8Array): CodecFacts {
  const second = config[1];
  const third = config[2];
  if (config[0] !== 0x81 || second === undefined || third === undefined) return NO_CODEC_FACTS;
  const obus = readAv1Packet(config.subarray(4));
  if (obus.width_px !== null) return obus;
  const depth = (third & 0x40) === 0 ? 8 : (third & 0x20) === 0 ? 10 : 12;
  return {
    ...NO_CODEC_FACTS,
    profile: PROFILE_NAMES[second >> 5] ?? null,
    bitDepth: depth,
    pixelFormat: yuvPixelFormat(
      chromaFormat((third & 0x10) !== 0, (third & 8) !== 0, (third & 4) !== 0),
      depth,
    ),
  };
}

/** Facts from the first sequence header OBU among OBUs with sizes. */
export function readAv1Packet(packet: Uint8Array): CodecFacts {
  let at = 0;
  for (let obu = 0; obu < 32; obu++) {
    const header = packet[at];
    if (header === undefined || (header & 2) === 0) break;
    let body = at + ((header & 4) === 0 ? 1 : 2);
    let size = 0;
    for (let i = 0; i < 8; i++) {
      const byte = packet[body] ?? 0;
      body += 1;
      size += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) break;
    }
    if (((header >> 3) & 15) === SEQUENCE_HEADER) {
      return readSequenceHeader(packet.subarray(body, body + size));
    }
    at = body + size;
  }
  return NO_CODEC_FACTS;
}

/** AV1 bitstream specification, section 5.5.1. */
function readSequenceHeader(obu: Uint8Array): CodecFacts {
  const bits = new BitReader(obu);
  const profile = bits.bits(3);
  bits.skip(1);
  const isReduced = bits.flag();
  if (isReduced) bits.skip(5);
  else skipOperatingPoints(bits);
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  if (!isReduced && bits.flag()) bits.skip(7);
  bits.skip(3);
  if (!isReduced) skipTools(bits);
  bits.skip(3);
  return {
    ...NO_CODEC_FACTS,
    width_px: width,
    height_px: height,
    isInterlaced: false,
    profile: PROFILE_NAMES[profile] ?? null,
    ...readColourConfig(bits, profile),
  };
}

function skipOperatingPoints(bits: BitReader): void {
  let hasDecoderModel = false;
  let delayBits = 0;
  if (bits.flag()) {
    bits.skip(64);
    if (bits.flag()) skipUvlc(bits);
    hasDecoderModel = bits.flag();
    if (hasDecoderModel) {
      delayBits = bits.bits(5) + 1;
      bits.skip(32 + 10);
    }
  }
  const hasDisplayDelay = bits.flag();
  const points = bits.bits(5) + 1;
  for (let i = 0; i < points; i++) {
    bits.skip(12);
    if (bits.bits(5) > 7) bits.skip(1);
    if (hasDecoderModel && bits.flag()) bits.skip(2 * delayBits + 1);
    if (hasDisplayDelay && bits.flag()) bits.skip(4);
  }
}

function skipUvlc(bits: BitReader): void {
  let zeros = 0;
  while (!bits.flag() && zeros < 32) zeros += 1;
  bits.skip(zeros);
}

function skipTools(bits: BitReader): void {
  bits.skip(4);
  const hasOrderHint = bits.flag();
  if (hasOrderHint) bits.skip(2);
  const isScreenContent = bits.flag() ? 2 : bits.bit();
  if (isScreenContent > 0 && !bits.flag()) bits.skip(1);
  if (hasOrderHint) bits.skip(3);
}

/** Section 5.5.2. */
function readColourConfig(bits: BitReader, profile: number): Partial<CodecFacts> {
  const isHighDepth = bits.flag();
  const depth = profile === 2 && isHighDepth ? (bits.flag() ? 12 : 10) : isHighDepth ? 10 : 8;
  const isMono = profile === 1 ? false : bits.flag();
  const hasColour = bits.flag();
  const primaries = hasColour ? bits.bits(8) : 2;
  const transfer = hasColour ? bits.bits(8) : 2;
  const matrix = hasColour ? bits.bits(8) : 2;
  const colour = { bitDepth: depth, primaries, transfer, matrix };
  if (isMono) {
    return { ...colour, range: bits.flag() ? 'pc' : 'tv', pixelFormat: yuvPixelFormat(0, depth) };
  }
  if (primaries === 1 && transfer === 13 && matrix === 0) {
    return { ...colour, range: 'pc', pixelFormat: depth > 8 ? `gbrp${depth}le` : 'gbrp' };
  }
  const range = bits.flag() ? 'pc' : 'tv';
  let isSubsampledX = profile !== 1;
  let isSubsampledY = profile === 0;
  if (profile === 2 && depth === 12) {
    isSubsampledX = bits.flag();
    isSubsampledY = isSubsampledX && bits.flag();
  }
  const format = chromaFormat(false, isSubsampledX, isSubsampledY);
  return { ...colour, range, pixelFormat: yuvPixelFormat(format, depth) };
}

function chromaFormat(isMono: boolean, isSubsampledX: boolean, isSubsampledY: boolean): number {
  if (isMono) return 0;
  if (!isSubsampledX) return 3;
  return isSubsampledY ? 1 : 2;
}
