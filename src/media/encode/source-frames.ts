import type { Frame } from 'node-av';
import { DailiesError } from '../../dailies-error.ts';
import type { ClipRecipe, DrawFrame, VideoSource } from './clip-recipe.ts';
import { filterFrames, generateFrames, type FrameStream } from './filter-frames.ts';
import { assertDone, assertGiven, type LibAv } from './libav.ts';
import { parseRatio, type Ratio } from './ratio.ts';

const DEFAULT_SIZE = { width_px: 320, height_px: 180 } as const;

function* drawFrames(
  av: LibAv,
  draw: DrawFrame,
  size: { readonly width_px: number; readonly height_px: number },
  count: number,
  timeBase: Ratio,
): Generator<Frame, void, undefined> {
  for (let index = 0; index < count; index += 1) {
    const rgb = Buffer.alloc(size.width_px * size.height_px * 3);
    draw(index, { ...size, rgb });
    const frame = av.Frame.fromVideoBuffer(rgb, {
      width: size.width_px,
      height: size.height_px,
      format: av.AV_PIX_FMT_RGB24,
      timeBase,
      sampleAspectRatio: { num: 1, den: 1 },
      pts: BigInt(index),
    });
    try {
      yield frame;
    } finally {
      frame.free();
    }
  }
}

/** The decoded frames of the first video track of a local file, in order of presentation. */
function decodeFrames(av: LibAv, file: string): FrameStream {
  const format = new av.FormatContext();
  assertDone(av, format.openInputSync(`file:${file}`), `open ${file}`);
  assertDone(av, format.findStreamInfoSync(), `read ${file}`);
  const index = format.findBestStream(av.AVMEDIA_TYPE_VIDEO);
  assertDone(av, index, `find video in ${file}`);
  const stream = assertGiven(format.streams[index], `no video in ${file}`);
  const codec = assertGiven(
    av.Codec.findDecoder(stream.codecpar.codecId),
    `no decoder for ${file}`,
  );
  const decoder = new av.CodecContext();
  decoder.allocContext3(codec);
  assertDone(av, decoder.parametersToContext(stream.codecpar), `decoder of ${file}`);
  decoder.threadCount = 1;
  decoder.pktTimebase = stream.timeBase;
  assertDone(av, decoder.open2Sync(codec), `decoder of ${file}`);
  const rate = stream.avgFrameRate.num > 0 ? stream.avgFrameRate : stream.rFrameRate;
  const { timeBase } = stream;

  function* frames(): Generator<Frame, void, undefined> {
    const packet = new av.Packet();
    const frame = new av.Frame();
    packet.alloc();
    frame.alloc();
    try {
      for (let isOpen = true; isOpen;) {
        isOpen = format.readFrameSync(packet) >= 0;
        if (isOpen && packet.streamIndex !== index) {
          packet.unref();
          continue;
        }
        decoder.sendPacketSync(isOpen ? packet : null);
        packet.unref();
        while (decoder.receiveFrameSync(frame) >= 0) {
          if (frame.bestEffortTimestamp !== av.AV_NOPTS_VALUE) {
            frame.pts = frame.bestEffortTimestamp;
          }
          frame.pictType = av.AV_PICTURE_TYPE_NONE;
          yield frame;
          frame.unref();
        }
      }
    } finally {
      packet.free();
      frame.free();
      decoder.freeContext();
      format.closeInputSync();
    }
  }
  return {
    timeBase,
    frameRate: { num: rate.num, den: Math.max(1, rate.den) },
    size: { width_px: stream.codecpar.width, height_px: stream.codecpar.height },
    frames: frames(),
  };
}

function* takeFrames(
  input: FrameStream,
  start_s: number,
  limit: number,
): Generator<Frame, void, undefined> {
  const { num, den } = input.timeBase;
  let count = 0;
  let origin = 0n;
  try {
    for (const frame of input.frames) {
      if ((Number(frame.pts) * num) / den < start_s - 1e-6) {
        continue;
      }
      if (count >= limit) {
        return;
      }
      origin = count === 0 ? frame.pts : origin;
      frame.pts -= origin;
      yield frame;
      count += 1;
    }
  } finally {
    input.frames.return();
  }
}

