import { access } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { RESERVED_COLUMNS } from '../dataset/canonical-columns.ts';
import { discoverShards } from '../dataset/discover-shards.ts';
import type { MediaHolder } from '../dataset/embedded/held-media.ts';
import { openDataset } from '../dataset/open-dataset.ts';
import { standIns } from '../dataset/opened-dataset.ts';
import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { accessOfRun } from '../stores/parse-access.ts';
import type { StoreAccess } from '../stores/access.ts';
import { isStoreUrl, shownUrl } from '../stores/store-url.ts';
import { type Database, numberOf } from '../engine/database.ts';
import type { RunDocument } from '../run/document.ts';
import { readDocument } from '../run/read-run.ts';
import { isRedacted } from '../run/redact.ts';
import { LOWER_CAPTION_HASH } from './hashed-value.ts';
import { CAPTION_LENGTH, CAPTION_LOWER, readSignatureIndex, SIGNATURE_FILE } from './signatures.ts';

type SideName = 'before' | 'after';

/** A column that can be compared. */
export type SideColumn = {
  /** Its name in `clips`: canonical, or the user's own. */
  readonly name: string;
  /** What the user calls it. */
  readonly source: string;
  /** DuckDB type of the values in the relation. */
  readonly type: string;
  /** DuckDB type in the dataset; differs from `type` where only a hash was kept. */
  readonly sourceType: string;
  /** The relation holds a 64-bit hash of the value as text. */
  readonly isHashed: boolean;
};

/** One of the two versions, as a relation with `clip_id`, `key` and the columns. */
export type Side = {
  readonly which: SideName;
  readonly kind: 'dataset' | 'run';
  readonly name: string;
  readonly path: string;
  /** SQL of the relation. */
  readonly relation: string;
  readonly columns: readonly SideColumn[];
  readonly rows: number;
  /** Names of the shards, by index. */
  readonly shards: readonly { readonly index: number; readonly name: string }[];
  readonly unreadShards: readonly string[];
  readonly bytes: number;
  readonly format: string;
  /** SQL of the hash of the lower-cased caption and of its length; null without captions. */
  readonly captionLower: string | null;
  readonly captionLength: string | null;
  /** What the key was made of, as the user calls it. */
  readonly keySource: string | null;
  readonly isKeyStable: boolean;
  readonly mediaRoot: string | null;
  readonly mediaColumns: readonly string[];
  /** Media that lie in columns of the dataset; null: all are files. */
  readonly held: MediaHolder | null;
  /** How its media behind URLs are asked for: with care where the manifest was fetched. */
  readonly access: StoreAccess;
  /** The document of a run folder. */
  readonly run: RunDocument | null;
  readonly warnings: readonly string[];
};

type SideRequest = {
  readonly path: string;
  readonly cwd: string;
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly mediaRoot: string | null;
  readonly stores: StoreAccess;
};

/** Columns of `clips` that say where a row lies, and its key: they are never compared. */
const NOT_COMPARED: ReadonlySet<string> = new Set([...RESERVED_COLUMNS, 'key']);

/**
 * Opens a dataset or a run folder as one side of a comparison, in a schema of its own.
 *
 * @throws {DailiesError} dataset, if it cannot be opened; usage, if a run folder has no signatures or another schema.
 */
export async function openSide(
  database: Database,
  which: SideName,
  request: SideRequest,
): Promise<Side> {
  if (isStoreUrl(request.path)) return openDatasetSide(database, which, request);
  const path = resolve(request.cwd, request.path);
  const isRun = await access(join(path, 'run.json')).then(
    () => true,
    () => false,
  );
  return isRun
    ? openRunSide(database, which, path, request.path, request.stores)
    : openDatasetSide(database, which, request);
}

