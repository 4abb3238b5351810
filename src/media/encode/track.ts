import type { Codec, CodecContext, FormatContext, Packet } from 'node-av';
import { assertDone, assertGiven, type LibAv } from './libav.ts';
import type { Ratio } from './ratio.ts';

/** One encoded track, held in memory until it is written. */
export type Track = {
  readonly encoder: CodecContext;
  readonly packets: readonly Packet[];
  readonly keyframes: number;
  /** End of the last packet, in seconds. */
  readonly end_s: number;
};

/** The FFmpeg encoder of that name; throws `engine` where the libraries lack it. */
export function findEncoder(av: LibAv, name: string): Codec {
  return assertGiven(
    av.Codec.getCodecList().find((codec) => codec.name === name && codec.isEncoder()),
    `the FFmpeg libraries have no encoder ${name}`,
  );
}

/**
 * Set options by their FFmpeg names. Not by a dictionary at opening: FFmpeg frees the entries it has used, and the
 * wrapper frees them again (seen in node-av 6.1.1: the process dies at exit).
 */
export function setOptions(
  av: LibAv,
  context: CodecContext | FormatContext,
  options: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(options)) {
    assertDone(av, context.setOption(name, value), `option ${name}=${value}`);
  }
}

/** Move the packets that are ready out of an encoder. */
export function drainPackets(av: LibAv, encoder: CodecContext, packets: Packet[]): void {
  for (;;) {
    const packet = new av.Packet();
    packet.alloc();
    const code = encoder.receivePacketSync(packet);
    if (code === av.AVERROR_EAGAIN || code === av.AVERROR_EOF) {
      packet.free();
      return;
    }
    assertDone(av, code, 'encode');
    packets.push(packet);
  }
}

/** A track of the packets an encoder gave; `rate` is how often one of its frames comes. */
export function describeTrack(
  encoder: CodecContext,
  packets: readonly Packet[],
  rate: Ratio,
): Track {
  const { num, den } = encoder.timeBase;
  const last = packets.reduce((most, packet) => Math.max(most, Number(packet.pts)), 0);
  return {
    encoder,
    packets,
    keyframes: packets.filter((packet) => packet.isKeyframe).length,
    end_s: (last * num) / den + (rate.num > 0 ? rate.den / rate.num : 0),
  };
}
