import { type Database, numberOf } from '../engine/database.ts';
import type { Engine, EngineContext } from '../engine/engine.ts';
import { differingKeysSql } from '../engine/shuffles/differing-keys.ts';
import { signed, unsigned } from '../engine/shuffles/dialect.ts';
import type { Shuffle } from '../engine/shuffles/shuffle.ts';
import type { ColumnPair } from './pair-columns.ts';

/** Rows of both versions that are grouped at a time: some 150 MB, whatever the size of the dataset. */
const ROWS_AT_A_TIME = 4_000_000;
/** Repeated keys that are named. */
const NAMED_DUPLICATES = 5;
/**
 * Finds the keys whose rows are not one and the same on both sides: table `differing (key_hash, nb, na)`, with the number of their
 * rows on either side. One machine groups by ranges of the hash, so that memory does not grow with the dataset.
 */
export async function findDiffering(
  database: Database,
  rows: number,
  engine: Engine,
  context: EngineContext,
): Promise<void> {
  const bits =
    engine.name === 'local' ? Math.max(0, Math.ceil(Math.log2(rows / ROWS_AT_A_TIME))) : 0;
  await database.run('create temp table differing (key_hash ubigint, nb bigint, na bigint)');
  for (let part = 0; part < 2 ** bits; part++) {
    const own = bits === 0 ? '' : `where key_hash >> ${64 - bits} = ${part}`;
    const input = (side: string): string =>
      `select ${signed('key_hash')} as key, ${signed('row_hash')} as row from ${side}_rows ${own}`;
    const shuffle: Shuffle = {
      name: 'differing_keys',
      inputs: { before_hashes: input('before'), after_hashes: input('after') },
      sql: (dialect) => differingKeysSql(dialect, 'before_hashes', 'after_hashes'),
    };
    await engine.query(database, [shuffle], context);
    await database.run(
      `insert into differing select ${unsigned('key')}, nb, na from differing_keys`,
    );
  }
  await database.run('drop table differing_keys');
  for (const side of ['before', 'after'])
    await database.run(
      `create temp table ${side}_picked as
       select clip_id, key_hash, row_hash from ${side}_rows where key_hash in (select key_hash from differing)`,
    );
}

/**
 * Pairs the rows of the keys that differ: table `pairing (key_hash, before_clip, after_clip, is_duplicate, is_rekeyed)`. Rows of a
 * key that stands on several rows are paired as a multiset: equal ones first, the rest in order of their content, so that nothing
 * is multiplied. Added and removed rows that are the same clip under another key become pairs: by `content` where both versions
 * have it, else by all columns together. Some keys that stand on several rows are named in `duplicate_keys (key)`.
 */
export async function pairRows(database: Database, content: ColumnPair | undefined): Promise<void> {
  await database.run(
    `create temp table pairing as
     select coalesce(b.key_hash, a.key_hash) as key_hash, b.clip_id as before_clip, a.clip_id as after_clip,
       false as is_duplicate, false as is_rekeyed
     from (${rowsOnce('before')}) as b full join (${rowsOnce('after')}) as a on a.key_hash = b.key_hash`,
  );
  await database.run(
    `create temp table duplicate_keys as
     select key from (
       select key, key_hash from before_values join before_picked using (clip_id)
       union
       select key, key_hash from after_values join after_picked using (clip_id))
     join differing using (key_hash)
     where (nb > 1 or na > 1) and key is not null order by greatest(nb, na) desc, key limit ${NAMED_DUPLICATES}`,
  );
  await pairDuplicates(database);
  await pairRekeyed(database, content);
}

/** Rows of keys that stand on one row at most. */
function rowsOnce(side: string): string {
  return `select picked.* from ${side}_picked as picked join differing using (key_hash) where nb <= 1 and na <= 1`;
}

async function pairDuplicates(database: Database): Promise<void> {
  const { n } = await database.row('select count(*) as n from differing where nb > 1 or na > 1');
  if (numberOf(n) === 0) return;
  for (const side of ['before', 'after']) {
    await database.run(
      `create temp table ${side}_twins as
       select key_hash, row_hash, clip_id,
         row_number() over (partition by key_hash, row_hash order by clip_id) as copy
       from ${side}_picked where key_hash in (select key_hash from differing where nb > 1 or na > 1)`,
    );
  }
  await database.run(
    `insert into pairing
     select coalesce(b.key_hash, a.key_hash), b.clip_id, a.clip_id, true, false
     from (${rest('before', 'after')}) as b
     full join (${rest('after', 'before')}) as a on a.key_hash = b.key_hash and a.place = b.place`,
  );
}

/** Rows of repeated keys that the other side has no equal copy of, numbered within their key. */
function rest(side: string, other: string): string {
  return `select key_hash, clip_id, row_number() over (partition by key_hash order by row_hash, copy) as place
     from ${side}_twins as own
     where not exists (select 1 from ${other}_twins as other
       where other.key_hash = own.key_hash and other.row_hash = own.row_hash and other.copy = own.copy)`;
}

async function pairRekeyed(database: Database, content: ColumnPair | undefined): Promise<void> {
  const rows = await database.row(
    `select count(*) filter (where after_clip is null) as removed, count(*) filter (where before_clip is null) as added from pairing`,
  );
  if (numberOf(rows['removed']) === 0 || numberOf(rows['added']) === 0) return;
  const single = (side: 'before' | 'after', other: 'before' | 'after'): string => {
    const identity =
      content === undefined
        ? `select clip_id, row_hash as identity from ${side}_picked`
        : `select clip_id, v${content.index} as identity from ${side}_values`;
    return `select identity, min(clip_id) as clip_id
     from (${identity} where clip_id in (select ${side}_clip from pairing where ${other}_clip is null))
     where identity is not null group by identity having count(*) = 1`;
  };
  await database.run(
    `create temp table rekeyed as
     select b.clip_id as before_clip, a.clip_id as after_clip
     from (${single('before', 'after')}) as b join (${single('after', 'before')}) as a using (identity)`,
  );
  await database.run(
    `create temp table repaired as
     select key_hash, before_clip, after_clip, is_duplicate, is_rekeyed from pairing
     where not (after_clip is null and before_clip in (select before_clip from rekeyed))
       and not (before_clip is null and after_clip in (select after_clip from rekeyed))
     union all
     select picked.key_hash, rekeyed.before_clip, rekeyed.after_clip, false, true
     from rekeyed join before_picked as picked on picked.clip_id = rekeyed.before_clip`,
  );
  await database.run('drop table pairing');
  await database.run('drop table rekeyed');
  await database.run('alter table repaired rename to pairing');
}
