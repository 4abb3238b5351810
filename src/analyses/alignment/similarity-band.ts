import { OFFSET_REACH, type OffsetBand } from './offset-band.ts';
import { findTurn, type Turn } from './find-turn.ts';
import { paddedLength, VectorKernel } from './vector-kernel.ts';

/** Rows worked on at once: small enough for the cache and for memory, large enough for a steady mean. */
const PIECE_ROWS = 2048;
/** Unrelated pairs drawn for each row; more of them in small shards. */
const FAR_PAIRS = 4;
const LEAST_FAR_PAIRS = 20_000;
/** Most unrelated pairs of a row. */
const MOST_FAR_PAIRS = 24;
/** Unrelated pairs drawn in all: enough for a mean and a spread to four digits. */
const MOST_FAR = 400_000;
/** Unrelated pairs kept for the share of mismatches. */
const MOST_FAR_KEPT = 200_000;

/** Which vectors could not be used, by side. */
type VectorFaults = {
  /** No vector at all. */
  missing: number;
  /** All zero, or with a value that is not finite. */
  unusable: number;
  /** Another length than the first one. */
  otherLength: number;
};

/** A vector of one side, inside a larger array; null where there is none. */
export type VectorSlice = {
  readonly values: Float32Array;
  readonly start: number;
  readonly length: number;
} | null;

type Side = {
  readonly faults: VectorFaults;
  readonly valid: Uint8Array;
  /** Where the unit vectors of the piece, the centred ones, their mean and the sum of the piece begin in the kernel. */
  readonly unit: number;
  readonly centred: number;
  readonly mean: number;
  readonly pieceSum: number;
  /** Over all pieces before. */
  readonly sum: Float64Array;
  count: number;
  /** Sums of all unit vectors up to each of {@link SimilarityBand.places}. */
  readonly marks: Float32Array[];
};

/** Places of a shard at which the direction of its vectors so far is kept, and rows between two of them. */
const MOST_MARKS = 256;
const LEAST_MARK_ROWS = 16;

/** Kernels that no band works with: their memory is used again. */
const idle: VectorKernel[] = [];

/**
 * Builds the {@link OffsetBand} of one shard from two aligned columns of vectors that share a space, row by row in order;
 * memory holds one piece, whatever the shard. Each side is centred on its mean so far, because a common direction (the gap
 * between modalities, hubs) hides the relation.
 */
export class SimilarityBand {
  readonly #dimension: number;
  readonly #length: number;
  readonly #reach: number;
  readonly #capacity: number;
  readonly #kernel: VectorKernel;
  readonly #left: Side;
  readonly #right: Side;
  /** Where the kernel writes inner products. */
  readonly #out: number;
  readonly #pieceRows: number[] = [];
  readonly #rows: number[] = [];
  readonly #band: Float32Array[] = [];
  readonly #far: number[] = [];
  /** Rows between two places at which the direction of vectors is kept. */
  readonly #markRows: number;
  readonly #places: number[] = [];
  #added = 0;
  #kept = 0;
  #state = 0x9e3779b9;

