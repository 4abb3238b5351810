import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { textHash } from '../dataset/text-hash.ts';
import type { Database } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';

/** SQL of the hash that rows without a key have in place of that of their key. */
export const KEYLESS_HASH = `hash('no key', row_hash)`;

/**
 * Reads a version once, into a narrow temporary table `before_rows` or `after_rows`: `clip_id, key_hash, row_hash`; of the older one also
 * the hash of the caption, `caption_hash`, by which captions that moved are found. Rows without a key are known by their content. Hashes
 * are those of this process.
 */
export async function loadRows(
  database: Database,
  side: Side,
  pairs: readonly ColumnPair[],
): Promise<void> {
  const values = pairs.map(
    (pair) =>
      `${pair.isLong ? hashOf(pair, side) : hashable(pair, sqlOf(pair, side))} as v${pair.index}`,
  );
  const caption = pairs.find((pair) => pair.name === 'caption');
  const kept =
    caption === undefined || side.which === 'after' ? '' : `, v${caption.index} as caption_hash`;
  const names = pairs.map((pair) =>
    pair.kind === 'text' && !pair.isLong ? textHash(`v${pair.index}::varchar`) : `v${pair.index}`,
  );
  const rowHash = names.length === 0 ? '0::ubigint' : `hash(${names.join(', ')})`;
  await database.run(
    `create temp table ${side.which}_rows as
     select clip_id, coalesce(key_hash, ${KEYLESS_HASH}) as key_hash, row_hash${kept === '' ? '' : ', caption_hash'}
     from (
       select clip_id, case when key is null then null else ${textHash('key')} end as key_hash, ${rowHash} as row_hash${kept}
       from (select ${['clip_id', `${quoteIdentifier('key')}::varchar as key`, ...values].join(', ')} from ${side.relation}))`,
  );
}

/** SQL of a value of one version, over its relation, that compares with that of the other version. */
export function sqlOf(pair: ColumnPair, side: Side): string {
  return side.which === 'before' ? pair.beforeSql : pair.afterSql;
}

/** SQL of the hash that stands for a long value; null stays null. */
export function hashOf(pair: ColumnPair, side: Side): string {
  const sql = sqlOf(pair, side);
  const hash = pair.kind === 'text' ? textHash(`${sql}::varchar`) : `hash(${sql})`;
  return `case when ${sql} is not null then ${hash} end`;
}

/** Numbers that went through float32 on one side hash alike on both. */
function hashable(pair: ColumnPair, sql: string): string {
  return pair.kind === 'number' && pair.before.type !== pair.after.type && pair.tolerance !== null
    ? `(${sql})::float`
    : sql;
}
