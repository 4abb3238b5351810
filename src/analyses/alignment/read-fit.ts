import { type Database, numberOf } from '../../engine/database.ts';
import { type Fit, fitOfVectors } from './name-reordering.ts';

/** How clips and captions of rows of a shard fit, by the embeddings of the manifest. */
export async function readFit(
  database: Database,
  shardId: number,
  rows: Float64Array,
): Promise<Fit> {
  const found = await database.rows(
    `select row_number, clip_embedding, text_embedding from clips
     where shard_id = ${shardId} and row_number between ${rows[0] ?? 0} and ${rows.at(-1) ?? 0}`,
  );
  const byRow = new Map(found.map((row) => [numberOf(row['row_number']), row]));
  const side = (column: string): readonly (Float32Array | null)[] =>
    Array.from(rows, (row) => vectorOf(byRow.get(row)?.[column]));
  return fitOfVectors(side('clip_embedding'), side('text_embedding'));
}

function vectorOf(value: unknown): Float32Array | null {
  return Array.isArray(value)
    ? Float32Array.from(value, (each: unknown) => (typeof each === 'number' ? each : Number.NaN))
    : null;
}
