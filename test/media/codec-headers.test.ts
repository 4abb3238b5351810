import { describe, expect, it } from 'vitest';
import type { CodecFacts } from '../../src/media/headers/codec-facts.ts';
import {
  mergeFacts,
  readCodecConfig,
  readCodecPacket,
} from '../../src/media/headers/video-codec.ts';

/** Configurations and packet heads of 176x144 test pictures, made by FFmpeg 5.1; facts as ffprobe tells them. */
const configs: readonly (readonly [string, string, string, Partial<CodecFacts>])[] = [
  [
    'HEVC of 10 bits with HDR and oblong pixels',
    'hevc',
    '0102200000009000000000003cf000fcfdfafa00000f03a00001001840010c01ffff02200000030090000003000003003c959809a100010' +
      '02c42010102200000030090000003000003003ca01620244d96566924caf0e6e122012080000003008000000c84a2000100074401c17' +
      '2b46240',
    {
      width_px: 176,
      height_px: 144,
      profile: 'Main 10',
      pixelFormat: 'yuv420p10le',
      bitDepth: 10,
      sar: { num: 4, den: 3 },
      range: 'pc',
      primaries: 9,
      transfer: 16,
      matrix: 9,
      isInterlaced: false,
    },
  ],
  [
    'AV1 of full range',
    'av1',
    '81000c000a0e00000003bd7c79b5f22020203080',
    {
      width_px: 176,
      height_px: 144,
      profile: 'Main',
      pixelFormat: 'yuv420p',
      range: 'pc',
      primaries: 1,
      transfer: 1,
      matrix: 1,
    },
  ],
  [
    'interlaced H.264 of NTSC pixels',
    'h264',
    '01640015ffe1001d67640015acd942cafcb81b50606064000003000400000300c87c50a65801000668fba3cb22c0fdf8f800',
    {
      width_px: 176,
      height_px: 144,
      profile: 'High',
      sar: { num: 10, den: 11 },
      isInterlaced: true,
      range: 'tv',
      primaries: 6,
    },
  ],
  [
    'H.264 whose muxer wrote start codes in the place of avcC',
    'h264',
    '0000000167640015acd942cafcb81b50606064000003000400000300c87c50a65801000000010668fba3cb22c0',
    { width_px: 176, height_px: 144, isInterlaced: true },
  ],
  [
    'MPEG-4 part 2',
    'mpeg4',
    '000001b001000001b58913000001000000012000c4958800cd0584121443000001b24c61766335392e33372e313030',
    {
      width_px: 176,
      height_px: 144,
      profile: 'Simple Profile',
      sar: { num: 12, den: 11 },
      isInterlaced: false,
    },
  ],
];

const packets: readonly (readonly [string, string, string, Partial<CodecFacts>])[] = [
  [
    'MPEG-2 4:2:2 of interlaced pictures',
    'mpeg2video',
    '000001b30b009033ffffe018000001b5185400010000000001b80008004000000100000ffff8000001b58ffff3000000000101237ce118',
    {
      width_px: 176,
      height_px: 144,
      profile: '4:2:2',
      pixelFormat: 'yuv422p',
      sar: { num: 16, den: 11 },
      isInterlaced: true,
    },
  ],
  ['VP8', 'vp8', 'f04c009d012ab00090000007088585888584880202', { width_px: 176, height_px: 144 }],
  [
    'VP9 4:4:4',
    'vp9',
    'a249834200015e011ec0c7048383094001885fcd',
    { width_px: 176, height_px: 144, profile: 'Profile 1', pixelFormat: 'yuv444p', range: 'tv' },
  ],
  [
    'JPEG whose luma is sampled twice as wide as its chroma',
    'mjpeg',
    'ffd8ffc0001108009000b00301220002120103120100000000000000',
    { width_px: 176, height_px: 144, pixelFormat: 'yuv422p', range: 'pc' },
  ],
];

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

describe('codec configurations', () => {
  it.each(configs)('reads %s', (_, codec, hex, facts) => {
    expect(readCodecConfig(codec, bytes(hex))).toMatchObject(facts);
  });

  it.each(configs)('says what it can and no more of a cut %s', (_, codec, hex) => {
    const whole = bytes(hex);
    for (let length = 0; length <= whole.length; length++) {
      const facts = readCodecConfig(codec, whole.subarray(0, length));
      expect([null, 176]).toContain(facts.width_px);
    }
  });
});

describe('first packets', () => {
  it.each(packets)('reads %s', (_, codec, hex, facts) => {
    expect(readCodecPacket(codec, bytes(hex))).toMatchObject(facts);
  });

  it('fills what the configuration leaves open', () => {
    const config = readCodecConfig('vp9', bytes('0100000000108200020202020000'));
    const packet = readCodecPacket('vp9', bytes('a249834200015e011ec0c7048383094001885fcd'));
    expect(mergeFacts(config, packet)).toMatchObject({ width_px: 176, bitDepth: 8 });
  });
});
