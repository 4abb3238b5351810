import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';

import type { SmallPicture } from '../measures/colour-frames.ts';
import { DecodeLog } from './decode-log.ts';
import { ALLOWED_DEMUXERS, ALLOWED_PROTOCOLS } from './demuxers.ts';
import type { FfmpegTool } from './ffmpeg-tools.ts';
import { askFfprobe, videoStreamOf } from './ffprobe-stream.ts';
import {
  colourSize,
  type DecodeLimits,
  type DecodeOutcome,
  type DecodeTier,
  FIRST_COLOUR_STRIDE,
  GRAY_SIDE_PX,
  isColourFrame,
  MOST_COLOUR_FRAMES,
  type OnFrame,
} from './frame-stream.ts';
import { noVideoTrack } from './no-video-track.ts';

/** An ffmpeg that takes longer than this is killed: the pool's own deadline is shorter. */
const TIMEOUT_MS = 130_000;

/**
 * Decodes by a system ffmpeg: gray planes on its standard output, colour pictures and presentation times on two more
 * pipes, all from one decode.
 */
export async function decodeWithFfmpeg(
  tools: { readonly ffmpeg: FfmpegTool; readonly ffprobe: FfmpegTool },
  path: string,
  options: { readonly tier: DecodeTier; readonly limits: DecodeLimits },
  onFrame: OnFrame,
): Promise<DecodeOutcome> {
  const document = await askFfprobe(tools.ffprobe.command, path, { packets: false });
  if (!document.ok) return document;
  const stream = videoStreamOf(document);
  if (stream === null) return noVideoTrack;
  const width_px = Number(stream['width']);
  const height_px = Number(stream['height']);
  if (stream['codec_name'] === undefined || stream['codec_name'] === 'unknown') {
    return {
      ok: false,
      code: 'unsupported-codec',
      message: `no decoder for ${String(stream['codec_tag_string'])}`,
    };
  }
  if (!(width_px > 0) || !(height_px > 0)) {
    return { ok: false, code: 'corrupt-header', message: 'the video track has no size' };
  }
  if (width_px * height_px > options.limits.maxPixels) {
    return { ok: false, code: 'too-many-pixels', message: `${width_px}x${height_px} pixels` };
  }
  const [framesPerPeriod = 0, period_s = 1] = String(stream['avg_frame_rate'])
    .split('/')
    .map(Number);
  const interval_s = framesPerPeriod > 0 && period_s > 0 ? period_s / framesPerPeriod : 0.04;
  const size = colourSize(width_px, height_px);
  const args = commandLine(tools.ffmpeg, path, Number(stream['index']), size, options);
  const assembler = new FrameAssembler({
    interval_s,
    size,
    maxFrames: options.limits.maxFrames,
    onFrame,
  });
  const end = await runFfmpeg(tools.ffmpeg.command, args, assembler);
  if (assembler.frames === 0) {
    return {
      ok: false,
      code: 'no-frames',
      message: end.log.lines[0] ?? 'the decoder gave no frame',
    };
  }
  return {
    ok: true,
    decoder: 'ffmpeg',
    decoder_version: tools.ffmpeg.version,
    width_px,
    height_px,
    frame_count: assembler.frames,
    is_complete: !assembler.isFull && !end.timedOut,
    error_count: end.log.count,
    log: end.log.lines,
    decode_s: end.cpu_s,
  };
}