function openSource(av: LibAv, source: VideoSource, recipe: ClipRecipe): FrameStream {
  const fps = parseRatio(recipe.fps ?? 24);
  const duration_s = recipe.duration_s ?? 2;
  const size = {
    width_px: recipe.width_px ?? DEFAULT_SIZE.width_px,
    height_px: recipe.height_px ?? DEFAULT_SIZE.height_px,
  };
  const rateAndSize = `s=${size.width_px}x${size.height_px}:r=${fps.num}/${fps.den}`;
  const limit = Math.round((duration_s * fps.num) / fps.den);
  const pattern = (text: string): FrameStream => {
    const stream = generateFrames(av, `${text},trim=end_frame=${limit},setsar=1`, 'video');
    return stream;
  };
  const seed = recipe.seed ?? 1;
  if (source === 'testsrc2') {
    return pattern(`testsrc2=${rateAndSize},noise=alls=6:allf=t:all_seed=${seed}`);
  }
  if (source === 'mandelbrot') {
    return pattern(`mandelbrot=${rateAndSize}`);
  }
  if (source === 'life') {
    return pattern(
      `life=${rateAndSize}:mold=10:ratio=0.3:seed=${seed}:death_color=#203040:life_color=#e0c080,format=rgb24`,
    );
  }
  if ('pattern' in source) {
    return pattern(source.pattern.replaceAll('{rateAndSize}', rateAndSize));
  }
  if ('draw' in source) {
    const timeBase = { num: fps.den, den: fps.num };
    const frames = drawFrames(av, source.draw, size, source.frames ?? limit, timeBase);
    return { timeBase, frameRate: fps, size, frames };
  }
  const decoded = decodeFrames(av, source.file);
  const rate = recipe.fps === undefined ? decoded.frameRate : fps;
  const most =
    source.frames ??
    (recipe.duration_s === undefined
      ? Number.POSITIVE_INFINITY
      : Math.round((duration_s * rate.num) / rate.den));
  return { ...decoded, frames: takeFrames(decoded, source.start_s ?? 0, most) };
}

type WantedSize = { readonly width_px: number | undefined; readonly height_px: number | undefined };

function resize(av: LibAv, stream: FrameStream, { width_px, height_px }: WantedSize): FrameStream {
  if (width_px === undefined && height_px === undefined) {
    return stream;
  }
  return filterFrames(
    av,
    stream,
    `scale=${width_px ?? -2}:${height_px ?? -2}:flags=bicubic+accurate_rnd+bitexact,setsar=1`,
  );
}

/**
 * The frames of all sources of a recipe, joined; before its filters. Where the recipe gives no size or rate, several
 * sources take those of the first file among them.
 */
export function openSources(av: LibAv, recipe: ClipRecipe): FrameStream {
  const asked = recipe.source ?? 'testsrc2';
  const sources: readonly VideoSource[] = isList(asked) ? asked : [asked];
  const opened = sources.map((source) => openSource(av, source, recipe));
  const leading = opened[Math.max(0, sources.findIndex(isFile))];
  if (leading === undefined) {
    throw new DailiesError('usage', 'a clip recipe needs a source');
  }
  const asRecipe = { width_px: recipe.width_px, height_px: recipe.height_px };
  if (opened.length === 1 && recipe.fps === undefined) {
    return resize(av, leading, asRecipe);
  }
  const isSized = recipe.width_px !== undefined || recipe.height_px !== undefined;
  const size = isSized || opened.length === 1 ? asRecipe : leading.size;
  const rate = recipe.fps === undefined ? leading.frameRate : parseRatio(recipe.fps);
  const format = `format=${recipe.pixelFormat ?? 'yuv420p'}`;
  const streams = opened
    .map((stream) => resize(av, stream, size))
    .map((stream) => (opened.length === 1 ? stream : filterFrames(av, stream, format)));
  function* frames(): Generator<Frame, void, undefined> {
    let pts = 0n;
    for (const stream of streams) {
      for (const frame of stream.frames) {
        frame.pts = pts;
        frame.duration = 1n;
        pts += 1n;
        yield frame;
      }
    }
  }
  return {
    timeBase: { num: rate.den, den: rate.num },
    frameRate: rate,
    size: streams[0]?.size ?? leading.size,
    frames: frames(),
  };
}

function isFile(source: VideoSource): boolean {
  return typeof source === 'object' && 'file' in source;
}

function isList(source: VideoSource | readonly VideoSource[]): source is readonly VideoSource[] {
  return Array.isArray(source);
}
