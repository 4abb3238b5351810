import type { AVPixelFormat } from 'node-av/constants';
import type { CodecContext, FormatContext, Frame, SoftwareScaleContext, Stream } from 'node-av/lib';

import {
  colourSize,
  type DecodeLimits,
  type DecodeOutcome,
  type DecodeTier,
  GRAY_SIDE_PX,
  isColourFrame,
  type OnFrame,
} from './frame-stream.ts';
import { openDecoder, openInput, settleLog, withLog } from './node-av-input.ts';
import { noVideoTrack } from './no-video-track.ts';
import type { NodeAv } from './node-av-library.ts';

/** Decodes in this process, synchronously: run it in a child that may be killed. */
export function decodeWithNodeAv(
  av: NodeAv,
  path: string,
  options: { readonly tier: DecodeTier; readonly limits: DecodeLimits },
  onFrame: OnFrame,
): Promise<DecodeOutcome> {
  return withLog(av, async (log) => {
    const started = process.cpuUsage();
    const input = await openInput(av, path);
    if (!input.ok) return input;
    try {
      if (input.video === null) return noVideoTrack;
      const decoder = openDecoder(av, input.video, options.limits.maxPixels);
      if ('ok' in decoder) return decoder;
      const pump = new FramePump(av, input.video, onFrame);
      let isComplete: boolean;
      try {
        isComplete = decodeAll(av, input.format, input.video, decoder, options, pump);
      } finally {
        decoder.freeContext();
        pump.close();
      }
      await settleLog();
      if (pump.frames === 0) {
        return {
          ok: false,
          code: 'no-frames',
          message: log.lines[0] ?? 'the decoder gave no frame',
        };
      }
      const spent = process.cpuUsage(started);
      return {
        ok: true,
        decoder: 'node-av',
        decoder_version: av.version,
        width_px: pump.width_px,
        height_px: pump.height_px,
        frame_count: pump.frames,
        is_complete: isComplete,
        error_count: log.count + pump.corrupt,
        log: log.lines,
        decode_s: (spent.user + spent.system) / 1e6,
      };
    } finally {
      input.format.closeInputSync();
    }
  });
}

/** Feeds the stream's packets through the decoder; whether the end was reached before the limit of frames. */
function decodeAll(
  av: NodeAv,
  format: FormatContext,
  video: Stream,
  decoder: CodecContext,
  options: { readonly tier: DecodeTier; readonly limits: DecodeLimits },
  pump: FramePump,
): boolean {
  const { constants } = av;
  const packet = new av.lib.Packet();
  packet.alloc();
  const frame = new av.lib.Frame();
  frame.alloc();
  for (const stream of format.streams) {
    if (stream.index !== video.index) stream.discard = constants.AVDISCARD_ALL;
  }
  const drain = (): void => {
    while (pump.frames < options.limits.maxFrames) {
      if (decoder.receiveFrameSync(frame) < 0) return;
      pump.take(frame);
      frame.unref();
    }
  };
  try {
    while (pump.frames < options.limits.maxFrames) {
      const read = format.readFrameSync(packet);
      if (read === constants.AVERROR_EAGAIN) continue;
      if (read < 0) break;
      // skip_frame is ignored by the VP9 and AV1 decoders: keep other packets away from them.
      if (packet.streamIndex === video.index && (options.tier === 'frames' || packet.isKeyframe)) {
        decoder.sendPacketSync(packet);
        drain();
      }
      packet.unref();
    }
    if (pump.frames >= options.limits.maxFrames) return false;
    decoder.sendPacketSync(null);
    drain();
    return pump.frames < options.limits.maxFrames;
  } finally {
    packet.free();
    frame.free();
  }
}

/** Reduces decoded frames and hands them on. */
class FramePump {
  readonly #av: NodeAv;
  readonly #secondsPerTick: number;
  readonly #interval_s: number;
  readonly #onFrame: OnFrame;
  readonly #gray: Reducer;
  readonly #colour: Reducer;
  #last_s = Number.NaN;
  frames = 0;
  corrupt = 0;
  width_px = 0;
  height_px = 0;

