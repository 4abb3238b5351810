import type { DuckDBConnection } from '@duckdb/node-api';

import { DailiesError } from '../dailies-error.ts';
import type { ColumnSummary } from '../run/document.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../stores/access.ts';
import { trusting } from '../stores/address-guard.ts';
import { bringShards, fetchHeads } from './bring-shards.ts';
import { chooseKey, type KeyColumn } from './choose-key.ts';
import { createClips, createManifest, SOURCE_ROWS } from './clip-views.ts';
import { countLosses } from './count-losses.ts';
import { type EmbeddedColumn, innerPathSql } from './embedded/embedded-columns.ts';
import { findEmbedded } from './embedded/find-embedded.ts';
import { HeldMedia, type MediaHolder } from './embedded/held-media.ts';
import { countRows, findEarlyFaults, summariseShard } from './leave-out-faults.ts';
import { type ColumnMap, type ColumnOverrides, mapColumns } from './map-columns.ts';
import { findMediaRoot, type PathsToFollow, prefixPaths } from './media-root.ts';
import { isEmbeddedIn, nameColumns, type Renamed } from './name-columns.ts';
import { openReadable, tarAccess } from './open-source.ts';
import type { OpenDataset, OpenOptions, OpenShard } from './opened-dataset.ts';
import { createPageFaultsTable } from './page-faults.ts';
import { fetchOnDemand } from './remote/remote-manifest.ts';
import { readRows, textOf } from './rows.ts';
import { sampleColumns } from './sample-columns.ts';
import type { Discovery } from './shard-file.ts';
import { createShardLabels } from './shard-labels.ts';
import { createShardsTable } from './shards-table.ts';
import type { RowSource, ShardReading } from './source.ts';
import { escapeGlob, quoteIdentifier } from './sql-quote.ts';
import { type FollowedPaths, followIntoTars } from './tar/members-by-name.ts';
import { createTarFaultsTable } from './tar/tar-faults.ts';

/** More columns than this are data in the wrong place. */
const MOST_COLUMNS = 10_000;

/** Shards of one dataset differ by a few rewrites of its schema; more than this are files that have nothing in common. */
const MOST_SCHEMAS = 32;

/**
 * Opens the shards in DuckDB: view `manifest` (the user's columns, and clip_id, shard_id, shard, row_number), view
 * `clips` (canonical columns first) and table `shards`. An unreadable shard is a row of `shards`, not an exception.
 * Throws DailiesError `dataset` if no shard can be read, `config` for a wrong column override.
 */
export async function openDataset(
  connection: DuckDBConnection,
  discovery: Discovery,
  options: OpenOptions = {},
): Promise<OpenDataset> {
  await createTarFaultsTable(connection);
  const here = await bringShards(connection, discovery);
  const source = await openReadable(connection, here.discovery, options);
  await createShardsTable(connection, source.shards);
  await createPageFaultsTable(connection, []);
  const head = await fetchHeads(here.manifest, source);
  await connection.run(
    `create or replace view ${SOURCE_ROWS} as select * from ${head?.relation ?? source.from}`,
  );
  refuseUnreadable(source.shards.map((shard) => summariseShard(shard, [])));
  if (source.columns.length > MOST_COLUMNS)
    throw new DailiesError(
      'dataset',
      `the dataset has ${source.columns.length.toLocaleString('en')} columns, at most ${MOST_COLUMNS.toLocaleString('en')} are read`,
    );
  // What tars hold differs by the optional fields of their samples, and they are of one kind by their names.
  if (discovery.format !== 'tar') refuseUnrelated(source.shards);
  const embedded = await findEmbedded(
    connection,
    { ...source, from: head?.relation ?? source.from },
    overriddenBytes(options.columns),
  );
  const renamed = nameColumns(source.columns, embedded);
  const taken = new Set(renamed.map(({ name }) => name.toLowerCase()));
  const labels = await createShardLabels(connection, discovery.shards, taken);
  await createManifest(connection, renamed, labels, embedded);
  const faults = here.manifest === null ? await findEarlyFaults(connection, source) : [];
  const shards = source.shards.map((shard) => summariseShard(shard, faults));
  refuseUnreadable(shards);
  const labelled = [...renamed, ...labels.map(({ name }) => ({ name, type: 'VARCHAR' }))];
  const sampled = await sampleColumns(
    connection,
    labelled.map(({ name, type }) => ({ name, type })),
    new Set(renamed.filter((each) => head?.without.has(each.source)).map(({ name }) => name)),
  );
  const inside = renamed.filter((column) => isEmbeddedIn(column, embedded, 'medium'));
  const inferred = mapColumns(sampled, withoutBytes(options.columns), source.roles, {
    media: inside.map((column) => column.name),
    features: renamed
      .filter((column) => isEmbeddedIn(column, embedded, 'feature'))
      .map((column) => column.name),
  });
  const pathSource = inferred.mapped.find((each) => each.role === 'path')?.sources[0];
  const own = embedded.find(
    ({ source: name }) => name === inside.find((column) => column.name === pathSource)?.source,
  );
  const media = await findMediaRoot(
    connection,
    discovery,
    pathsToFollow(inferred, own),
    options.mediaRoot,
  );
  if (here.manifest !== null) {
    await connection.run(`create or replace view ${SOURCE_ROWS} as select * from ${source.from}`);
    fetchOnDemand(connection, here.manifest);
  }
  const named = media.isBesideShard && own === undefined ? prefixPaths(inferred) : inferred;
  const key = await chooseKey(connection, named, own);
  const followed =
    own === undefined
      ? await followIntoTars(
          connection,
          discovery,
          named,
          media.root,
          tarAccess(discovery, options),
        )
      : { map: named, root: media.root, note: null, places: [], tars: [] };
  const { map } = followed;
  await createClips(connection, map, key);
  const losses =
    here.manifest !== null && options.readsLittle === true
      ? new Map<string, string>()
      : await countLosses(connection, map.mapped, options.columns);
  const mediaRoot = followed.root;
  const warnings = [
    ...discovery.warnings,
    ...here.warnings,
    ...source.warnings,
    ...losses.values(),
  ];
  if (followed.note !== null) warnings.push(followed.note);
  if (!key.isStable) warnings.push(key.reason);
  return {
    shards,
    columns: summariseColumns(
      [...renamed, ...labels.map((label) => ({ ...label, type: 'VARCHAR', source: label.name }))],
      map,
      key,
      losses,
    ),
    rows: countRows(shards),
    pageFaults: faults,
    source,
    remote: here.manifest,
    access: mediaAccess(discovery, options),
    bytes: source.shards.reduce((sum, shard) => sum + shard.file.bytes, 0),
    format: discovery.format,
    mediaColumns: map.mediaColumns,
    latentColumns: map.latentColumns,
    mediaRoot,
    embedded,
    places: [...(source.places ?? []), ...followed.places],
    held:
      embedded.length === 0
        ? await holdMembers(connection, here.discovery, followed)
        : new HeldMedia(connection, await qualified(connection, source), embedded),
    isKeyStable: key.isStable,
    files: [...new Set(source.files.flatMap((path) => [path, escapeGlob(path)]))],
    warnings,
  };
}

