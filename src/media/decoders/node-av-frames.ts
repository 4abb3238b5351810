import type { CodecContext, FormatContext, Frame, Stream } from 'node-av/lib';

import {
  colourSize,
  type DecodeLimits,
  type DecodeOutcome,
  type DecodeTier,
  GRAY_SIDE_PX,
  type OnFrame,
} from './frame-stream.ts';
import type { SmallPicture } from '../measures/colour-frames.ts';
import type { NativePlane } from '../measures/native-luma.ts';
import { hasEmptyChroma, lumaPlane } from './node-av-luma.ts';
import { openDecoder, openInput, settleLog, withLog } from './node-av-input.ts';
import { FrameScaler } from './node-av-scaler.ts';
import { noVideoTrack } from './no-video-track.ts';
import type { NodeAv } from './node-av-library.ts';

/** Decodes in this process, synchronously: run it in a child that may be killed. */
export function decodeWithNodeAv(
  av: NodeAv,
  path: string,
  options: {
    readonly tier: DecodeTier;
    readonly limits: DecodeLimits;
    readonly isSparse?: boolean;
  },
  onFrame: OnFrame,
): Promise<DecodeOutcome> {
  return withLog(av, async (log) => {
    const started = process.cpuUsage();
    const input = await openInput(av, path, options.isSparse === true ? 'keyframes' : 'header');
    if (!input.ok) return input;
    try {
      if (input.video === null) return noVideoTrack;
      const isExact = options.tier === 'full';
      const decoder = openDecoder(av, input.video, options.limits.maxPixels, isExact);
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
      if (
        packet.streamIndex === video.index &&
        (options.tier !== 'keyframes' || packet.isKeyframe)
      ) {
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
  readonly #gray: FrameScaler;
  readonly #colour: FrameScaler;
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
    this.#gray = new FrameScaler(av, av.constants.AV_PIX_FMT_GRAY8, 1);
    this.#colour = new FrameScaler(av, av.constants.AV_PIX_FMT_RGB24, 3);
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
    const colour = (): SmallPicture | null => {
      const size = colourSize(this.width_px, this.height_px);
      const lines = this.#colour.reduceLines(frame, size.width_px, size.height_px);
      if (lines === null) return null;
      return { rgb: lines.pixels, stride_bytes: lines.stride_bytes, ...size };
    };
    const native = (): NativePlane | null => lumaPlane(this.#av, frame);
    this.#onFrame({
      index: this.frames,
      pts_s,
      gray,
      colour,
      hasEmptyChroma: () => hasEmptyChroma(this.#av, frame),
      native,
      isCorrupt,
    });
    this.#last_s = pts_s;
    this.frames++;
  }

  close(): void {
    this.#gray.close();
    this.#colour.close();
  }
}
