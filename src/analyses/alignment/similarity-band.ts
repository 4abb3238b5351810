import { OFFSET_REACH, type OffsetBand } from './offset-band.ts';

/** Rows worked on at once: small enough for the cache and for memory, large enough for a steady mean. */
const PIECE_ROWS = 4096;
/** Unrelated pairs drawn for each row; more of them in small shards. */
const FAR_PAIRS = 4;
const LEAST_FAR_PAIRS = 20_000;
/** Most unrelated pairs of a row. */
const MOST_FAR_PAIRS = 24;
/** Unrelated pairs kept for the share of mismatches. */
const MOST_FAR_KEPT = 200_000;

/** Which vectors could not be used, by side. */
export type VectorFaults = {
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
  /** Unit vectors of the rows in the piece. */
  unit: Float32Array;
  /** The same, centred and scaled to unit length again. */
  centred: Float32Array;
  readonly valid: Uint8Array;
  readonly sum: Float64Array;
  count: number;
};

/**
 * Builds the {@link OffsetBand} of one shard from two aligned columns of vectors that share a space, row by row in order;
 * memory holds one piece, whatever the shard. Each side is centred on its mean so far, because a common direction (the gap
 * between modalities, hubs) hides the relation.
 */
export class SimilarityBand {
  readonly #dimension: number;
  readonly #reach: number;
  readonly #capacity: number;
  readonly #left: Side;
  readonly #right: Side;
  readonly #pieceRows: number[] = [];
  readonly #rows: number[] = [];
  readonly #band: Float32Array[] = [];
  readonly #far: number[] = [];
  #kept = 0;
  #state = 0x9e3779b9;

  /** `rows` is about how many will be added: a small shard takes little memory. */
  constructor(dimension: number, rows: number, reach = OFFSET_REACH) {
    this.#dimension = dimension;
    this.#reach = reach;
    this.#capacity = Math.min(PIECE_ROWS, Math.max(8 * reach, rows));
    this.#left = newSide(dimension, this.#capacity);
    this.#right = newSide(dimension, this.#capacity);
  }

  get faults(): { readonly left: VectorFaults; readonly right: VectorFaults } {
    return { left: this.#left.faults, right: this.#right.faults };
  }

  /** Adds the next row: its number in the shard, and both vectors. */
  add(row: number, left: VectorSlice, right: VectorSlice): void {
    if (this.#pieceRows.length === this.#capacity) this.#work(false);
    const at = this.#pieceRows.length;
    this.#pieceRows.push(row);
    this.#put(this.#left, at, left);
    this.#put(this.#right, at, right);
  }

  /** The band of all rows added. */
  finish(): OffsetBand {
    this.#work(true);
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
    let squares = 0;
    for (let i = 0; i < d; i += 1) {
      const value = values[start + i] ?? 0;
      squares += value * value;
    }
    if (!(squares > 0 && squares < Number.POSITIVE_INFINITY)) {
      side.faults.unusable += 1;
      return;
    }
    const scale = 1 / Math.sqrt(squares);
    const base = at * d;
    for (let i = 0; i < d; i += 1) {
      const value = (values[start + i] ?? 0) * scale;
      side.unit[base + i] = value;
      side.sum[i] = (side.sum[i] ?? 0) + value;
    }
    side.valid[at] = 1;
    side.count += 1;
  }

  /** Works off the piece; the last rows stay as neighbours of the next piece unless it is the last one. */
  #work(isLast: boolean): void {
    const rows = this.#pieceRows.length;
    const reach = this.#reach;
    const width = 2 * reach + 1;
    centre(this.#left, rows, this.#dimension);
    centre(this.#right, rows, this.#dimension);
    const from = this.#kept;
    const to = isLast ? rows : rows - reach;
    const part = new Float32Array(Math.max(0, to - from) * width).fill(Number.NaN);
    for (let index = from; index < to; index += 1) {
      this.#rows.push(this.#pieceRows[index] ?? 0);
      if (this.#left.valid[index] !== 1) continue;
      for (let offset = -reach; offset <= reach; offset += 1) {
        const other = index + offset;
        if (other < 0 || other >= rows || this.#right.valid[other] !== 1) continue;
        // A gap in the rows is no neighbour.
        if (this.#pieceRows[other] !== (this.#pieceRows[index] ?? 0) + offset) continue;
        part[(index - from) * width + offset + reach] = this.#dot(index, other);
      }
    }
    this.#band.push(part);
    this.#drawFar(rows);
    if (isLast) return;
    const keep = 2 * reach;
    for (const side of [this.#left, this.#right]) {
      side.unit.copyWithin(0, (rows - keep) * this.#dimension, rows * this.#dimension);
      side.valid.copyWithin(0, rows - keep, rows);
    }
    this.#pieceRows.splice(0, rows - keep);
    this.#kept = reach;
  }

  #drawFar(rows: number): void {
    if (rows < 4 * this.#reach) return;
    const each = Math.min(MOST_FAR_PAIRS, Math.max(FAR_PAIRS, Math.ceil(LEAST_FAR_PAIRS / rows)));
    for (let index = 0; index < rows; index += 1) {
      if (this.#left.valid[index] !== 1) continue;
      for (let draw = 0; draw < each; draw += 1) {
        const other = this.#random(rows);
        if (Math.abs(other - index) <= 2 * this.#reach || this.#right.valid[other] !== 1) continue;
        this.#far.push(this.#dot(index, other));
      }
    }
  }

  #dot(left: number, right: number): number {
    return dot(
      this.#left.centred,
      left * this.#dimension,
      this.#right.centred,
      right * this.#dimension,
      this.#dimension,
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

/** Inner product of two slices; four sums side by side, so that additions need not wait for each other. */
export function dot(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  length: number,
): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += (a[aStart + i] ?? 0) * (b[bStart + i] ?? 0);
    s1 += (a[aStart + i + 1] ?? 0) * (b[bStart + i + 1] ?? 0);
    s2 += (a[aStart + i + 2] ?? 0) * (b[bStart + i + 2] ?? 0);
    s3 += (a[aStart + i + 3] ?? 0) * (b[bStart + i + 3] ?? 0);
  }
  for (; i < length; i += 1) s0 += (a[aStart + i] ?? 0) * (b[bStart + i] ?? 0);
  return s0 + s1 + (s2 + s3);
}

function newSide(dimension: number, rows: number): Side {
  return {
    faults: { missing: 0, unusable: 0, otherLength: 0 },
    unit: new Float32Array(rows * dimension),
    centred: new Float32Array(rows * dimension),
    valid: new Uint8Array(rows),
    sum: new Float64Array(dimension),
    count: 0,
  };
}

function centre(side: Side, rows: number, d: number): void {
  const mean = side.sum.map((each) => each / Math.max(1, side.count));
  for (let row = 0; row < rows; row += 1) {
    if (side.valid[row] !== 1) continue;
    const base = row * d;
    let squares = 0;
    for (let i = 0; i < d; i += 1) {
      const value = (side.unit[base + i] ?? 0) - (mean[i] ?? 0);
      side.centred[base + i] = value;
      squares += value * value;
    }
    // A vector that is the mean itself says nothing; it stays zero.
    const scale = squares > 1e-12 ? 1 / Math.sqrt(squares) : 0;
    for (let i = 0; i < d; i += 1) side.centred[base + i] = (side.centred[base + i] ?? 0) * scale;
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
