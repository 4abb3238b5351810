import type { AVPixelFormat } from 'node-av/constants';
import type { Frame, SoftwareScaleContext } from 'node-av/lib';

import type { NodeAv } from './node-av-library.ts';

/** Rows of packed pixels, each `stride_bytes` long. */
type PackedLines = { readonly pixels: Buffer; readonly stride_bytes: number };

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

  constructor(av: NodeAv, format: AVPixelFormat, bytesPerPixel: number) {
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
      // Set up here, as BT.601, rather than by the first frame: that way interlaced frames fail and HDR is tone-mapped.
      scaler.getContext(
        width,
        height,
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
    const done = this.#scaler.scaleFrameSync(this.#target, frame);
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