function commandLine(
  ffmpeg: FfmpegTool,
  path: string,
  streamIndex: number,
  size: { readonly width_px: number; readonly height_px: number },
  options: { readonly tier: DecodeTier; readonly limits: DecodeLimits },
): string[] {
  const isKeyframes = options.tier === 'keyframes';
  // -vsync gave way to -fps_mode in FFmpeg 5.1; older ones know only the former.
  const major = Number.parseInt(ffmpeg.version.replace(/^n/, ''), 10);
  const passthrough = [major < 6 ? '-vsync' : '-fps_mode', 'passthrough'];
  const graph = [
    `[0:${streamIndex}]${isKeyframes ? "select='key'," : ''}split=2[all][some]`,
    `[all]scale=${GRAY_SIDE_PX}:${GRAY_SIDE_PX}:flags=area,format=gray,split=2[gray][times]`,
    `[some]select='${colourSelection(options.limits.maxFrames)}',` +
      `scale=${size.width_px}:${size.height_px}:flags=area,format=rgb24[colour]`,
  ].join(';');
  return [
    '-nostdin',
    '-hide_banner',
    '-nostats',
    '-benchmark',
    '-loglevel',
    'repeat+level+info',
    '-filter_complex_threads',
    '1',
    '-threads',
    '1',
    '-max_pixels',
    String(options.limits.maxPixels),
    '-protocol_whitelist',
    ALLOWED_PROTOCOLS,
    '-format_whitelist',
    ALLOWED_DEMUXERS,
    // VP9 and AV1 decoders ignore skip_frame: the filter catches what they let through.
    ...(isKeyframes ? ['-skip_frame', 'nokey'] : []),
    '-noautorotate',
    // Times as the file has them, like the other decoder's.
    '-copyts',
    '-i',
    `file:${path}`,
    '-filter_complex',
    graph,
    '-map',
    '[gray]',
    ...passthrough,
    '-f',
    'rawvideo',
    'pipe:1',
    '-map',
    '[colour]',
    ...passthrough,
    '-f',
    'rawvideo',
    'pipe:3',
    '-map',
    '[times]',
    ...passthrough,
    '-enc_time_base',
    '-1',
    '-f',
    'framecrc',
    'pipe:4',
  ];
}

/** {@link isColourFrame} as a filter expression. */
function colourSelection(maxFrames: number): string {
  let expression = '0';
  let stride = FIRST_COLOUR_STRIDE;
  const strides: number[] = [];
  for (; MOST_COLOUR_FRAMES * stride < 2 * maxFrames; stride *= 2) strides.unshift(stride);
  for (const each of strides) {
    expression = `if(lt(n,${MOST_COLOUR_FRAMES * each}),not(mod(n,${each})),${expression})`;
  }
  const first = FIRST_COLOUR_STRIDE;
  return `if(lt(n,${first}),not(mod(n,${first / 2})),${expression})`;
}

type FfmpegEnd = { readonly log: DecodeLog; readonly cpu_s: number; readonly timedOut: boolean };

