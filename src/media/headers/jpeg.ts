import { ByteView } from './byte-view.ts';
import { NO_CODEC_FACTS, yuvPixelFormat, type CodecFacts } from './codec-facts.ts';

/** Facts from the frame header of a JPEG picture (ITU-T T.81 section B.2.2), the packet of Motion JPEG. */
export function readJpegPacket(packet: Uint8Array): CodecFacts {
  const view = new ByteView(packet);
  if (packet.length < 4 || view.u16(0) !== 0xff_d8) return NO_CODEC_FACTS;
  for (let at = 2, markers = 0; at + 16 < packet.length && markers < 64; markers++) {
    const marker = view.u8(at + 1);
    if (view.u8(at) !== 0xff) break;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return readFrameHeader(view, at + 4);
    at += 2 + Math.max(2, view.u16(at + 2));
  }
  return NO_CODEC_FACTS;
}

function readFrameHeader(view: ByteView, at: number): CodecFacts {
  const depth = view.u8(at);
  const components = view.u8(at + 5);
  const [luma, chroma] = components === 3 ? [view.u8(at + 7), view.u8(at + 10)] : [0x11, 0x11];
  const across = (luma >> 4) / (chroma >> 4);
  const down = (luma & 15) / (chroma & 15);
  const format = components === 1 ? 0 : across === 1 ? 3 : down === 1 ? 2 : 1;
  return {
    ...NO_CODEC_FACTS,
    width_px: view.u16(at + 3),
    height_px: view.u16(at + 1),
    bitDepth: depth,
    pixelFormat: components === 1 || components === 3 ? yuvPixelFormat(format, depth) : null,
    range: 'pc',
  };
}
