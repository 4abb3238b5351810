import type { AVCodecID } from 'node-av/constants';
import type { Codec, CodecContext, FormatContext, Stream } from 'node-av/lib';

import { DecodeLog } from './decode-log.ts';
import { ALLOWED_DEMUXERS, ALLOWED_PROTOCOLS } from './demuxers.ts';
import type { DecodeFailure } from './frame-stream.ts';
import { headerFaultOf, refuseFile } from './media-file.ts';
import type { NodeAv } from './node-av-library.ts';

/** A file open for demuxing, and its video stream. */
type NodeAvInput = {
  readonly ok: true;
  readonly format: FormatContext;
  /** The video stream to look at; null if the file has none (but maybe sound). */
  readonly video: Stream | null;
};

/**
 * What streams are learnt from: the first packets, decoded as the library sees fit; keyframes alone, of a sparse file;
 * or the header where it says enough to decode, which takes a tenth of a short clip's decode less.
 */
export type StreamLook = 'packets' | 'keyframes' | 'header';

/**
 * Opens a local file for demuxing: only whitelisted containers, only the `file` protocol, so that nothing inside can
 * make it open another file or a host. The caller closes `format`.
 */
export async function openInput(
  av: NodeAv,
  path: string,
  look: StreamLook = 'packets',
): Promise<NodeAvInput | DecodeFailure> {
  const refused = await refuseFile(path);
  if (refused !== null) return refused;
  const format = new av.lib.FormatContext();
  format.allocContext();
  format.setOption('protocol_whitelist', ALLOWED_PROTOCOLS);
  format.setOption('format_whitelist', ALLOWED_DEMUXERS);
  const opened = format.openInputSync(`file:${path}`);
  if (opened < 0) {
    return { ok: false, code: await headerFaultOf(path), message: describe(av, opened) };
  }
  if (look === 'keyframes') findInfoOfKeyframes(av, format);
  else if (look === 'packets' || !isDescribed(av, format)) format.findStreamInfoSync(null);
  return { ok: true, format, video: mainVideo(av, format) };
}

function mainVideo(av: NodeAv, format: FormatContext): Stream | null {
  const video = format.streams
    .filter((stream) => stream.codecpar.codecType === av.constants.AVMEDIA_TYPE_VIDEO)
    .filter((stream) => (stream.disposition & av.constants.AV_DISPOSITION_ATTACHED_PIC) === 0);
  const main = video.find(
    (stream) => (stream.disposition & av.constants.AV_DISPOSITION_DEFAULT) !== 0,
  );
  return main ?? video[0] ?? null;
}

/**
 * Whether the header says all that a decoder needs to give all frames in order: the size, the codec's own header, and of
 * H.264, whose stream may keep the depth of reordering to itself, an index of composition times that shows it.
 */
function isDescribed(av: NodeAv, format: FormatContext): boolean {
  const { constants } = av;
  const video = mainVideo(av, format);
  if (video === null) return false;
  const { codecId, width, height, extradataSize } = video.codecpar;
  if (width <= 0 || height <= 0) return false;
  switch (codecId) {
    case constants.AV_CODEC_ID_H264:
      return (
        extradataSize > 0 && video.nbFrames > 0n && format.iformat?.name?.includes('mp4') === true
      );
    case constants.AV_CODEC_ID_HEVC:
    case constants.AV_CODEC_ID_AV1:
      return extradataSize > 0;
    case constants.AV_CODEC_ID_VP8:
    case constants.AV_CODEC_ID_VP9:
      return true;
    default:
      return false;
  }
}

