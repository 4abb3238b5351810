import { createHash } from 'node:crypto';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { NamedType, ShardReading } from './source.ts';
import { quoteLiteral } from './sql-quote.ts';
import { createTableSql } from './table-columns.ts';

/** Columns of the table `shards`: what footers, schemas and readers say of each file of the manifest. */
export const SHARD_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  path: 'VARCHAR',
  rows: 'BIGINT',
  bad_rows: 'BIGINT',
  footer_rows: 'BIGINT',
  bytes: 'BIGINT',
  format: 'VARCHAR',
  compression: 'VARCHAR',
  state: 'VARCHAR',
  error: 'VARCHAR',
  schema_hash: 'VARCHAR',
  columns: 'VARCHAR[]',
  types: 'VARCHAR[]',
  row_groups: 'BIGINT',
  row_group_rows_max: 'BIGINT',
  row_group_bytes_max: 'BIGINT',
  codecs: 'VARCHAR[]',
  created_by: 'VARCHAR',
  has_statistics: 'BOOLEAN',
  partitions: 'VARCHAR',
  members: 'BIGINT',
} as const;

const ROWS_PER_INSERT = 256;

/** Creates and fills the table `shards`, one row a file, unread ones too. */
export async function createShardsTable(
  connection: DuckDBConnection,
  shards: readonly ShardReading[],
): Promise<void> {
  await connection.run(createTableSql('shards', SHARD_COLUMNS));
  for (let at = 0; at < shards.length; at += ROWS_PER_INSERT) {
    const rows = shards
      .slice(at, at + ROWS_PER_INSERT)
      .map((shard) => `(${shardValues(shard).join(', ')})`);
    await connection.run(`insert into shards values ${rows.join(', ')}`);
  }
}

function shardValues(shard: ShardReading): string[] {
  const { file } = shard;
  const isRead = shard.error === null;
  return [
    `${file.index}`,
    quoteLiteral(file.name),
    quoteLiteral(file.path),
    isRead && !shard.isJoined ? `${shard.rows}` : 'null',
    isRead ? `${shard.badRows}` : 'null',
    `${shard.footerRows ?? 'null'}`,
    `${file.bytes}`,
    quoteLiteral(file.format),
    quoteLiteral(file.compression),
    isRead ? `'read'` : file.isUnreachable === true ? `'unreachable'` : `'unread'`,
    isRead ? 'null' : quoteLiteral(shard.error ?? ''),
    isRead ? quoteLiteral(schemaHash(shard.schema)) : 'null',
    listLiteral(shard.schema.map((column) => column.name)),
    listLiteral(shard.schema.map((column) => column.type)),
    `${shard.rowGroups ?? 'null'}`,
    `${shard.rowGroupRowsMax ?? 'null'}`,
    `${shard.rowGroupBytesMax ?? 'null'}`,
    listLiteral(shard.codecs),
    shard.createdBy === null ? 'null' : quoteLiteral(shard.createdBy),
    `${shard.hasStatistics ?? 'null'}`,
    quoteLiteral(JSON.stringify(file.partitions)),
    `${shard.members ?? 'null'}`,
  ];
}

function listLiteral(texts: readonly string[]): string {
  return `[${texts.map((text) => quoteLiteral(text)).join(', ')}]::varchar[]`;
}

/** Short hash of a schema: equal for shards with the same columns and types in the same order. */
function schemaHash(schema: readonly NamedType[]): string {
  return createHash('sha256').update(JSON.stringify(schema)).digest('hex').slice(0, 16);
}
