import type { DuckDBConnection } from '@duckdb/node-api';

import { assertNever } from '../assert-never.ts';
import type { Progress } from '../progress.ts';
import { DailiesError } from '../dailies-error.ts';
import type { ColumnSummary, ShardSummary } from '../run/document.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../stores/access.ts';
import { trusting } from '../stores/address-guard.ts';
import { CANONICAL_COLUMNS, RESERVED_COLUMNS } from './canonical-columns.ts';
import { bringCompressed, bringHere } from './remote/bring-here.ts';
import { fetchOnDemand, type RemoteManifest } from './remote/remote-manifest.ts';
import { ROLE_KIND } from './column-synonyms.ts';
import type { Discovery, ShardFile } from './shard-file.ts';
import type { ColumnMap, ColumnOverrides, MappedColumn } from './map-columns.ts';
import { mapColumns } from './map-columns.ts';
import { cellTextSql, type EmbeddedColumn, innerPathSql } from './embedded/embedded-columns.ts';
import { findEmbedded } from './embedded/find-embedded.ts';
import { HeldMedia, type MediaHolder } from './embedded/held-media.ts';
import { findMediaRoot, type PathsToFollow, prefixPaths } from './media-root.ts';
import { openDelimited } from './open-delimited.ts';
import { openJson } from './open-json.ts';
import { createMediaRecords } from './media-directory.ts';
import { openParquet } from './open-parquet.ts';
import type { PageFault } from './page-faults.ts';
import {
  countFaultyRows,
  createPageFaultsTable,
  findPageFaults,
  tellFaults,
} from './page-faults.ts';
import type { SampledColumn } from './role-expression.ts';
import { noRows, numberOf, readRows, partErrorText, textOf } from './rows.ts';
import type { ShardFormat } from './shard-format.ts';
import type { ShardLabel } from './shard-labels.ts';
import { SHARD_LABELS, createShardLabels } from './shard-labels.ts';
import { createShardsTable } from './shards-table.ts';
import type { NamedType, RowSource, ShardReading } from './source.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID, unreadShard } from './source.ts';
import { createTarFaultsTable } from './tar/tar-faults.ts';
import type { TarAccess } from './tar/open-tar.ts';
import { type FollowedPaths, followIntoTars } from './tar/members-by-name.ts';
import { escapeGlob, quoteIdentifier, quoteLiteral } from './sql-quote.ts';
import { copyTable } from './tables/table-extension.ts';

export type OpenOptions = {
  /** Told where opening takes long. */
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Canonical name → the user's column, a path into one, or several columns. */
  readonly columns?: ColumnOverrides;
  /** Directory that media paths are relative to; default: inferred. */
  readonly mediaRoot?: string;
  /** Whether few columns will be read: casts that lose values in a manifest in a store are not looked for then. */
  readonly readsLittle?: boolean;
  /** How stores are asked, for media behind URLs. */
  readonly stores?: StoreAccess;
  /** Shards to leave out, by index, with the reason: those that turned out damaged in a room opened before. */
  readonly exclude?: ReadonlyMap<number, string>;
};

export type OpenShard = ShardSummary & {
  readonly path: string;
  readonly format: ShardFormat;
  /** Records that were no rows. */
  readonly badRows: number;
  /** Rows of row groups that cannot be decoded, left out of `clips`; part of `rows`. */
  readonly faultyRows: number;
  readonly schema: readonly NamedType[];
  /** Damage behind which nothing was read, in words; null if the shard was read to its end. */
  readonly cutOff: string | null;
};

/** A dataset behind the views `manifest` and `clips` and the table `shards`. */
export type OpenDataset = {
  readonly shards: readonly OpenShard[];
  readonly columns: readonly ColumnSummary[];
  readonly rows: number;
  readonly bytes: number;
  readonly format: ShardFormat;
  /** Columns of `clips` that name a medium. */
  readonly mediaColumns: readonly string[];
  /** Columns of `clips` that name files of latents or other features. */
  readonly latentColumns: readonly string[];
  readonly mediaRoot: string;
  /** Columns whose values are media themselves: in `clips` a text stands in for each (see `parseCellText`). */
  readonly embedded: readonly EmbeddedColumn[];
  /** The user's columns whose texts say where in a tar a medium lies: they change whenever it is written anew. */
  readonly places: readonly string[];
  /** Media taken out of such columns, or of compressed tars; null where there are none. */
  readonly held: MediaHolder | null;
  /** False if the key is a path or a row number, so that it does not outlive a re-sharding or a move. */
  readonly isKeyStable: boolean;
  /** Values to list in `set allowed_paths` before the room is closed. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
  /** Row groups that cannot be decoded, as far as known. */
  readonly pageFaults: readonly PageFault[];
  /** What the views were made from. */
  readonly source: RowSource;
  /** Of a dataset in a store: what was fetched of it; null: it lies on disk. */
  readonly remote: RemoteManifest | null;
  /** How media behind URLs are asked for: with care where the manifest itself was fetched. */
  readonly access: StoreAccess;
};

