import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { errorRow, type EvidenceRow } from '../../src/probes/evidence-tables.ts';
import { probeHeader, type HeaderRows } from '../../src/probes/header.ts';
import { fileMedium } from '../../src/media/medium-text.ts';
import { openMedium } from '../../src/media/open-medium.ts';
import { memoryRanges } from './memory-ranges.ts';
import { onFile } from './on-file.ts';

const CLIPS = join(import.meta.dirname, 'clips');
const BOTH = ['containers', 'packets'] as const;
const scratch = mkdtempSync(join(tmpdir(), 'dailies-header-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function clip(name: string): string {
  return join(CLIPS, name);
}

function bytesOf(name: string): Buffer {
  return readFileSync(clip(name));
}

async function probeBytes(bytes: Uint8Array): Promise<HeaderRows> {
  return await probeHeader(memoryRanges(bytes), { wants: BOTH });
}

/** Where the body of the nth box of a type begins. */
function bodyOf(bytes: Buffer, type: string): number {
  const at = bytes.indexOf(type, 0, 'latin1');
  if (at < 0) throw new Error(`no ${type} box`);
  return at + 4;
}

type Containers = Partial<EvidenceRow<'containers'>>;

describe('headers of real clips', () => {
  const expected: readonly (readonly [string, Containers])[] = [
    [
      'h264.mp4',
      {
        format: 'mp4',
        video_codec: 'h264',
        codec_profile: 'High',
        pixel_format: 'yuv420p',
        bit_depth: 8,
        coded_width_px: 640,
        coded_height_px: 360,
        sar: 1,
        rotation_deg: 0,
        fps: 30,
        fps_num: 30,
        fps_den: 1,
        duration_s: 2,
        frame_count: 60,
        is_vfr: false,
        is_faststart: false,
        has_b_frames: true,
        is_interlaced: false,
        audio_codec: 'aac',
        sample_rate_hz: 44_100,
        missing_bytes: 0,
      },
    ],
    ['h264.mkv', { format: 'matroska', video_codec: 'h264', fps_num: 30, frame_count: 60 }],
    [
      'sar-2by3.mp4',
      {
        sar_num: 2,
        sar_den: 3,
        bitstream_sar: 2 / 3,
        display_width_px: 427,
        display_height_px: 360,
      },
    ],
    ['hevc.mp4', { video_codec: 'hevc', codec_profile: 'Main', pixel_format: 'yuv420p' }],
    ['cover-art.mp4', { video_track_count: 1, attached_picture_count: 1 }],
    ['yuv422p.mp4', { codec_profile: 'High 4:2:2', pixel_format: 'yuv422p' }],
    ['mask.mp4', { coded_width_px: 200, coded_height_px: 200, frame_count: 300 }],
    [
      'vp9.webm',
      {
        format: 'webm',
        video_codec: 'vp9',
        codec_profile: 'Profile 0',
        pixel_format: 'yuv420p',
        colour_range: 'tv',
        is_faststart: true,
      },
    ],
    ['fragmented.mp4', { is_fragmented: true, frame_count: 60, duration_s: 2, missing_bytes: 0 }],
    [
      'preroll.mp4',
      {
        duration_s: 1,
        video_duration_s: 2,
        preroll_s: 1,
        preroll_frame_count: 30,
        frame_count: 60,
        presented_frame_count: 30,
        video_start_s: 0,
      },
    ],
    ['live.mkv', { frame_count: 60, container_duration_s: null, missing_bytes: 0 }],
  ];

  it.each(expected)('reads what %s says', async (name, columns) => {
    const { containers } = await onFile(clip(name), (reader) =>
      probeHeader(reader, { wants: BOTH }),
    );
    expect(containers).toMatchObject({ ...columns, reader: 'dailies', error_code: null });
  });

  it('gives the same packets for one stream in MP4, fragments and Matroska', async () => {
    const whole = await onFile(clip('h264.mp4'), (reader) => probeHeader(reader, { wants: BOTH }));
    for (const name of ['fragmented.mp4', 'preroll.mp4']) {
      const { packets } = await onFile(clip(name), (reader) =>
        probeHeader(reader, { wants: BOTH }),
      );
      expect(packets?.sizes_bytes).toEqual(whole.packets?.sizes_bytes);
      expect(packets?.keyframe_indices).toEqual(whole.packets?.keyframe_indices);
    }
    const live = await onFile(clip('live.mkv'), (reader) => probeHeader(reader, { wants: BOTH }));
    expect(live.packets?.packet_count).toBe(60);
    expect(live.packets?.sizes_bytes).toEqual(whole.packets?.sizes_bytes);
    live.packets?.pts_s?.forEach((time, index) => {
      expect(Math.abs((time ?? 0) - (whole.packets?.pts_s?.[index] ?? 0))).toBeLessThan(0.0011);
    });
  });

  it('reads the index and no media data', async () => {
    const { containers, packets } = await onFile(clip('cover-art.mp4'), (reader) =>
      probeHeader(reader, { wants: BOTH }),
    );
    expect(containers.requests).toBeLessThanOrEqual(2);
    expect(containers.bytes_read).toBeLessThanOrEqual(32_768 + Number(containers.index_bytes));
    expect(packets?.bytes_read).toBe(0);
  });

  it('makes no packet table where none is wanted', async () => {
    const { containers, packets } = await onFile(clip('h264.mkv'), (reader) =>
      probeHeader(reader, { wants: ['containers'] }),
    );
    expect(packets).toBeNull();
    expect(containers).toMatchObject({ coded_width_px: 640, requests: 1 });
  });
});

describe('how the picture is shown', () => {
  const turns: readonly (readonly [string, readonly number[], number])[] = [
    ['a quarter turn clockwise', [0, 1, -1, 0], 90],
    ['upside down', [-1, 0, 0, -1], 180],
    ['a quarter turn counter-clockwise', [0, -1, 1, 0], 270],
    ['a mirror', [-1, 0, 0, 1], -1],
    ['45 degrees', [0.707, 0.707, -0.707, 0.707], -1],
  ];

  it.each(turns)('reads a track matrix of %s', async (_, matrix, rotation) => {
    const bytes = bytesOf('h264.mp4');
    const at = bodyOf(bytes, 'tkhd') + 40;
    [0, 4, 12, 16].forEach((offset, index) => {
      bytes.writeInt32BE(Math.round((matrix[index] ?? 0) * 65_536), at + offset);
    });
    const { containers } = await probeBytes(bytes);
    const isTurned = rotation === 90 || rotation === 270;
    expect(containers).toMatchObject({
      rotation_deg: rotation,
      coded_width_px: 640,
      display_width_px: isTurned ? 360 : 640,
      display_height_px: isTurned ? 640 : 360,
    });
  });

  it('tells container and bitstream apart where their pixel shapes disagree', async () => {
    const bytes = bytesOf('sar-2by3.mp4');
    const at = bodyOf(bytes, 'pasp');
    bytes.writeUInt32BE(4, at);
    bytes.writeUInt32BE(3, at + 4);
    const { containers } = await probeBytes(bytes);
    expect(containers).toMatchObject({ sar_num: 4, sar_den: 3, bitstream_sar: 2 / 3 });
  });

  it('takes a track size that differs from the coded one for a pixel shape', async () => {
    const bytes = bytesOf('h264.mp4');
    bytes.writeUInt32BE(0x66_72_65_65, bodyOf(bytes, 'pasp') - 4);
    bytes.writeUInt32BE(480 * 65_536, bodyOf(bytes, 'tkhd') + 76);
    const { containers } = await probeBytes(bytes);
    expect(containers).toMatchObject({ sar_num: 3, sar_den: 4, display_width_px: 480 });
  });
});

describe('where a file must end', () => {
  const whole = ['mask.mp4', 'fragmented.mp4', 'h264.mkv', 'vp9.webm', 'hevc.mp4', 'preroll.mp4'];
  const shares = [0.15, 0.4, 0.6, 0.8, 0.95, 0.999];

  it.each(whole)('misses bytes of %s wherever it is cut', async (name) => {
    const bytes = bytesOf(name);
    for (const share of shares) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      const { containers } = await probeBytes(cut);
      expect(containers.missing_bytes, `${name} cut at ${share}`).toBeGreaterThan(0);
      expect(containers.size_bytes).toBe(cut.length);
    }
  });

  it.each(whole)('misses nothing of %s behind which junk lies', async (name) => {
    const junk = Buffer.from('junk that is no box at all, 64 bytes and more of it: end of file.');
    for (const tail of [junk, Buffer.alloc(4096), Buffer.alloc(4096, 0xff)]) {
      const { containers } = await probeBytes(Buffer.concat([bytesOf(name), tail]));
      expect(containers).toMatchObject({ missing_bytes: 0, error_code: null });
    }
  });

  it('believes the sample table where the media data box is stated too long', async () => {
    const bytes = bytesOf('preroll.mp4');
    const moov = bytes.indexOf('moov', 0, 'latin1') - 4;
    const index = bytes.subarray(moov);
    const mdat = bytes.indexOf('mdat', 0, 'latin1') - 4;
    const shift = index.length;
    const front = Buffer.concat([bytes.subarray(0, mdat), index, bytes.subarray(mdat, moov)]);
    const stco = bodyOf(front, 'stco') + 8;
    for (let i = 0; i < front.readUInt32BE(stco - 4); i++) {
      front.writeUInt32BE(front.readUInt32BE(stco + 4 * i) + shift, stco + 4 * i);
    }
    const size = bodyOf(front, 'mdat') - 8;
    front.writeUInt32BE(front.readUInt32BE(size) + 8, size);
    const { containers } = await probeBytes(front);
    expect(containers).toMatchObject({ is_faststart: true, missing_bytes: 0, frame_count: 60 });
  });

  it('says that a file was cut before its index', async () => {
    const { containers } = await probeBytes(bytesOf('h264.mp4').subarray(0, 20_000));
    expect(containers).toMatchObject({ error_code: 'truncated-header', format: 'mp4' });
  });
});

