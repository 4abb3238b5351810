import type { DuckDBConnection } from '@duckdb/node-api';

import { DailiesError } from '../dailies-error.ts';
import type { StoreAccess } from '../stores/access.ts';
import { bringCompressed, bringHere } from './remote/bring-here.ts';
import type { RemoteManifest } from './remote/remote-manifest.ts';
import { SAMPLE_ROWS, SAMPLED_TYPE } from './sample-columns.ts';
import type { Discovery } from './shard-file.ts';
import type { RowSource } from './source.ts';

type Here = {
  readonly discovery: Discovery;
  readonly manifest: RemoteManifest | null;
  readonly warnings: readonly string[];
};

/** The shards as files on this machine. */
export async function bringShards(
  connection: DuckDBConnection,
  discovery: Discovery,
): Promise<Here> {
  if (discovery.access === undefined || discovery.format === 'media')
    return { discovery, manifest: null, warnings: [] };
  if (discovery.format === 'tar') {
    const { shards, warnings } = await bringCompressed(
      connection,
      discovery.shards,
      discovery.access,
    );
    return { discovery: { ...discovery, shards }, manifest: null, warnings };
  }
  const refusal = await refusalOfHttpfs(connection, discovery, discovery.access);
  if (refusal === null) {
    const read = discovery.shards.map((shard) => ({ ...shard, path: shard.url ?? shard.path }));
    const note =
      "the manifest is read by DuckDB's httpfs: nobody checks that objects stay the same";
    return { discovery: { ...discovery, shards: read }, manifest: null, warnings: [note] };
  }
  const { shards, manifest, warnings } = await bringHere(
    connection,
    discovery.shards,
    discovery.access,
  );
  const notes = refusal === 'not asked for' ? [] : [refusal];
  return { discovery: { ...discovery, shards }, manifest, warnings: [...notes, ...warnings] };
}

/** Why the shards are not read by DuckDB's httpfs; null: they are. */
async function refusalOfHttpfs(
  connection: DuckDBConnection,
  { shards }: Discovery,
  access: StoreAccess,
): Promise<string | null> {
  if (!access.usesHttpfs) return 'not asked for';
  const { isForHttpfs, loadHttpfs } = await import('./remote/httpfs.ts');
  if (!isForHttpfs(shards))
    return 'stores: httpfs is for Parquet behind s3: and https: URLs without a query: columns are fetched as they are read';
  const reason = await loadHttpfs(connection, shards, access);
  return reason === null
    ? null
    : `DuckDB's httpfs cannot be loaded (${reason}): columns are fetched as they are read`;
}

/** DuckDB decodes so many rows at a time. */
const DECODED_ROWS = 2048;

/** Fetches the first rows of the columns that are sampled: a relation of them, and the columns that it has not. */
export async function fetchHeads(
  manifest: RemoteManifest | null,
  source: RowSource,
): Promise<{ readonly relation: string; readonly without: ReadonlySet<string> } | null> {
  const first = source.shards.find((each) => each.error === null);
  const shard = manifest?.shards.find(({ index }) => index === first?.file.index);
  if (first === undefined || shard === undefined || source.parquet === undefined) return null;
  const names = first.schema.map(({ name }) => name);
  const sampled = first.schema
    .filter(({ type }) => SAMPLED_TYPE.test(type))
    .map(({ name }) => name);
  try {
    const { rows, columns } = await shard.twin.fetchHead(sampled, DECODED_ROWS);
    return {
      relation: source.parquet.head(Math.min(rows, SAMPLE_ROWS)),
      without: new Set(names.filter((name) => !columns.has(name))),
    };
  } catch (cause) {
    throw new DailiesError('dataset', cause instanceof Error ? cause.message : String(cause), {
      cause,
    });
  }
}
