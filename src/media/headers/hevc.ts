import { BitReader, splitAnnexB, unescapeNal } from './bit-reader.ts';
import { ByteView } from './byte-view.ts';
import { NO_CODEC_FACTS, yuvPixelFormat, type CodecFacts } from './codec-facts.ts';
import { NO_VUI, readVuiColour, splitLengthPrefixed } from './h264.ts';
import { HeaderFault } from './header-fault.ts';

const SPS_NAL = 33;

const PROFILE_NAMES: Readonly<Record<number, string>> = {
  1: 'Main',
  2: 'Main 10',
  3: 'Main Still Picture',
  4: 'Rext',
  9: 'Scc',
};

/** Facts from an hvcC body (ISO/IEC 14496-15 section 8.3.3), or from Annex B bytes in its place. */
export function readHevcConfig(config: Uint8Array): CodecFacts {
  const view = new ByteView(config);
  if (config.length < 23) return NO_CODEC_FACTS;
  if (view.u8(0) > 1 || (view.u24(0) === 0 && view.u8(3) === 1)) return readHevcPacket(config);
  let at = 23;
  for (let array = 0; array < view.u8(22) && at + 3 <= view.length; array++) {
    const kind = view.u8(at) & 63;
    const count = view.u16(at + 1);
    at += 3;
    for (let i = 0; i < count && at + 2 <= view.length; i++) {
      const length = view.u16(at);
      if (kind === SPS_NAL) return readHevcSps(view.slice(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return NO_CODEC_FACTS;
}

/** Facts from the first sequence parameter set in a packet. */
export function readHevcPacket(packet: Uint8Array): CodecFacts {
  const sps = [...splitAnnexB(packet), ...splitLengthPrefixed(packet)].find(
    (nal) => (((nal[0] ?? 0) >> 1) & 63) === SPS_NAL,
  );
  return sps === undefined ? NO_CODEC_FACTS : readHevcSps(sps);
}

/** Facts from a sequence parameter set NAL unit, ITU-T H.265 section 7.3.2.2. */
function readHevcSps(nal: Uint8Array): CodecFacts {
  const bits = new BitReader(unescapeNal(nal));
  bits.skip(16 + 4);
  const subLayers = bits.bits(3);
  bits.skip(1);
  bits.skip(3);
  const profile = bits.bits(5);
  bits.skip(32);
  const isProgressive = bits.flag();
  const isInterlaced = bits.flag();
  bits.skip(46);
  skipSubLayers(bits, subLayers);
  bits.ue();
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  const width = bits.ue();
  const height = bits.ue();
  const crop = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const depth = bits.ue() + 8;
  const facts: CodecFacts = {
    width_px: width - (chroma === 1 || chroma === 2 ? 2 : 1) * ((crop[0] ?? 0) + (crop[1] ?? 0)),
    height_px: height - (chroma === 1 ? 2 : 1) * ((crop[2] ?? 0) + (crop[3] ?? 0)),
    profile: PROFILE_NAMES[profile] ?? null,
    pixelFormat: yuvPixelFormat(chroma, depth),
    bitDepth: depth,
    isInterlaced: isInterlaced && !isProgressive,
    ...NO_VUI,
  };
  try {
    skipToVui(bits, subLayers);
    if (!bits.flag()) return facts;
    const colour = readVuiColour(bits);
    // chroma_loc_info, neutral_chroma_indication_flag, then field_seq_flag.
    if (bits.flag()) {
      bits.ue();
      bits.ue();
    }
    bits.skip(1);
    return { ...facts, ...colour, isInterlaced: facts.isInterlaced === true || bits.flag() };
  } catch (error) {
    if (error instanceof HeaderFault) return facts;
    throw error;
  }
}

function skipSubLayers(bits: BitReader, subLayers: number): void {
  bits.skip(8);
  const present: boolean[][] = [];
  for (let i = 0; i < subLayers; i++) present.push([bits.flag(), bits.flag()]);
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  for (const [hasProfile, hasLevel] of present) {
    if (hasProfile === true) bits.skip(88);
    if (hasLevel === true) bits.skip(8);
  }
}

/** From bit_depth_chroma to the VUI flag. */
function skipToVui(bits: BitReader, subLayers: number): void {
  bits.ue();
  const pocBits = bits.ue() + 4;
  const hasAllLayers = bits.flag();
  for (let i = hasAllLayers ? 0 : subLayers; i <= subLayers; i++) {
    bits.ue();
    bits.ue();
    bits.ue();
  }
  for (let i = 0; i < 6; i++) bits.ue();
  if (bits.flag() && bits.flag()) skipScalingLists(bits);
  bits.skip(2);
  if (bits.flag()) {
    bits.skip(8);
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  skipReferenceSets(bits);
  if (bits.flag()) {
    const count = bits.ue();
    for (let i = 0; i < count && i < 33; i++) bits.skip(pocBits + 1);
  }
  bits.skip(2);
}

function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let list = 0; list < 6; list += size === 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.ue();
        continue;
      }
      if (size > 1) bits.se();
      for (let i = 0; i < Math.min(64, 1 << (4 + (size << 1))); i++) bits.se();
    }
  }
}

/** Short-term reference picture sets, ITU-T H.265 section 7.3.7. */
function skipReferenceSets(bits: BitReader): void {
  const count = bits.ue();
  if (count > 64) throw new HeaderFault('corrupt-header', 'too many reference picture sets');
  let previous = 0;
  for (let set = 0; set < count; set++) {
    if (set > 0 && bits.flag()) {
      bits.skip(1);
      bits.ue();
      let kept = 0;
      for (let j = 0; j <= previous; j++) {
        const isUsed = bits.flag();
        if (isUsed || bits.flag()) kept += 1;
      }
      previous = kept;
      continue;
    }
    const negative = bits.ue();
    const positive = bits.ue();
    if (negative + positive > 64) {
      throw new HeaderFault('corrupt-header', 'too many reference pictures');
    }
    for (let i = 0; i < negative + positive; i++) {
      bits.ue();
      bits.skip(1);
    }
    previous = negative + positive;
  }
}