function runFfmpeg(
  command: string,
  args: readonly string[],
  assembler: FrameAssembler,
): Promise<FfmpegEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const log = new DecodeLog();
    let cpu_s = 0;
    let timedOut = false;
    let failure: unknown = null;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, TIMEOUT_MS);
    const feed = (index: number, take: (chunk: Buffer) => void): void => {
      const stream = child.stdio[index];
      if (!(stream instanceof Readable)) throw new Error('a pipe of ffmpeg is missing');
      stream.on('error', () => undefined);
      stream.on('data', (chunk: Buffer) => {
        try {
          if (!assembler.isFull) take(chunk);
        } catch (error) {
          failure = error;
        }
        if (assembler.isFull || failure !== null) child.kill('SIGKILL');
      });
    };
    feed(1, (chunk) => assembler.addGray(chunk));
    feed(3, (chunk) => assembler.addColour(chunk));
    feed(4, (chunk) => assembler.addTimes(chunk.toString('latin1')));
    let rest = '';
    const readLine = (line: string): void => {
      const bench = /\bbench: utime=([\d.]+)s stime=([\d.]+)s/.exec(line);
      if (bench !== null) cpu_s = Number(bench[1]) + Number(bench[2]);
      else if (/\[(error|fatal|panic)\]/.test(line))
        log.add(line.replace(/\[(error|fatal|panic)\]\s*/, ''));
    };
    child.stderr?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split(/[\r\n]+/);
      rest = (lines.pop() ?? '').slice(-10_000);
      for (const line of lines) readLine(line);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', () => {
      clearTimeout(timer);
      readLine(rest);
      if (failure !== null) {
        reject(failure);
        return;
      }
      try {
        assembler.finish();
        resolve({ log, cpu_s, timedOut });
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Puts frames together from three pipes that run at their own speed. */
class FrameAssembler {
  readonly #interval_s: number;
  readonly #size: { readonly width_px: number; readonly height_px: number };
  readonly #maxFrames: number;
  readonly #onFrame: OnFrame;
  readonly #gray: Chunker;
  readonly #colour: Chunker;
  readonly #times_s: number[] = [];
  #timesRest = '';
  #secondsPerTick = Number.NaN;
  #last_s = Number.NaN;
  frames = 0;

  constructor(options: {
    readonly interval_s: number;
    readonly size: { readonly width_px: number; readonly height_px: number };
    readonly maxFrames: number;
    readonly onFrame: OnFrame;
  }) {
    this.#interval_s = options.interval_s;
    this.#size = options.size;
    this.#maxFrames = options.maxFrames;
    this.#onFrame = options.onFrame;
    this.#gray = new Chunker(GRAY_SIDE_PX * GRAY_SIDE_PX);
    this.#colour = new Chunker(3 * options.size.width_px * options.size.height_px);
  }

  get isFull(): boolean {
    return this.frames >= this.#maxFrames;
  }

  addGray(chunk: Buffer): void {
    this.#gray.add(chunk);
    this.#emit(false);
  }

  addColour(chunk: Buffer): void {
    this.#colour.add(chunk);
    this.#emit(false);
  }

  addTimes(text: string): void {
    const lines = (this.#timesRest + text).split('\n');
    this.#timesRest = lines.pop() ?? '';
    for (const line of lines) {
      const timebase = /^#tb 0: (\d+)\/(\d+)/.exec(line);
      if (timebase !== null) this.#secondsPerTick = Number(timebase[1]) / Number(timebase[2]);
      if (line.startsWith('#') || line === '') continue;
      const pts = Number(line.split(',')[2]);
      this.#times_s.push(pts * this.#secondsPerTick);
    }
    this.#emit(false);
  }

  /** Hands on what is left when all pipes have ended. */
  finish(): void {
    this.#emit(true);
  }

  #emit(isEnd: boolean): void {
    while (!this.isFull && this.#gray.has()) {
      const wantsColour = isColourFrame(this.frames);
      if (!isEnd && (this.#times_s.length === 0 || (wantsColour && !this.#colour.has()))) return;
      const gray = this.#gray.take();
      if (gray === null) return;
      const rgb = wantsColour ? this.#colour.take() : null;
      const told_s = this.#times_s.shift();
      const estimated_s = Number.isNaN(this.#last_s) ? 0 : this.#last_s + this.#interval_s;
      const pts_s = told_s === undefined || !Number.isFinite(told_s) ? estimated_s : told_s;
      const { width_px, height_px } = this.#size;
      const picture = rgb && { rgb, stride_bytes: 3 * width_px, width_px, height_px };
      const index = this.frames;
      const colour = (): SmallPicture | null => picture;
      this.#onFrame({
        index,
        pts_s,
        gray,
        colour,
        hasEmptyChroma: () => false,
        native: () => null,
        isCorrupt: false,
      });
      this.#last_s = pts_s;
      this.frames++;
    }
  }
}

/** Cuts a stream of bytes into pieces of one size. */
class Chunker {
  readonly #size: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  has(): boolean {
    return this.#bytes >= this.#size;
  }

  take(): Uint8Array | null {
    if (!this.has()) return null;
    const piece = new Uint8Array(this.#size);
    let filled = 0;
    while (filled < this.#size) {
      const first = this.#chunks[0];
      if (first === undefined) return null;
      const part = first.subarray(0, this.#size - filled);
      piece.set(part, filled);
      filled += part.length;
      if (part.length === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(part.length);
    }
    this.#bytes -= this.#size;
    return piece;
  }
}
