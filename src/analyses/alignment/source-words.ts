import { type Database, numberOf, textOf } from '../../engine/database.ts';
import { wordsOf } from './caption-words.ts';
import { OFFSET_REACH, type OffsetBand } from './offset-band.ts';

/** Rows looked at in all, and in one shard. */
const MOST_ROWS = 60_000;
const MOST_SHARD_ROWS = 20_000;
/** Clips that a source needs on either side of a border to resemble each other. */
const LEAST_RUN = 3;

/** A row with its source and the words of its caption. */
export type Row = {
  readonly source: string;
  readonly words: ReadonlySet<string>;
  readonly row: number;
  /** Square of the length of the weighted words. */
  readonly length: number;
};

/**
 * Captions of one source resemble each other; where a source ends, they change. Bands over the borders between sources: `z` at
 * offset `k` is how little the captions on both sides of the border resemble each other, `k` rows further down. Moved captions
 * change beside the border. Needs a source and a caption, and no model.
 */
export async function bandsOfSources(
  database: Database,
): Promise<readonly { readonly shardId: number; readonly band: OffsetBand }[]> {
  const rows = await database.rows(
    `select shard_id, row_number, source_id::varchar as source, left(caption::varchar, 2000) as caption
     from clips where row_number < ${MOST_SHARD_ROWS} and source_id is not null and caption is not null
     order by shard_id, row_number limit ${MOST_ROWS}`,
  );
  const shards = new Map<number, Omit<Row, 'length'>[]>();
  const counts = new Map<string, number>();
  for (const row of rows) {
    const shardId = numberOf(row['shard_id']);
    const words = wordsOf(textOf(row['caption']));
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const shard = shards.get(shardId) ?? [];
    shards.set(shardId, shard);
    shard.push({ source: textOf(row['source']), words, row: numberOf(row['row_number']) });
  }
  const squares = new Map(
    [...counts].map(([word, count]) => [word, Math.log(rows.length / count) ** 2]),
  );
  const squareOf = (word: string): number => squares.get(word) ?? 0;
  return [...shards].map(([shardId, own]) => ({
    shardId,
    band: bandOfBorders(own, squareOf),
  }));
}

/** The band of one shard: how unlike captions on both sides of a border between sources are. */
export function bandOfBorders(
  own: readonly Omit<Row, 'length'>[],
  squareOf: (word: string) => number,
): OffsetBand {
  const rows = own.map((each) => ({ ...each, length: lengthOf(each.words, squareOf) }));
  const width = 2 * OFFSET_REACH + 1;
  const borders = rows.flatMap((_, at) => (isBorder(rows, at) ? [at] : []));
  const z = new Float32Array(borders.length * width).fill(Number.NaN);
  const beside: number[] = [];
  for (const [index, border] of borders.entries()) {
    for (let offset = -OFFSET_REACH; offset <= OFFSET_REACH; offset += 1) {
      const before = rows[border + offset];
      const after = rows[border + offset + 1];
      if (before === undefined || after === undefined || after.row !== before.row + 1) continue;
      const unlike = -similarity(before, after, squareOf);
      z[index * width + offset + OFFSET_REACH] = unlike;
      if (offset !== 0) beside.push(unlike);
    }
  }
  const mean = beside.reduce((sum, each) => sum + each, 0) / Math.max(1, beside.length);
  const squares = beside.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const spread = Math.sqrt(squares / Math.max(1, beside.length)) || 1;
  return {
    rows: Float64Array.from(borders, (border) => rows[border]?.row ?? 0),
    reach: OFFSET_REACH,
    z: z.map((each) => (each - mean) / spread),
    far: Float32Array.from(beside, (each) => (each - mean) / spread).toSorted(),
  };
}

/** Whether a source ends with the row and another begins, both of several clips. */
function isBorder(rows: readonly Row[], at: number): boolean {
  const last = rows[at]?.source;
  const first = rows[at + 1]?.source;
  if (last === undefined || first === undefined || last === first) return false;
  for (let by = 1; by < LEAST_RUN; by += 1)
    if (rows[at - by]?.source !== last || rows[at + 1 + by]?.source !== first) return false;
  return true;
}

/** Cosine of two sets of words, rare ones weighing more. */
function similarity(a: Row, b: Row, squareOf: (word: string) => number): number {
  const [few, many] = a.words.size < b.words.size ? [a.words, b.words] : [b.words, a.words];
  let common = 0;
  for (const word of few) if (many.has(word)) common += squareOf(word);
  const lengths = a.length * b.length;
  return lengths > 0 ? common / Math.sqrt(lengths) : 0;
}

function lengthOf(words: ReadonlySet<string>, squareOf: (word: string) => number): number {
  let sum = 0;
  for (const word of words) sum += squareOf(word);
  return sum;
}
