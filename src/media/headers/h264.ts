import { BitReader, splitAnnexB, unescapeNal } from './bit-reader.ts';
import { ByteView } from './byte-view.ts';
import {
  NO_CODEC_FACTS,
  aspectRatioByIdc,
  ratio,
  yuvPixelFormat,
  type CodecFacts,
  type Ratio,
} from './codec-facts.ts';

/** Profiles with chroma_format_idc in the SPS, ITU-T H.264 section 7.3.2.1.1. */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);

const PROFILE_NAMES: Readonly<Record<number, string>> = {
  44: 'CAVLC 4:4:4',
  66: 'Baseline',
  77: 'Main',
  88: 'Extended',
  100: 'High',
  110: 'High 10',
  118: 'Multiview High',
  122: 'High 4:2:2',
  128: 'Stereo High',
  144: 'High 4:4:4',
  244: 'High 4:4:4 Predictive',
};

/** Facts from an avcC body (ISO/IEC 14496-15), or from Annex B bytes where a muxer wrote those by mistake. */
export function readAvcConfig(config: Uint8Array): CodecFacts {
  const sps = findSps(config);
  return sps === null ? NO_CODEC_FACTS : readH264Sps(sps);
}

/** Facts from the first sequence parameter set in a length-prefixed or Annex B packet. */
export function readH264Packet(packet: Uint8Array): CodecFacts {
  const sps = [...splitAnnexB(packet), ...splitLengthPrefixed(packet)].find(isSps);
  return sps === undefined ? NO_CODEC_FACTS : readH264Sps(sps);
}

function findSps(config: Uint8Array): Uint8Array | null {
  const view = new ByteView(config);
  if (config.length < 8) return null;
  if (view.u8(0) !== 1) return splitAnnexB(config).find(isSps) ?? null;
  if ((view.u8(5) & 31) === 0) return null;
  return view.slice(8, 8 + view.u16(6));
}

function isSps(nal: Uint8Array): boolean {
  return ((nal[0] ?? 0) & 31) === 7;
}

/** NAL units behind 4-byte lengths, at most 64. */
export function splitLengthPrefixed(packet: Uint8Array): Uint8Array[] {
  const view = new ByteView(packet);
  const nals: Uint8Array[] = [];
  for (let at = 0; at + 4 < packet.length && nals.length < 64;) {
    const length = view.u32(at);
    if (length === 0) break;
    nals.push(view.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return nals;
}

/** Facts from a sequence parameter set NAL unit, ITU-T H.264 section 7.3.2.1. */
function readH264Sps(nal: Uint8Array): CodecFacts {
  const bits = new BitReader(unescapeNal(nal));
  bits.skip(8);
  const profile = bits.bits(8);
  const constraints = bits.bits(8);
  bits.skip(8);
  bits.ue();
  let chroma = 1;
  let depth = 8;
  if (HIGH_PROFILES.has(profile)) {
    chroma = bits.ue();
    if (chroma === 3) bits.skip(1);
    depth = bits.ue() + 8;
    bits.ue();
    bits.skip(1);
    if (bits.flag()) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  }
  bits.ue();
  skipPictureOrder(bits);
  bits.ue();
  bits.skip(1);
  const widthMbs = bits.ue() + 1;
  const heightMapUnits = bits.ue() + 1;
  const isFrameOnly = bits.flag();
  if (!isFrameOnly) bits.skip(1);
  bits.skip(1);
  const fields = isFrameOnly ? 1 : 2;
  const crop = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * fields;
  return {
    width_px: widthMbs * 16 - unitX * ((crop[0] ?? 0) + (crop[1] ?? 0)),
    height_px: heightMapUnits * 16 * fields - unitY * ((crop[2] ?? 0) + (crop[3] ?? 0)),
    profile: profileName(profile, constraints),
    pixelFormat: yuvPixelFormat(chroma, depth),
    bitDepth: depth,
    isInterlaced: !isFrameOnly,
    ...(bits.flag() ? readVuiColour(bits) : NO_VUI),
  };
}

/** The head of the VUI that H.264 and HEVC share: sample aspect ratio, range and colour description (annex E). */
export function readVuiColour(bits: BitReader): VuiColour {
  let sar: Ratio | null = null;
  if (bits.flag()) {
    const idc = bits.bits(8);
    sar = idc === 255 ? ratio(bits.bits(16), bits.bits(16)) : aspectRatioByIdc(idc);
  }
  if (bits.flag()) bits.skip(1);
  if (!bits.flag()) return { ...NO_VUI, sar };
  bits.skip(3);
  const range = bits.flag() ? 'pc' : 'tv';
  if (!bits.flag()) return { ...NO_VUI, sar, range };
  return {
    sar,
    range,
    primaries: bits.bits(8),
    transfer: bits.bits(8),
    matrix: bits.bits(8),
  };
}

type VuiColour = Pick<CodecFacts, 'sar' | 'range' | 'primaries' | 'transfer' | 'matrix'>;

/** A sequence parameter set without VUI. */
export const NO_VUI: VuiColour = {
  sar: null,
  range: null,
  primaries: null,
  transfer: null,
  matrix: null,
};

function profileName(profile: number, constraints: number): string | null {
  const isConstrained = (constraints & 0x40) !== 0;
  const isIntra = (constraints & 0x10) !== 0;
  if (profile === 66 && isConstrained) return 'Constrained Baseline';
  const name = PROFILE_NAMES[profile] ?? null;
  return name !== null && isIntra && [110, 122, 244].includes(profile)
    ? `${name.replace(' Predictive', '')} Intra`
    : name;
}

function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (!bits.flag()) continue;
    let last = 8;
    let next = 8;
    for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
      if (next !== 0) next = (last + bits.se() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

function skipPictureOrder(bits: BitReader): void {
  const kind = bits.ue();
  if (kind === 0) {
    bits.ue();
  } else if (kind === 1) {
    bits.skip(1);
    bits.se();
    bits.se();
    const cycle = bits.ue();
    for (let i = 0; i < cycle && i < 256; i++) bits.se();
  }
}
