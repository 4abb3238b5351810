import type { Database } from '../../engine/database.ts';
import { listWords } from './caption-words.ts';
import { lastShardOf, upToShard } from './first-shards.ts';
import { OFFSET_REACH, type OffsetBand } from './offset-band.ts';

/** Rows looked at in all, and in one shard. */
const MOST_ROWS = 60_000;
const MOST_SHARD_ROWS = 20_000;
/** Clips that a source needs on either side of a border to resemble each other. */
const LEAST_RUN = 3;

/** A row with its source and the words of its caption. */
type Row = {
  readonly source: string;
  /** Numbers of its words in a vocabulary, each once, ascending. */
  readonly words: Uint32Array;
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
  const last = await lastShardOf(
    database,
    `select shard_id, count(*) as n from ledger
     where row_number < ${MOST_SHARD_ROWS} and source_hash is not null and caption_bytes is not null group by shard_id`,
    MOST_ROWS,
  );
  const sql = `select shard_id::integer, row_number::double, source_id::varchar, left(caption::varchar, 2000)
     from clips
     where ${upToShard(last)} and row_number < ${MOST_SHARD_ROWS} and source_id is not null and caption is not null
     order by shard_id, row_number limit ${MOST_ROWS}`;
  await database.fetchFor(sql);
  const result = await database.connection.stream(sql);
  const shards = new Map<number, Omit<Row, 'length'>[]>();
  const vocabulary = new Vocabulary();
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const [shardId, row, source, caption] of chunk.convertRows((value) => value)) {
      const shard = shards.get(Number(shardId)) ?? [];
      shards.set(Number(shardId), shard);
      const words = vocabulary.number(listWords(String(caption)));
      shard.push({ source: String(source), words, row: Number(row) });
    }
    rows += chunk.rowCount;
  }
  const squares = vocabulary.counts.map((count) => Math.log(rows / count) ** 2);
  return [...shards].map(([shardId, own]) => ({
    shardId,
    band: bandOfBorders(own, squares),
  }));
}

/** Words by number: sets of texts would take twenty times the memory of the captions. */
export class Vocabulary {
  /** Captions that have each word. */
  readonly counts: number[] = [];
  readonly #numbers = new Map<string, number>();

  /** The caption that said each word last, counted from 1. */
  readonly #saidBy: number[] = [];
  #captions = 0;

  /** Numbers of the words of one caption, each once, ascending. */
  number(words: readonly string[]): Uint32Array {
    this.#captions += 1;
    const numbers: number[] = [];
    for (const word of words) {
      const number = this.#numbers.get(word) ?? this.#add(word);
      if (this.#saidBy[number] === this.#captions) continue;
      this.#saidBy[number] = this.#captions;
      this.counts[number] = (this.counts[number] ?? 0) + 1;
      numbers.push(number);
    }
    return Uint32Array.from(numbers).toSorted();
  }

  #add(word: string): number {
    const number = this.counts.length;
    this.counts.push(0);
    this.#saidBy.push(0);
    // A part of a caption keeps the whole caption in memory.
    this.#numbers.set(Buffer.from(word).toString(), number);
    return number;
  }
}

/** The band of one shard: how unlike captions on both sides of a border between sources are. */
export function bandOfBorders(
  own: readonly Omit<Row, 'length'>[],
  squares: readonly number[],
): OffsetBand {
  const rows = own.map((each) => ({ ...each, length: lengthOf(each.words, squares) }));
  const width = 2 * OFFSET_REACH + 1;
  const borders = rows.flatMap((_, at) => (isBorder(rows, at) ? [at] : []));
  const z = new Float32Array(borders.length * width).fill(Number.NaN);
  const beside: number[] = [];
  for (const [index, border] of borders.entries()) {
    for (let offset = -OFFSET_REACH; offset <= OFFSET_REACH; offset += 1) {
      const before = rows[border + offset];
      const after = rows[border + offset + 1];
      if (before === undefined || after === undefined || after.row !== before.row + 1) continue;
      const unlike = -similarity(before, after, squares);
      z[index * width + offset + OFFSET_REACH] = unlike;
      if (offset !== 0) beside.push(unlike);
    }
  }
  const mean = beside.reduce((sum, each) => sum + each, 0) / Math.max(1, beside.length);
  const deviations = beside.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const spread = Math.sqrt(deviations / Math.max(1, beside.length)) || 1;
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
function similarity(a: Row, b: Row, squares: readonly number[]): number {
  let common = 0;
  for (let i = 0, j = 0; i < a.words.length && j < b.words.length;) {
    const [left = 0, right = 0] = [a.words[i], b.words[j]];
    if (left === right) common += squares[left] ?? 0;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  const lengths = a.length * b.length;
  return lengths > 0 ? common / Math.sqrt(lengths) : 0;
}

function lengthOf(words: Uint32Array, squares: readonly number[]): number {
  return words.reduce((sum, word) => sum + (squares[word] ?? 0), 0);
}
