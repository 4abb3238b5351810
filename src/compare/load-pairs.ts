import { type Database, numberOf } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';
import { columnOf, type Side } from './side.ts';

/** Rows up to which the text of captions is fetched with the other values; beyond that it is read when needed. */
const MOST_TEXTS = 200_000;

export type LoadedPairs = {
  /** SQL of a relation `clip_id, caption` that has the text of every row that differs. */
  readonly captionsOf: (side: Side) => string;
};

/**
 * Fetches the short values of all rows that differ and compares them: table `compared` with `before_clip, after_clip,
 * key_hash, is_duplicate, is_rekeyed, before_key, after_key`, the values `b<i>` and `a<i>` of short columns, and `c<i>`: did the
 * column change (null for rows that only one version has).
 */
export async function loadPairs(
  database: Database,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): Promise<LoadedPairs> {
  const caption = pairs.find((pair) => pair.name === 'caption');
  const differing = numberOf((await database.row('select count(*) as n from pairing'))['n']);
  const keepsText =
    caption !== undefined &&
    !caption.before.isHashed &&
    !caption.after.isHashed &&
    differing <= MOST_TEXTS;
  const short = pairs.filter((pair) => !pair.isLong);
  const long = pairs.filter((pair) => pair.isLong);
  for (const side of [before, after]) {
    const values = short.map(
      (pair) => `${side.which === 'before' ? pair.beforeSql : pair.afterSql} as v${pair.index}`,
    );
    const text = keepsText ? [`${captionColumn(caption, side)}::varchar as caption`] : [];
    await database.run(
      `create temp table ${side.which}_values as
       select ${['clip_id', 'key::varchar as key', ...values, ...text].join(', ')} from ${side.relation}
       where clip_id in (select ${side.which}_clip from pairing)`,
    );
  }
  const changed = pairs.map((pair) => {
    const own = pair.isLong
      ? `br.l${pair.index} is distinct from ar.l${pair.index}`
      : differs(pair, `bv.v${pair.index}`, `av.v${pair.index}`);
    return `case when before_clip is not null and after_clip is not null then ${own} end as c${pair.index}`;
  });
  const hashes = long.length === 0 ? [] : ['before', 'after'];
  await database.run(
    `create temp table compared as
     select ${[
       'pairing.*',
       'bv.key as before_key',
       'av.key as after_key',
       ...short.flatMap((pair) => [
         `bv.v${pair.index} as b${pair.index}`,
         `av.v${pair.index} as a${pair.index}`,
       ]),
       ...changed,
     ].join(', ')}
     from pairing
     left join before_values as bv on bv.clip_id = before_clip
     left join after_values as av on av.clip_id = after_clip
     ${hashes.map((side) => `left join ${side}_rows as ${side[0] ?? ''}r on ${side[0] ?? ''}r.clip_id = ${side}_clip`).join('\n')}`,
  );
  for (const side of ['before', 'after']) {
    if (keepsText)
      await database.run(
        `create temp table ${side}_texts as select clip_id, caption from ${side}_values`,
      );
    await database.run(`drop table ${side}_values`);
  }
  await dropEqual(database, pairs);
  return {
    captionsOf: (side) =>
      keepsText
        ? `${side.which}_texts`
        : `(select clip_id, ${captionColumn(caption, side)}::varchar as caption from ${side.relation})`,
  };
}

function captionColumn(pair: ColumnPair | undefined, side: Side): string {
  if (pair === undefined) return 'null';
  return columnOf(side.which === 'before' ? pair.before : pair.after);
}

/** Pairs that differ only within tolerance are the same row. */
async function dropEqual(database: Database, pairs: readonly ColumnPair[]): Promise<void> {
  if (!pairs.some((pair) => pair.tolerance > 0)) return;
  const any = pairs.map((pair) => `c${pair.index}`).join(' or ');
  const equal = `before_clip is not null and after_clip is not null and not is_rekeyed and not (${any})`;
  await database.run(
    `delete from pairing where before_clip in (select before_clip from compared where ${equal})`,
  );
  await database.run(`delete from compared where ${equal}`);
}

function differs(pair: ColumnPair, before: string, after: string): string {
  if (pair.tolerance === 0) return `${before} is distinct from ${after}`;
  return `case when ${before} is null or ${after} is null then ${before} is distinct from ${after}
    when isfinite(${before}::double) and isfinite(${after}::double)
      then abs(${before}::double - ${after}::double) > ${pair.tolerance} * greatest(abs(${before}::double), abs(${after}::double))
    else ${before} is distinct from ${after} end`;
}