/** Learns what streams are from their keyframes alone, and goes back to the first packet: holes are passed over unparsed. */
function findInfoOfKeyframes(av: NodeAv, format: FormatContext): void {
  const { constants } = av;
  const { streams } = format;
  for (const stream of streams) {
    const isVideo = stream.codecpar.codecType === constants.AVMEDIA_TYPE_VIDEO;
    stream.discard = isVideo ? constants.AVDISCARD_NONKEY : constants.AVDISCARD_ALL;
  }
  format.findStreamInfoSync(null);
  for (const stream of streams) stream.discard = constants.AVDISCARD_DEFAULT;
  format.setOption('fflags', '+noparse');
  const video = streams.find((each) => each.codecpar.codecType === constants.AVMEDIA_TYPE_VIDEO);
  if (video !== undefined)
    format.seekFrameSync(video.index, -(2n ** 62n), constants.AVSEEK_FLAG_BACKWARD);
}

/**
 * Opens a single-threaded decoder for a stream: threads of their own would blur the CPU budget of a worker.
 *
 * Not exact, pictures that no other is predicted from stay without their loop filter, which takes 3 to 10 % less time: of
 * 222 clips their mean luma moved by 0.015 grey levels (99 % of frames), the difference to the frame before by 0.03.
 */
export function openDecoder(
  av: NodeAv,
  stream: Stream,
  maxPixels: number,
  isExact = true,
): CodecContext | DecodeFailure {
  const { codecpar } = stream;
  if (codecpar.width * codecpar.height > maxPixels) {
    return {
      ok: false,
      code: 'too-many-pixels',
      message: `${codecpar.width}x${codecpar.height} pixels`,
    };
  }
  if (codecpar.codecId === av.constants.AV_CODEC_ID_NONE)
    return { ok: false, code: 'corrupt-header', message: 'the header names no codec' };
  const codec = findDecoder(av, codecpar.codecId);
  if (codec === null) {
    return {
      ok: false,
      code: 'unsupported-codec',
      message: `no decoder for ${av.lib.avGetCodecName(codecpar.codecId)}`,
    };
  }
  const context = new av.lib.CodecContext();
  context.allocContext3(codec);
  context.parametersToContext(codecpar);
  context.threadCount = 1;
  context.pktTimebase = stream.timeBase;
  // Options are set one by one: a dictionary handed to open2Sync is freed twice (node-av 6.1).
  context.setOption('max_pixels', BigInt(maxPixels));
  if (!isExact) context.setOption('skip_loop_filter', 'noref');
  const opened = context.open2Sync(codec);
  if (opened < 0) {
    context.freeContext();
    return {
      ok: false,
      code: 'corrupt-header',
      message: `the decoder refused the stream: ${describe(av, opened)}`,
    };
  }
  return context;
}

/**
 * FFmpeg's decoder of VP9 takes any bits for a picture; libvpx, as fast, tells damage. Its pictures are the same to the
 * bit, but after damage it gives none until the next keyframe.
 */
function findDecoder(av: NodeAv, codecId: AVCodecID): Codec | null {
  const { constants, lib } = av;
  const strict =
    codecId === constants.AV_CODEC_ID_VP9
      ? lib.Codec.findDecoderByName(constants.FF_DECODER_LIBVPX_VP9)
      : null;
  return strict ?? lib.Codec.findDecoder(codecId);
}

/** The text of an FFmpeg error number. */
function describe(av: NodeAv, code: number): string {
  return av.lib.FFmpegError.strerror(code);
}

/**
 * Runs one decode with the library's log collected. Lines are handed over on later turns of the event loop, and the
 * log is one for the process: decodes of one process must not overlap.
 */
export async function withLog<T>(av: NodeAv, run: (log: DecodeLog) => Promise<T>): Promise<T> {
  const log = new DecodeLog();
  av.lib.Log.setCallback((_level, message) => log.add(message), {
    maxLevel: av.constants.AV_LOG_ERROR,
  });
  try {
    return await run(log);
  } finally {
    av.lib.Log.setCallback(() => undefined, { maxLevel: av.constants.AV_LOG_ERROR });
  }
}

/** Lets log lines that are still under way arrive. */
export async function settleLog(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
