import { type Database, numberOf } from '../engine/database.ts';
import { hashOf, sqlOf } from './load-rows.ts';
import type { ColumnPair } from './pair-columns.ts';
import { columnOf, type Side } from './side.ts';

/** Rows up to which the text of captions is fetched with the other values; beyond that it is read when needed. */
const MOST_TEXTS = 200_000;
/** Rows that distributions are taken from: shares are within 0.2 %. */
const SAMPLE_ROWS = 200_000;

export type LoadedPairs = {
  /** SQL of a relation `clip_id, caption` that has the text of every row that differs. */
  readonly captionsOf: (side: Side) => string;
};

/**
 * Fetches in one more pass over each version the rows whose key differs, and those that stand for the distribution of all: tables
 * `before_values` and `after_values` with `clip_id, key, is_sampled, caption_length` and `v<i>`, the value of a short column or the
 * hash of a long one. The sample goes by the hash of the key, so that order and shards do not matter.
 */
export async function fetchValues(
  database: Database,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): Promise<LoadedPairs> {
  const caption = pairs.find((pair) => pair.name === 'caption');
  const differing = numberOf(
    (
      await database.row(
        'select (select count(*) from before_picked) + (select count(*) from after_picked) as n',
      )
    )['n'],
  );
  const keepsText =
    caption !== undefined &&
    !caption.before.isHashed &&
    !caption.after.isHashed &&
    differing <= 2 * MOST_TEXTS;
  for (const side of [before, after]) {
    const every = Math.max(1, Math.floor(side.rows / SAMPLE_ROWS));
    const values = pairs.map(
      (pair) => `${pair.isLong ? hashOf(pair, side) : sqlOf(pair, side)} as v${pair.index}`,
    );
    const text = keepsText ? [`${captionColumn(caption, side)}::varchar as caption`] : [];
    await database.run(
      `create temp table ${side.which}_values as
       select ${['clip_id', 'key::varchar as key', 'is_sampled', `(${side.captionLength ?? 'null'})::integer as caption_length`, ...values, ...text].join(', ')}
       from ${side.relation}
       join (select clip_id as picked_id, key_hash % ${every} = 0 as is_sampled from ${side.which}_rows
         where key_hash % ${every} = 0 or key_hash in (select key_hash from differing)) on picked_id = clip_id`,
    );
    if (keepsText)
      await database.run(
        `create temp table ${side.which}_texts as
         select clip_id, caption from ${side.which}_values where clip_id in (select clip_id from ${side.which}_picked)`,
      );
  }
  return {
    captionsOf: (side) =>
      keepsText
        ? `${side.which}_texts`
        : `(select clip_id, ${captionColumn(caption, side)}::varchar as caption from ${side.relation})`,
  };
}

/**
 * Compares the rows that were paired: table `compared` with `before_clip, after_clip, key_hash, is_duplicate, is_rekeyed, before_key,
 * after_key`, the values `b<i>` and `a<i>`, and `c<i>`: did the column change (null for rows that only one version has).
 */
export async function comparePairs(
  database: Database,
  pairs: readonly ColumnPair[],
): Promise<void> {
  const changed = pairs.map(
    (pair) =>
      `case when before_clip is not null and after_clip is not null then ${differs(pair, `bv.v${pair.index}`, `av.v${pair.index}`)} end as c${pair.index}`,
  );
  await database.run(
    `create temp table compared as
     select ${[
       'pairing.*',
       'bv.key as before_key',
       'av.key as after_key',
       ...pairs.flatMap((pair) => [
         `bv.v${pair.index} as b${pair.index}`,
         `av.v${pair.index} as a${pair.index}`,
       ]),
       ...changed,
     ].join(', ')}
     from pairing
     left join before_values as bv on bv.clip_id = before_clip
     left join after_values as av on av.clip_id = after_clip`,
  );
  for (const side of ['before', 'after']) await database.run(`drop table ${side}_values`);
  await dropEqual(database, pairs);
}

function captionColumn(pair: ColumnPair | undefined, side: Side): string {
  if (pair === undefined) return 'null';
  return columnOf(side.which === 'before' ? pair.before : pair.after);
}

/** Pairs that differ only within tolerance are the same row. */
async function dropEqual(database: Database, pairs: readonly ColumnPair[]): Promise<void> {
  if (!pairs.some((pair) => pair.tolerance !== null)) return;
  const any = pairs.map((pair) => `c${pair.index}`).join(' or ');
  const equal = `before_clip is not null and after_clip is not null and not is_rekeyed and not (${any})`;
  await database.run(
    `delete from pairing where before_clip in (select before_clip from compared where ${equal})`,
  );
  await database.run(`delete from compared where ${equal}`);
}

function differs(pair: ColumnPair, before: string, after: string): string {
  if (pair.tolerance === null) return `${before} is distinct from ${after}`;
  return `case when ${before} is null or ${after} is null then ${before} is distinct from ${after}
    when isfinite(${before}::double) and isfinite(${after}::double)
      then abs(${before}::double - ${after}::double) > greatest(${pair.tolerance.absolute}, ${pair.tolerance.relative} * greatest(abs(${before}::double), abs(${after}::double)))
    else ${before} is distinct from ${after} end`;
}
