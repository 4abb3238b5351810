import { ByteWindow } from './byte-window.ts';
import { selectDecoder } from './decoders/decode-frames.ts';
import type { DecoderChoice } from './decoders/frame-stream.ts';
import { HeaderFault } from './headers/header-fault.ts';
import type { MediaHeader } from './headers/media-header.ts';
import { readMp4 } from './headers/mp4.ts';
import { joinStretches, type Stretch } from './local-copy.ts';
import { detectMagic, MAGIC_BYTES } from './magic.ts';
import type { RangeReader } from './ranges.ts';

/** Where the keyframes of the only video track lie, by an index that names every packet; null where none does. */
export function keyframeStretches(header: MediaHeader): readonly Stretch[] | null {
  const packets = header.video?.packets ?? null;
  const { isFragmented, fault, videoTrackCount, attachedPictureCount } = header;
  const isSimple =
    isFragmented === false && fault === null && videoTrackCount === 1 && attachedPictureCount === 0;
  if (!isSimple || packets?.isComplete !== true || packets.keyframes === null) return null;
  const offsets = packets.offsets_bytes?.() ?? null;
  if (offsets === null || packets.keyframes.length === 0) return null;
  return Array.from(packets.keyframes, (index) => {
    const start = offsets[index] ?? 0;
    return { start, end: start + (packets.sizes_bytes[index] ?? 0) };
  });
}

/** {@link keyframeStretches} of a medium whose header nobody has read yet; null for formats without an index of packets. */
export async function findKeyframes(reader: RangeReader): Promise<readonly Stretch[] | null> {
  const window = new ByteWindow(reader);
  const magic = detectMagic(await window.read(0, MAGIC_BYTES));
  if (magic !== 'mp4' && magic !== 'mov') return null;
  try {
    return keyframeStretches(await readMp4(window, magic));
  } catch (error) {
    if (error instanceof HeaderFault) return null;
    throw error;
  }
}

/** Bytes between two keyframes that are fetched along, to save a request. */
const KEYFRAME_GAP_BYTES = 64 * 1024;
/** Share of a medium from which on all of it is fetched rather than its keyframes: one request in place of many. */
const MOST_KEYFRAME_SHARE = 0.8;

/**
 * What is to be fetched of a medium of so many bytes for a decoder that is to see its keyframes alone; null: all of it, because
 * the decoder cannot do with less, nobody knows where they lie, or little else is in it.
 */
export async function stretchesToFetch(
  decoder: DecoderChoice,
  sizeBytes: number,
  find: () => readonly Stretch[] | null | Promise<readonly Stretch[] | null>,
): Promise<readonly Stretch[] | null> {
  const selected = await selectDecoder(decoder);
  if (!selected.ok || selected.name !== 'node-av') return null;
  const keyframes = await find();
  if (keyframes === null) return null;
  const stretches = joinStretches(keyframes, KEYFRAME_GAP_BYTES);
  const bytes = stretches.reduce((sum, { start, end }) => sum + end - start, 0);
  return bytes > MOST_KEYFRAME_SHARE * sizeBytes ? null : stretches;
}
