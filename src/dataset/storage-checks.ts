import type { DuckDBConnection } from '@duckdb/node-api';

import {
  checkFooter,
  createFooterChecksTable,
  distrustStatistics,
  type FooterCheck,
  type SampledGroup,
} from './footer-checks.ts';
import type { OpenDataset, OpenShard } from './opened-dataset.ts';
import {
  checkChunks,
  type ChunkChecksums,
  type ColumnChunk,
  createPageChecksumsTable,
} from './page-checksums.ts';
import { isStoreUrl } from '../stores/store-url.ts';
import { numberOf, readRows, textOf } from './rows.ts';
import { ScratchDatabase } from './scratch-database.ts';
import { quotePathList } from './sql-quote.ts';

type StorageCheckOptions = {
  /** Bytes of pages that are summed at most; above, evenly spread row groups stand for all. */
  readonly checksumBytes: number;
  /** Share of the row groups whose statistics are computed again. */
  readonly footerShare: number;
};

export const STORAGE_CHECKS: StorageCheckOptions = { checksumBytes: 1e9, footerShare: 0.01 };

/** Tables that {@link checkStorage} fills. */
export const STORAGE_TABLES = ['page_checksums', 'footer_checks'] as const;

/** Row groups whose statistics are computed again, at least (of all shards together) and at most. */
const LEAST_GROUPS = 8;
const MOST_GROUPS = 256;

/** Shards of which no chunk stores a checksum are known from so many of its chunks. */
const PROBED_CHUNKS = 2;

/** What was looked at, for people. */
export type StorageCoverage = {
  readonly shards: number;
  /** Names of the shards of which no page carries a checksum. */
  readonly unsummed: readonly string[];
  readonly checkedPages: number;
};

/**
 * Holds Parquet shards against what they say of themselves: pages against their checksums (`page_checksums`), row groups
 * against the footer's statistics (`footer_checks`). Bounded: a sample of row groups above the limits. Other formats
 * leave both tables empty.
 */
export async function checkStorage(
  connection: DuckDBConnection,
  dataset: OpenDataset,
  options: StorageCheckOptions = STORAGE_CHECKS,
  signal?: AbortSignal,
): Promise<StorageCoverage> {
  const shards = dataset.shards.filter(
    (shard) => shard.format === 'parquet' && shard.state === 'read' && shard.rows > 0,
  );
  const scratch = await ScratchDatabase.like(connection);
  const twins = new Map(dataset.source.shards.map(({ file }) => [file.index, file.twin]));
  // Of shards in a store only what was read anyway is looked at.
  const isHere: IsHere = (shard, column) =>
    twins.get(shard.index)?.has(column) ?? !isStoreUrl(shard.path);
  try {
    const checked = await checkPages(scratch, shards, isHere, options.checksumBytes, signal);
    await createPageChecksumsTable(connection, checked);
    await createFooterChecksTable(
      connection,
      await checkFooters(scratch, shards, isHere, options.footerShare, signal),
    );
    const withCrc = new Set(
      checked.filter((each) => each.pagesWithCrc > 0).map((each) => each.chunk.shardId),
    );
    return {
      shards: shards.length,
      unsummed: shards.filter((each) => !withCrc.has(each.index)).map((each) => each.name),
      checkedPages: checked.reduce((sum, each) => sum + each.pagesWithCrc, 0),
    };
  } finally {
    scratch.close();
  }
}

/** Whether the bytes of a column are on this machine. */
type IsHere = (shard: OpenShard, column: string) => boolean;