describe('what is no video', () => {
  it('gives an error row for each', async () => {
    const html = join(scratch, 'page.mp4');
    writeFileSync(html, '<!DOCTYPE html><title>404</title>');
    const empty = join(scratch, 'empty.mp4');
    writeFileSync(empty, '');
    const cases = [
      [html, 'unknown-format'],
      [empty, 'empty-file'],
    ] as const;
    for (const [path, code] of cases) {
      const { containers, packets } = await onFile(path, (reader) =>
        probeHeader(reader, { wants: BOTH }),
      );
      expect(containers.error_code).toBe(code);
      expect(packets?.error_code).toBe(code);
    }
  });

  it('cannot be opened, and no pipe is waited for', async () => {
    const pipe = join(scratch, 'pipe.mp4');
    execFileSync('mkfifo', [pipe]);
    const cases = [
      [scratch, 'not-a-file'],
      [pipe, 'not-a-file'],
      [join(scratch, 'absent.mp4'), 'missing-file'],
      ['nul\0byte.mp4', 'invalid-path'],
    ] as const;
    for (const [path, code] of cases)
      expect(await openMedium(fileMedium(path), DEFAULT_STORE_ACCESS)).toMatchObject({
        ok: false,
        code,
      });
  });
});

describe('other readers', () => {
  const other = {
    containers: {
      ...errorRow('containers', 'internal', ''),
      error_code: null,
      error_message: null,
      format: 'avi',
    },
    packets: null,
  };
  const avi = Buffer.concat([Buffer.from('RIFF\0\0\0\0AVI LIST'), Buffer.alloc(100)]);

  it('asks the fallback for a format that has no reader here', async () => {
    const rows = await probeHeader(memoryRanges(avi), {
      wants: BOTH,
      fallback: () =>
        Promise.resolve({ ...other, containers: { ...other.containers, reader: 'libav' } }),
    });
    expect(rows.containers).toMatchObject({ format: 'avi', reader: 'libav' });
  });

  it('says that nobody looked where there is no fallback', async () => {
    const rows = await probeHeader(memoryRanges(avi), { wants: BOTH });
    expect(rows.containers.error_code).toBe('decoder-unavailable');
  });

  it('does not ask it about a sound header', async () => {
    const rows = await probeHeader(memoryRanges(bytesOf('mask.mp4')), {
      wants: BOTH,
      fallback: () => Promise.reject(new Error('asked')),
    });
    expect(rows.containers.error_code).toBeNull();
  });
});
