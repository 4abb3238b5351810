import { type Database, numberOf, textOf } from '../engine/database.ts';
import type { RowFlow } from './diff-document.ts';
import { KEYLESS_HASH } from './load-rows.ts';

/** Counts the flows and checks that every row of both versions is in one. */
export async function countFlow(
  database: Database,
): Promise<Omit<RowFlow, 'returned' | 'returnedFrom'>> {
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
       (select count(*) from before_rows where key_hash = ${KEYLESS_HASH}) as before_keyless,
       (select count(*) from after_rows where key_hash = ${KEYLESS_HASH}) as after_keyless,
       ${digest('before_rows', 'true')} as before_digest,
       ${digest('after_rows', 'true')} as after_digest,
       ${digest('before_picked', 'clip_id in (select before_clip from pairing where after_clip is null or is_rekeyed)')} as removed_digest,
       ${digest('after_picked', 'clip_id in (select after_clip from pairing where before_clip is null or is_rekeyed)')} as added_digest
     from pairing`,
  );
  const names = await database.rows('select key from duplicate_keys order by key');
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
    duplicateKeys: {
      before: count('before_duplicates'),
      after: count('after_duplicates'),
      examples: names.map((each) => textOf(each['key'])),
    },
    rowsWithoutKey: { before: count('before_keyless'), after: count('after_keyless') },
    keySet: {
      before: hex(before),
      after: hex(after),
      removed: hex(removed),
      added: hex(added),
      isComplete,
    },
  };
}

function digest(table: string, where: string): string {
  return `(select (coalesce(sum(key_hash::hugeint), 0) % 18446744073709551616)::varchar from ${table} where ${where})`;
}

function hex(value: bigint | undefined): string {
  return (value ?? 0n).toString(16).padStart(16, '0');
}
