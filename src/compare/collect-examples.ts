import { type Database, maybe, type SqlRow, textOf } from '../engine/database.ts';
import { formatValue } from '../format-value.ts';
import { CAPTION_CHANGES, type CaptionChangeKind, type ChangeExample } from './diff-document.ts';
import type { LoadedPairs } from './load-pairs.ts';
import type { ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';

/** Rows shown of each state, and of each kind of caption change. */
const PER_KIND = 25;
const MOST_VALUES = 6;
const MOST_CHARACTERS = 2_000;

/** Some rows of each kind of change, chosen by the hash of their key, so that order and shards do not matter. */
export async function collectExamples(
  database: Database,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
  loaded: LoadedPairs,
): Promise<readonly ChangeExample[]> {
  await database.run(
    `create temp table shown as
     select compared.*, caption_changes.kind as caption_kind,
       case when is_rekeyed then 'rekeyed' when before_clip is null then 'added' when after_clip is null then 'removed' else 'changed' end as state
     from compared left join caption_changes using (before_clip, after_clip)
     qualify row_number() over (partition by state, caption_kind order by compared.key_hash, compared.before_clip, compared.after_clip) <= ${PER_KIND}`,
  );
  const caption = pairs.find((pair) => pair.name === 'caption' && pair.isLong);
  const captionOf = (side: Side): string => {
    const own =
      side.columns.find((column) => column.name === 'caption' && !column.isHashed) ?? null;
    return own === null || caption === undefined
      ? 'select null::bigint as clip_id, null::varchar as caption limit 0'
      : `select clip_id, left(caption, ${MOST_CHARACTERS}) as caption from ${loaded.captionsOf(side)}
         where clip_id in (select ${side.which}_clip from shown)`;
  };
  const rows = await database.rows(
    `select shown.*, b.caption as caption_before, a.caption as caption_after from shown
     left join (${captionOf(before)}) as b on b.clip_id = before_clip
     left join (${captionOf(after)}) as a on a.clip_id = after_clip
     order by state, caption_kind nulls last, coalesce(after_key, before_key), after_clip, before_clip`,
  );
  await database.run('drop table shown');
  return rows.map((row) => toExample(row, before, after, pairs));
}

function toExample(
  row: SqlRow,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): ChangeExample {
  const state = textOf(row['state']);
  const side = row['after_clip'] === null ? before : after;
  const clip = row['after_clip'] ?? row['before_clip'];
  const id = typeof clip === 'bigint' ? clip : 0n;
  const shard = Number(id >> 40n);
  return {
    state: state === 'added' || state === 'removed' || state === 'rekeyed' ? state : 'changed',
    key: maybe(row['after_key'] ?? row['before_key'], textOf),
    keyBefore: state === 'rekeyed' ? maybe(row['before_key'], textOf) : null,
    shard: side.shards.find((each) => each.index === shard)?.name ?? null,
    rowNumber: Number(id & ((1n << 40n) - 1n)),
    captionChange: kindOf(row['caption_kind']),
    captionBefore: maybe(row['caption_before'], textOf),
    captionAfter: maybe(row['caption_after'], textOf),
    values: pairs
      .filter((pair) => !pair.isLong && row[`c${pair.index}`] === true)
      .toSorted((x, y) => Number(isHash(x)) - Number(isHash(y)))
      .slice(0, MOST_VALUES)
      .map((pair) => ({
        name: pair.name,
        before: isHash(pair) ? 'not kept' : show(row[`b${pair.index}`]),
        after: isHash(pair) ? 'not kept' : show(row[`a${pair.index}`]),
      })),
  };
}

/** Only hashes of its values were kept. */
function isHash(pair: ColumnPair): boolean {
  return pair.before.isHashed || pair.after.isHashed;
}

function show(value: SqlRow[string] | undefined): string | null {
  return value === null || value === undefined ? null : formatValue(value).slice(0, 300);
}

function kindOf(value: SqlRow[string] | undefined): CaptionChangeKind | null {
  const found = Object.entries(CAPTION_CHANGES).find(([kind]) => kind === value)?.[0];
  return found !== undefined && isKind(found) ? found : null;
}

function isKind(text: string): text is CaptionChangeKind {
  return Object.hasOwn(CAPTION_CHANGES, text);
}
