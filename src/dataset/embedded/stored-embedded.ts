import { dirname } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { objectsIn } from '../../media/decoders/plain-objects.ts';
import { resolveMediaPath } from '../media-path.ts';
import type { OpenDataset } from '../opened-dataset.ts';
import { readShard, type ShardReading } from '../source.ts';
import { readArrowCells } from './arrow-cells.ts';
import type { EmbeddedColumn } from './embedded-columns.ts';
import { HeldMedia } from './held-media.ts';
import type { Cell } from './parquet-cells.ts';

/** Where the media of a run lie inside of its shards, as `run.json` keeps it: enough to read one again. */
type StoredEmbedded = {
  /** Folder that names of shards are relative to. */
  readonly root: string;
  readonly columns: readonly EmbeddedColumn[];
};

/** What a later look at a run needs of columns that hold media; null where there are none, or their shards lie elsewhere. */
export function storeEmbedded(dataset: OpenDataset): StoredEmbedded | null {
  const shard = dataset.shards.find((each) => each.path.endsWith(`/${each.name}`));
  if (dataset.embedded.length === 0 || shard === undefined) return null;
  const root = shard.path.slice(0, -shard.name.length - 1);
  return { root: root === '' ? dirname(shard.path) : root, columns: dataset.embedded };
}

/** Bytes that are taken out of shards to show them, at most: what somebody looks at in one sitting. */
const MOST_SHOWN_BYTES = 4 * 1024 ** 3;

/**
 * Media inside of the shards that a run names, to be read one by one. Shards of text are not read again: of them a medium is
 * refused with a reason. `stored` comes from a file, and is checked.
 */
export function openStored(
  connection: DuckDBConnection,
  stored: unknown,
  shards: readonly { readonly index: number; readonly name: string; readonly rows: number }[],
  format: string,
): HeldMedia | null {
  const [found] = objectsIn([stored]);
  const root = found?.['root'];
  const columns = objectsIn(Array.isArray(found?.['columns']) ? found['columns'] : []).flatMap(
    (column) => parseColumn(column) ?? [],
  );
  if (typeof root !== 'string' || columns.length === 0) return null;
  const readings = shards.flatMap((shard) => {
    const resolved = resolveMediaPath(root, shard.name);
    if (!resolved.ok || resolved.medium.range !== null) return [];
    const file = {
      index: shard.index,
      name: shard.name,
      path: resolved.medium.source,
      bytes: 0,
      format: format === 'arrow' ? ('arrow' as const) : ('parquet' as const),
      compression: 'none' as const,
      partitions: {},
      error: null,
    };
    return [readShard(file, shard.rows, 0, [])];
  });
  const source = {
    // Nothing is asked of DuckDB: no rows lie behind a run.
    from: '(select null limit 0)',
    columns: [],
    shards: readings,
    files: [],
    warnings: [],
    ...(format === 'parquet'
      ? { parquet: { isDoubtful: false, head: () => '', without: () => '' } }
      : { cells: format === 'arrow' ? cellsOfArrow : refuseText }),
  };
  return new HeldMedia(connection, source, columns, MOST_SHOWN_BYTES);
}

function cellsOfArrow(
  shard: ShardReading,
  column: EmbeddedColumn,
  rows: readonly number[],
): AsyncGenerator<Cell, void, undefined> {
  return readArrowCells(shard.file.path, column, rows);
}

// oxlint-disable-next-line require-yield -- there is nothing to give
async function* refuseText(): AsyncGenerator<Cell, void, undefined> {
  await Promise.resolve();
  throw new Error('shards of text are read during a scan alone; the medium is in its row');
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function parseColumn(column: Readonly<Record<string, unknown>>): EmbeddedColumn | null {
  const { source, type, field, isList, isBase64, pathField, pathColumn, ending } = {
    source: column['source'],
    type: column['type'],
    field: column['field'],
    isList: column['isList'],
    isBase64: column['isBase64'],
    pathField: column['pathField'],
    pathColumn: column['pathColumn'],
    ending: column['ending'],
  };
  if (typeof source !== 'string' || source === '') return null;
  return {
    source,
    type: textOrNull(type) ?? '',
    field: textOrNull(field),
    isList: isList === true,
    isBase64: isBase64 === true,
    pathField: textOrNull(pathField),
    pathColumn: textOrNull(pathColumn),
    ending: textOrNull(ending) ?? '',
    kind: column['kind'] === 'feature' ? 'feature' : 'medium',
  };
}
