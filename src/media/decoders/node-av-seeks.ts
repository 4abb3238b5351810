import type { CodecContext, FormatContext, Frame, Stream } from 'node-av/lib';

import { meanAbsoluteDifference } from '../measures/frame-difference.ts';
import { thumbOf } from '../measures/thumb.ts';
import { GRAY_SIDE_PX, type DecodeLimits } from './frame-stream.ts';
import { openDecoder, openInput, withLog } from './node-av-input.ts';
import type { NodeAv } from './node-av-library.ts';
import { FrameScaler } from './node-av-scaler.ts';

/** What came of asking for single frames, against what decoding from the start shows at their times. */
type SeekReport = {
  readonly asked_count: number;
  /** Frames that did not come, or came at another time. */
  readonly missed_count: number;
  /** Largest distance of the time that came from the time that was asked for, s. */
  readonly offset_s: number;
  /** Largest mean difference of the picture that came to the one that stands there, grey levels of 16x16 gray. */
  readonly difference: number;
};

/** Frames decoded from the start: more are not needed to ask for some in the middle. */
const MOST_FRAMES = 1500;
/** Where frames are asked for, shares of what was decoded: out of order, as a loader does. */
const PLACES = [0.7, 0.3, 0.9, 0.5] as const;
/** Frames decoded after a seek before the asked one counts as missed. */
const MOST_AFTER_SEEK = 600;
const LEAST_FRAMES = 8;

type Shown = { readonly pts: bigint; readonly thumb: Uint8Array };

/**
 * Decodes a local file from its start, then asks for four of its frames by time. Null where there is nothing to compare:
 * no video, fewer than eight frames, or frames without times.
 */
export function compareSeeks(
  av: NodeAv,
  path: string,
  limits: DecodeLimits,
): Promise<SeekReport | null> {
  return withLog(av, async () => {
    const input = await openInput(av, path);
    if (!input.ok) return null;
    try {
      if (input.video === null) return null;
      const decoder = openDecoder(av, input.video, limits.maxPixels);
      if ('ok' in decoder) return null;
      const seeker = new Seeker(av, input.format, input.video, decoder);
      try {
        return seeker.compare();
      } finally {
        seeker.close();
        decoder.freeContext();
      }
    } finally {
      input.format.closeInputSync();
    }
  });
}

class Seeker {
  readonly #av: NodeAv;
  readonly #format: FormatContext;
  readonly #video: Stream;
  readonly #decoder: CodecContext;
  readonly #scaler: FrameScaler;

  constructor(av: NodeAv, format: FormatContext, video: Stream, decoder: CodecContext) {
    this.#av = av;
    this.#format = format;
    this.#video = video;
    this.#decoder = decoder;
    this.#scaler = new FrameScaler(av, av.constants.AV_PIX_FMT_GRAY8, 1);
  }

  compare(): SeekReport | null {
    const inOrder: Shown[] = [];
    this.#decode(MOST_FRAMES, (shown) => {
      inOrder.push(shown);
      return false;
    });
    if (inOrder.length < LEAST_FRAMES) return null;
    const secondsPerTick = this.#video.timeBase.num / this.#video.timeBase.den;
    let missed_count = 0;
    let offset_s = 0;
    let difference = 0;
    for (const place of PLACES) {
      const wanted = inOrder[Math.floor(place * inOrder.length)];
      if (wanted === undefined) continue;
      const found = this.#seek(wanted.pts);
      if (found === null) {
        missed_count++;
        continue;
      }
      const off_s = Math.abs(Number(found.pts - wanted.pts)) * secondsPerTick;
      if (off_s > 0) missed_count++;
      offset_s = Math.max(offset_s, off_s);
      const there = off_s === 0 ? wanted : nearest(inOrder, found.pts);
      difference = Math.max(difference, meanAbsoluteDifference(found.thumb, there.thumb));
    }
    return { asked_count: PLACES.length, missed_count, offset_s, difference };
  }

  /** The first frame at or after a time when the file is entered at the keyframe before it. */
  #seek(pts: bigint): Shown | null {
    const { AVSEEK_FLAG_BACKWARD } = this.#av.constants;
    if (this.#format.seekFrameSync(this.#video.index, pts, AVSEEK_FLAG_BACKWARD) < 0) return null;
    this.#decoder.flushBuffers();
    let found: Shown | null = null;
    this.#decode(MOST_AFTER_SEEK, (shown) => {
      if (shown.pts < pts) return false;
      found = shown;
      return true;
    });
    return found;
  }

  /** Hands on frames in their order until `take` says that it has what it wants. */
  #decode(most: number, take: (shown: Shown) => boolean): void {
    const packet = new this.#av.lib.Packet();
    packet.alloc();
    const frame = new this.#av.lib.Frame();
    frame.alloc();
    let count = 0;
    /** Whether the caller has what it wants. What is ready is taken out all the same: a flush of HEVC would keep it. */
    const drain = (): boolean => {
      let isDone = false;
      while (this.#decoder.receiveFrameSync(frame) >= 0) {
        const shown: Shown | null = isDone ? null : this.#shown(frame);
        frame.unref();
        isDone ||= ++count >= most || (shown !== null && take(shown));
      }
      return isDone;
    };
    try {
      for (let isDone = false; !isDone;) {
        if (this.#format.readFrameSync(packet) < 0) {
          this.#decoder.sendPacketSync(null);
          drain();
          return;
        }
        if (packet.streamIndex === this.#video.index) {
          this.#decoder.sendPacketSync(packet);
          isDone = drain();
        }
        packet.unref();
      }
    } finally {
      packet.free();
      frame.free();
    }
  }

  #shown(frame: Frame): Shown | null {
    const pts = frame.bestEffortTimestamp;
    if (pts === this.#av.constants.AV_NOPTS_VALUE) return null;
    const gray = this.#scaler.reduce(frame, GRAY_SIDE_PX, GRAY_SIDE_PX);
    return gray === null ? null : { pts, thumb: thumbOf(gray, GRAY_SIDE_PX) };
  }

  close(): void {
    this.#scaler.close();
  }
}

function nearest(frames: readonly Shown[], pts: bigint): Shown {
  const away = ({ pts: own }: Shown): bigint => (own > pts ? own - pts : pts - own);
  return frames.reduce((best, frame) => (away(frame) < away(best) ? frame : best));
}
