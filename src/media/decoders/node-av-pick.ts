import type { CodecContext, FormatContext, Frame, Stream } from 'node-av/lib';

import { type StripSize, stripSize } from '../strip-size.ts';
import { DECODE_LIMITS } from './frame-stream.ts';
import { rotationOf, sampleAspectRatioOf } from './node-av-geometry.ts';
import { openDecoder, openInput, withLog } from './node-av-input.ts';
import type { NodeAv } from './node-av-library.ts';
import { FrameScaler } from './node-av-scaler.ts';

/** Frames picked out of a video: RGB before rotation. */
export type PickedFrames = {
  readonly size: StripSize;
  readonly frames: readonly { readonly rgb: Uint8Array; readonly pts_s: number }[];
};

/** What to pick. */
export type PickOptions = {
  readonly times: readonly number[] | null;
  readonly count: number;
  readonly maxWidth_px: number;
  readonly rotation_deg: number | null;
  readonly sar: number | null;
  /** The file holds its keyframes alone: the nearest ones have to do. */
  readonly isSparse?: boolean;
};

/** A target that lies further ahead than this is sought rather than decoded up to. */
const SEEK_S = 15;
/** Frames decoded in all. */
const MOST_DECODED = 5000;

/** Decodes a video once, forwards, and keeps the frames nearest to the wanted times; null if there are none. */
export function pickWithNodeAv(
  av: NodeAv,
  path: string,
  options: PickOptions,
): Promise<PickedFrames | null> {
  return withLog(av, async () => {
    const input = await openInput(av, path, options.isSparse === true ? 'keyframes' : 'packets');
    if (!input.ok) return null;
    try {
      if (input.video === null) return null;
      const decoder = openDecoder(av, input.video, DECODE_LIMITS.maxPixels);
      if ('ok' in decoder) return null;
      const picker = new Picker(av, input.format, input.video, options);
      try {
        return picker.pick(decoder);
      } finally {
        picker.close();
        decoder.freeContext();
      }
    } finally {
      input.format.closeInputSync();
    }
  });
}

class Picker {
  readonly #av: NodeAv;
  readonly #format: FormatContext;
  readonly #video: Stream;
  readonly #options: PickOptions;
  readonly #scaler: FrameScaler;
  readonly #secondsPerTick: number;
  readonly #half_s: number;
  readonly #targets: number[];
  readonly #frames: { rgb: Uint8Array; pts_s: number }[] = [];
  #size: StripSize | null = null;
  #decoded = 0;
  #soughtFor = Number.NaN;

  constructor(av: NodeAv, format: FormatContext, video: Stream, options: PickOptions) {
    this.#av = av;
    this.#format = format;
    this.#video = video;
    this.#options = options;
    this.#scaler = new FrameScaler(av, av.constants.AV_PIX_FMT_RGB24, 3);
    this.#secondsPerTick = video.timeBase.num / video.timeBase.den;
    const rate = video.avgFrameRate;
    this.#half_s = rate.num > 0 ? (0.5 * rate.den) / rate.num : 0.02;
    this.#targets = [...(options.times ?? this.#evenTimes())].toSorted((a, b) => a - b);
  }

  #evenTimes(): number[] {
    const { AV_NOPTS_VALUE } = this.#av.constants;
    const { duration, startTime } = this.#video;
    const start_s = startTime === AV_NOPTS_VALUE ? 0 : Number(startTime) * this.#secondsPerTick;
    const known_s =
      duration === AV_NOPTS_VALUE || duration <= 0n
        ? Number(this.#format.duration) / 1e6
        : Number(duration) * this.#secondsPerTick;
    const duration_s = Number.isFinite(known_s) && known_s > 0 ? known_s : 1;
    const { count } = this.#options;
    return Array.from({ length: count }, (_, i) => start_s + ((i + 0.5) / count) * duration_s);
  }

  pick(decoder: CodecContext): PickedFrames | null {
    const packet = new this.#av.lib.Packet();
    packet.alloc();
    const frame = new this.#av.lib.Frame();
    frame.alloc();
    let hasFrame = false;
    let last_s = Number.NEGATIVE_INFINITY;
    const drain = (): void => {
      for (;;) {
        const next = decoder.receiveFrameSync(frame);
        if (next < 0) return;
        this.#decoded++;
        const pts = frame.bestEffortTimestamp;
        last_s =
          pts === this.#av.constants.AV_NOPTS_VALUE ? last_s : Number(pts) * this.#secondsPerTick;
        hasFrame = true;
        this.#take(frame, last_s);
      }
    };
    try {
      while (this.#targets.length > 0 && this.#decoded < MOST_DECODED) {
        this.#seek(decoder, last_s);
        if (this.#format.readFrameSync(packet) < 0) break;
        const isHole = this.#options.isSparse === true && !packet.isKeyframe;
        if (packet.streamIndex === this.#video.index && !isHole) {
          decoder.sendPacketSync(packet);
          drain();
        }
        packet.unref();
      }
      if (this.#targets.length > 0) {
        decoder.sendPacketSync(null);
        drain();
      }
      // A clip that is shorter than it says: its last frame stands for the end.
      if (hasFrame && this.#frames.length === 0) this.#keep(frame, last_s);
      return this.#size === null ? null : { size: this.#size, frames: this.#frames };
    } finally {
      packet.free();
      frame.free();
    }
  }

  #seek(decoder: CodecContext, last_s: number): void {
    const [target] = this.#targets;
    if (target === undefined || !Number.isFinite(last_s) || target - last_s < SEEK_S) return;
    const ticks = BigInt(Math.round(target / this.#secondsPerTick));
    const index = this.#video.index;
    // Never back: a file without an index would be read from its start again and again.
    if (this.#soughtFor === target) return;
    this.#soughtFor = target;
    if (this.#format.seekFrameSync(index, ticks, this.#av.constants.AVSEEK_FLAG_BACKWARD) >= 0)
      decoder.flushBuffers();
  }

  #take(frame: Frame, pts_s: number): void {
    let isWanted = false;
    while (this.#targets[0] !== undefined && pts_s >= this.#targets[0] - this.#half_s) {
      this.#targets.shift();
      isWanted = true;
    }
    if (isWanted) this.#keep(frame, pts_s);
  }

  #keep(frame: Frame, pts_s: number): void {
    this.#size ??= stripSize(
      { width_px: frame.width, height_px: frame.height },
      {
        sar: this.#options.sar ?? sampleAspectRatioOf(this.#video),
        rotation_deg: this.#options.rotation_deg ?? rotationOf(this.#av, this.#video),
        maxWidth_px: this.#options.maxWidth_px,
      },
    );
    const rgb = this.#scaler.reduce(frame, this.#size.scaledWidth_px, this.#size.scaledHeight_px);
    if (rgb !== null) this.#frames.push({ rgb: new Uint8Array(rgb), pts_s });
  }

  close(): void {
    this.#scaler.close();
  }
}
