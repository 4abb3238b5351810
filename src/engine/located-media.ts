import { createTableSql } from '../dataset/table-columns.ts';
import type { Medium } from '../media/medium.ts';
import type { Database } from './database.ts';
import { insertRows } from './insert-rows.ts';

/** A medium as a row names it. */
export type NamedMedium = {
  readonly clipId: bigint;
  readonly medium: string;
  readonly path: string | null;
};

/** A medium of a sampled clip whose file was found. */
export type Located = NamedMedium & {
  readonly place: Medium;
  readonly identity: string;
  readonly sizeBytes: number;
};

/** A medium of a clip and the name of its evidence; null: none was found. */
export const MEDIA_COLUMNS = { clip_id: 'BIGINT', medium: 'VARCHAR', identity: 'VARCHAR' } as const;

/** Writes the table `(clip_id, medium, identity)` anew. */
export async function writeMedia(
  database: Database,
  table: string,
  media: readonly {
    readonly clipId: bigint;
    readonly medium: string;
    readonly identity: string | null;
  }[],
): Promise<void> {
  await database.run(createTableSql(table, MEDIA_COLUMNS, 'temp table'));
  const rows = media.map(({ clipId, medium, identity }) => ({
    clip_id: clipId,
    medium,
    identity,
  }));
  await insertRows(database, table, MEDIA_COLUMNS, rows);
}
