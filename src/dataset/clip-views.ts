import type { DuckDBConnection } from '@duckdb/node-api';

import { RESERVED_COLUMNS } from './canonical-columns.ts';
import type { KeyColumn } from './choose-key.ts';
import { cellTextSql, type EmbeddedColumn } from './embedded/embedded-columns.ts';
import type { ColumnMap } from './map-columns.ts';
import type { Renamed } from './name-columns.ts';
import { SHARD_LABELS, type ShardLabel } from './shard-labels.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID } from './source.ts';
import { quoteIdentifier } from './sql-quote.ts';

/** A shard holds at most this many rows, so that shard and row number make one clip_id. */
const ROWS_PER_SHARD_BITS = 40;

/** View over the readable rows of all shards, which `manifest` names. */
export const SOURCE_ROWS = 'source_rows';

/** The view `manifest`: the columns of the user, labels of shards, and where each row stands. */
export async function createManifest(
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

/** The view `clips`: canonical columns first, then those of the user that are none. */
export async function createClips(
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