async function checkPages(
  scratch: ScratchDatabase,
  shards: readonly OpenShard[],
  isHere: IsHere,
  limit_bytes: number,
  signal?: AbortSignal,
): Promise<readonly ChunkChecksums[]> {
  const found: ChunkChecksums[] = [];
  let left = limit_bytes;
  for (const [i, shard] of shards.entries()) {
    signal?.throwIfAborted();
    // An equal share of what is left for every shard that is left.
    const budget = left / (shards.length - i);
    const every = Math.max(1, Math.ceil(shard.bytes / budget));
    const all = await readChunks(scratch, shard, every, i);
    const chunks = all.filter(({ columnName }) => isHere(shard, columnName.split(', ')[0] ?? ''));
    const probes = await checkChunks(chunks.slice(0, PROBED_CHUNKS), signal);
    found.push(...probes);
    if (probes.every((each) => each.pagesWithCrc === 0 && each.error === null)) continue;
    found.push(...(await checkChunks(chunks.slice(PROBED_CHUNKS), signal)));
    left -= chunks.reduce((sum, chunk) => sum + chunk.size_bytes, 0);
  }
  return found;
}

/** Column chunks of every `every`-th row group, the first of them chosen by `offset`. */
async function readChunks(
  scratch: ScratchDatabase,
  shard: OpenShard,
  every: number,
  offset: number,
): Promise<readonly ColumnChunk[]> {
  const rows = await scratch.use((connection) =>
    readRows(
      connection,
      `with groups as (select *, max(row_group_id) over () + 1 as n from parquet_metadata(${quotePathList([shard.path])}))
       select row_group_id, path_in_schema,
         case when dictionary_page_offset > 0 then least(dictionary_page_offset, data_page_offset) else data_page_offset end as start,
         total_compressed_size as size
       from groups
       where row_group_id % least(${every}, n) = ${offset} % least(${every}, n)
       order by row_group_id, column_id`,
    ),
  );
  return rows.map((row) => ({
    shardId: shard.index,
    shard: shard.name,
    path: shard.path,
    rowGroup: numberOf(row['row_group_id']),
    columnName: textOf(row['path_in_schema']),
    start: numberOf(row['start']),
    size_bytes: numberOf(row['size']),
  }));
}

async function checkFooters(
  scratch: ScratchDatabase,
  shards: readonly OpenShard[],
  isHere: IsHere,
  share: number,
  signal?: AbortSignal,
): Promise<readonly FooterCheck[]> {
  const checks: FooterCheck[] = [];
  for (const group of await drawGroups(scratch, shards, LEAST_GROUPS, share)) {
    signal?.throwIfAborted();
    checks.push(
      ...(await scratch.use(async (connection) => {
        await distrustStatistics(connection);
        return checkFooter(connection, group, (column) => isHere(group.shard, column));
      })),
    );
  }
  return checks;
}

/** Row groups evenly spread over shards and inside them: `least` of them, or their share if that is more. */
async function drawGroups(
  scratch: ScratchDatabase,
  shards: readonly OpenShard[],
  least: number,
  share: number,
): Promise<readonly SampledGroup[]> {
  const step = Math.max(1, shards.length / Math.max(least, share * shards.length));
  const chosen = shards.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  const perShard = Math.max(1, Math.ceil(least / Math.max(1, chosen.length)));
  const drawn: SampledGroup[] = [];
  for (const [i, shard] of chosen.entries()) {
    const groups = await scratch.use((connection) =>
      readRows(
        connection,
        `select row_group_id, any_value(row_group_num_rows) as n
         from parquet_metadata(${quotePathList([shard.path])}) group by row_group_id order by row_group_id`,
      ),
    );
    const most = Math.min(groups.length, Math.max(perShard, Math.ceil(share * groups.length)));
    const picked = new Set(
      Array.from(
        { length: most },
        (_, k) => Math.floor(((k + ((i * 0.618) % 1)) * groups.length) / most) % groups.length,
      ),
    );
    let firstRow = 0;
    for (const [rowGroup, row] of groups.entries()) {
      const count = numberOf(row['n']);
      if (picked.has(rowGroup)) drawn.push({ shard, rowGroup, firstRow, rows: count });
      firstRow += count;
    }
  }
  return drawn.slice(0, MOST_GROUPS);
}
