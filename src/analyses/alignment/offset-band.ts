/**
 * How well each clip fits the captions around it, one shard: `z[i * width + k + reach]` is the standardised similarity of
 * clip `i` and the caption `k` rows further down, NaN where there is none. Zero mean and unit spread for unrelated pairs.
 */
export type OffsetBand = {
  /** Row of each clip in its shard, ascending. */
  readonly rows: Float64Array;
  /** Largest offset. */
  readonly reach: number;
  readonly z: Float32Array;
  /** Standardised similarities of unrelated pairs, ascending. */
  readonly far: Float32Array;
  /** How often a relation was looked for before this band was kept; 1 if left out. p-values are multiplied by it. */
  readonly chances?: number;
};

/** Offsets tried on either side: as far as an asynchronous batch or a few dropped rows move a caption. */
export const OFFSET_REACH = 8;

/** The similarity of clip `index` and the caption `offset` rows further down. */
export function similarityAt(band: OffsetBand, index: number, offset: number): number {
  return band.z[index * (2 * band.reach + 1) + offset + band.reach] ?? Number.NaN;
}

/** Every offset, in order. */
export function offsetsOf(band: OffsetBand): readonly number[] {
  return Array.from({ length: 2 * band.reach + 1 }, (_, index) => index - band.reach);
}

/** Clips that can be compared with their own caption. */
export function pairCount(band: OffsetBand): number {
  let count = 0;
  for (let index = 0; index < band.rows.length; index += 1)
    if (!Number.isNaN(similarityAt(band, index, 0))) count += 1;
  return count;
}

/**
 * The fit of a caption against what stands around it: each similarity less the mean of the others in its row.
 * What a clip shares with all its neighbours (one source, one topic) drops out.
 */
export function localContrast(band: OffsetBand): Float32Array {
  const width = 2 * band.reach + 1;
  const contrast = new Float32Array(band.z.length);
  for (let index = 0; index < band.rows.length; index += 1) {
    const start = index * width;
    let sum = 0;
    let count = 0;
    for (let at = start; at < start + width; at += 1) {
      const value = band.z[at] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    for (let at = start; at < start + width; at += 1) {
      const value = band.z[at] ?? Number.NaN;
      contrast[at] = count < 3 ? Number.NaN : value - (sum - value) / (count - 1);
    }
  }
  return contrast;
}
