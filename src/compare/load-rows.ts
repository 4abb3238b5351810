import { quoteIdentifier } from '../dataset/sql-quote.ts';
import type { Database } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';

/**
 * Reads a version once, into a narrow temporary table `before_rows` or `after_rows`: `clip_id, key_hash, row_hash`, and one
 * hash `l<index>` for each long column. Rows without a key are known by their content. Hashes are those of this process.
 */
export async function loadRows(
  database: Database,
  side: Side,
  pairs: readonly ColumnPair[],
): Promise<void> {
  const sqlOf = (pair: ColumnPair): string =>
    side.which === 'before' ? pair.beforeSql : pair.afterSql;
  const values = pairs.map((pair) =>
    pair.isLong
      ? `hash(${sqlOf(pair)}) as l${pair.index}`
      : `${hashable(pair, sqlOf(pair))} as v${pair.index}`,
  );
  const names = pairs.map((pair) => `${pair.isLong ? 'l' : 'v'}${pair.index}`);
  const long = pairs.filter((pair) => pair.isLong).map((pair) => `l${pair.index}`);
  const rowHash = names.length === 0 ? '0::ubigint' : `hash(${names.join(', ')})`;
  await database.run(
    `create temp table ${side.which}_rows as
     select clip_id, coalesce(key_hash, hash('no key', row_hash)) as key_hash, row_hash${prefixed(long)}
     from (
       select clip_id, case when key is null then null else hash(key) end as key_hash, ${rowHash} as row_hash${prefixed(long)}
       from (select ${['clip_id', `${quoteIdentifier('key')}::varchar as key`, ...values].join(', ')} from ${side.relation}))`,
  );
}

/** Numbers that went through float32 on one side hash alike on both. */
function hashable(pair: ColumnPair, sql: string): string {
  return pair.kind === 'number' && pair.before.type !== pair.after.type && pair.tolerance > 0
    ? `(${sql})::float`
    : sql;
}

function prefixed(names: readonly string[]): string {
  return names.map((name) => `, ${name}`).join('');
}
