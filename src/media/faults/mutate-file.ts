import { seededRandom } from '../encode/damage.ts';

/** Ways to make a hostile file of a good one. */
export const MUTATIONS = ['flips', 'truncation', 'cut-box', 'giant-size', 'loop'] as const;

type Mutation = (typeof MUTATIONS)[number];

/** Boxes of MP4 whose sizes, counts and offsets a hostile file lies about. */
const BOXES = [
  'moov',
  'trak',
  'mdia',
  'stbl',
  'stsd',
  'stts',
  'ctts',
  'stss',
  'stsc',
  'stsz',
  'stco',
  'elst',
  'mdat',
  'moof',
  'trun',
];
/** Numbers at which parsers err. */
const EDGES = [0, 1, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_ff, 0x10_00_00_00];
/** Sides of a picture that no memory holds. */
const GIANT_PX = [0xff_ff, 0x7f_ff, 60_000];
/** Levels of boxes that contain one another. */
const MOST_LEVELS = 2_000;

/** A mutated copy of a media file's bytes; the same seed makes the same copy. */
export function mutateFile(bytes: Buffer, mutation: Mutation, seed: number): Buffer {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  switch (mutation) {
    case 'flips':
      return flipped(bytes, 1 + below(200), below);
    case 'truncation':
      return Buffer.from(bytes.subarray(0, below(bytes.length)));
    case 'cut-box':
      return withoutStretch(bytes, below);
    case 'giant-size':
      return withGiantSize(bytes, below);
    case 'loop':
      return withLoop(bytes, below);
    default:
      return mutation satisfies never;
  }
}

/** Flips bits, every second one in the first 4 KB or around the index. */
function flipped(bytes: Buffer, count: number, below: (limit: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const index = Math.max(0, copy.indexOf('moov', 0, 'latin1'));
  for (let i = 0; i < count && copy.length > 0; i++) {
    const at = i % 2 === 0 ? Math.min(copy.length - 1, index + below(4096)) : below(copy.length);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << below(8)), at);
  }
  return copy;
}

/** Takes a box, or any stretch, out of the middle. */
function withoutStretch(bytes: Buffer, below: (limit: number) => number): Buffer {
  const box = BOXES[below(BOXES.length)] ?? 'moov';
  const at = bytes.indexOf(box, 0, 'latin1') - 4;
  const start = at >= 0 && below(2) === 0 ? at : below(bytes.length);
  const size = at === start ? bytes.readUInt32BE(at) : 1 + below(4096);
  return Buffer.concat([
    bytes.subarray(0, start),
    bytes.subarray(Math.min(bytes.length, start + size)),
  ]);
}

/** Writes giant sides where the format keeps them: sample entries of MP4, pixel sizes of Matroska, headers of PNG and JPEG. */
function withGiantSize(bytes: Buffer, below: (limit: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const side = GIANT_PX[below(GIANT_PX.length)] ?? 0xff_ff;
  const put16 = (at: number): void => {
    if (at >= 0 && at + 4 <= copy.length) {
      copy.writeUInt16BE(side, at);
      copy.writeUInt16BE(side, at + 2);
    }
  };
  for (const entry of ['avc1', 'hvc1', 'hev1', 'vp09', 'av01', 'mp4v']) {
    const at = copy.indexOf(entry, 0, 'latin1');
    if (at >= 0) put16(at + 28);
  }
  const png = copy.indexOf('IHDR', 0, 'latin1');
  if (png >= 0 && png + 12 <= copy.length) {
    copy.writeUInt32BE(side, png + 4);
    copy.writeUInt32BE(side, png + 8);
  }
  const jpeg = copy.indexOf(Buffer.from([0xff, 0xc0]));
  if (jpeg >= 0) put16(jpeg + 5);
  // PixelWidth and PixelHeight of two bytes: Matroska specification, IDs 0xB0 and 0xBA.
  for (const id of [0xb0, 0xba]) {
    const at = copy.indexOf(Buffer.from([id, 0x82]));
    if (at >= 0 && at + 4 <= copy.length) copy.writeUInt16BE(side, at + 2);
  }
  return copy;
}

/** Boxes in boxes in boxes, tables that point at themselves, and counts without end. */
function withLoop(bytes: Buffer, below: (limit: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const kind = below(3);
  if (kind === 0) {
    const levels = 1 + below(MOST_LEVELS);
    const nest = Buffer.alloc(levels * 8);
    for (let level = 0; level < levels; level++) {
      nest.writeUInt32BE(nest.length - level * 8, level * 8);
      nest.write(['moov', 'trak', 'mdia', 'minf'][level % 4] ?? 'moov', level * 8 + 4, 'latin1');
    }
    const at = Math.max(0, copy.indexOf('moov', 0, 'latin1') - 4);
    return Buffer.concat([copy.subarray(0, at), nest, copy.subarray(at)]);
  }
  const box = BOXES[below(BOXES.length)] ?? 'moov';
  const at = copy.indexOf(box, 0, 'latin1');
  // The size in front of the type, or a number behind it: counts, offsets, sizes of entries.
  const target = kind === 1 ? at - 4 : at + 4 + 4 * below(6);
  const value = EDGES[below(EDGES.length)] ?? 0;
  if (at >= 4 && target + 4 <= copy.length) copy.writeUInt32BE(value, target);
  else if (copy.length >= 4) copy.writeUInt32BE(value, below(copy.length - 3));
  return copy;
}
