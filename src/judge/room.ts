import { statSync } from 'node:fs';

import { DailiesError } from '../dailies-error.ts';
import { CANONICAL_COLUMNS } from '../dataset/canonical-columns.ts';
import { discoverShards } from '../dataset/discover-shards.ts';
import { openDataset } from '../dataset/open-dataset.ts';
import type { OpenDataset } from '../dataset/opened-dataset.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import type { Progress } from '../progress.ts';
import type { StoreAccess } from '../stores/access.ts';
import { isStoreUrl } from '../stores/store-url.ts';
import { TEXT_HASH_MACRO } from '../dataset/text-hash.ts';
import type { Database } from '../engine/database.ts';
import { createEvidenceTables } from '../engine/evidence-store.ts';

type RoomPlan = {
  readonly inputs: readonly string[];
  readonly cwd: string;
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly mediaRoot: string | null;
  /** Whether few columns will be read, so that those of a manifest in a store are not read to look for losses. */
  readonly readsLittle?: boolean;
  /** How stores are asked; left out: as by default. */
  readonly stores?: StoreAccess;
  /** Folders that the run itself reads and writes: run folder and cache. */
  readonly ownFolders: readonly string[];
  /** DuckDB's limit where threads hold row groups of this size, uncompressed; left out: it stays as it is. */
  readonly memoryLimit?: (group_bytes: number) => string;
  /** Told where opening takes long. */
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
};

/**
 * Opens the dataset into the room in which rules run, then closes the room: `clips` with every canonical column
 * (null where the dataset has none), `shards`, empty evidence tables, macros; from then on no other file can be read.
 */
export async function openRoom(database: Database, plan: RoomPlan): Promise<OpenDataset> {
  const stores = plan.stores === undefined ? {} : { stores: plan.stores };
  if (plan.mediaRoot !== null && !isStoreUrl(plan.mediaRoot)) requireFolder(plan.mediaRoot);
  const discovery = await discoverShards(plan.inputs, {
    cwd: plan.cwd,
    ...stores,
    ...(plan.signal === undefined ? {} : { signal: plan.signal }),
  });
  const dataset = await openDataset(database.connection, discovery, {
    columns: plan.columns,
    readsLittle: plan.readsLittle ?? false,
    ...stores,
    ...(plan.progress === undefined ? {} : { progress: plan.progress }),
    ...(plan.signal === undefined ? {} : { signal: plan.signal }),
    ...(plan.mediaRoot === null ? {} : { mediaRoot: plan.mediaRoot }),
  });
  await completeClips(database);
  await furnish(database);
  if (plan.memoryLimit !== undefined)
    await database.limitMemory(plan.memoryLimit(largestGroup(dataset)));
  await database.lock(dataset.files, plan.ownFolders);
  return dataset;
}

/** Bytes of the largest row group; 0 where there is none, or where most of them are media, which are not read whole. */
function largestGroup({ source, embedded }: OpenDataset): number {
  const sizes = source.shards.map((shard) => shard.rowGroupBytesMax ?? 0);
  return embedded.length > 0 ? 0 : sizes.reduce((most, size) => Math.max(most, size), 0);
}

function requireFolder(mediaRoot: string): void {
  const found = statSync(mediaRoot, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  throw new DailiesError('config', `the media root ${mediaRoot} is no folder`, {
    hint: 'relative media paths start at it: --media-root, or media_root in dailies.yaml',
  });
}

/** What every room has besides the manifest. */
export async function furnish(database: Database): Promise<void> {
  await createEvidenceTables(database);
  await database.run(TEXT_HASH_MACRO);
}

/** Adds the canonical columns that the dataset lacks, as nulls, so that optional needs always bind. */
export async function completeClips(database: Database): Promise<void> {
  const present = new Set(
    (await database.columns('select * from clips')).map((column) => column.name),
  );
  const missing = Object.entries(CANONICAL_COLUMNS)
    .filter(([name]) => !present.has(name))
    .map(([name, column]) => `null::${column.type ?? 'VARCHAR'} as ${quoteIdentifier(name)}`);
  if (missing.length === 0) return;
  await database.run('alter view clips rename to mapped_clips');
  await database.run(`create view clips as select *, ${missing.join(', ')} from mapped_clips`);
}
