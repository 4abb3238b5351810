import { quoteIdentifier } from '../dataset/sql-quote.ts';
import type { Database } from '../engine/database.ts';
import type { CompiledRule } from './compile-rule.ts';

/** What the comparison of captions with clips writes. */
export const ALIGNMENT_NAMES: ReadonlySet<string> = new Set([
  'alignment',
  'alignment_segments',
  'caption_claims',
]);

/** Whether a rule reads what the alignment analysis writes. */
export function comparesCaptions(rule: Pick<CompiledRule, 'needs'>): boolean {
  return rule.needs.some((need) => ALIGNMENT_NAMES.has(need.table));
}

/** Whether anything that a rule reads is made of the sampled media. */
export function looksAtMedia(rule: CompiledRule): boolean {
  return rule.evidence.length > 0 || comparesCaptions(rule);
}

/** Declared columns that a report shows beside what was measured. */
const CARD_COLUMNS = [
  'width_px',
  'height_px',
  'fps',
  'duration_s',
  'frame_count',
  'size_bytes',
] as const;

/** Fetches the drawn clips with the columns that media rules need, as `sampled_clips`. */
export async function fetchSample(
  database: Database,
  compiled: readonly CompiledRule[],
  mediaColumns: readonly string[],
): Promise<void> {
  const onMedia = compiled.filter(looksAtMedia);
  if (onMedia.length === 0) {
    await database.run('create or replace temp table sampled_clips as select * from clips limit 0');
    return;
  }
  const needed = new Set([
    'clip_id',
    'shard_id',
    'row_number',
    'shard',
    'key',
    'path',
    ...mediaColumns,
  ]);
  for (const name of CARD_COLUMNS) needed.add(name);
  for (const rule of onMedia) {
    for (const need of rule.needs) if (need.table === 'clips') needed.add(need.column);
    for (const [, column = ''] of (rule.suspects ?? '').matchAll(/\bclips\.(\w+)/g))
      needed.add(column);
  }
  // The row numbers prune row groups; the ids decide.
  await database.run(
    `create or replace temp table sampled_clips as select ${[...needed].map(quoteIdentifier).join(', ')} from clips
     where row_number in (select ledger.row_number from ledger join sample using (clip_id))
       and clip_id in (select clip_id from sample)`,
  );
}
