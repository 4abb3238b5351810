import type { CodecContext, Frame, Packet } from 'node-av';
import { DailiesError } from '../../dailies-error.ts';
import { ENCODERS, type ClipRecipe, type VideoCodec } from './clip-recipe.ts';
import { colourCodes } from './colour-codes.ts';
import { filterFrames, type FrameStream } from './filter-frames.ts';
import { assertDone, type LibAv } from './libav.ts';
import { openSources } from './source-frames.ts';
import { describeTrack, drainPackets, findEncoder, setOptions, type Track } from './track.ts';

/** Ticks a second of clips with their own timestamps: the MPEG clock. */
const CLOCK_HZ = 90_000;

const DEFAULT_PIXEL_FORMAT: Partial<Record<VideoCodec, string>> = {
  mjpeg: 'yuvj420p',
  prores: 'yuv422p10le',
};

/**
 * `cpu-independent`: with AVX-512 the macroblock tree of x264 reads beyond its rows where the width is no multiple of
 * 64, and writes other bytes each time (seen at 480 x 270; six runs with it gave one file, as without assembler).
 */
function encoderOptions(recipe: ClipRecipe): Record<string, string> {
  const codec = recipe.codec ?? 'h264';
  const crf = recipe.crf === undefined ? {} : { crf: String(recipe.crf) };
  const own = recipe.encoderOptions ?? {};
  switch (codec) {
    case 'h264':
      return {
        preset: recipe.preset ?? 'veryfast',
        ...crf,
        ...own,
        'x264-params': ['cpu-independent=1', own['x264-params'] ?? []].flat().join(':'),
      };
    case 'hevc':
      return {
        preset: recipe.preset ?? 'ultrafast',
        'x265-params': 'log-level=none:pools=none:frame-threads=1',
        ...crf,
        ...own,
      };
    case 'vp8':
    case 'vp9':
      return { deadline: 'realtime', 'cpu-used': '8', crf: '32', b: '0', ...crf, ...own };
    case 'av1':
      return { preset: recipe.preset ?? '12', 'svtav1-params': 'lp=1', ...crf, ...own };
    case 'mpeg2':
    case 'mpeg4':
      return { b: '2M', ...own };
    default:
      return { ...own };
  }
}

function pixelFormatOf(recipe: ClipRecipe): string {
  return recipe.pixelFormat ?? DEFAULT_PIXEL_FORMAT[recipe.codec ?? 'h264'] ?? 'yuv420p';
}

function openVideoEncoder(
  av: LibAv,
  recipe: ClipRecipe,
  stream: FrameStream,
  frame: Frame,
  needsGlobalHeader: boolean,
): CodecContext {
  const codec = recipe.codec ?? 'h264';
  const encoder = findEncoder(av, ENCODERS[codec]);
  const context = new av.CodecContext();
  context.allocContext3(encoder);
  context.width = frame.width;
  context.height = frame.height;
  context.pixelFormat = av.avGetPixFmtFromName(pixelFormatOf(recipe));
  context.timeBase =
    recipe.timestamps_s === undefined
      ? new av.Rational(stream.timeBase.num, stream.timeBase.den)
      : new av.Rational(1, CLOCK_HZ);
  context.framerate = new av.Rational(stream.frameRate.num, Math.max(1, stream.frameRate.den));
  context.sampleAspectRatio = frame.sampleAspectRatio;
  context.threadCount = 1;
  context.colorRange = frame.colorRange;
  context.colorSpace = frame.colorSpace;
  if (recipe.gop !== undefined) {
    context.gopSize = recipe.gop;
  }
  if (recipe.bFrames !== undefined) {
    context.maxBFrames = recipe.bFrames;
  }
  const colour = colourCodes(av, recipe.colour ?? {});
  if (colour.range !== undefined) {
    context.colorRange = colour.range;
  }
  if (colour.matrix !== undefined) {
    context.colorSpace = colour.matrix;
  }
  if (colour.primaries !== undefined) {
    context.colorPrimaries = colour.primaries;
  }
  if (colour.transfer !== undefined) {
    context.colorTrc = colour.transfer;
  }
  context.setFlags(av.AV_CODEC_FLAG_BITEXACT);
  if (needsGlobalHeader) {
    context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  }
  setOptions(av, context, encoderOptions(recipe));
  assertDone(
    av,
    withoutRoot(() => context.open2Sync(encoder)),
    `open encoder ${ENCODERS[codec]}`,
  );
  return context;
}

/** Nobody's user id on Linux. */
const NOBODY = 65_534;

/**
 * SVT-AV1 gives the calling thread, and so all later children, real-time priority 99 where it is opened by root: two such
 * processes stop a machine of two cores. It asks for the effective user only while it is opened.
 */
function withoutRoot<T>(run: () => T): T {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return run();
  process.seteuid(NOBODY);
  try {
    return run();
  } finally {
    process.seteuid(0);
  }
}

/** Make the frames of a recipe and encode them. */
export function encodeVideo(av: LibAv, recipe: ClipRecipe, needsGlobalHeader: boolean): Track {
  const sar = recipe.sar === undefined ? '' : `setsar=${recipe.sar.replace(':', '/')}:max=10000,`;
  const before = recipe.filters === undefined ? '' : `${recipe.filters},`;
  const stream = filterFrames(
    av,
    openSources(av, recipe),
    `${before}${sar}format=${pixelFormatOf(recipe)}`,
  );
  const packets: Packet[] = [];
  let encoder: CodecContext | undefined;
  let index = 0;
  const ticks = (at: number): bigint =>
    BigInt(Math.round((recipe.timestamps_s?.(at) ?? 0) * CLOCK_HZ));
  for (const frame of stream.frames) {
    encoder ??= openVideoEncoder(av, recipe, stream, frame, needsGlobalHeader);
    if (recipe.timestamps_s !== undefined) {
      frame.pts = ticks(index);
      frame.duration = ticks(index + 1) - frame.pts;
    }
    frame.pictType = av.AV_PICTURE_TYPE_NONE;
    assertDone(av, encoder.sendFrameSync(frame), 'encode');
    drainPackets(av, encoder, packets);
    index += 1;
  }
  if (encoder === undefined) {
    throw new DailiesError('engine', 'the sources of the clip gave no frame');
  }
  assertDone(av, encoder.sendFrameSync(null), 'encode');
  drainPackets(av, encoder, packets);
  return describeTrack(encoder, packets, stream.frameRate);
}
