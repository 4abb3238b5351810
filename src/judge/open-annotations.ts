import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { discoverShards } from '../dataset/discover-shards.ts';
import { openDataset } from '../dataset/open-dataset.ts';
import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { Database } from '../engine/database.ts';

/** Columns of `annotations` with their types; those that the table lacks are null. */
const COLUMNS = {
  key: 'VARCHAR',
  caption: 'VARCHAR',
  path: 'VARCHAR',
  width_px: 'DOUBLE',
  height_px: 'DOUBLE',
  fps: 'DOUBLE',
  duration_s: 'DOUBLE',
  frame_count: 'DOUBLE',
  size_bytes: 'DOUBLE',
} as const;

/** What the source annotations can say of a clip. */
type AnnotationColumns = ReadonlySet<string>;

/**
 * Reads the table that captions came from into `annotations (position, key, caption, …)`, through a database of its own,
 * and returns which columns it has. Columns are recognised by name, as those of a dataset are.
 *
 * @throws {DailiesError} usage, if it has no caption.
 */
export async function openAnnotations(
  database: Database,
  file: string,
  folder: string,
): Promise<AnnotationColumns> {
  const copy = join(folder, 'annotations.part.parquet');
  const own = await Database.open({
    memoryLimit: '1GB',
    tempDirectory: join(folder, 'spill'),
    threads: 2,
  });
  try {
    const discovery = await discoverShards([file], { cwd: folder });
    const dataset = await openDataset(own.connection, discovery, {});
    const has = new Set(dataset.columns.map((column) => column.role ?? column.name));
    if (!has.has('caption'))
      throw new DailiesError('usage', `--annotations ${file}: no column looks like a caption`, {
        hint: `its columns are ${dataset.columns.map((column) => column.name).join(', ')}; rename one to caption`,
      });
    const list = Object.entries(COLUMNS).map(([name, type]) =>
      has.has(name)
        ? `try_cast(${quoteIdentifier(name)} as ${type}) as ${quoteIdentifier(name)}`
        : `null::${type} as ${quoteIdentifier(name)}`,
    );
    await own.run(
      `copy (select row_number() over (order by shard_id, row_number) - 1 as position, ${list.join(', ')} from clips)
       to ${quoteLiteral(copy)} (format parquet)`,
    );
    await database.run(
      `create or replace temp table annotations as select * from read_parquet(${quoteLiteral(copy)})`,
    );
    return new Set(Object.keys(COLUMNS).filter((name) => has.has(name)));
  } finally {
    own.close();
    await rm(copy, { force: true });
  }
}
