import type { ShardEvidence } from './embedding-shard.ts';
import { readShard, type ShardReading } from './assess-shard.ts';
import { fitOfVectors } from './name-reordering.ts';
import type { OffsetBand } from './offset-band.ts';
import { SimilarityBand, type VectorSlice } from './similarity-band.ts';

/** Rows of a shard that a model is run on. */
export type Window = { readonly shardId: number; readonly from: number; readonly to: number };

/** A dual encoder that the user named, as this analysis needs it. */
export type WindowEmbedder = {
  /** Says what the windows will cost. */
  readonly announce: (windows: readonly Window[], shards: number) => Promise<void>;
  readonly embed: (windows: readonly Window[]) => Promise<
    readonly (readonly {
      readonly row: number;
      readonly picture: Float32Array | null;
      readonly caption: Float32Array | null;
    }[])[]
  >;
  /** Rows that may be looked at before any alarm. */
  readonly mostRows: number;
};

type EmbeddedRow = Awaited<ReturnType<WindowEmbedder['embed']>>[number][number];

/** First and last rows of a shard: 50 pairs find a shift with CLIP-like vectors; a dropped row shows at the end. */
const WINDOW_ROWS = 48;
/** Rows between windows that are looked at whole, rather than halved again. */
const SMALL_GAP_ROWS = 64;
/** Windows added to a shard in search of the first bad row: halving 2^20 rows. */
const MOST_HALVINGS = 20;

/**
 * Runs a model on the first and last rows of shards, and where the captions of the two stand differently, on windows between
 * them, halving until the first bad row is found.
 */
export async function readModelWindows(
  embedder: WindowEmbedder,
  sizes: ReadonlyMap<number, number>,
): Promise<readonly ShardEvidence[]> {
  const windows = planWindows(sizes, embedder.mostRows);
  await embedder.announce(windows, sizes.size);
  const rows = new Map<number, Map<number, EmbeddedRow>>();
  const look = async (more: readonly Window[]): Promise<void> => {
    const found = await embedder.embed(more);
    for (const [index, { shardId }] of more.entries()) {
      const shard = rows.get(shardId) ?? new Map<number, EmbeddedRow>();
      rows.set(shardId, shard);
      for (const each of found[index] ?? []) shard.set(each.row, each);
    }
  };
  await look(windows);
  const evidence: ShardEvidence[] = [];
  for (const [shardId, shard] of rows) {
    let read = readRows(shard);
    for (let round = 0; round < MOST_HALVINGS; round += 1) {
      const gaps = openGaps(read.band, read.reading);
      if (gaps.length === 0) break;
      await look(gaps.map((gap) => ({ shardId, ...gap })));
      read = readRows(rows.get(shardId) ?? shard);
    }
    evidence.push(evidenceOf(shardId, shard, read));
  }
  return evidence;
}

/** First and last rows of as many shards as the budget allows, spread evenly; small shards whole. */
export function planWindows(
  sizes: ReadonlyMap<number, number>,
  mostRows: number,
): readonly Window[] {
  const shards = [...sizes].filter(([, size]) => size > 0).toSorted((a, b) => a[0] - b[0]);
  const cost = shards.reduce((sum, [, size]) => sum + Math.min(size, 2 * WINDOW_ROWS), 0);
  const most = Math.max(1, Math.floor((shards.length * mostRows) / Math.max(1, cost)));
  const step = Math.max(1, shards.length / most);
  const chosen = shards.filter(
    (_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step),
  );
  return chosen.flatMap(([shardId, size]): readonly Window[] =>
    size <= 2 * WINDOW_ROWS
      ? [{ shardId, from: 0, to: size }]
      : [
          { shardId, from: 0, to: WINDOW_ROWS },
          { shardId, from: size - WINDOW_ROWS, to: size },
        ],
  );
}

type Read = { readonly band: OffsetBand; readonly reading: ShardReading };

function readRows(rows: ReadonlyMap<number, EmbeddedRow>): Read {
  const sorted = [...rows.values()].toSorted((a, b) => a.row - b.row);
  const dimension = sorted.find((each) => each.picture !== null)?.picture?.length ?? 1;
  const band = new SimilarityBand(dimension, sorted.length);
  for (const { row, picture, caption } of sorted) band.add(row, wholeOf(picture), wholeOf(caption));
  const finished = band.finish();
  return { band: finished, reading: readShard(finished) };
}

function wholeOf(values: Float32Array | null): VectorSlice {
  return values === null ? null : { values, start: 0, length: values.length };
}

/** Rows nobody looked at, inside which captions begin to stand elsewhere: small ones whole, of large ones the middle. */
function openGaps(
  { rows }: OffsetBand,
  { segments }: ShardReading,
): readonly { readonly from: number; readonly to: number }[] {
  const borders = segments.flatMap(({ from, to }) => [from, to]);
  return [...new Set(borders)].flatMap((border) => {
    // The gap may lie a few rows from where the path put the border.
    const near = [0, 1, -1, 2, -2, 3, -3].map((by) => border + by);
    const at = near.find((index) => (rows[index] ?? 0) - (rows[index - 1] ?? Infinity) > 1);
    if (at === undefined) return [];
    const from = (rows[at - 1] ?? 0) + 1;
    const to = rows[at] ?? from;
    if (to - from <= SMALL_GAP_ROWS) return [{ from, to }];
    const middle = Math.floor((from + to) / 2);
    return [{ from: middle - WINDOW_ROWS / 2, to: middle + WINDOW_ROWS / 2 }];
  });
}

function evidenceOf(
  shardId: number,
  shard: ReadonlyMap<number, EmbeddedRow>,
  { band, reading }: Read,
): ShardEvidence {
  const pictures = [...shard.values()].filter((each) => each.picture !== null).length;
  const captions = [...shard.values()].filter((each) => each.caption !== null).length;
  return {
    shardId,
    rows: shard.size,
    rowNumbers: band.rows,
    reading,
    fitOf: async (from, to) => {
      const rows = Array.from(band.rows.subarray(from, to), (row) => shard.get(row));
      return fitOfVectors(
        rows.map((row) => row?.picture ?? null),
        rows.map((row) => row?.caption ?? null),
      );
    },
    whyNot:
      pictures === 0
        ? `none of ${shard.size} media could be shown to the model`
        : captions === 0
          ? `none of ${shard.size} rows has a caption`
          : null,
    columns: { left_missing: shard.size - pictures, right_missing: shard.size - captions },
  };
}
