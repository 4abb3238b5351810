import { readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import { copyClip } from '../../src/media/encode/copy-clip.ts';
import { encodeClip } from '../../src/media/encode/encode-clip.ts';
import { FAULT_CASES, type FaultRule } from '../../src/media/faults/fault-cases.ts';
import { ffprobe, hasFfprobe, keyframePackets, type ProbedStream } from './ffprobe.ts';
import { makeImage } from './make-image.ts';
import { makeTone } from './make-tone.ts';
import { makeClip, makeFault } from './media-kit.ts';

/** A missing tool fails in CI; on a laptop these tests are skipped and the runner says so. */
const canProbe = (await hasFfprobe()) || process.env['CI'] !== undefined;

const small = { width_px: 160, height_px: 90, duration_s: 1 } as const;

const ENCODINGS: readonly (readonly [string, string, ClipRecipe, ProbedStream])[] = [
  ['H.264 in MP4', '.mp4', {}, { codec_name: 'h264', nb_frames: '24', duration: '1.000000' }],
  ['HEVC in MP4', '.mp4', { codec: 'hevc' }, { codec_name: 'hevc', nb_frames: '24' }],
  ['AV1 in MP4', '.mp4', { codec: 'av1' }, { codec_name: 'av1', nb_read_frames: '24' }],
  ['VP9 in WebM', '.webm', { codec: 'vp9' }, { codec_name: 'vp9', nb_read_frames: '24' }],
  ['VP8 in WebM', '.webm', { codec: 'vp8' }, { codec_name: 'vp8', nb_read_frames: '24' }],
  ['MPEG-2', '.mpg', { codec: 'mpeg2' }, { codec_name: 'mpeg2video', nb_read_frames: '24' }],
  ['Motion JPEG in AVI', '.avi', { codec: 'mjpeg' }, { codec_name: 'mjpeg', pix_fmt: 'yuvj420p' }],
  ['FFV1 in Matroska', '.mkv', { codec: 'ffv1' }, { codec_name: 'ffv1', nb_read_frames: '24' }],
  ['29.97 fps', '.mp4', { fps: '30000/1001' }, { avg_frame_rate: '30000/1001', nb_frames: '30' }],
  ['10 bits', '.mp4', { pixelFormat: 'yuv420p10le' }, { pix_fmt: 'yuv420p10le' }],
  ['a sample aspect ratio', '.mp4', { sar: '4/3' }, { sample_aspect_ratio: '4:3', width: 160 }],
  [
    'colour tags',
    '.mp4',
    { colour: { range: 'limited', matrix: 'bt2020', primaries: 'bt2020', transfer: 'pq' } },
    { color_range: 'tv', color_space: 'bt2020nc', color_transfer: 'smpte2084' },
  ],
  ['fragments', '.mp4', { fragmented: true, bFrames: 0 }, { nb_read_frames: '24' }],
  [
    'its own timestamps',
    '.mp4',
    { bFrames: 0, timestamps_s: (index) => index / 24 + (index % 3) * 0.01 },
    { nb_frames: '24', r_frame_rate: '40/1' },
  ],
  [
    'a filter that changes the rate',
    '.mp4',
    { filters: 'fps=30' },
    { avg_frame_rate: '30/1', nb_frames: '30' },
  ],
  ['the Mandelbrot set', '.mp4', { source: 'mandelbrot' }, { width: 160, nb_frames: '24' }],
  ['the game of life', '.mp4', { source: 'life' }, { width: 160, nb_frames: '24' }],
  [
    'drawn frames',
    '.mp4',
    { source: { draw: (index, { rgb }) => rgb.fill(index * 9) } },
    { width: 160, height: 90, nb_frames: '24' },
  ],
];

async function probeVideo(file: string): Promise<ProbedStream> {
  const { streams } = await ffprobe(file);
  return streams.find((stream) => stream.codec_type === 'video') ?? {};
}

describe.runIf(canProbe)('a made clip, as ffprobe sees it', () => {
  it.each(ENCODINGS)('is what its recipe asked for: %s', async (_, suffix, recipe, expected) => {
    const file = await makeClip({ ...small, ...recipe }, suffix);
    const { streams, complaints } = await ffprobe(file);
    expect(complaints).toBe('');
    expect(streams).toHaveLength(1);
    expect(streams[0]).toMatchObject(expected);
  });

  it.each([
    [90, -90],
    [180, -180],
    [270, 90],
  ] as const)('carries a turn by %i degrees', async (rotation_deg, rotation) => {
    const video = await probeVideo(await makeClip({ ...small, rotation_deg }));
    expect(video.side_data_list?.[0]?.rotation).toBe(rotation);
    expect(video).toMatchObject({ width: 160, height: 90 });
  });

  it('has sound as long as its picture', async () => {
    const { streams } = await ffprobe(
      await makeClip({ ...small, audio: { sample_rate_hz: 44_100 } }),
    );
    const [video, audio] = streams;
    expect(audio).toMatchObject({ codec_name: 'aac', sample_rate: '44100', channels: 2 });
    expect(Number(audio?.duration)).toBeCloseTo(Number(video?.duration), 1);
  });

  it('shows the frames of another clip, in order, at the rate that was asked for', async () => {
    const file = await makeClip({ ...small, duration_s: 2 });
    const part = await makeClip({ source: { file, start_s: 0.5, frames: 12 }, fps: 12 });
    const whole = await makeClip({ source: { file } });
    expect(await probeVideo(part)).toMatchObject({
      nb_frames: '12',
      duration: '1.000000',
      width: 160,
    });
    expect(await probeVideo(whole)).toMatchObject({ nb_frames: '48', avg_frame_rate: '24/1' });
  });

  it('hides what a copy from between two keyframes took along, or lacks its keyframe', async () => {
    const file = await makeClip({ ...small, duration_s: 2, gop: 36, bFrames: 0 });
    const [hidden, headless] = ['hidden', 'headless'].map((name) =>
      join(tmpdir(), `dailies-copy-${process.pid}-${name}.mp4`),
    );
    try {
      expect(await copyClip(file, hidden ?? '', { start_s: 1 })).toEqual({ videoPackets: 48 });
      expect(await copyClip(file, headless ?? '', { start_s: 1, from: 'exact' })).toEqual({
        videoPackets: 24,
      });
      expect(await probeVideo(hidden ?? '')).toMatchObject({
        nb_frames: '48',
        duration: '1.000000',
      });
      expect(await keyframePackets(headless ?? '')).toEqual([12]);
      expect(await keyframePackets(hidden ?? '')).toEqual([0, 36]);
    } finally {
      await Promise.all([hidden, headless].map((path) => rm(path ?? '', { force: true })));
    }
  });
});

describe('the kit', () => {
  it.each([
    ['H.264', '.mp4', { audio: {} }],
    ['H.264 of an awkward size', '.mp4', { width_px: 480, height_px: 270, preset: 'medium' }],
    ['HEVC', '.mp4', { codec: 'hevc' }],
    ['AV1', '.mp4', { codec: 'av1' }],
    ['Matroska', '.mkv', { codec: 'vp9', audio: { codec: 'opus' } }],
  ] as const)('writes the same bytes twice: %s', async (name, suffix, recipe) => {
    const files = [1, 2].map((turn) =>
      join(tmpdir(), `dailies-twice-${process.pid}-${name}-${turn}${suffix}`),
    );
    try {
      const clips: Buffer[] = [];
      for (const file of files) {
        await encodeClip(file, { ...small, ...recipe });
        clips.push(await readFile(file));
      }
      expect(clips[0]?.equals(clips[1] ?? Buffer.of())).toBe(true);
    } finally {
      await Promise.all(files.map((file) => rm(file, { force: true })));
    }
  });

  it('refuses what the libraries refuse, by name', async () => {
    await expect(makeClip({ filters: 'no_such_filter' })).rejects.toThrow(/no_such_filter/);
    await expect(makeClip({ fps: 'often' })).rejects.toThrow(
      /not a positive number or ratio: often/,
    );
    await expect(makeClip({ source: { file: '/nowhere.mp4' } })).rejects.toThrow(/ENOENT/);
  });

  it('makes a tone with no picture', async () => {
    expect((await stat(await makeTone())).size).toBeGreaterThan(4000);
  });
});

describe('every fault', () => {
  const rules = Object.keys(FAULT_CASES).filter((key): key is FaultRule => key in FAULT_CASES);

  it.each(rules)('has faulty clips and look-alikes, all different: %s', async (rule) => {
    const clips = await makeFault(rule, { source: 'testsrc2', fps: 24, duration_s: 2, seed: 1 });
    const contents = await Promise.all(
      clips.map(async ({ file }) => (await readFile(file)).toString('base64')),
    );
    expect(clips.some((clip) => clip.isFaulty)).toBe(true);
    expect(clips.some((clip) => !clip.isFaulty)).toBe(true);
    expect(new Set(contents).size).toBe(clips.length);
  });

  it.each(['duplicate-frames', 'still-video', 'letterboxed-frames', 'interlaced-frames'] as const)(
    'can be made from footage of any size: %s',
    async (rule) => {
      const footage = await makeClip({
        source: 'mandelbrot',
        width_px: 198,
        height_px: 106,
        duration_s: 2,
      });
      const clips = await makeFault(rule, { source: { file: footage } });
      expect(clips.length).toBeGreaterThan(2);
    },
  );
});

describe('an image', () => {
  it.each([
    [{ orientation: 6 }, { format: 'jpeg', orientation: 6, width: 192, height: 128 }],
    [{ colour: 'cmyk' }, { format: 'jpeg', space: 'cmyk', channels: 4 }],
    [
      { kind: 'png', colour: 'gray16' },
      { format: 'png', depth: 'ushort' },
    ],
    [
      { kind: 'png', colour: 'rgb16' },
      { format: 'png', depth: 'ushort', channels: 3 },
    ],
    [
      { kind: 'png', alpha: true },
      { format: 'png', hasAlpha: true },
    ],
    [{ kind: 'webp' }, { format: 'webp', width: 192 }],
    [{ profile: 'p3' }, { format: 'jpeg', hasProfile: true }],
    [{ colour: 'gray' }, { format: 'jpeg', space: 'b-w' }],
  ] as const)('is what its recipe asked for: %j', async (recipe, expected) => {
    expect(await sharp(await makeImage(recipe)).metadata()).toMatchObject(expected);
  });

  it('that is cut short does not decode', async () => {
    const file = await makeImage({ keep: 0.6 });
    await expect(sharp(file).raw().toBuffer()).rejects.toThrow(/premature end/);
  });
});
