import { type Database, numberOf, textOf } from '../engine/database.ts';
import type { RowFlow } from './diff-document.ts';

/**
 * Finds the keys whose rows are not one and the same on both sides, and pairs their rows: table `pairing
 * (key_hash, before_clip, after_clip, is_duplicate, is_rekeyed)`. Rows of a key that stands on several rows are paired as
 * a multiset: equal ones first, the rest in order of their content, so that nothing is multiplied.
 */
export async function matchRows(database: Database): Promise<void> {
  await database.run(
    `create temp table differing as
     select key_hash, count(*) filter (where side = 0)::bigint as nb, count(*) filter (where side = 1)::bigint as na
     from (
       select key_hash, row_hash, 0::utinyint as side from before_rows
       union all
       select key_hash, row_hash, 1::utinyint from after_rows)
     group by key_hash
     having not (count(*) = 2 and sum(side) = 1 and bit_xor(row_hash) = 0)`,
  );
  await database.run(
    `create temp table pairing as
     select coalesce(b.key_hash, a.key_hash) as key_hash, b.clip_id as before_clip, a.clip_id as after_clip,
       false as is_duplicate, false as is_rekeyed
     from (select rows.* from before_rows as rows join differing using (key_hash) where nb <= 1 and na <= 1) as b
     full join (select rows.* from after_rows as rows join differing using (key_hash) where nb <= 1 and na <= 1) as a
       on a.key_hash = b.key_hash`,
  );
  await pairDuplicates(database);
}

async function pairDuplicates(database: Database): Promise<void> {
  const { n } = await database.row('select count(*) as n from differing where nb > 1 or na > 1');
  if (numberOf(n) === 0) return;
  for (const side of ['before', 'after']) {
    await database.run(
      `create temp table ${side}_twins as
       select key_hash, row_hash, clip_id,
         row_number() over (partition by key_hash, row_hash order by clip_id) as copy
       from ${side}_rows where key_hash in (select key_hash from differing where nb > 1 or na > 1)`,
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

/** Added and removed rows that are the same clip under another key become pairs: by content where known, else by all columns. */
export async function pairRekeyed(database: Database, identity: RekeyIdentity): Promise<void> {
  const rows = await database.row(
    `select count(*) filter (where after_clip is null) as removed, count(*) filter (where before_clip is null) as added from pairing`,
  );
  if (numberOf(rows['removed']) === 0 || numberOf(rows['added']) === 0) return;
  const single = (side: 'before' | 'after', other: 'before' | 'after'): string =>
    `select identity, min(clip_id) as clip_id from (${identity[side](
      `select ${side}_clip from pairing where ${other}_clip is null`,
    )}) where identity is not null group by identity having count(*) = 1`;
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
     select rows.key_hash, rekeyed.before_clip, rekeyed.after_clip, false, true
     from rekeyed join before_rows as rows on rows.clip_id = rekeyed.before_clip`,
  );
  await database.run('drop table pairing');
  await database.run('drop table rekeyed');
  await database.run('alter table repaired rename to pairing');
}

/** SQL that gives `clip_id, identity` for the clips in a sub-query. */
export type RekeyIdentity = Readonly<Record<'before' | 'after', (clips: string) => string>>;

/** Counts the flows and checks that every row of both versions is in one. */
export async function countFlow(database: Database): Promise<RowFlow> {
  const row = await database.row(
    `select
       (select count(*) from before_rows) as before_rows,
       (select count(*) from after_rows) as after_rows,
       count(*) filter (where before_clip is not null) as before_paired,
       count(*) filter (where before_clip is not null and after_clip is not null and not is_rekeyed) as changed,
       count(*) filter (where is_rekeyed) as rekeyed,
       count(*) filter (where before_clip is null) as added,
       count(*) filter (where after_clip is null) as removed,
       (select count(*) from differing where nb > 1) as before_duplicates,
       (select count(*) from differing where na > 1) as after_duplicates,
       ${digest('before', 'true')} as before_digest,
       ${digest('after', 'true')} as after_digest,
       ${digest('before', 'clip_id in (select before_clip from pairing where after_clip is null or is_rekeyed)')} as removed_digest,
       ${digest('after', 'clip_id in (select after_clip from pairing where before_clip is null or is_rekeyed)')} as added_digest
     from pairing`,
  );
  const count = (name: string): number => numberOf(row[name]);
  const [before, after, removed, added] = ['before', 'after', 'removed', 'added'].map((name) =>
    BigInt(textOf(row[`${name}_digest`])),
  );
  const isComplete =
    BigInt.asUintN(64, (before ?? 0n) - (removed ?? 0n) + (added ?? 0n)) === (after ?? 0n);
  return {
    beforeRows: count('before_rows'),
    afterRows: count('after_rows'),
    unchanged: count('before_rows') - count('before_paired'),
    changed: count('changed'),
    rekeyed: count('rekeyed'),
    added: count('added'),
    removed: count('removed'),
    returned: 0,
    returnedFrom: null,
    duplicateKeys: { before: count('before_duplicates'), after: count('after_duplicates') },
    rowsWithoutKey: { before: 0, after: 0 },
    keySet: {
      before: hex(before),
      after: hex(after),
      removed: hex(removed),
      added: hex(added),
      isComplete,
    },
  };
}

function digest(side: 'before' | 'after', where: string): string {
  return `(select (coalesce(sum(key_hash::hugeint), 0) % 18446744073709551616)::varchar from ${side}_rows where ${where})`;
}

function hex(value: bigint | undefined): string {
  return (value ?? 0n).toString(16).padStart(16, '0');
}
