import { readShard, type ShardReading } from './assess-shard.ts';
import type { Turn } from './find-turn.ts';
import type { Fit } from './name-reordering.ts';
import type { VectorRow } from './read-vectors.ts';
import { SimilarityBand } from './similarity-band.ts';

/** What one kind of evidence says about one shard. */
export type ShardEvidence = {
  readonly shardId: number;
  /** Rows looked at. */
  readonly rows: number;
  /** Row in the shard of each entry of the band that was read. */
  readonly rowNumbers: Float64Array;
  readonly reading: ShardReading;
  /** Why the shard could not be read at all, null if it could. */
  readonly whyNot: string | null;
  /** Sums of the unit vectors of either side. */
  readonly sums?: { readonly left: Float32Array; readonly right: Float32Array };
  readonly fitOf?: (from: number, to: number) => Promise<Fit | null>;
  /** What else there is to say of the shard, in words. */
  readonly note?: string | null;
  /** More columns of `alignment`. */
  readonly columns: Readonly<Record<string, number | null>>;
};

/** Collects one shard's pairs of embeddings; the first vector of each side fixes its length. */
export class EmbeddingShard {
  readonly shardId: number;
  readonly #size: number;
  readonly #missing = { left: 0, right: 0 };
  #rows = 0;
  #dimensions: readonly [number, number] = [0, 0];
  #band: SimilarityBand | null = null;

  constructor(shardId: number, size: number) {
    this.shardId = shardId;
    this.#size = size;
  }

  add(row: VectorRow): void {
    this.#rows += 1;
    if (this.#band === null) {
      if (row.left === null || row.right === null) {
        if (row.left === null) this.#missing.left += 1;
        if (row.right === null) this.#missing.right += 1;
        return;
      }
      this.#dimensions = [row.left.length, row.right.length];
      this.#band = new SimilarityBand(row.left.length, this.#size);
    }
    this.#band.add(row.row, row.left, row.right);
  }

  finish(): Omit<ShardEvidence, 'shardId'> {
    const band = this.#band ?? new SimilarityBand(1, 0);
    const { left, right } = band.faults;
    const turns = band.turns;
    const finished = band.finish();
    const [leftDimension, rightDimension] = this.#dimensions;
    return {
      rows: this.#rows,
      rowNumbers: finished.rows,
      reading: readShard(finished),
      sums: band.sums,
      whyNot: this.#whyNot(),
      columns: {
        left_dimension: leftDimension,
        right_dimension: rightDimension,
        left_missing: left.missing + this.#missing.left,
        right_missing: right.missing + this.#missing.right,
        left_unusable: left.unusable,
        right_unusable: right.unusable,
        left_other_length: left.otherLength,
        right_other_length: leftDimension === rightDimension ? right.otherLength : 0,
        ...columnsOf('left', turns.left),
        ...columnsOf('right', turns.right),
      },
    };
  }

  #whyNot(): string | null {
    if (this.#band === null) return 'no row has both embeddings';
    const [left, right] = this.#dimensions;
    return left === right ? null : `embeddings of ${left} and ${right} numbers share no space`;
  }
}

function columnsOf(side: 'left' | 'right', turn: Turn | null): Readonly<Record<string, number>> {
  return turn === null
    ? {}
    : {
        [`${side}_turn_row`]: turn.row,
        [`${side}_turn_cosine`]: turn.cosine,
        [`${side}_turn_within`]: turn.within,
      };
}
