import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';

import { DEFAULT_STORE_ACCESS } from '../src/stores/access.ts';
import { decodeFrames, selectDecoder } from '../src/media/decoders/decode-frames.ts';
import { findFfmpegTool } from '../src/media/decoders/ffmpeg-tools.ts';
import {
  colourStride,
  isColourFrame,
  MOST_COLOUR_FRAMES,
} from '../src/media/decoders/frame-stream.ts';
import { flipBits } from '../src/media/encode/damage.ts';
import { closeFilmStrips, makeFilmStrip } from '../src/media/film-strip.ts';
import { fileMedium } from '../src/media/medium-text.ts';
import { onFile } from './media/on-file.ts';
import { probeFrames } from '../src/probes/frames.ts';
import { probeHeader } from '../src/probes/header.ts';
import { probeImage } from '../src/probes/images.ts';
import { readHeaderWithLibav } from '../src/probes/libav-header.ts';
import { makeClip, makeVariant } from './media-kit/media-kit.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-decoders-'));
});

afterAll(async () => {
  await closeFilmStrips();
  await rm(folder, { recursive: true, force: true });
});

/** A system ffmpeg is compared with where there is one; CI must have it. */
async function needSystemFfmpeg(context: TestContext): Promise<void> {
  const found = await Promise.all([findFfmpegTool('ffmpeg'), findFfmpegTool('ffprobe')]);
  const missing = found.find((tool) => tool instanceof Error);
  if (missing === undefined) return;
  if (process.env['CI'] === 'true')
    throw new Error('CI must have ffmpeg and ffprobe', { cause: missing });
  context.skip('no system ffmpeg here');
}

const moving = {
  source: 'mandelbrot',
  fps: 24,
  duration_s: 2,
  width_px: 320,
  height_px: 180,
} as const;

