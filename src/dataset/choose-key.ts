import type { DuckDBConnection } from '@duckdb/node-api';

import { SOURCE_ROWS } from './clip-views.ts';
import { type EmbeddedColumn, innerPathSql } from './embedded/embedded-columns.ts';
import type { ColumnMap } from './map-columns.ts';
import { noRows, readRows } from './rows.ts';
import { quoteLiteral } from './sql-quote.ts';

/** What serves as the key; a null expression: a column is mapped to it. */
export type KeyColumn = {
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
export async function chooseKey(
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
