import type { FilterContext, FilterGraph, Frame } from 'node-av';
import { assertDone, assertGiven, type LibAv } from './libav.ts';
import type { Ratio } from './ratio.ts';

/** Frames with the unit of their timestamps and their nominal rate. Each frame is valid until the next is asked for. */
export type FrameStream = {
  readonly timeBase: Ratio;
  readonly frameRate: Ratio;
  /** Zero for sound. */
  readonly size: { readonly width_px: number; readonly height_px: number };
  readonly frames: Generator<Frame, void, undefined>;
};

type OpenGraph = { readonly graph: FilterGraph; readonly sink: FilterContext };

function openGraph(av: LibAv, text: string): OpenGraph {
  const graph = new av.FilterGraph();
  graph.alloc();
  graph.nbThreads = 1;
  assertDone(av, graph.parsePtr(text), `filter graph ${text}`);
  assertDone(av, graph.configSync(), `filter graph ${text}`);
  const sink = (graph.filters ?? []).find((filter) => filter.name?.includes('@sink') === true);
  return { graph, sink: assertGiven(sink, `filter graph ${text} has no sink`) };
}

function* pullFrames(av: LibAv, sink: FilterContext): Generator<Frame, void, undefined> {
  const frame = new av.Frame();
  frame.alloc();
  try {
    for (;;) {
      const code = sink.buffersinkGetFrameSync(frame);
      if (code === av.AVERROR_EAGAIN || code === av.AVERROR_EOF) {
        return;
      }
      assertDone(av, code, 'filter');
      yield frame;
      frame.unref();
    }
  } finally {
    frame.free();
  }
}

/** Video or audio frames of a libavfilter source such as `testsrc2=s=320x180:r=24:d=2`. */
export function generateFrames(av: LibAv, text: string, kind: 'video' | 'audio'): FrameStream {
  const { graph, sink } = openGraph(av, `${text},${kind === 'video' ? '' : 'a'}buffersink@sink`);
  function* frames(): Generator<Frame, void, undefined> {
    try {
      yield* pullFrames(av, sink);
    } finally {
      graph.free();
    }
  }
  return {
    timeBase: sink.buffersinkGetTimeBase(),
    frameRate: kind === 'video' ? sink.buffersinkGetFrameRate() : { num: 0, den: 1 },
    size:
      kind === 'video'
        ? { width_px: sink.buffersinkGetWidth(), height_px: sink.buffersinkGetHeight() }
        : { width_px: 0, height_px: 0 },
    frames: frames(),
  };
}

function describeSource(frame: Frame, input: FrameStream): string {
  const sar = frame.sampleAspectRatio;
  return [
    `buffer@source=video_size=${frame.width}x${frame.height}`,
    `pix_fmt=${frame.format}`,
    `time_base=${input.timeBase.num}/${input.timeBase.den}`,
    `frame_rate=${input.frameRate.num}/${input.frameRate.den}`,
    `pixel_aspect=${sar.num}/${Math.max(1, sar.den)}`,
    `colorspace=${frame.colorSpace}`,
    `range=${frame.colorRange}`,
  ].join(':');
}

/** Send a stream through a libavfilter chain. Reads the first frame at once, as the chain is built from it. */
export function filterFrames(av: LibAv, input: FrameStream, filters: string): FrameStream {
  const first = input.frames.next();
  if (first.done === true) {
    return input;
  }
  const text = `${describeSource(first.value, input)},${filters},buffersink@sink`;
  const { graph, sink } = openGraph(av, text);
  const source = assertGiven(
    (graph.filters ?? []).find((filter) => filter.name?.includes('@source') === true),
    'filter graph has no source',
  );
  function* frames(): Generator<Frame, void, undefined> {
    try {
      for (let step = first; step.done !== true; step = input.frames.next()) {
        // The source takes the reference over and leaves an empty frame behind.
        const code = source.buffersrcAddFrameSync(step.value);
        if (code === av.AVERROR_EOF) {
          break; // A filter such as trim wants no more.
        }
        assertDone(av, code, 'filter input');
        yield* pullFrames(av, sink);
      }
      source.buffersrcAddFrameSync(null);
      yield* pullFrames(av, sink);
    } finally {
      input.frames.return();
      graph.free();
    }
  }
  return {
    timeBase: sink.buffersinkGetTimeBase(),
    frameRate: sink.buffersinkGetFrameRate(),
    size: { width_px: sink.buffersinkGetWidth(), height_px: sink.buffersinkGetHeight() },
    frames: frames(),
  };
}
