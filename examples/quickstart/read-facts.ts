import sharp from 'sharp';
import { assertDone, loadLibAv } from '../../src/media/encode/libav.ts';

/** What a simple loader writes down of a file: stored size, average rate, container duration, packets. */
export type Facts = {
  readonly width: number | null;
  readonly height: number | null;
  readonly fps: number | null;
  readonly duration: number | null;
  readonly num_frames: number | null;
};

/** Nothing is known of a file that does not open. */
export const NO_FACTS: Facts = {
  width: null,
  height: null,
  fps: null,
  duration: null,
  num_frames: null,
};

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Facts of the first video track of a clip, not turned and not stretched to square pixels, as most loaders do. */
export async function readClipFacts(file: string): Promise<Facts> {
  const av = await loadLibAv();
  const format = new av.FormatContext();
  if (format.openInputSync(`file:${file}`) < 0) {
    return NO_FACTS;
  }
  const packet = new av.Packet();
  packet.alloc();
  try {
    assertDone(av, format.findStreamInfoSync(), `read ${file}`);
    const index = format.findBestStream(av.AVMEDIA_TYPE_VIDEO);
    const stream = format.streams[index];
    if (stream === undefined) {
      return NO_FACTS;
    }
    let packets = 0;
    while (format.readFrameSync(packet) >= 0) {
      packets += packet.streamIndex === index ? 1 : 0;
      packet.unref();
    }
    const { avgFrameRate, codecpar } = stream;
    return {
      width: codecpar.width,
      height: codecpar.height,
      fps: rounded(avgFrameRate.num / avgFrameRate.den),
      duration: rounded(Number(format.duration) / 1e6),
      num_frames: packets,
    };
  } finally {
    packet.free();
    format.closeInputSync();
  }
}

/** Stored size of an image. */
export async function readImageFacts(file: string): Promise<Facts> {
  const { width, height } = await sharp(file).metadata();
  return { ...NO_FACTS, width, height };
}