/** A shard holds at most this many rows, so that shard and row number make one clip_id. */
export const ROWS_PER_SHARD_BITS = 40;

/** More columns than this are data in the wrong place. */
const MOST_COLUMNS = 10_000;

/** Shards of one dataset differ by a few rewrites of its schema; more than this are files that have nothing in common. */
const MOST_SCHEMAS = 32;

/** View over the readable rows of all shards, which `manifest` names. */
const SOURCE_ROWS = 'source_rows';

/** Rows that names and types are checked against. */
const SAMPLE_ROWS = 200;

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

function tarAccess(discovery: Discovery, options: OpenOptions): TarAccess {
  return {
    stores: discovery.access ?? options.stores ?? DEFAULT_STORE_ACCESS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
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

/** Columns of `clips` whose texts stand in for bytes, and say where these lie. */
export function standIns(dataset: OpenDataset): ReadonlySet<string> {
  const inside = new Set([...dataset.embedded.map((column) => column.source), ...dataset.places]);
  return new Set(
    dataset.columns
      .filter((column) => inside.has(column.name))
      .map((column) => column.role ?? column.name),
  );
}

/** Types of columns whose values say what they are. */
const SAMPLED_TYPE = /^(VARCHAR|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|UUID)$/;

/** DuckDB decodes so many rows at a time. */
const DECODED_ROWS = 2048;

/** A manifest from elsewhere may name any address; a root that the user names is trusted like the manifest's own host. */
function mediaAccess(discovery: Discovery, options: OpenOptions): StoreAccess {
  const { access } = discovery;
  const stores = access ?? options.stores ?? DEFAULT_STORE_ACCESS;
  const named = options.mediaRoot === undefined ? [] : [options.mediaRoot];
  return { ...trusting(stores, named), isFromRemoteManifest: access !== undefined };
}

type Here = {
  readonly discovery: Discovery;
  readonly manifest: RemoteManifest | null;
  readonly warnings: readonly string[];
};

/** The shards as files on this machine. */
async function bringShards(connection: DuckDBConnection, discovery: Discovery): Promise<Here> {
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

/** Fetches the first rows of the columns that are sampled: a relation of them, and the columns that it has not. */
async function fetchHeads(
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

/** Opens the shards that can be opened at all, and lists the others beside them. */
async function openReadable(
  connection: DuckDBConnection,
  discovery: Discovery,
  options: OpenOptions,
): Promise<RowSource> {
  const errorOf = (shard: ShardFile): string | null =>
    shard.error ?? options.exclude?.get(shard.index) ?? null;
  const readable = discovery.shards.filter((shard) => errorOf(shard) === null);
  const closed = discovery.shards.flatMap((shard) => {
    const error = errorOf(shard);
    return error === null ? [] : [unreadShard(shard, error)];
  });
  const source = await openSource(connection, { ...discovery, shards: readable }, options);
  return {
    ...source,
    shards: [...source.shards, ...closed].toSorted((a, b) => a.file.index - b.file.index),
  };
}

/** The rows under a name that holds in every schema: two versions are open in one room. */
async function qualified(connection: DuckDBConnection, source: RowSource): Promise<RowSource> {
  const [row] = await readRows(connection, 'select current_schema() as name');
  return { ...source, from: `${quoteIdentifier(textOf(row?.['name']))}.${SOURCE_ROWS}` };
}

async function openSource(
  connection: DuckDBConnection,
  discovery: Discovery,
  options: OpenOptions,
): Promise<RowSource> {
  switch (discovery.format) {
    case 'parquet':
      return openParquet(connection, discovery.shards);
    case 'csv':
    case 'tsv':
      return openDelimited(connection, discovery.shards);
    case 'jsonl':
    case 'json':
      return openJson(connection, discovery.shards);
    case 'media': {
      const described = await createMediaRecords(connection, discovery);
      const source = await openJson(connection, discovery.shards);
      const note = `no manifest: every media file is a row, ${described} of ${discovery.media.length} have a side-car`;
      return { ...source, warnings: [note, ...source.warnings] };
    }
    case 'tar':
      return (await import('./tar/open-tars.ts')).openTars(
        connection,
        discovery.shards,
        tarAccess(discovery, options),
        options.progress,
      );
    case 'arrow':
      return (await import('./open-arrow.ts')).openArrow(connection, discovery.shards);
    case 'delta':
    case 'iceberg':
    case 'lance':
      return openTable(connection, discovery.shards, discovery.format);
    default:
      return assertNever(discovery.format);
  }
}

/** A table through DuckDB's extension: its rows are copied once into a Parquet file that goes when the room is closed. */
async function openTable(
  connection: DuckDBConnection,
  shards: readonly ShardFile[],
  kind: 'delta' | 'iceberg' | 'lance',
): Promise<RowSource> {
  const copies = await Promise.all(
    shards.map(async (shard) => ({
      ...shard,
      path: await copyTable(connection, kind, shard.path),
    })),
  );
  return openParquet(connection, copies);
}

/** Of the manifest: a column of bytes is text there, and `shown` is its type in the shards. */
type Renamed = NamedType & {
  readonly source: string;
  readonly shown?: string;
  readonly reason?: string;
};

function isEmbeddedIn(
  column: Renamed,
  embedded: readonly EmbeddedColumn[],
  kind: EmbeddedColumn['kind'],
): boolean {
  return embedded.some((each) => each.source === column.source && each.kind === kind);
}

/** Columns that the configuration says hold media as bytes. */
function overriddenBytes(columns: ColumnOverrides | undefined): readonly string[] {
  const bytes = columns?.['bytes'];
  return bytes === undefined ? [] : typeof bytes === 'string' ? [bytes] : bytes;
}

function withoutBytes(columns: ColumnOverrides = {}): ColumnOverrides {
  return Object.fromEntries(Object.entries(columns).filter(([role]) => role !== 'bytes'));
}

/** The user's columns, with those renamed that the four columns of dailies would hide. */
function nameColumns(
  columns: readonly NamedType[],
  embedded: readonly EmbeddedColumn[],
): Renamed[] {
  const used = new Set<string>([...RESERVED_COLUMNS, SOURCE_SHARD_ID, SOURCE_ROW_NUMBER]);
  const own = new Set(columns.map((column) => column.name.toLowerCase()));
  return columns.map((column) => {
    let name = column.name;
    while (used.has(name.toLowerCase()) || (name !== column.name && own.has(name.toLowerCase())))
      name = `user_${name}`;
    used.add(name.toLowerCase());
    const inside = embedded.find((each) => each.source === column.name);
    if (inside === undefined) return { name, type: column.type, source: column.name };
    const what = inside.kind === 'medium' ? 'media' : 'features';
    const reason = `holds ${what} as bytes, which are read of drawn clips alone${inside.isList ? ', the first of each list' : ''}; shard, column and row stand in for them`;
    return { name, type: 'VARCHAR', shown: column.type, source: column.name, reason };
  });
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

/** Damage that shows before anything else is asked: everywhere in small shards, in the first rows of large ones. */
async function findEarlyFaults(
  connection: DuckDBConnection,
  source: RowSource,
): Promise<readonly PageFault[]> {
  if (source.parquet === undefined) return [];
  try {
    await readRows(
      connection,
      source.parquet.isDoubtful
        ? 'select bit_xor(hash(*columns(*)))::varchar as digest from manifest'
        : `select bit_xor(hash(*columns(*)))::varchar as digest from (select * from manifest limit ${SAMPLE_ROWS})`,
    );
    return [];
  } catch (error) {
    partErrorText(error);
    return leaveOutFaults(connection, source);
  }
}

/** Finds the row groups that cannot be decoded and leaves them out of `manifest` and `clips`. */
async function leaveOutFaults(
  connection: DuckDBConnection,
  source: RowSource,
  signal?: AbortSignal,
): Promise<readonly PageFault[]> {
  const { parquet } = source;
  if (parquet === undefined) return [];
  const faults = await findPageFaults(connection, source.shards, signal);
  await createPageFaultsTable(connection, faults);
  await connection.run(
    `create or replace view ${SOURCE_ROWS} as select * from ${parquet.without(faults)}`,
  );
  for (const shard of source.shards) {
    const own = faults.filter((fault) => fault.shardId === shard.file.index);
    if (own.length === 0 || countFaultyRows(own) < shard.rows) continue;
    await connection.run(
      `update shards set state = ${own[0]?.isUnreachable === true ? `'unreachable'` : `'unread'`}, rows = null, error = ${quoteLiteral(tellFaults(own))} where shard_id = ${shard.file.index}`,
    );
  }
  return faults;
}

/**
 * After a query over `clips` has failed: finds the row groups of Parquet shards that cannot be decoded, and leaves them out of
 * `manifest` and `clips`; the table `page_faults` lists them. Works in a closed room. Gives the dataset as it is now, or null
 * if no damage was found that was not known before: then the query failed for another reason.
 */
export async function leaveOutPageFaults(
  connection: DuckDBConnection,
  dataset: OpenDataset,
  signal?: AbortSignal,
): Promise<OpenDataset | null> {
  const faults = await leaveOutFaults(connection, dataset.source, signal);
  if (faults.length <= dataset.pageFaults.length) return null;
  const shards = dataset.source.shards.map((shard) => summariseShard(shard, faults));
  return { ...dataset, shards, rows: countRows(shards), pageFaults: faults };
}

function countRows(shards: readonly OpenShard[]): number {
  return shards.reduce((sum, shard) => sum + shard.rows - shard.faultyRows, 0);
}

async function createManifest(
  connection: DuckDBConnection,
  columns: readonly Renamed[],
  labels: readonly ShardLabel[],
  embedded: readonly EmbeddedColumn[],
): Promise<void> {
  const selected = columns.map(({ name, source: own }) => {
    const inside = embedded.find((each) => each.source === own);
    const value =
      inside === undefined
        ? `s.${quoteIdentifier(own)}`
        : cellTextSql(inside, 'l.shard', `s.${SOURCE_ROW_NUMBER}`);
    return `${value} as ${quoteIdentifier(name)}`;
  });
  const joined = labels.map(({ name }) => `l.${quoteIdentifier(name)}`);
  await connection.run(
    `create or replace view manifest as
     select ${[
       ...selected,
       ...joined,
       `(s.${SOURCE_SHARD_ID}::bigint << ${ROWS_PER_SHARD_BITS}) + s.${SOURCE_ROW_NUMBER} as clip_id`,
       `s.${SOURCE_SHARD_ID} as shard_id`,
       'l.shard as shard',
       `s.${SOURCE_ROW_NUMBER} as row_number`,
     ].join(', ')}
     from ${SOURCE_ROWS} s
     left join ${SHARD_LABELS} l on l.shard_id = s.${SOURCE_SHARD_ID}`,
  );
}

async function sampleColumns(
  connection: DuckDBConnection,
  columns: readonly NamedType[],
  without: ReadonlySet<string>,
): Promise<SampledColumn[]> {
  const wanted = columns.filter(({ name, type }) => SAMPLED_TYPE.test(type) && !without.has(name));
  if (wanted.length === 0) return columns.map((column) => ({ ...column, samples: [] }));
  const values = wanted.map(
    ({ name }, i) => `left(${quoteIdentifier(name)}::varchar, 2000) as v${i}`,
  );
  const rows = await readRows(
    connection,
    `select ${values.join(', ')} from manifest limit ${SAMPLE_ROWS}`,
  ).catch(noRows);
  return columns.map((column) => {
    const at = wanted.indexOf(column);
    return {
      ...column,
      samples:
        at < 0 ? [] : rows.map((row) => (row[`v${at}`] === null ? null : textOf(row[`v${at}`]))),
    };
  });
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

type KeyColumn = {
  readonly expression: string | null;
  readonly isStable: boolean;
  readonly reason: string;
};

function keyColumn(map: ColumnMap): KeyColumn {
  if (map.mapped.some((each) => each.role === 'key'))
    return { expression: null, isStable: true, reason: '' };
  const path = map.mapped.find((each) => each.role === 'path');
  if (path !== undefined)
    return {
      expression: path.expression,
      isStable: false,
      reason: 'no column is a key: the path serves, so a moved file counts as another clip',
    };
  return {
    expression: `shard || '#' || row_number`,
    isStable: false,
    reason:
      'no column is a key or a path: shard and row number serve, so two versions can be compared only if their rows kept their places',
  };
}

/** The key; where media lie inside of shards, the names that they carry serve if each stands once. */
async function chooseKey(
  connection: DuckDBConnection,
  map: ColumnMap,
  own: EmbeddedColumn | undefined,
): Promise<KeyColumn> {
  const key = keyColumn(map);
  const inner = own === undefined ? null : innerPathSql(own);
  if (key.expression === null || own === undefined) return key;
  const [row] =
    inner === null
      ? []
      : await readRows(
          connection,
          `select count(distinct ${inner}) = count(*) as is_unique from ${SOURCE_ROWS}`,
        ).catch(noRows);
  if (row?.['is_unique'] !== true)
    return {
      ...key,
      reason:
        'no column is a key: shard, column and row of the bytes serve, so two versions can be compared only if their rows kept their places',
    };
  return {
    expression: `regexp_extract(${key.expression}, ${quoteLiteral(String.raw`/${escapePattern(own.source)}/\d+/(.*)$`)}, 1)`,
    isStable: false,
    reason: 'no column is a key: the names that the bytes carry serve, each stands once',
  };
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

async function createClips(
  connection: DuckDBConnection,
  map: ColumnMap,
  key: KeyColumn,
): Promise<void> {
  const selected = [
    ...RESERVED_COLUMNS.map((name) => name),
    ...(key.expression === null ? [] : [`${key.expression} as "key"`]),
    ...map.mapped.map((each) => `${each.expression} as ${quoteIdentifier(each.role)}`),
    ...map.kept.map((each) => `${quoteIdentifier(each.source)} as ${quoteIdentifier(each.name)}`),
  ];
  await connection.run(
    `create or replace view clips as select ${selected.join(', ')} from manifest`,
  );
}

/** Values that a cast turned into null, by role: one scan over the columns whose casts can lose. */
async function countLosses(
  connection: DuckDBConnection,
  mapped: readonly MappedColumn[],
  overrides: ColumnOverrides = {},
): Promise<Map<string, string>> {
  const risky = mapped.filter((each) => each.canLose);
  if (risky.length === 0) return new Map();
  const counts = risky.map((each, i) => {
    const [source = ''] = each.sources;
    const id = quoteIdentifier(source);
    // A rounded number is lost too: 23.976 frames do not fit an integer.
    const isRounded =
      ROLE_KIND[each.role] === 'number'
        ? `or (${each.expression})::double <> try_cast(${id} as double)`
        : '';
    const isFilled = `${id} is not null and ${id}::varchar <> ''`;
    return `count(*) filter (where ${isFilled} and ((${each.expression}) is null ${isRounded})) as lost${i},
      count(*) filter (where ${isFilled} and (${each.expression}) is not null) as kept${i},
      left(any_value(${id}::varchar) filter (where ${isFilled} and (${each.expression}) is null), 40) as example${i}`;
  });
  const rows = await readRows(connection, `select ${counts.join(', ')} from manifest`).catch(
    () => [],
  );
  for (const [i, { role, sources }] of risky.entries()) {
    const example = rows[0]?.[`example${i}`];
    if (
      !Object.hasOwn(overrides, role) ||
      textOf(example) === '' ||
      numberOf(rows[0]?.[`kept${i}`]) > 0
    )
      continue;
    throw new DailiesError(
      'config',
      `columns.${role}: no value of ${JSON.stringify(sources[0])} can be read as ${role}, such as ${JSON.stringify(example)}`,
      { hint: `name the column that holds ${role}: ${CANONICAL_COLUMNS[role].doc}` },
    );
  }
  return new Map(
    risky.flatMap((each, i): [string, string][] => {
      const lost = numberOf(rows[0]?.[`lost${i}`]);
      const [source = ''] = each.sources;
      return lost === 0
        ? []
        : [
            [
              each.role,
              `${lost.toLocaleString('en')} values of ${JSON.stringify(source)} can't be read as ${each.role}: they count as null or are rounded`,
            ],
          ];
    }),
  );
}

function summariseShard(shard: ShardReading, faults: readonly PageFault[]): OpenShard {
  const own = faults.filter((fault) => fault.shardId === shard.file.index);
  const faultyRows = countFaultyRows(own);
  const isLost = own.length > 0 && faultyRows >= shard.rows;
  return {
    index: shard.file.index,
    name: shard.file.name,
    path: shard.file.path,
    rows: isLost ? 0 : shard.rows,
    badRows: shard.badRows,
    faultyRows: isLost ? 0 : faultyRows,
    bytes: shard.file.bytes,
    format: shard.file.format,
    state: shard.error === null && !isLost ? 'read' : 'unread',
    error: shard.error ?? (own.length === 0 ? null : tellFaults(own)),
    schema: shard.schema,
    cutOff: shard.cutOff,
  };
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
