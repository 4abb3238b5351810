import { readAv1Config, readAv1Packet } from './av1.ts';
import { NO_CODEC_FACTS, type CodecFacts } from './codec-facts.ts';
import { readAvcConfig, readH264Packet } from './h264.ts';
import { HeaderFault } from './header-fault.ts';
import { readHevcConfig, readHevcPacket } from './hevc.ts';
import { readJpegPacket } from './jpeg.ts';
import { readMpeg2Packet, readMpeg4Config } from './mpeg-video.ts';
import { readVp8Packet, readVp9Packet, readVpConfig } from './vpx.ts';

/** Bytes of the first packet that {@link readCodecPacket} looks at. */
export const PEEK_BYTES = 1024;

/** Facts from the codec configuration that a container carries (avcC, hvcC, av1C, vpcC, VOL); broken ones tell nothing. */
export function readCodecConfig(codec: string | null, config: Uint8Array | null): CodecFacts {
  if (config === null || config.length === 0) return NO_CODEC_FACTS;
  return orNothing(() => {
    switch (codec) {
      case 'h264':
        return readAvcConfig(config);
      case 'hevc':
        return readHevcConfig(config);
      case 'av1':
        return readAv1Config(config);
      case 'vp8':
      case 'vp9':
        return readVpConfig(config);
      case 'mpeg4':
        return readMpeg4Config(config);
      case 'mpeg2video':
      case 'mpeg1video':
        return readMpeg2Packet(config);
      default:
        return NO_CODEC_FACTS;
    }
  });
}

/** Facts from the head of the first packet, for codecs whose containers carry no configuration. */
export function readCodecPacket(codec: string | null, packet: Uint8Array): CodecFacts {
  return orNothing(() => {
    switch (codec) {
      case 'h264':
        return readH264Packet(packet);
      case 'hevc':
        return readHevcPacket(packet);
      case 'av1':
        return readAv1Packet(packet);
      case 'vp8':
        return readVp8Packet(packet);
      case 'vp9':
        return readVp9Packet(packet);
      case 'mpeg4':
        return readMpeg4Config(packet);
      case 'mpeg2video':
      case 'mpeg1video':
        return readMpeg2Packet(packet);
      case 'mjpeg':
        return readJpegPacket(packet);
      default:
        return NO_CODEC_FACTS;
    }
  });
}

/** Codecs whose first packet tells what their container does not. */
export function wantsPeek(codec: string | null, facts: CodecFacts): boolean {
  if (facts.pixelFormat !== null && (codec !== 'vp9' || facts.width_px !== null)) return false;
  return readableByPacket.has(codec ?? '');
}

const readableByPacket: ReadonlySet<string> = new Set([
  'h264',
  'hevc',
  'av1',
  'vp8',
  'vp9',
  'mpeg4',
  'mpeg2video',
  'mpeg1video',
  'mjpeg',
]);

/** ProRes, DV and other tags that name the pixel format (FFmpeg's choice of format by tag). */
const FACTS_BY_TAG: Readonly<Record<string, Partial<CodecFacts>>> = {
  apch: { pixelFormat: 'yuv422p10le', bitDepth: 10, profile: 'HQ' },
  apcn: { pixelFormat: 'yuv422p10le', bitDepth: 10, profile: 'Standard' },
  apcs: { pixelFormat: 'yuv422p10le', bitDepth: 10, profile: 'LT' },
  apco: { pixelFormat: 'yuv422p10le', bitDepth: 10, profile: 'Proxy' },
  ap4h: { pixelFormat: 'yuv444p12le', bitDepth: 12, profile: '4444' },
  ap4x: { pixelFormat: 'yuv444p12le', bitDepth: 12, profile: 'XQ' },
};

/** Facts that a sample entry's tag alone tells. */
export function readCodecTag(tag: string): CodecFacts {
  return { ...NO_CODEC_FACTS, ...FACTS_BY_TAG[tag] };
}

/** The first facts where they speak, else the second. */
export function mergeFacts(first: CodecFacts, second: CodecFacts): CodecFacts {
  return {
    width_px: first.width_px ?? second.width_px,
    height_px: first.height_px ?? second.height_px,
    sar: first.sar ?? second.sar,
    profile: first.profile ?? second.profile,
    pixelFormat: first.pixelFormat ?? second.pixelFormat,
    bitDepth: first.bitDepth ?? second.bitDepth,
    isInterlaced: first.isInterlaced ?? second.isInterlaced,
    range: first.range ?? second.range,
    primaries: first.primaries ?? second.primaries,
    transfer: first.transfer ?? second.transfer,
    matrix: first.matrix ?? second.matrix,
  };
}

function orNothing(read: () => CodecFacts): CodecFacts {
  try {
    const facts = read();
    const isSane =
      (facts.width_px ?? 1) > 0 &&
      (facts.height_px ?? 1) > 0 &&
      (facts.bitDepth ?? 8) <= 16 &&
      (facts.width_px ?? 1) <= 65_536 &&
      (facts.height_px ?? 1) <= 65_536;
    return isSane ? facts : NO_CODEC_FACTS;
  } catch (error) {
    if (error instanceof HeaderFault) return NO_CODEC_FACTS;
    throw error;
  }
}
