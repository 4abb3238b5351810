import { execFile } from 'node:child_process';

import { stripSize } from '../strip-size.ts';
import { ALLOWED_DEMUXERS, ALLOWED_PROTOCOLS } from './demuxers.ts';
import { askFfprobe, videoStreamOf } from './ffprobe-stream.ts';
import { DECODE_LIMITS } from './frame-stream.ts';
import { objectsIn } from './plain-objects.ts';
import type { PickedFrames, PickOptions } from './node-av-pick.ts';

/** The same picks by a system ffmpeg; null if there are none. */
export async function pickWithFfmpeg(
  commands: { readonly ffmpeg: string; readonly ffprobe: string },
  path: string,
  options: PickOptions,
): Promise<PickedFrames | null> {
  const document = await askFfprobe(commands.ffprobe, path, { packets: false });
  if (!document.ok) return null;
  const stream = videoStreamOf(document);
  if (stream === null) return null;
  const coded = { width_px: Number(stream['width']), height_px: Number(stream['height']) };
  if (!(coded.width_px * coded.height_px > 0)) return null;
  const [sarNum = 0, sarDen = 0] = String(stream['sample_aspect_ratio']).split(':').map(Number);
  const turn = objectsIn(stream['side_data_list']).find(
    (data) => typeof data['rotation'] === 'number',
  );
  const size = stripSize(coded, {
    sar: options.sar ?? (sarNum > 0 && sarDen > 0 ? sarNum / sarDen : 1),
    // FFmpeg's rotation is counterclockwise.
    rotation_deg: options.rotation_deg ?? -Number(turn?.['rotation'] ?? 0),
    maxWidth_px: options.maxWidth_px,
  });
  const duration_s = Number(stream['duration'] ?? document.format['duration']);
  const start_s = Number(stream['start_time'] ?? 0) || 0;
  const length_s = duration_s > 0 ? duration_s : 1;
  const { count } = options;
  const times =
    options.times ??
    Array.from({ length: count }, (_, i) => start_s + ((i + 0.5) / count) * length_s);
  const [rateNum = 0, rateDen = 1] = String(stream['avg_frame_rate']).split('/').map(Number);
  const half_s = rateNum > 0 ? (0.5 * rateDen) / rateNum : 0.02;
  const wanted = times
    .map((time) => (time - half_s).toFixed(6))
    .map((time) => `gte(t,${time})*(isnan(prev_t)+lt(prev_t,${time}))`)
    .join('+');
  const bytes = await run(commands.ffmpeg, [
    '-nostdin',
    '-loglevel',
    'quiet',
    '-threads',
    '1',
    '-max_pixels',
    String(DECODE_LIMITS.maxPixels),
    '-protocol_whitelist',
    ALLOWED_PROTOCOLS,
    '-format_whitelist',
    ALLOWED_DEMUXERS,
    '-noautorotate',
    '-copyts',
    '-i',
    `file:${path}`,
    '-map',
    `0:${Number(stream['index'])}`,
    '-vf',
    `select='${wanted}',scale=${size.scaledWidth_px}:${size.scaledHeight_px}:flags=area,format=rgb24`,
    '-vsync',
    'passthrough',
    '-frames:v',
    String(times.length),
    '-f',
    'rawvideo',
    'pipe:1',
  ]);
  const frameBytes = 3 * size.scaledWidth_px * size.scaledHeight_px;
  const frames = Array.from({ length: Math.floor(bytes.length / frameBytes) }, (_, i) => ({
    rgb: Uint8Array.from(bytes.subarray(i * frameBytes, (i + 1) * frameBytes)),
    pts_s: times[i] ?? 0,
  }));
  return frames.length === 0 ? null : { size, frames };
}

function run(command: string, args: readonly string[]): Promise<Buffer> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      {
        encoding: 'buffer',
        timeout: 60_000,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
        windowsHide: true,
      },
      (_error, stdout) => resolve(stdout),
    );
  });
}