  constructor(av: NodeAv, video: Stream, onFrame: OnFrame) {
    this.#av = av;
    this.#secondsPerTick = video.timeBase.num / video.timeBase.den;
    const rate = video.avgFrameRate.num > 0 ? video.avgFrameRate : video.rFrameRate;
    this.#interval_s = rate.num > 0 && rate.den > 0 ? rate.den / rate.num : 0.04;
    this.#onFrame = onFrame;
    this.#gray = new Reducer(av, av.constants.AV_PIX_FMT_GRAY8, 1);
    this.#colour = new Reducer(av, av.constants.AV_PIX_FMT_RGB24, 3);
  }

  take(frame: Frame): void {
    const { AV_NOPTS_VALUE } = this.#av.constants;
    if (this.frames === 0) {
      this.width_px = frame.width;
      this.height_px = frame.height;
    }
    const pts = frame.bestEffortTimestamp;
    const estimated_s = Number.isNaN(this.#last_s) ? 0 : this.#last_s + this.#interval_s;
    const pts_s = pts === AV_NOPTS_VALUE ? estimated_s : Number(pts) * this.#secondsPerTick;
    const isCorrupt =
      frame.decodeErrorFlags !== 0 ||
      (frame.flags & this.#av.constants.AV_FRAME_FLAG_CORRUPT) !== 0;
    const gray = this.#gray.reduce(frame, GRAY_SIDE_PX, GRAY_SIDE_PX);
    if (gray === null) {
      this.corrupt++;
      return;
    }
    if (isCorrupt) this.corrupt++;
    const size = colourSize(this.width_px, this.height_px);
    const rgb = isColourFrame(this.frames)
      ? this.#colour.reduce(frame, size.width_px, size.height_px)
      : null;
    const colour = rgb === null ? null : { rgb, ...size };
    this.#onFrame({ index: this.frames, pts_s, gray, colour, isCorrupt });
    this.#last_s = pts_s;
    this.frames++;
  }

  close(): void {
    this.#gray.close();
    this.#colour.close();
  }
}

/** Scales frames to one small packed format by area average; made anew when size or format of its input change. */
class Reducer {
  readonly #av: NodeAv;
  readonly #format: AVPixelFormat;
  readonly #bytesPerPixel: number;
  #scaler: SoftwareScaleContext | null = null;
  #target: Frame | null = null;
  #from = '';

  constructor(av: NodeAv, format: AVPixelFormat, bytesPerPixel: number) {
    this.#av = av;
    this.#format = format;
    this.#bytesPerPixel = bytesPerPixel;
  }

  /** The packed pixels, valid until the next call; null if the frame can't be scaled. */
  reduce(frame: Frame, width_px: number, height_px: number): Uint8Array | null {
    const from = `${frame.width}x${frame.height} ${frame.format}`;
    const { format } = frame;
    if (!isPixelFormat(frame, format)) return null;
    if (this.#scaler === null || this.#target === null || from !== this.#from) {
      this.close();
      const target = new this.#av.lib.Frame();
      target.alloc();
      target.width = width_px;
      target.height = height_px;
      target.format = this.#format;
      // The library's own alignment: its scalers write whole vectors, past the end of unpadded lines.
      target.getBuffer(0);
      const scaler = new this.#av.lib.SoftwareScaleContext();
      scaler.getContext(
        frame.width,
        frame.height,
        format,
        width_px,
        height_px,
        this.#format,
        this.#av.constants.SWS_AREA,
      );
      this.#target = target;
      this.#scaler = scaler;
      this.#from = from;
    }
    if (this.#scaler.scaleFrameSync(this.#target, frame) < 0) return null;
    const plane = this.#target.data?.[0];
    const stride = this.#target.linesize[0] ?? 0;
    const row = width_px * this.#bytesPerPixel;
    if (plane === undefined) return null;
    if (stride === row) return plane.subarray(0, row * height_px);
    const packed = new Uint8Array(row * height_px);
    for (let y = 0; y < height_px; y++)
      packed.set(plane.subarray(y * stride, y * stride + row), y * row);
    return packed;
  }

  close(): void {
    this.#scaler?.freeContext();
    this.#target?.free();
    this.#scaler = null;
    this.#target = null;
  }
}

/** The wrapper's type of a frame's format also allows sample formats. */
function isPixelFormat(frame: Frame, format: Frame['format']): format is AVPixelFormat {
  return format === frame.format && frame.isVideo();
}
