import { textHash } from '../dataset/text-hash.ts';
import { type Database, maybe, numberOf, textOf } from '../engine/database.ts';
import type { LoadedPairs } from './load-pairs.ts';
import type { ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';
import { CAPTION_CHANGES, type CaptionChangeKind, type CaptionChanges } from './diff-document.ts';

/** Share of common words under which a caption counts as another one. */
const REPLACED_OVERLAP = 0.25;
/** Captions whose words are compared one by one; beyond that they count as changed words. */
const MOST_OVERLAPS = 200_000;

/** Lower case, composed, runs of anything but letters, marks and digits as one space. */
function normalCaption(sql: string): string {
  return `trim(regexp_replace(lower(nfc_normalize(${sql})), '[^\\p{L}\\p{M}\\p{N}]+', ' ', 'g'))`;
}

/**
 * Sorts the changed captions into kinds: table `caption_changes (before_clip, after_clip, kind, overlap, moved_from)`.
 * Null if the versions have no common caption column.
 */
export async function describeCaptions(
  database: Database,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
  loaded: LoadedPairs,
  matched: number,
): Promise<CaptionChanges | null> {
  await database.run(
    `create temp table caption_changes (before_clip bigint, after_clip bigint, kind varchar, overlap double, moved_from bigint)`,
  );
  const pair = pairs.find((each) => each.name === 'caption');
  if (pair === undefined) return null;
  if (pair.before.isHashed || pair.after.isHashed)
    return describeHashed(database, before, after, pair, matched);
  const changed = `select before_clip, after_clip from compared where c${pair.index}`;
  for (const side of [before, after]) {
    await database.run(
      `create temp table ${side.which}_forms as
       select clip_id, coalesce(trim(caption), '') = '' as is_empty, hash(lower(caption)) as lower_hash,
         hash(nfc_normalize(caption)) as composed_hash, hash(trim(regexp_replace(caption, '\\s+', ' ', 'g'))) as spaced_hash,
         hash(trim(regexp_replace(nfc_normalize(caption), '[^\\p{L}\\p{M}\\p{N}]+', ' ', 'g'))) as bare_hash,
         hash(${normalCaption('caption')}) as normal_hash, caption = lower(caption) as is_lower
       from ${loaded.captionsOf(side)} where clip_id in (select ${side.which}_clip from (${changed}))`,
    );
  }
  await database.run(
    `insert into caption_changes
     select before_clip, after_clip, case
         when b.is_empty and a.is_empty then 'whitespace'
         when b.is_empty then 'filled' when a.is_empty then 'emptied'
         when b.lower_hash = a.lower_hash then 'case'
         when b.composed_hash = a.composed_hash then 'unicode'
         when b.spaced_hash = a.spaced_hash then 'whitespace'
         when b.bare_hash = a.bare_hash then 'punctuation'
         when b.normal_hash = a.normal_hash then 'format'
         else 'words' end, null, null
     from (${changed}) join before_forms as b on b.clip_id = before_clip join after_forms as a on a.clip_id = after_clip`,
  );
  await measureOverlap(database, before, after, loaded);
  await findMoved(database, pair);
  return summarise(database, matched);
}

/** Counts the table `caption_changes`. */
async function summarise(database: Database, matched: number): Promise<CaptionChanges> {
  const rows = await database.rows(
    'select kind, count(*) as n from caption_changes group by kind order by n desc, kind',
  );
  const kinds = rows.map((row) => ({
    kind: kindOf(textOf(row['kind'])),
    rows: numberOf(row['n']),
  }));
  const more = await database.row(
    `select median(overlap) as overlap, count(moved_from) as moved,
       (select avg(is_lower::integer) from before_forms where not is_empty) as lower_before,
       (select avg(is_lower::integer) from after_forms where not is_empty) as lower_after
     from caption_changes`,
  );
  const [offset] = await database.rows(
    `select (moved_from - before_clip)::bigint as distance, count(*) as n from caption_changes
     where moved_from is not null and moved_from >> 40 = before_clip >> 40
     group by 1 order by n desc, abs(distance), distance limit 1`,
  );
  const wordChanges = kinds
    .filter((each) => ['words', 'replaced', 'emptied', 'filled'].includes(each.kind))
    .reduce((sum, each) => sum + each.rows, 0);
  return {
    compared: matched,
    changed: kinds.reduce((sum, each) => sum + each.rows, 0),
    kinds,
    wordChanges,
    medianOverlap: maybe(more['overlap'], numberOf),
    lowerCaseShare: {
      before: maybe(more['lower_before'], numberOf),
      after: maybe(more['lower_after'], numberOf),
    },
    moved: numberOf(more['moved']),
    offset:
      offset === undefined
        ? null
        : { rows: numberOf(offset['distance']), count: numberOf(offset['n']) },
    notCompared: null,
  };
}

/** Run folders keep hashes of the caption and of its lower-cased form: enough to set apart a change of case. */
async function describeHashed(
  database: Database,
  before: Side,
  after: Side,
  pair: ColumnPair,
  matched: number,
): Promise<CaptionChanges> {
  const changed = `select before_clip, after_clip from compared where c${pair.index}`;
  for (const side of [before, after]) {
    const own = side === before ? pair.beforeSql : pair.afterSql;
    await database.run(
      `create temp table ${side.which}_forms as
       select clip_id, whole is null or whole = ${textHash("''")} as is_empty, whole, lower_hash, whole = lower_hash as is_lower
       from (select clip_id, ${own} as whole, ${side.captionLower ?? own} as lower_hash from ${side.relation}
         where clip_id in (select ${side.which}_clip from (${changed})))`,
    );
  }
  await database.run(
    `insert into caption_changes
     select before_clip, after_clip, case
         when b.is_empty and a.is_empty then 'whitespace'
         when b.is_empty then 'filled' when a.is_empty then 'emptied'
         when b.lower_hash = a.lower_hash then 'case' else 'words' end, null, null
     from (${changed}) join before_forms as b on b.clip_id = before_clip join after_forms as a on a.clip_id = after_clip`,
  );
  await findMoved(database, pair);
  return {
    ...(await summarise(database, matched)),
    notCompared: 'a run folder keeps hashes of captions: edits of words are counted, not shown',
  };
}

/** Share of common words, and which captions are others altogether. */
async function measureOverlap(
  database: Database,
  before: Side,
  after: Side,
  loaded: LoadedPairs,
): Promise<void> {
  const wanted = `(select before_clip, after_clip from caption_changes where kind = 'words' order by before_clip limit ${MOST_OVERLAPS})`;
  const words = (side: Side): string =>
    `select clip_id, list_distinct(string_split(${normalCaption('caption')}, ' ')) as words
     from ${loaded.captionsOf(side)} where clip_id in (select ${side.which}_clip from ${wanted})`;
  await database.run(
    `create temp table word_overlaps as
     select before_clip, after_clip, len(list_intersect(b.words, a.words))::double
       / greatest(1, len(b.words) + len(a.words) - len(list_intersect(b.words, a.words))) as overlap
     from ${wanted} join (${words(before)}) as b on b.clip_id = before_clip
     join (${words(after)}) as a on a.clip_id = after_clip`,
  );
  await database.run(
    `update caption_changes set overlap = found.overlap,
       kind = case when found.overlap < ${REPLACED_OVERLAP} then 'replaced' else kind end
     from word_overlaps as found where found.before_clip = caption_changes.before_clip and found.after_clip = caption_changes.after_clip`,
  );
  await database.run('drop table word_overlaps');
}

/** Captions that stood with another row before: only those that were unique there. */
async function findMoved(database: Database, pair: ColumnPair): Promise<void> {
  await database.run(
    `create temp table moves as
     with now as (
       select caption_changes.before_clip, caption_changes.after_clip, a${pair.index} as caption
       from caption_changes join compared using (before_clip, after_clip)
       where kind in ('words', 'replaced', 'filled')),
     was as (
       select caption_hash as caption, min(clip_id) as clip_id from before_rows
       where caption_hash in (select caption from now) group by caption_hash having count(*) = 1)
     select now.before_clip, now.after_clip, was.clip_id as moved_from
     from now join was using (caption) where was.clip_id <> now.before_clip`,
  );
  await database.run(
    `update caption_changes set moved_from = moves.moved_from from moves
     where moves.before_clip = caption_changes.before_clip and moves.after_clip = caption_changes.after_clip`,
  );
  await database.run('drop table moves');
}

function kindOf(text: string): CaptionChangeKind {
  const found = Object.keys(CAPTION_CHANGES).find((kind) => kind === text);
  return isKind(found) ? found : 'words';
}

function isKind(text: string | undefined): text is CaptionChangeKind {
  return text !== undefined && Object.hasOwn(CAPTION_CHANGES, text);
}
