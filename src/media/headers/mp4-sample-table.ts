import type { ByteView } from './byte-view.ts';
import { MAX_SAMPLES, type PacketTable } from './media-header.ts';
import { boxesIn, entryCount, type Box } from './mp4-boxes.ts';

/** The boxes of one sample table (`stbl`) by type. */
export type SampleBoxes = ReadonlyMap<string, Box>;

/** The sample table's boxes; the first of each type counts. */
export function sampleBoxes(view: ByteView, stbl: Box): SampleBoxes {
  const boxes = new Map<string, Box>();
  for (const box of boxesIn(view, stbl.body, stbl.end)) {
    if (!boxes.has(box.type)) boxes.set(box.type, box);
  }
  return boxes;
}

/** Samples and their sizes: one size for all, or a table whose entries are 4, 8, 16 or 32 bits wide. */
type Sizes = {
  readonly count: number;
  readonly sizeOf: (sample: number) => number;
};

function readSizes(view: ByteView, boxes: SampleBoxes): Sizes {
  const stsz = boxes.get('stsz');
  if (stsz !== undefined && stsz.body + 12 <= stsz.end) {
    const constant = view.u32(stsz.body + 4);
    if (constant > 0) {
      // No table bounds this count, so the one of the times has to.
      const count = Math.min(view.u32(stsz.body + 8), timedSamples(view, boxes));
      return { count, sizeOf: () => constant };
    }
    const at = stsz.body + 12;
    const count = entryCount(view, stsz, stsz.body + 8, 4);
    return { count, sizeOf: (sample) => view.u32(at + 4 * sample) };
  }
  const stz2 = boxes.get('stz2');
  if (stz2 === undefined || stz2.body + 12 > stz2.end) return { count: 0, sizeOf: () => 0 };
  const bits = view.u8(stz2.body + 7);
  const at = stz2.body + 12;
  if (bits === 16) {
    const count = entryCount(view, stz2, stz2.body + 8, 2);
    return { count, sizeOf: (sample) => view.u16(at + 2 * sample) };
  }
  const count = entryCount(view, stz2, stz2.body + 8, bits === 4 ? 0.5 : 1);
  if (bits === 8) return { count, sizeOf: (sample) => view.u8(at + sample) };
  return {
    count,
    sizeOf: (sample) => (view.u8(at + (sample >> 1)) >> (sample % 2 === 0 ? 4 : 0)) & 15,
  };
}

/** Samples that `stts` gives a time. */
function timedSamples(view: ByteView, boxes: SampleBoxes): number {
  const stts = boxes.get('stts');
  if (stts === undefined) return 0;
  let samples = 0;
  const entries = entryCount(view, stts, stts.body + 4, 8);
  for (let i = 0; i < entries; i++) samples += view.u32(stts.body + 8 + 8 * i);
  return samples;
}

/** Sum of all sample durations by `stts`, in ticks. */
export function tableDurationTicks(view: ByteView, boxes: SampleBoxes): number {
  const stts = boxes.get('stts');
  if (stts === undefined) return 0;
  let ticks = 0;
  const entries = entryCount(view, stts, stts.body + 4, 8);
  for (let i = 0; i < entries; i++) {
    const at = stts.body + 8 + 8 * i;
    ticks += view.u32(at) * Math.max(0, view.i32(at + 4));
  }
  return ticks;
}

/** Sizes, presentation times and keyframes of every sample, read from the index alone. */
export function readPacketTable(view: ByteView, boxes: SampleBoxes): PacketTable {
  const { count: declared, sizeOf } = readSizes(view, boxes);
  const count = Math.min(declared, MAX_SAMPLES);
  const sizes = new Int32Array(count);
  for (let i = 0; i < count; i++) sizes[i] = Math.min(sizeOf(i), 0x7f_ff_ff_ff);
  const pts = new Float64Array(count);
  const lastDurationTicks = fillDecodeTimes(view, boxes.get('stts'), pts);
  const durationTicks = count === 0 ? 0 : (pts[count - 1] ?? 0) + lastDurationTicks;
  addCompositionOffsets(view, boxes.get('ctts'), pts);
  return {
    source: 'sample-table',
    isComplete: count === declared,
    sizes_bytes: sizes,
    ptsTicks: pts,
    keyframes: readKeyframes(view, boxes, count),
    // Sample groups may name more random access points than the table of keyframes does.
    offsets_bytes: boxes.has('sbgp') ? null : () => readOffsets(view, boxes, sizes),
    lastDurationTicks: count === 0 ? null : lastDurationTicks,
    durationTicks: count === declared ? durationTicks : tableDurationTicks(view, boxes),
  };
}

/** Fills `out` with decode times and returns the duration of the last sample. */
function fillDecodeTimes(view: ByteView, stts: Box | undefined, out: Float64Array): number {
  let time = 0;
  let sample = 0;
  let delta = 0;
  const entries = stts === undefined ? 0 : entryCount(view, stts, stts.body + 4, 8);
  for (let i = 0; i < entries && sample < out.length; i++) {
    const at = (stts?.body ?? 0) + 8 + 8 * i;
    const run = Math.min(out.length, sample + view.u32(at));
    delta = Math.max(0, view.i32(at + 4));
    for (; sample < run; sample++) {
      out[sample] = time;
      time += delta;
    }
  }
  for (; sample < out.length; sample++) {
    out[sample] = time;
    time += delta;
  }
  return delta;
}

