import type { FormatContext, Stream } from 'node-av';
import { encodeAudio } from './audio-track.ts';
import type { ClipRecipe, EncodedClip } from './clip-recipe.ts';
import { displayMatrix } from './display-matrix.ts';
import { assertDone, assertGiven, loadLibAv, type LibAv } from './libav.ts';
import { setOptions, type Track } from './track.ts';
import { encodeVideo } from './video-track.ts';

function muxerOptions(recipe: ClipRecipe, formatName: string): Record<string, string> {
  if (!/mp4|mov|3gp|ipod/.test(formatName)) {
    return {};
  }
  if (recipe.fragmented === true) {
    return { movflags: '+frag_keyframe+empty_moov+default_base_moof' };
  }
  return recipe.faststart === false ? {} : { movflags: '+faststart' };
}

/**
 * Encode one clip; the container follows from the file name's suffix. Frames, sound and index are deterministic.
 * Throws `usage` on a bad recipe, `engine` where the libraries refuse it.
 */
export async function encodeClip(file: string, recipe: ClipRecipe): Promise<EncodedClip> {
  const av = await loadLibAv();
  const output = new av.FormatContext();
  assertDone(av, output.allocOutputContext2(null, null, `file:${file}`), `container of ${file}`);
  output.setFlags(av.AVFMT_FLAG_BITEXACT);
  const formatName = output.oformat?.name ?? '';
  const needsHeader = /mp4|mov|matroska|webm|3gp|ipod|avi|flv/.test(formatName);
  const tracks: Track[] = [];
  try {
    const video = recipe.videoless === true ? undefined : encodeVideo(av, recipe, needsHeader);
    if (video !== undefined) {
      tracks.push(video);
    }
    if (recipe.audio !== undefined) {
      tracks.push(
        encodeAudio(av, recipe.audio, video?.end_s ?? recipe.duration_s ?? 2, needsHeader),
      );
    }
    const streams = tracks.map((track) => addStream(av, output, track, recipe));
    assertDone(av, output.openOutputSync(), `open ${file}`);
    setOptions(av, output, muxerOptions(recipe, formatName));
    assertDone(av, output.writeHeaderSync(), `header of ${file}`);
    writePackets(av, output, tracks, streams);
    assertDone(av, output.writeTrailerSync(), `index of ${file}`);
    return {
      width_px: video?.encoder.width ?? 0,
      height_px: video?.encoder.height ?? 0,
      frames: video?.packets.length ?? 0,
      keyframes: video?.keyframes ?? 0,
    };
  } finally {
    output.closeOutputSync();
    output.freeContext();
    for (const track of tracks) {
      track.packets.forEach((packet) => packet.free());
      track.encoder.freeContext();
    }
  }
}

function addStream(av: LibAv, output: FormatContext, track: Track, recipe: ClipRecipe): Stream {
  const stream = output.newStream();
  stream.timeBase = track.encoder.timeBase;
  assertDone(av, stream.codecpar.fromContext(track.encoder), 'stream');
  if (track.encoder.codecType === av.AVMEDIA_TYPE_VIDEO) {
    stream.avgFrameRate = track.encoder.framerate;
    stream.sampleAspectRatio = track.encoder.sampleAspectRatio;
    if (recipe.codec === 'hevc') {
      stream.codecpar.codecTag = 'hvc1';
    }
    if (recipe.rotation_deg !== undefined) {
      stream.codecpar.addCodedSideData(
        av.AV_PKT_DATA_DISPLAYMATRIX,
        displayMatrix(recipe.rotation_deg),
      );
    }
  }
  return stream;
}

function writePackets(
  av: LibAv,
  output: FormatContext,
  tracks: readonly Track[],
  streams: readonly Stream[],
): void {
  const all = tracks.flatMap(({ packets, encoder }, index) =>
    packets.map((packet) => ({
      packet,
      index,
      from: encoder.timeBase,
      at_s: (Number(packet.dts) * encoder.timeBase.num) / encoder.timeBase.den,
    })),
  );
  all.sort((one, other) => one.at_s - other.at_s || one.index - other.index);
  for (const { packet, index, from } of all) {
    const stream = assertGiven(streams[index], 'stream');
    packet.streamIndex = index;
    packet.rescaleTs(from, stream.timeBase);
    assertDone(av, output.interleavedWriteFrameSync(packet), 'write');
  }
}
