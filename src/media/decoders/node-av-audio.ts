import type { CodecContext, Frame, Stream } from 'node-av/lib';

import { LoudnessMeter, type Loudness } from '../measures/loudness.ts';
import type { DecodeFailure } from './frame-stream.ts';
import { openDecoder, openInput, settleLog, withLog } from './node-av-input.ts';
import type { NodeAv } from './node-av-library.ts';

/** What a decode of the first audio track said. */
type SoundReport = Loudness & {
  readonly ok: true;
  readonly codec: string;
  readonly sampleRate_hz: number;
  readonly channels: number;
  readonly decoded_s: number;
  readonly isComplete: boolean;
  readonly errorCount: number;
};

/** Sound that is decoded at most: silence and phase show in a minute. */
const MOST_S = 60;

/** Decodes the sound of a local file in this process; `null` if it has no audio track. */
export function decodeSound(av: NodeAv, path: string): Promise<SoundReport | DecodeFailure | null> {
  return withLog(av, async (log) => {
    const input = await openInput(av, path);
    if (!input.ok) return input;
    try {
      const stream = input.format.streams.find(
        (each) => each.codecpar.codecType === av.constants.AVMEDIA_TYPE_AUDIO,
      );
      if (stream === undefined) return null;
      for (const each of input.format.streams)
        if (each.index !== stream.index) each.discard = av.constants.AVDISCARD_ALL;
      const decoder = openDecoder(av, stream, 1);
      if ('ok' in decoder) return decoder;
      const pump = new SoundPump(av);
      let isComplete: boolean;
      try {
        isComplete = pump.run(input.format, stream, decoder);
      } finally {
        decoder.freeContext();
      }
      await settleLog();
      const loudness = pump.loudness();
      if (loudness === null) {
        const message = log.lines[0] ?? 'the decoder gave no sound';
        return { ok: false, code: 'no-frames', message };
      }
      return {
        ok: true,
        ...loudness,
        codec: av.lib.avGetCodecName(stream.codecpar.codecId) ?? 'unknown',
        sampleRate_hz: pump.sampleRate_hz,
        channels: pump.channels,
        decoded_s: pump.decoded_s,
        isComplete,
        errorCount: log.count,
      };
    } finally {
      input.format.closeInputSync();
    }
  });
}

type Reader = (plane: Buffer, sample: number) => number;

class SoundPump {
  readonly #av: NodeAv;
  #meter: LoudnessMeter | null = null;
  sampleRate_hz = 0;
  channels = 0;
  decoded_s = 0;

  constructor(av: NodeAv) {
    this.#av = av;
  }

  /** Whether the end of the track was reached. */
  run(
    format: { readonly readFrameSync: (packet: InstanceType<NodeAv['lib']['Packet']>) => number },
    stream: Stream,
    decoder: CodecContext,
  ): boolean {
    const { lib, constants } = this.#av;
    const packet = new lib.Packet();
    packet.alloc();
    const frame = new lib.Frame();
    frame.alloc();
    const drain = (): void => {
      while (decoder.receiveFrameSync(frame) >= 0) {
        this.#take(frame);
        frame.unref();
      }
    };
    try {
      while (this.decoded_s < MOST_S) {
        const read = format.readFrameSync(packet);
        if (read === constants.AVERROR_EAGAIN) continue;
        if (read < 0) {
          decoder.sendPacketSync(null);
          drain();
          return true;
        }
        if (packet.streamIndex === stream.index) {
          decoder.sendPacketSync(packet);
          drain();
        }
        packet.unref();
      }
      return false;
    } finally {
      packet.free();
      frame.free();
    }
  }

  #take(frame: Frame): void {
    const layout = this.#layout(frame);
    const planes = frame.extendedData ?? frame.data;
    const first = planes?.[0];
    if (layout === null || first === undefined || frame.sampleRate <= 0) return;
    const channels = frame.channelLayout.nbChannels;
    this.sampleRate_hz = frame.sampleRate;
    this.channels = channels;
    this.#meter ??= new LoudnessMeter(frame.sampleRate);
    const { read, isPlanar } = layout;
    const second = isPlanar ? planes?.[1] : first;
    for (let sample = 0; sample < frame.nbSamples; sample++) {
      const left = read(first, isPlanar ? sample : sample * channels);
      const right =
        channels < 2 || second === undefined
          ? null
          : read(second, isPlanar ? sample : sample * channels + 1);
      this.#meter.add(left, right);
    }
    this.decoded_s += frame.nbSamples / frame.sampleRate;
  }

  #layout({ format }: Frame): { readonly read: Reader; readonly isPlanar: boolean } | null {
    const { constants } = this.#av;
    switch (format) {
      case constants.AV_SAMPLE_FMT_FLTP:
        return { read: readFloat, isPlanar: true };
      case constants.AV_SAMPLE_FMT_FLT:
        return { read: readFloat, isPlanar: false };
      case constants.AV_SAMPLE_FMT_S16P:
        return { read: readShort, isPlanar: true };
      case constants.AV_SAMPLE_FMT_S16:
        return { read: readShort, isPlanar: false };
      case constants.AV_SAMPLE_FMT_S32P:
        return { read: readInt, isPlanar: true };
      case constants.AV_SAMPLE_FMT_S32:
        return { read: readInt, isPlanar: false };
      default:
        return null;
    }
  }

  loudness(): Loudness | null {
    return this.#meter?.finish() ?? null;
  }
}

function readFloat(plane: Buffer, sample: number): number {
  const value = plane.readFloatLE(4 * sample);
  return Number.isFinite(value) ? value : 0;
}

function readShort(plane: Buffer, sample: number): number {
  return plane.readInt16LE(2 * sample) / 32_768;
}

function readInt(plane: Buffer, sample: number): number {
  return plane.readInt32LE(4 * sample) / 2_147_483_648;
}