/** Media of compressed tars; null where there are none. */
async function holdMembers(
  connection: DuckDBConnection,
  discovery: Discovery,
  followed: FollowedPaths,
): Promise<MediaHolder | null> {
  const tars = [...(discovery.format === 'tar' ? discovery.shards : []), ...followed.tars];
  const compressed = tars.filter((tar) => tar.compression !== 'none');
  if (compressed.length === 0) return null;
  const { HeldMembers } = await import('./tar/held-members.ts');
  return new HeldMembers(connection, new Map(compressed.map((tar) => [tar.name, tar])));
}

/** A manifest from elsewhere may name any address; a root that the user names is trusted like the manifest's own host. */
function mediaAccess(discovery: Discovery, options: OpenOptions): StoreAccess {
  const { access } = discovery;
  const stores = access ?? options.stores ?? DEFAULT_STORE_ACCESS;
  const named = options.mediaRoot === undefined ? [] : [options.mediaRoot];
  return { ...trusting(stores, named), isFromRemoteManifest: access !== undefined };
}

/** The rows under a name that holds in every schema: two versions are open in one room. */
async function qualified(connection: DuckDBConnection, source: RowSource): Promise<RowSource> {
  const [row] = await readRows(connection, 'select current_schema() as name');
  return { ...source, from: `${quoteIdentifier(textOf(row?.['name']))}.${SOURCE_ROWS}` };
}

/** Columns that the configuration says hold media as bytes. */
function overriddenBytes(columns: ColumnOverrides | undefined): readonly string[] {
  const bytes = columns?.['bytes'];
  return bytes === undefined ? [] : typeof bytes === 'string' ? [bytes] : bytes;
}

function withoutBytes(columns: ColumnOverrides = {}): ColumnOverrides {
  return Object.fromEntries(Object.entries(columns).filter(([role]) => role !== 'bytes'));
}

function refuseUnrelated(shards: readonly ShardReading[]): void {
  const readable = shards.filter((shard) => shard.error === null);
  const schemas = new Set(readable.map((shard) => JSON.stringify(shard.schema)));
  if (schemas.size <= MOST_SCHEMAS) return;
  throw new DailiesError(
    'dataset',
    `the ${readable.length} files have ${schemas.size} different schemas: they are no shards of one dataset`,
    { hint: 'name the files of one dataset, or a glob that meets only them' },
  );
}

function refuseUnreadable(shards: readonly OpenShard[]): void {
  if (shards.some((shard) => shard.state === 'read')) return;
  const [first] = shards;
  throw new DailiesError(
    'dataset',
    `none of ${shards.length} shards can be read: ${first?.name}: ${first?.error}`,
    { hint: 'check that the files are complete and that their format is that of their names' },
  );
}

/** Paths whose files are looked for on disk: of media inside of shards, the names that their values carry. */
function pathsToFollow(map: ColumnMap, own: EmbeddedColumn | undefined): PathsToFollow | null {
  if (own !== undefined) {
    const inner = innerPathSql(own);
    return inner === null ? null : { expression: inner, from: SOURCE_ROWS };
  }
  const path = map.mapped.find((each) => each.role === 'path');
  return path === undefined ? null : { expression: path.expression, from: 'manifest' };
}

function summariseColumns(
  columns: readonly Renamed[],
  map: ColumnMap,
  key: KeyColumn,
  losses: ReadonlyMap<string, string>,
): ColumnSummary[] {
  return columns.map((column) => {
    const mapped = map.mapped.find((each) => each.sources.includes(column.name));
    const loss = mapped === undefined ? undefined : losses.get(mapped.role);
    const kept = map.kept.find((each) => each.source === column.name);
    const reasons = [
      column.name === column.source
        ? null
        : `called ${column.name} in manifest: dailies has a column ${column.source}`,
      column.reason ?? null,
      mapped?.reason ?? kept?.reason ?? 'keeps its name',
      mapped?.role === 'path' && key.expression === mapped.expression ? 'it is the key too' : null,
      loss ?? null,
    ];
    return {
      name: column.source,
      type: column.shown ?? column.type,
      role: mapped?.role ?? null,
      reason: reasons.filter((reason) => reason !== null).join('; '),
    };
  });
}