describe('colour frames', () => {
  it('are 5 to 8 of a clip of 49 frames or more, evenly spaced, whatever its length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 49, max: 20_000 }), (length) => {
        const stride = colourStride(length - 1);
        const kept = Array.from({ length }, (_, i) => i).filter((i) => i % stride === 0);
        expect(kept.length).toBeGreaterThan(MOST_COLOUR_FRAMES / 2);
        expect(kept.length).toBeLessThanOrEqual(MOST_COLOUR_FRAMES);
        expect(kept.every((i) => isColourFrame(i))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('damage in VP9', () => {
  it('is told, though FFmpeg would take any bits for a picture', async () => {
    const sound = 'test/media/clips/vp9.webm';
    const damaged = join(folder, 'damaged.webm');
    await flipBits(sound, damaged, { seed: 5, count: 40, from: 0.2, to: 0.9 });
    const options = { tier: 'frames', decoder: 'node-av' } as const;

    expect((await probeFrames(sound, options)).decode_error_count).toBe(0);
    expect((await probeFrames(damaged, options)).decode_error_count).toBeGreaterThan(0);
  });
});

describe('decoders', () => {
  it('are chosen by name, and say why there is none', async () => {
    expect(await selectDecoder('auto')).toMatchObject({ ok: true, name: 'node-av' });
    expect(await selectDecoder('node-av')).toMatchObject({ ok: true, name: 'node-av' });
    const path = process.env['DAILIES_FFMPEG'];
    process.env['DAILIES_FFMPEG'] = join(folder, 'no-such-ffmpeg');
    try {
      const selected = await selectDecoder('ffmpeg');
      expect(selected).toMatchObject({
        ok: false,
        reason: expect.stringContaining('no system ffmpeg'),
      });
    } finally {
      if (path === undefined) delete process.env['DAILIES_FFMPEG'];
      else process.env['DAILIES_FFMPEG'] = path;
    }
  });

  it.each(['h264', 'hevc', 'vp9', 'av1'] as const)(
    'decode every frame of %s, keyframes alone if asked',
    async (codec) => {
      const clip = await makeClip(
        { ...moving, codec, gop: 12 },
        codec === 'vp9' ? '.webm' : '.mp4',
      );
      const every = await probeFrames(clip, { tier: 'frames', decoder: 'node-av' });
      const keys = await probeFrames(clip, { tier: 'keyframes', decoder: 'node-av' });
      const header = await onFile(clip, (reader) =>
        probeHeader(reader, { wants: ['containers', 'packets'] }),
      );
      expect(every).toMatchObject({
        decoded_frame_count: 48,
        is_complete: true,
        decode_error_count: 0,
      });
      expect(keys.decoded_frame_count).toBe(header.packets?.keyframe_count);
      expect(keys.decoded_frame_count).toBeLessThan(48);
      expect(keys.pts_s?.[1]).toBeCloseTo(0.5, 1);
    },
  );

  it('agree: node-av and a system ffmpeg see the same pictures at the same times', async (context) => {
    await needSystemFfmpeg(context);
    const clip = await makeClip({ ...moving, codec: 'h264' });
    for (const tier of ['frames', 'keyframes'] as const) {
      const ours = await probeFrames(clip, { tier, decoder: 'node-av' });
      const theirs = await probeFrames(clip, { tier, decoder: 'ffmpeg' });
      expect(theirs.decoded_frame_count).toBe(ours.decoded_frame_count);
      for (const [i, pts_s] of (ours.pts_s ?? []).entries()) {
        expect(theirs.pts_s?.[i]).toBeCloseTo(pts_s ?? Number.NaN, 4);
        const difference = Math.abs(
          (theirs.luma_mean?.[i] ?? 0) - (ours.luma_mean?.[i] ?? Number.NaN),
        );
        expect(difference).toBeLessThan(0.1);
      }
      expect(theirs.mean_red?.length).toBe(ours.mean_red?.length);
    }
  });

  it('stop at a limit of frames and say that there are more', async () => {
    const clip = await makeClip(moving);
    const row = await probeFrames(clip, {
      tier: 'frames',
      decoder: 'node-av',
      limits: { maxFrames: 10 },
    });
    expect(row).toMatchObject({ decoded_frame_count: 10, is_complete: false });
  });

  it('refuse a picture of too many pixels before decoding it', async () => {
    const clip = await makeClip(moving);
    const limits = { maxPixels: 320 * 179 };
    const row = await probeFrames(clip, { tier: 'frames', decoder: 'node-av', limits });
    expect(row).toMatchObject({ error_code: 'too-many-pixels', error_message: '320x180 pixels' });
  });

  it('open nothing that names another file', async () => {
    const secret = await makeClip(moving);
    const playlists = {
      'concat.mp4': `ffconcat version 1.0\nfile '${secret}'\n`,
      'hls.mp4': `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${secret}\n#EXT-X-ENDLIST\n`,
      'session.mp4':
        'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n',
    };
    for (const [name, text] of Object.entries(playlists)) {
      const path = join(folder, name);
      await writeFile(path, text);
      const row = await probeFrames(path, { tier: 'frames', decoder: 'node-av' });
      expect({ name, code: row.error_code }).toEqual({ name, code: 'unknown-format' });
    }
  });

  it('answer for whatever lies under the path', async () => {
    const text = join(folder, 'text.mp4');
    await writeFile(text, 'no video at all\n'.repeat(100));
    const empty = join(folder, 'empty.mp4');
    await writeFile(empty, '');
    const directory = join(folder, 'directory.mp4');
    await mkdir(directory);
    const broken = join(folder, 'broken.mp4');
    await writeFile(
      broken,
      Buffer.concat([Buffer.from('\0\0\0\u0018ftypisom'), Buffer.alloc(500, 0xff)]),
    );
    const dangling = join(folder, 'dangling.mp4');
    await symlink(join(folder, 'nowhere'), dangling);
    const sound = await makeClip({ audio: { codec: 'aac', duration_s: 1 }, videoless: true });
    const expected = {
      [text]: 'unknown-format',
      [empty]: 'empty-file',
      [directory]: 'not-a-file',
      [broken]: 'corrupt-header',
      [dangling]: 'missing-file',
      [join(folder, 'http:', 'x.mp4')]: 'missing-file',
      [sound]: 'no-video-track',
      'bad\0path': 'invalid-path',
    };
    for (const [path, code] of Object.entries(expected)) {
      const row = await probeFrames(path, { tier: 'frames', decoder: 'node-av' });
      expect({ path, code: row.error_code }).toEqual({ path, code });
    }
  });

  it('read files whose names look like options, URLs or patterns', async () => {
    const clip = await makeClip(moving);
    for (const name of [
      '-i.mp4',
      'a:b.mp4',
      '%03d.mp4',
      'x|y.mp4',
      'line\nbreak.mp4',
      'file:z.mp4',
      'ünïcode 视频.mp4',
    ]) {
      const path = join(folder, name);
      await symlink(clip, path);
      const row = await probeFrames(path, { tier: 'keyframes', decoder: 'node-av' });
      expect({ name, code: row.error_code }).toEqual({ name, code: null });
    }
  });

  it('leave the process alone after decoding', async () => {
    const clip = await makeClip(moving);
    const outcomes = [];
    for (let i = 0; i < 3; i++) {
      outcomes.push(
        await decodeFrames(clip, { tier: 'keyframes', decoder: 'node-av' }, () => undefined),
      );
    }
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, true, true]);
  });
});

const look = (clip: string) => probeFrames(clip, { tier: 'frames', decoder: 'node-av' });

describe('frames of a spoilt clip', () => {
  it('show the freeze, the black lead-in and the bars that were put in', async () => {
    const frozen = await makeClip({ ...moving, filters: 'tpad=stop_mode=clone:stop_duration=0.5' });
    const black = await makeClip({
      ...moving,
      filters: 'tpad=start_mode=add:start_duration=0.5:color=black',
    });
    const boxed = await makeClip({ ...moving, filters: 'pad=iw:ih+40:0:20' });
    expect((await look(frozen)).freeze_tail_s).toBeGreaterThan(0.4);
    expect((await look(black)).black_head_s).toBeCloseTo(0.5, 1);
    const bars = await look(boxed);
    expect(bars.bar_top).toBeCloseTo(20 / 220, 1);
    expect(bars.bar_bottom).toBeCloseTo(20 / 220, 1);
    expect(bars.bar_left).toBe(0);
  });

  it('show nothing of that where nothing was done', async () => {
    const row = await probeFrames(await makeClip(moving), { tier: 'frames', decoder: 'node-av' });
    expect(row).toMatchObject({
      freeze_tail_s: 0,
      freeze_head_s: 0,
      black_head_s: 0,
      black_share: 0,
      bar_top: 0,
    });
    expect(row.still_score).toBeGreaterThan(1);
  });
});

describe('headers by libav', () => {
  it('mean the same as our own reading', async () => {
    const clip = await makeClip({ ...moving, codec: 'h264', rotation_deg: 90, sar: '4/3' });
    const own = await onFile(clip, (reader) =>
      probeHeader(reader, { wants: ['containers', 'packets'] }),
    );
    const other = await readHeaderWithLibav(clip);
    const names = [
      'coded_width_px',
      'coded_height_px',
      'display_width_px',
      'display_height_px',
      'rotation_deg',
      'frame_count',
      'fps_num',
      'fps_den',
      'video_codec',
      'pixel_format',
      'bit_depth',
      'is_vfr',
    ] as const;
    for (const name of names)
      expect({ [name]: other.containers[name] }).toEqual({ [name]: own.containers[name] });
    expect(other.containers.duration_s).toBeCloseTo(own.containers.duration_s ?? Number.NaN, 3);
    expect(other.packets?.sizes_bytes).toEqual(own.packets?.sizes_bytes);
    expect(other.packets?.keyframe_indices).toEqual(own.packets?.keyframe_indices);
  });

  it.each(['.avi', '.ts'])('read %s, which we do not read ourselves', async (suffix) => {
    const clip = await makeClip({ ...moving, codec: suffix === '.avi' ? 'mpeg4' : 'h264' }, suffix);
    const { containers: container, packets } = await readHeaderWithLibav(clip);
    expect(container).toMatchObject({
      reader: 'libav',
      coded_width_px: 320,
      frame_count: 48,
      error_code: null,
    });
    expect(container.fps).toBeCloseTo(24, 1);
    expect(packets).toMatchObject({ source: 'demuxer', packet_count: 48, first_is_keyframe: true });
  });

  it('tell sound alone from nothing', async () => {
    const sound = await makeClip({ audio: { codec: 'aac', duration_s: 1 }, videoless: true });
    expect((await readHeaderWithLibav(sound)).containers).toMatchObject({
      error_code: 'no-video-track',
      audio_codec: 'aac',
    });
  });
});

const pattern = (width: number, height: number) =>
  sharp(
    Buffer.from(
      `<svg width="${width}" height="${height}"><rect width="100%" height="50%" fill="#a63"/><circle cx="30%" cy="60%" r="20%" fill="#36c"/></svg>`,
    ),
  );

const bits = (x: unknown, y: unknown) =>
  (BigInt(String(x)) ^ BigInt(String(y))).toString(2).replaceAll(/[^1]/g, '').length;

describe('images', () => {
  it('are upright by EXIF, stored as stored', async () => {
    const path = join(folder, 'turned.jpg');
    await pattern(300, 200).jpeg().withMetadata({ orientation: 6 }).toFile(path);
    expect(await onFile(path, probeImage)).toMatchObject({
      format: 'jpeg',
      width_px: 300,
      height_px: 200,
      upright_width_px: 200,
      upright_height_px: 300,
      orientation: 6,
      is_truncated: false,
      decode_error_count: 0,
    });
  });

  it('have the same hashes after recompression and scaling', async () => {
    const one = join(folder, 'one.png');
    const two = join(folder, 'two.jpg');
    await pattern(400, 400).flatten({ background: '#fff' }).png().toFile(one);
    await sharp(one).resize(233, 233).jpeg({ quality: 60 }).toFile(two);
    const [a, b] = [await onFile(one, probeImage), await onFile(two, probeImage)];
    expect(bits(a.dhash, b.dhash)).toBeLessThanOrEqual(6);
    expect(bits(a.phash, b.phash)).toBeLessThanOrEqual(6);
  });

  it('that are cut off are measured as far as they go', async () => {
    const whole = await pattern(600, 400).jpeg().toBuffer();
    const path = join(folder, 'cut.jpg');
    await writeFile(path, whole.subarray(0, whole.length / 2));
    const row = await onFile(path, probeImage);
    expect(row).toMatchObject({ is_truncated: true, decode_error_count: 1, error_code: null });
    expect(row.luma_mean).not.toBeNull();
  });

  it('of 16,000 x 16,000 are described without decoding', async () => {
    const path = join(folder, 'bomb.png');
    await sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: 'white' } })
      .png({ compressionLevel: 1 })
      .toFile(path);
    expect(await onFile(path, probeImage)).toMatchObject({
      width_px: 16_000,
      luma_mean: null,
      error_code: null,
    });
  });

  it('are known by their bytes, not by their names', async () => {
    const path = join(folder, 'drawing.jpg');
    await writeFile(path, '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"/>');
    expect(await onFile(path, probeImage)).toMatchObject({
      format: 'svg',
      width_px: 10,
      height_px: 20,
    });
    const text = join(folder, 'text.jpg');
    await writeFile(text, 'not an image');
    expect(await onFile(text, probeImage)).toMatchObject({ error_code: 'unknown-format' });
  });

  it('read nothing that a drawing names', async () => {
    const secret = join(folder, 'secret.png');
    await sharp({ create: { width: 10, height: 10, channels: 3, background: 'black' } }).toFile(
      secret,
    );
    const path = join(folder, 'naming.svg');
    await writeFile(
      path,
      `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><image href="file://${secret}" width="10" height="10"/><image href="secret.png" width="10" height="10"/></svg>`,
    );
    expect((await onFile(path, probeImage)).luma_mean).toBe(255);
  });

  it('that move are counted and timed', async () => {
    const path = join(folder, 'moving.gif');
    const frames = await Promise.all(
      [20, 60, 100].map((size) => pattern(100, size).resize(50, 50).png().toBuffer()),
    );
    await sharp(frames, { join: { animated: true } })
      .gif({ delay: [100, 100, 300] })
      .toFile(path);
    expect(await onFile(path, probeImage)).toMatchObject({
      format: 'gif',
      page_count: 3,
      duration_s: 0.5,
    });
  });
});

