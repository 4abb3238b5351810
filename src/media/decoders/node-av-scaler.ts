import type { AVPixelFormat } from 'node-av/constants';
import type { Frame, SoftwareScaleContext } from 'node-av/lib';

import { lumaDepth } from './node-av-luma.ts';
import type { NodeAv } from './node-av-library.ts';

/** Rows of packed pixels, each `stride_bytes` long. */
type PackedLines = { readonly pixels: Buffer; readonly stride_bytes: number };

/** Scales every `step`-th line of all planes of a frame; below 0 on failure. */
function scaleSomeLines(
  scaler: SoftwareScaleContext,
  frame: Frame,
  step: number,
  to: PackedLines,
): number {
  const planes = frame.data ?? [];
  const strides = frame.linesize.slice(0, planes.length).map((size) => size * step);
  const lines = Math.floor(frame.height / step);
  return scaler.scaleSync(planes, strides, 0, lines, [to.pixels], [to.stride_bytes]);
}

/** Scales frames to one small packed format by area average; made anew when size or format of its input change. */
export class FrameScaler {
  readonly #av: NodeAv;
  readonly #format: AVPixelFormat;
  readonly #bytesPerPixel: number;
  #scaler: SoftwareScaleContext | null = null;
  #target: Frame | null = null;
  /** The target's memory, which stays the same from frame to frame. */
  #lines: PackedLines | null = null;
  #from = { width: 0, height: 0, format: -2 };
  /** One line in so many is read. */
  #step = 1;
  /** Lines of the source for each of the result that are enough. */
  readonly #enoughLines: number;

  /**
   * `enoughLines`: lines of the source that are averaged for one of the result where it has more; the rest is passed
   * over, evenly. Reading a picture takes longer than averaging it.
   */
  constructor(
    av: NodeAv,
    format: AVPixelFormat,
    bytesPerPixel: number,
    enoughLines: number = Number.POSITIVE_INFINITY,
  ) {
    this.#enoughLines = enoughLines;
    this.#av = av;
    this.#format = format;
    this.#bytesPerPixel = bytesPerPixel;
  }

  /** The pixels without gaps between rows, valid until the next call; null if the frame can't be scaled. */
  reduce(frame: Frame, width_px: number, height_px: number): Uint8Array | null {
    const lines = this.reduceLines(frame, width_px, height_px);
    if (lines === null) return null;
    const row = width_px * this.#bytesPerPixel;
    const { pixels, stride_bytes } = lines;
    if (stride_bytes === row) return pixels.subarray(0, row * height_px);
    const packed = new Uint8Array(row * height_px);
    for (let y = 0; y < height_px; y++)
      packed.set(pixels.subarray(y * stride_bytes, y * stride_bytes + row), y * row);
    return packed;
  }

  /** The pixels as the library lays them out, valid until the next call; null if the frame can't be scaled. */
  reduceLines(frame: Frame, width_px: number, height_px: number): PackedLines | null {
    const { width, height, format } = frame;
    if (!isPixelFormat(frame, format)) return null;
    const from = this.#from;
    const isSame = width === from.width && height === from.height && format === from.format;
    if (this.#scaler === null || this.#target === null || !isSame) {
      this.close();
      const target = new this.#av.lib.Frame();
      target.alloc();
      target.width = width_px;
      target.height = height_px;
      target.format = this.#format;
      // The library's own alignment: its scalers write whole vectors, past the end of unpadded lines.
      target.getBuffer(0);
      const scaler = new this.#av.lib.SoftwareScaleContext();
      const isPlain =
        lumaDepth(this.#av, frame) !== null && frame.linesize.every((size) => size >= 0);
      this.#step = isPlain ? Math.max(1, Math.floor(height / (height_px * this.#enoughLines))) : 1;
      // Set up here, as BT.601, rather than by the first frame: that way interlaced frames fail and HDR is tone-mapped.
      scaler.getContext(
        width,
        Math.floor(height / this.#step),
        format,
        width_px,
        height_px,
        this.#format,
        this.#av.constants.SWS_AREA,
      );
      this.#target = target;
      this.#scaler = scaler;
      this.#from = { width, height, format };
    }
    const pixels = this.#lines === null ? this.#target.data?.[0] : undefined;
    if (pixels !== undefined) this.#lines = { pixels, stride_bytes: this.#target.linesize[0] ?? 0 };
    const done =
      this.#step > 1 && this.#lines !== null
        ? scaleSomeLines(this.#scaler, frame, this.#step, this.#lines)
        : this.#scaler.scaleFrameSync(this.#target, frame);
    return done < 0 ? null : this.#lines;
  }

  close(): void {
    this.#scaler?.freeContext();
    this.#target?.free();
    this.#scaler = null;
    this.#target = null;
    this.#lines = null;
  }
}

/** The wrapper's type of a frame's format also allows sample formats. */
function isPixelFormat(frame: Frame, format: Frame['format']): format is AVPixelFormat {
  return format === frame.format && frame.isVideo();
}
