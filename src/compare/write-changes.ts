import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import type { Database } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';

/**
 * Writes every row that differs as Parquet: key, state, where it lies, how its caption changed, which columns changed, and the short
 * values before and after. Must run before the room is closed.
 */
export async function writeChanges(
  database: Database,
  file: string,
  pairs: readonly ColumnPair[],
): Promise<void> {
  const plain = pairs.filter(
    (pair) => !pair.isLong && !pair.before.isHashed && !pair.after.isHashed,
  );
  const changed = pairs.map(
    (pair) => `case when c${pair.index} then ${quoteLiteral(pair.name)} end`,
  );
  const columns = [
    'coalesce(after_key, before_key) as key',
    'before_key as key_before',
    `case when is_rekeyed then 'rekeyed' when after_clip is null then 'removed'
       when before_clip is null and after_clip in (select clip_id from returned) then 'returned'
       when before_clip is null then 'added' else 'changed' end as state`,
    'before_clip >> 40 as shard_before',
    `before_clip & ${2 ** 40 - 1} as row_before`,
    'after_clip >> 40 as shard_after',
    `after_clip & ${2 ** 40 - 1} as row_after`,
    `list_filter([${changed.join(', ')}]::varchar[], name -> name is not null) as changed_columns`,
    'kind as caption_change',
    'overlap as caption_overlap',
    ...plain.flatMap((pair) => [
      `b${pair.index} as ${quoteIdentifier(`before.${pair.name}`)}`,
      `a${pair.index} as ${quoteIdentifier(`after.${pair.name}`)}`,
    ]),
  ];
  await database.run(
    `copy (select ${columns.join(', ')} from compared left join caption_changes using (before_clip, after_clip) order by 1, 2)
     to ${quoteLiteral(file)} (format parquet, compression zstd)`,
  );
}