async function openDatasetSide(
  database: Database,
  which: SideName,
  request: SideRequest,
): Promise<Side> {
  const discovery = await discoverShards([request.path], {
    cwd: request.cwd,
    stores: request.stores,
  });
  await database.run(`create schema ${which}`);
  await database.run(`use ${which}`);
  let dataset;
  try {
    dataset = await openDataset(database.connection, discovery, {
      columns: request.columns,
      stores: request.stores,
      ...(request.mediaRoot === null ? {} : { mediaRoot: request.mediaRoot }),
    });
  } finally {
    await database.run('use main');
  }
  const relation = `${which}.clips`;
  const described = await database.columns(`select * from ${relation}`);
  // Texts that stand in for bytes say where these lie, which moves with every re-sharding.
  const inside = standIns(dataset);
  const columns = described
    .filter((column) => !NOT_COMPARED.has(column.name) && !inside.has(column.name))
    .map((column) => {
      const summary =
        dataset.columns.find((each) => each.role === column.name) ??
        dataset.columns.find((each) => each.role === null && each.name === column.name);
      return {
        name: column.name,
        source: summary?.name ?? column.name,
        type: column.type,
        sourceType: summary?.type ?? column.type,
        isHashed: false,
      };
    });
  const hasCaption = columns.some((column) => column.name === 'caption');
  const keySummary = dataset.columns.find((column) => column.role === 'key');
  return {
    which,
    kind: 'dataset',
    name: basename(
      isStoreUrl(request.path) ? shownUrl(request.path) : resolve(request.cwd, request.path),
    ),
    path: shownUrl(request.path),
    relation,
    columns,
    rows: dataset.rows,
    shards: dataset.shards.map(({ index, name }) => ({ index, name })),
    unreadShards: dataset.shards
      .filter((shard) => shard.state === 'unread')
      .map((shard) => `${shard.name}: ${shard.error ?? 'unreadable'}`),
    bytes: dataset.bytes,
    format: dataset.format,
    captionLower: hasCaption ? LOWER_CAPTION_HASH : null,
    captionLength: hasCaption ? 'length(caption::varchar)' : null,
    keySource: keySummary?.name ?? null,
    isKeyStable: dataset.isKeyStable,
    mediaRoot: dataset.mediaColumns.length === 0 ? null : dataset.mediaRoot,
    mediaColumns: dataset.mediaColumns,
    held: dataset.held,
    access: dataset.access,
    run: null,
    warnings: dataset.warnings,
  };
}

async function openRunSide(
  database: Database,
  which: SideName,
  folder: string,
  shown: string,
  stores: StoreAccess,
): Promise<Side> {
  const run = await readDocument(folder);
  if (isRedacted(run))
    throw new DailiesError(
      'usage',
      `${shown}: the run was written with --redact and keeps nothing of its rows that could be compared`,
      {
        hint: 'give the dataset in place of the run folder; dailies scan --against <run> compares findings and rates of rules even so',
      },
    );
  const index = await readSignatureIndex(database, folder, run.run.state === 'interrupted');
  const relation = `read_parquet(${quoteLiteral(join(folder, SIGNATURE_FILE))})`;
  let rows: number;
  let described: readonly { readonly name: string; readonly type: string }[];
  try {
    rows = numberOf((await database.row(`select count(*) as n from ${relation}`))['n']);
    described = await database.columns(`select * from ${relation}`);
  } catch (cause) {
    throw new DailiesError('usage', `${shown}: ${SIGNATURE_FILE} cannot be read`, {
      cause,
      hint: 'scan the dataset again, or give the dataset in place of the run folder',
    });
  }
  if (rows !== run.dataset.rows) {
    throw new DailiesError(
      'usage',
      `${shown}: the run has ${run.dataset.rows} rows, but ${SIGNATURE_FILE} has ${rows}: it was interrupted or changed`,
      { hint: 'scan the dataset again' },
    );
  }
  const types = new Map(described.map((column) => [column.name, column.type]));
  return {
    which,
    kind: 'run',
    name: run.dataset.name,
    path: shown,
    relation,
    columns: index.columns.flatMap((column) => {
      const type = types.get(column.name);
      return type === undefined
        ? []
        : [
            {
              name: column.name,
              source: column.source,
              type,
              sourceType: column.type,
              isHashed: column.isHashed,
            },
          ];
    }),
    rows,
    shards: run.dataset.shards.map((shard) => ({ index: shard.index, name: shard.name })),
    unreadShards: run.dataset.shards
      .filter((shard) => shard.state === 'unread')
      .map((shard) => `${shard.name}: ${shard.error ?? 'unreadable'}`),
    bytes: run.dataset.bytes,
    format: run.dataset.format,
    captionLower: types.has(CAPTION_LOWER) ? quoteIdentifier(CAPTION_LOWER) : null,
    captionLength: types.has(CAPTION_LENGTH) ? quoteIdentifier(CAPTION_LENGTH) : null,
    keySource: run.dataset.columns.find((column) => column.role === 'key')?.name ?? null,
    isKeyStable: index.isKeyStable,
    mediaRoot: null,
    held: null,
    access: accessOfRun(run.dataset.stores, stores),
    mediaColumns: [],
    run,
    warnings:
      run.run.state === 'complete' ? [] : [`the run ${run.run.id} was interrupted: it is partial`],
  };
}

/** A column of a side, quoted. */
export function columnOf(column: SideColumn): string {
  return quoteIdentifier(column.name);
}
