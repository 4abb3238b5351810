import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from './shard-file.ts';
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';

/** Table that `manifest` joins: what the path of a shard says about all of its rows. */
export const SHARD_LABELS = 'shard_labels';

/** A column of `manifest` that the path of the shard gives. */
export type ShardLabel = { readonly name: string; readonly reason: string };

const ROWS_PER_INSERT = 512;

/** A part of a path that names a split: a whole folder name, or the front of a file name up to `-` or `.`. */
const SPLIT = /(?:^|\/)(train(?:ing)?|val(?:id(?:ation)?)?|dev|test(?:ing)?|eval)(?=[/.-]|$)/i;

const SPLIT_NAMES: Readonly<Record<string, string>> = {
  training: 'train',
  val: 'validation',
  valid: 'validation',
  testing: 'test',
};

/**
 * Fills {@link SHARD_LABELS} with the shard's name, its Hive partitions and, where every shard names one, the split.
 * `taken` are the user's columns in lower case: a partition of the same name is called `partition_…`.
 */
export async function createShardLabels(
  connection: DuckDBConnection,
  shards: readonly ShardFile[],
  taken: ReadonlySet<string>,
): Promise<ShardLabel[]> {
  const keys = [...new Set(shards.flatMap((shard) => Object.keys(shard.partitions)))].toSorted();
  const used = new Set([...taken, 'shard_id', 'shard']);
  const partitions = keys.map((key) => {
    let name = used.has(key.toLowerCase()) ? `partition_${key}` : key;
    while (used.has(name.toLowerCase())) name = `${name}_`;
    used.add(name.toLowerCase());
    const reason =
      name === key
        ? `the path states it: ${key}=…`
        : `the path states ${key} too: called ${name}, so that both can be compared`;
    return { key, label: { name, reason } };
  });
  const splits = shards.map((shard) => splitOf(shard.name));
  const hasSplit =
    shards.length > 0 && splits.every((split) => split !== null) && !used.has('split');
  const names = [
    'shard_id',
    'shard',
    ...partitions.map(({ label }) => label.name),
    ...(hasSplit ? ['split'] : []),
  ];
  await connection.run(
    `create or replace table ${SHARD_LABELS} (${names.map((name) => `${quoteIdentifier(name)} ${name === 'shard_id' ? 'integer' : 'varchar'}`).join(', ')})`,
  );
  const rows = shards.map((shard, i) => {
    const values = partitions.map(({ key }) => literal(shard.partitions[key] ?? null));
    return `(${[shard.index, quoteLiteral(shard.name), ...values, ...(hasSplit ? [literal(splits[i] ?? null)] : [])].join(', ')})`;
  });
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT)
    await connection.run(
      `insert into ${SHARD_LABELS} values ${rows.slice(at, at + ROWS_PER_INSERT).join(', ')}`,
    );
  return [
    ...partitions.map(({ label }) => label),
    ...(hasSplit ? [{ name: 'split', reason: 'the names of all shards state a split' }] : []),
  ];
}

/** The split that a path names, in the words that are usual; null if it names none. */
export function splitOf(name: string): string | null {
  const found = SPLIT.exec(name)?.[1]?.toLowerCase();
  return found === undefined ? null : (SPLIT_NAMES[found] ?? found);
}

function literal(text: string | null): string {
  return text === null ? 'null' : quoteLiteral(text);
}