describe('film strips', () => {
  it('are upright and square-pixelled', async () => {
    const clip = await makeClip({ ...moving, rotation_deg: 90, sar: '4/3' });
    const strip = await makeFilmStrip(fileMedium(clip), DEFAULT_STORE_ACCESS, {
      kind: 'video',
      count: 4,
    });
    // 320 x 180 with pixels of 4:3 is shown as 427 x 180, turned 180 x 427.
    expect(strip).toMatchObject({ frameWidth_px: 135, frameHeight_px: 320 });
    expect(strip?.times_s.map((time) => Math.round(time * 4) / 4)).toEqual([
      0.25, 0.75, 1.25, 1.75,
    ]);
    const picture = await sharp(Buffer.from(strip?.webpBase64 ?? '', 'base64')).metadata();
    expect(picture).toMatchObject({ format: 'webp', width: 4 * 135, height: 320 });
  });

  it('show the frames at the times that are asked for', async () => {
    const strip = await makeFilmStrip(fileMedium(await makeClip(moving)), DEFAULT_STORE_ACCESS, {
      kind: 'video',
      times: [0, 1.5],
    });
    expect(strip?.times_s).toEqual([0, 1.5]);
  });

  it('are missing where there is nothing to see', async () => {
    const path = join(folder, 'nothing.mp4');
    await writeFile(path, 'nothing');
    expect(
      await makeFilmStrip(fileMedium(path), DEFAULT_STORE_ACCESS, { kind: 'video' }),
    ).toBeNull();
    expect(
      await makeFilmStrip(fileMedium(path), DEFAULT_STORE_ACCESS, { kind: 'image' }),
    ).toBeNull();
  });
});