  /** `rows` is about how many will be added: a small shard takes little memory. */
  constructor(dimension: number, rows: number, reach = OFFSET_REACH) {
    this.#dimension = dimension;
    this.#length = paddedLength(dimension);
    this.#markRows = Math.max(LEAST_MARK_ROWS, Math.ceil(rows / MOST_MARKS));
    this.#reach = reach;
    this.#capacity = Math.min(PIECE_ROWS, Math.max(8 * reach, rows));
    this.#kernel = idle.pop() ?? new VectorKernel();
    const block = this.#capacity * this.#length;
    const side = (at: number): Side => ({
      faults: { missing: 0, unusable: 0, otherLength: 0 },
      valid: new Uint8Array(this.#capacity),
      unit: at * block,
      centred: (at + 1) * block,
      mean: 4 * block + at * this.#length,
      pieceSum: 4 * block + (at + 1) * this.#length,
      sum: new Float64Array(dimension),
      count: 0,
      marks: [],
    });
    this.#left = side(0);
    this.#right = side(2);
    this.#out = 4 * block + 4 * this.#length;
    this.#kernel.reserve(this.#out + 2 * reach + 1);
  }

  get faults(): { readonly left: VectorFaults; readonly right: VectorFaults } {
    return { left: this.#left.faults, right: this.#right.faults };
  }

  /** Sums of the unit vectors of either side, whose direction a model gives all its vectors; whole after `finish`. */
  get sums(): { readonly left: Float32Array; readonly right: Float32Array } {
    return {
      left: Float32Array.from(this.#left.sum),
      right: Float32Array.from(this.#right.sum),
    };
  }

  /** Where the direction of either side's vectors changes most, if it does. */
  get turns(): { readonly left: Turn | null; readonly right: Turn | null } {
    return {
      left: findTurn(this.#left.marks, this.#places),
      right: findTurn(this.#right.marks, this.#places),
    };
  }

  /** Adds the next row: its number in the shard, and both vectors. */
  add(row: number, left: VectorSlice, right: VectorSlice): void {
    if (this.#pieceRows.length === this.#capacity) this.#work(false);
    const at = this.#pieceRows.length;
    this.#pieceRows.push(row);
    this.#put(this.#left, at, left);
    this.#put(this.#right, at, right);
    this.#added += 1;
    if (this.#added % this.#markRows === 0) this.#mark(row + 1);
  }

  #mark(row: number): void {
    this.#places.push(row);
    const { floats } = this.#kernel;
    for (const side of [this.#left, this.#right])
      side.marks.push(
        Float32Array.from(side.sum, (sum, i) => sum + (floats[side.pieceSum + i] ?? 0)),
      );
  }

  /** The band of all rows added; nothing can be added after it. */
  finish(): OffsetBand {
    this.#work(true);
    idle.push(this.#kernel);
    const width = 2 * this.#reach + 1;
    const z = new Float32Array(this.#rows.length * width);
    let at = 0;
    for (const part of this.#band) {
      z.set(part, at);
      at += part.length;
    }
    const { mean, spread } = moments(this.#far);
    const standardise = (value: number): number => (value - mean) / spread;
    const far = Float32Array.from(this.#far.slice(0, MOST_FAR_KEPT), standardise).toSorted();
    for (let each = 0; each < z.length; each += 1) z[each] = standardise(z[each] ?? Number.NaN);
    return { rows: Float64Array.from(this.#rows), reach: this.#reach, z, far };
  }

  #put(side: Side, at: number, vector: VectorSlice): void {
    const d = this.#dimension;
    side.valid[at] = 0;
    if (vector === null) {
      side.faults.missing += 1;
      return;
    }
    if (vector.length !== d) {
      side.faults.otherLength += 1;
      return;
    }
    const { values, start } = vector;
    const to = side.unit + at * this.#length;
    const { floats } = this.#kernel;
    floats.set(values.subarray(start, start + d), to);
    this.#kernel.dots(to, to, 1, this.#length, this.#out);
    let squares = floats[this.#out] ?? 0;
    if (!(squares > 1e-30 && squares < 1e30)) {
      // Very long and very short vectors have squares beyond single precision.
      squares = 0;
      for (let i = 0; i < d; i += 1) squares += (values[start + i] ?? 0) ** 2;
      if (!(squares > 0 && squares < Number.POSITIVE_INFINITY)) {
        side.faults.unusable += 1;
        return;
      }
      const factor = 1 / Math.sqrt(squares);
      for (let i = 0; i < d; i += 1) floats[to + i] = (values[start + i] ?? 0) * factor;
      squares = 1;
    }
    this.#kernel.scale(to, 1 / Math.sqrt(squares), side.pieceSum, this.#length);
    side.valid[at] = 1;
    side.count += 1;
  }

  /** Works off the piece; the last rows stay as neighbours of the next piece unless it is the last one. */
  #work(isLast: boolean): void {
    const rows = this.#pieceRows.length;
    const reach = this.#reach;
    const width = 2 * reach + 1;
    this.#centre(this.#left, rows);
    this.#centre(this.#right, rows);
    const from = this.#kept;
    const to = isLast ? rows : rows - reach;
    const part = new Float32Array(Math.max(0, to - from) * width).fill(Number.NaN);
    for (let index = from; index < to; index += 1) {
      const row = this.#pieceRows[index] ?? 0;
      this.#rows.push(row);
      if (this.#left.valid[index] !== 1) continue;
      const first = Math.max(0, index - reach);
      const last = Math.min(rows - 1, index + reach);
      this.#dots(index, first, last - first + 1);
      for (let other = first; other <= last; other += 1) {
        const offset = other - index;
        // A gap in the rows is no neighbour.
        if (this.#right.valid[other] !== 1 || this.#pieceRows[other] !== row + offset) continue;
        part[(index - from) * width + offset + reach] =
          this.#kernel.floats[this.#out + other - first] ?? 0;
      }
    }
    this.#band.push(part);
    this.#drawFar(rows);
    if (isLast) return;
    const keep = 2 * reach;
    for (const side of [this.#left, this.#right]) {
      const start = side.unit + (rows - keep) * this.#length;
      this.#kernel.floats.copyWithin(side.unit, start, side.unit + rows * this.#length);
      side.valid.copyWithin(0, rows - keep, rows);
    }
    this.#pieceRows.splice(0, rows - keep);
    this.#kept = reach;
  }

  /** Centres the piece on the mean of all rows so far, to unit length. */
  #centre(side: Side, rows: number): void {
    const { floats } = this.#kernel;
    for (let i = 0; i < this.#dimension; i += 1) {
      side.sum[i] = (side.sum[i] ?? 0) + (floats[side.pieceSum + i] ?? 0);
      floats[side.mean + i] = (side.sum[i] ?? 0) / Math.max(1, side.count);
      floats[side.pieceSum + i] = 0;
    }
    for (let row = 0; row < rows; row += 1) {
      if (side.valid[row] !== 1) continue;
      const at = row * this.#length;
      const to = side.centred + at;
      const squares = this.#kernel.centre(side.unit + at, side.mean, to, this.#length);
      // A vector that is the mean itself says nothing; it stays zero.
      const factor = squares > 1e-12 ? 1 / Math.sqrt(squares) : 0;
      this.#kernel.scale(to, factor, side.pieceSum, this.#length);
    }
    floats.fill(0, side.pieceSum, side.pieceSum + this.#length);
  }

  #drawFar(rows: number): void {
    if (rows < 4 * this.#reach || this.#far.length >= MOST_FAR) return;
    const each = Math.min(MOST_FAR_PAIRS, Math.max(FAR_PAIRS, Math.ceil(LEAST_FAR_PAIRS / rows)));
    for (let index = 0; index < rows; index += 1) {
      if (this.#left.valid[index] !== 1) continue;
      for (let draw = 0; draw < each; draw += 1) {
        const other = this.#random(rows);
        if (Math.abs(other - index) <= 2 * this.#reach || this.#right.valid[other] !== 1) continue;
        this.#dots(index, other, 1);
        this.#far.push(this.#kernel.floats[this.#out] ?? 0);
      }
    }
  }

  /** Inner products of a picture and `count` captions from row `first` of the piece on. */
  #dots(index: number, first: number, count: number): void {
    this.#kernel.dots(
      this.#left.centred + index * this.#length,
      this.#right.centred + first * this.#length,
      count,
      this.#length,
      this.#out,
    );
  }

  /** Xorshift with a fixed start: the same rows always draw the same pairs. */
  #random(below: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % below;
  }
}

function moments(values: readonly number[]): { readonly mean: number; readonly spread: number } {
  if (values.length < 2) return { mean: 0, spread: 1 };
  let sum = 0;
  for (const each of values) sum += each;
  const mean = sum / values.length;
  let squares = 0;
  for (const each of values) squares += (each - mean) ** 2;
  const spread = Math.sqrt(squares / values.length);
  return { mean, spread: spread > 1e-9 ? spread : 1 };
}
