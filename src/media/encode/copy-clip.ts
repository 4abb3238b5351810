import { assertDone, assertGiven, loadLibAv } from './libav.ts';
import { setOptions } from './track.ts';

/** What to copy of a clip without decoding it. */
export type CopyRecipe = {
  /** Where the copy should start to show. */
  readonly start_s?: number;
  readonly duration_s?: number;
  /**
   * `keyframe` takes the frames since the keyframe before the start along and hides them by an edit list;
   * `exact` drops them, so that the first frame cannot be decoded on its own. Default `keyframe`.
   */
  readonly from?: 'keyframe' | 'exact';
  /** Mark every packet as a keyframe, as an index does that was built without looking at the packets. */
  readonly marksAllKeyframes?: boolean;
  /** Write the index in front. Default true. */
  readonly faststart?: boolean;
};

/**
 * Copy packets of a local file into a new file, as `-ss … -t … -c copy` does. Returns how many video packets.
 * Throws `engine` where the libraries refuse the file.
 */
export async function copyClip(
  input: string,
  output: string,
  recipe: CopyRecipe = {},
): Promise<{ readonly videoPackets: number }> {
  const av = await loadLibAv();
  const reader = new av.FormatContext();
  const writer = new av.FormatContext();
  const packet = new av.Packet();
  packet.alloc();
  let videoPackets = 0;
  try {
    assertDone(av, reader.openInputSync(`file:${input}`), `open ${input}`);
    assertDone(av, reader.findStreamInfoSync(), `read ${input}`);
    assertDone(av, writer.allocOutputContext2(null, null, `file:${output}`), `open ${output}`);
    writer.setFlags(av.AVFMT_FLAG_BITEXACT);
    for (const stream of reader.streams) {
      const copy = writer.newStream();
      assertDone(av, stream.codecpar.copy(copy.codecpar), 'stream');
      copy.codecpar.codecTag = 0;
      copy.timeBase = stream.timeBase;
      copy.avgFrameRate = stream.avgFrameRate;
      copy.sampleAspectRatio = stream.sampleAspectRatio;
    }
    assertDone(av, writer.openOutputSync(), `open ${output}`);
    const isMp4 = /mp4|mov/.test(writer.oformat?.name ?? '');
    setOptions(av, writer, isMp4 && recipe.faststart !== false ? { movflags: '+faststart' } : {});
    assertDone(av, writer.writeHeaderSync(), `header of ${output}`);
    const start_s = recipe.start_s ?? 0;
    const end_s = start_s + (recipe.duration_s ?? Number.POSITIVE_INFINITY);
    if (start_s > 0) {
      const microseconds = BigInt(Math.round(start_s * 1e6));
      assertDone(av, reader.seekFrameSync(-1, microseconds, av.AVSEEK_FLAG_BACKWARD), 'seek');
    }
    while (reader.readFrameSync(packet) >= 0) {
      const from = assertGiven(reader.streams[packet.streamIndex], 'stream');
      const to = assertGiven(writer.streams[packet.streamIndex], 'stream');
      const isVideo = from.codecpar.codecType === av.AVMEDIA_TYPE_VIDEO;
      const seconds = (time: bigint): number =>
        (Number(time) * from.timeBase.num) / from.timeBase.den;
      const isBefore = seconds(packet.pts) < start_s - 1e-6;
      const isDropped = isBefore && (!isVideo || recipe.from === 'exact');
      if (seconds(packet.dts) >= end_s || seconds(packet.pts) >= end_s || isDropped) {
        packet.unref();
        continue;
      }
      const shift = BigInt(Math.round((start_s * from.timeBase.den) / from.timeBase.num));
      packet.pts -= shift;
      packet.dts -= shift;
      packet.rescaleTs(from.timeBase, to.timeBase);
      packet.pos = -1n;
      if (recipe.marksAllKeyframes === true) packet.isKeyframe = true;
      videoPackets += isVideo ? 1 : 0;
      assertDone(av, writer.interleavedWriteFrameSync(packet), 'write');
    }
    assertDone(av, writer.writeTrailerSync(), `index of ${output}`);
    return { videoPackets };
  } finally {
    packet.free();
    reader.closeInputSync();
    writer.closeOutputSync();
    writer.freeContext();
  }
}