describe('frames asked for by time', () => {
  it.each([
    { name: 'come back exactly from a sound clip', copy: {}, isSame: true },
    {
      name: 'are others where every frame is marked as a keyframe',
      copy: { marksAllKeyframes: true },
      isSame: false,
    },
  ])('$name, at the full tier alone', async ({ copy, isSame }) => {
    const recipe = { ...moving, gop: 999, bFrames: 0 };
    const clip = await makeVariant({ name: 'seeks', recipe, copy });
    const row = await probeFrames(clip, { tier: 'full', decoder: 'node-av' });
    expect(row.seek_asked_count).toBe(4);
    expect((row.seek_difference ?? 0) === 0 && row.seek_missed_count === 0).toBe(isSame);
    const without = await probeFrames(clip, { tier: 'frames', decoder: 'node-av' });
    expect(without.seek_asked_count).toBeNull();
  });

  it('come near their time from open groups of pictures, whatever was asked for before', async () => {
    const clip = await makeVariant({
      name: 'open-groups',
      recipe: {
        fps: 10,
        duration_s: 1,
        codec: 'hevc',
        gop: 4,
        encoderOptions: {
          'x265-params':
            'log-level=none:pools=none:frame-threads=1:open-gop=1:keyint=4:min-keyint=1:bframes=3:b-adapt=0',
        },
      },
    });
    const row = await probeFrames(clip, { tier: 'full', decoder: 'node-av' });
    expect(row.seek_missed_count).toBeGreaterThan(0);
    expect(row.seek_offset_s).toBeLessThan(0.4);
  });
});
