import { ITEM_BYTES, type NumberType, type StoredArray } from './array-header.ts';

/** What a block of an array's numbers says. */
type ArrayStatistics = {
  readonly sampled: number;
  readonly nans: number;
  readonly infinities: number;
  readonly zeros: number;
  /** Of the finite ones; null if there are none. */
  readonly mean: number | null;
  readonly std: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Binary exponents (floor of log2) of finite numbers but zeros: share of the most usual one, and 1st and 99th percentile. */
  readonly exponentModeShare: number | null;
  readonly exponentLow: number | null;
  readonly exponentHigh: number | null;
};

/** Bytes of an array that are read for its statistics, in this many pieces spread over it. */
const BLOCK_BYTES = 64 * 1024;
const PIECES = 4;

/**
 * Reads at most {@link BLOCK_BYTES} of an array: its beginning, its end and two pieces between, so that a header, padding or one
 * channel does not stand for all. Pieces that are not there are left out.
 */
export async function readBlock(array: StoredArray): Promise<Uint8Array> {
  const item = ITEM_BYTES[array.type];
  const total = array.present_bytes - (array.present_bytes % item);
  if (total <= BLOCK_BYTES) return whole(await array.read(0, total), item);
  const piece = BLOCK_BYTES / PIECES;
  const parts: Uint8Array[] = [];
  for (let i = 0; i < PIECES; i++) {
    const at = Math.floor(((total - piece) * i) / (PIECES - 1) / item) * item;
    parts.push(whole(await array.read(at, piece), item));
  }
  // Of members that are deflated, no more than the beginning is unpacked.
  const isShort = parts.slice(1).every((part) => part.length === 0);
  return isShort ? whole(await array.read(0, BLOCK_BYTES), item) : Buffer.concat(parts);
}

function whole(bytes: Uint8Array, item: number): Uint8Array {
  return bytes.subarray(0, bytes.length - (bytes.length % item));
}

/** Statistics of numbers as they are stored; null for types that are no single numbers. */
export function measureArray(
  bytes: Uint8Array,
  type: NumberType,
  isBigEndian: boolean,
): ArrayStatistics | null {
  const read = readerOf(type, !isBigEndian);
  if (read === null) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const item = ITEM_BYTES[type];
  const sampled = Math.floor(bytes.length / item);
  let [nans, infinities, zeros, finite, mean, squares] = [0, 0, 0, 0, 0, 0];
  let [min, max] = [Infinity, -Infinity];
  const exponents: number[] = [];
  for (let i = 0; i < sampled; i++) {
    const value = read(view, i * item);
    if (Number.isNaN(value)) nans++;
    else if (!Number.isFinite(value)) infinities++;
    else {
      finite++;
      // Welford: sums of squares of float32 cancel.
      const step = value - mean;
      mean += step / finite;
      squares += step * (value - mean);
      min = Math.min(min, value);
      max = Math.max(max, value);
      if (value === 0) zeros++;
      else exponents.push(Math.floor(Math.log2(Math.abs(value))));
    }
  }
  const has = finite > 0;
  return {
    sampled,
    nans,
    infinities,
    zeros,
    mean: has ? mean : null,
    std: has ? Math.sqrt(squares / finite) : null,
    min: has ? min : null,
    max: has ? max : null,
    ...exponentStatistics(exponents),
  };
}

function exponentStatistics(
  exponents: number[],
): Pick<ArrayStatistics, 'exponentModeShare' | 'exponentLow' | 'exponentHigh'> {
  if (exponents.length === 0)
    return { exponentModeShare: null, exponentLow: null, exponentHigh: null };
  const counts = new Map<number, number>();
  for (const exponent of exponents) counts.set(exponent, (counts.get(exponent) ?? 0) + 1);
  const sorted = exponents.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return {
    exponentModeShare: Math.max(...counts.values()) / exponents.length,
    exponentLow: at(0.01),
    exponentHigh: at(0.99),
  };
}

type NumberReader = (view: DataView, at: number) => number;

function readerOf(type: NumberType, isLittle: boolean): NumberReader | null {
  switch (type) {
    case 'float16':
      return (view, at) => halfToNumber(view.getUint16(at, isLittle));
    case 'bfloat16':
      return (view, at) => bfloatToNumber(view.getUint16(at, isLittle));
    case 'float32':
      return (view, at) => view.getFloat32(at, isLittle);
    case 'float64':
      return (view, at) => view.getFloat64(at, isLittle);
    case 'int8':
      return (view, at) => view.getInt8(at);
    case 'int16':
      return (view, at) => view.getInt16(at, isLittle);
    case 'int32':
      return (view, at) => view.getInt32(at, isLittle);
    case 'int64':
      return (view, at) => Number(view.getBigInt64(at, isLittle));
    case 'bool':
    case 'uint8':
      return (view, at) => view.getUint8(at);
    case 'uint16':
      return (view, at) => view.getUint16(at, isLittle);
    case 'uint32':
      return (view, at) => view.getUint32(at, isLittle);
    case 'uint64':
      return (view, at) => Number(view.getBigUint64(at, isLittle));
    default:
      return null;
  }
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a binary32. */
function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits * 65536);
  return scratch.getFloat32(0);
}