/** Offsets are signed in both versions of the box in practice: writers put negative ones into version 0. */
function addCompositionOffsets(view: ByteView, ctts: Box | undefined, out: Float64Array): void {
  if (ctts === undefined) return;
  let sample = 0;
  const entries = entryCount(view, ctts, ctts.body + 4, 8);
  for (let i = 0; i < entries && sample < out.length; i++) {
    const at = ctts.body + 8 + 8 * i;
    const run = Math.min(out.length, sample + view.u32(at));
    const offset = view.i32(at + 4);
    for (; sample < run; sample++) out[sample] = (out[sample] ?? 0) + offset;
  }
}

/** Sync samples, and QuickTime's partial ones (`stps`): intra pictures of an open GOP. */
function readKeyframes(view: ByteView, boxes: SampleBoxes, count: number): Int32Array | null {
  const stss = boxes.get('stss');
  if (stss === undefined) return null;
  const stps = boxes.get('stps');
  const keys = sampleNumbers(view, stss, count);
  if (stps !== undefined) keys.push(...sampleNumbers(view, stps, count).slice(0, 100_000));
  return Int32Array.from(new Set(keys)).toSorted();
}

function sampleNumbers(view: ByteView, box: Box, count: number): number[] {
  const entries = entryCount(view, box, box.body + 4, 4);
  const samples: number[] = [];
  for (let i = 0; i < entries; i++) {
    const sample = view.u32(box.body + 8 + 4 * i) - 1;
    const last = samples.at(-1) ?? -1;
    if (sample > last && sample < count) samples.push(sample);
  }
  return samples;
}

/** Where one chunk lies and which samples are in it. */
type ChunkMap = { readonly count: number; readonly offsetOf: (chunk: number) => number };

function readChunks(view: ByteView, boxes: SampleBoxes): ChunkMap {
  const stco = boxes.get('stco');
  if (stco !== undefined) {
    const count = entryCount(view, stco, stco.body + 4, 4);
    return { count, offsetOf: (chunk) => view.u32(stco.body + 8 + 4 * chunk) };
  }
  const co64 = boxes.get('co64');
  if (co64 === undefined) return { count: 0, offsetOf: () => 0 };
  const count = entryCount(view, co64, co64.body + 4, 8);
  return { count, offsetOf: (chunk) => view.u64(co64.body + 8 + 8 * chunk) };
}

/** Where the first sample lies, null for an empty table. */
export function firstSampleOffset(view: ByteView, boxes: SampleBoxes): number | null {
  const chunks = readChunks(view, boxes);
  return chunks.count === 0 ? null : chunks.offsetOf(0);
}

/** Where the sample data that the table speaks of ends: the end of the chunk with the highest offset. */
export function lastSampleEnd(view: ByteView, boxes: SampleBoxes): number | null {
  const chunks = readChunks(view, boxes);
  const { count, sizeOf } = readSizes(view, boxes);
  if (chunks.count === 0 || count === 0) return null;
  let last = 0;
  for (let i = 1; i < chunks.count; i++) {
    if (chunks.offsetOf(i) >= chunks.offsetOf(last)) last = i;
  }
  const { first, samples } = samplesOfChunk(view, boxes.get('stsc'), last);
  let end = chunks.offsetOf(last);
  const stop = Math.min(first + samples, count, first + MAX_SAMPLES);
  for (let i = first; i < stop; i++) end += sizeOf(i);
  return end;
}

/** Where each sample lies: chunk by chunk, one behind the other; null if the chunks do not hold all samples. */
function readOffsets(view: ByteView, boxes: SampleBoxes, sizes: Int32Array): Float64Array | null {
  const stsc = boxes.get('stsc');
  const chunks = readChunks(view, boxes);
  const offsets = new Float64Array(sizes.length);
  const entries = stsc === undefined ? 0 : entryCount(view, stsc, stsc.body + 4, 12);
  let sample = 0;
  let from = 0;
  for (let i = 0; i < entries; i++) {
    const at = (stsc?.body ?? 0) + 8 + 12 * i;
    from = Math.max(from, view.u32(at) - 1);
    const end = i + 1 < entries ? Math.min(chunks.count, view.u32(at + 12) - 1) : chunks.count;
    const perChunk = view.u32(at + 4);
    for (; from < end && sample < sizes.length; from++) {
      let offset = chunks.offsetOf(from);
      const stop = Math.min(sizes.length, sample + perChunk);
      for (; sample < stop; sample++) {
        offsets[sample] = offset;
        offset += sizes[sample] ?? 0;
      }
    }
  }
  return sample === sizes.length ? offsets : null;
}

function samplesOfChunk(
  view: ByteView,
  stsc: Box | undefined,
  chunk: number,
): { readonly first: number; readonly samples: number } {
  let first = 0;
  let samples = 0;
  let from = 0;
  const entries = stsc === undefined ? 0 : entryCount(view, stsc, stsc.body + 4, 12);
  for (let i = 0; i < entries; i++) {
    const at = (stsc?.body ?? 0) + 8 + 12 * i;
    const start = Math.max(from, view.u32(at) - 1);
    if (start > chunk) break;
    first += (start - from) * samples;
    from = start;
    samples = view.u32(at + 4);
  }
  return { first: first + (chunk - from) * samples, samples };
}
