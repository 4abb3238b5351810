import type { OpenDataset } from '../dataset/opened-dataset.ts';
import type { Database } from '../engine/database.ts';

/** Whether a manifest on disk names its media by URL: looking at them takes a network and its time, which is worth a word. */
export async function areMediaRemote(database: Database, dataset: OpenDataset): Promise<boolean> {
  if (dataset.remote !== null || !dataset.mediaColumns.includes('path')) return false;
  const [row] = await database.rows(
    "select path similar to '(https?|s3a?|gs|hf)://.*' as is_remote from clips where path is not null limit 1",
  );
  return row?.['is_remote'] === true;
}
