import { EVIDENCE_TABLES } from '../probes/evidence-tables.ts';
import { type Database, numberOf, textOf } from './database.ts';

/** How many sampled media nobody got to see because their store or disk did not give them, and what it said. */
type Unreachable = {
  readonly planned: number;
  readonly unreachable: number;
  /** What was said most, first; addresses left out. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
};

/** Reasons that are told. */
const MOST_REASONS = 3;

/** Counts the media of the sample that were not reachable, by any look at them. */
export async function countUnreachable(database: Database): Promise<Unreachable> {
  const seen = Object.keys(EVIDENCE_TABLES).map(
    (table) =>
      `select clip_id, medium, error_message as said from ${table} where error_code = 'unreachable'`,
  );
  const rows = await database.rows(
    `with missed as (
       select clip_id, medium, min(said) as said from (${seen.join(' union all ')}) group by all),
     said as (
       -- Each message begins with the address that it is about.
       select regexp_replace(coalesce(said, 'no reason given'), '^\\S+: ', '')[:200] as reason from missed)
     select reason, count(*) as count from said group by reason order by count desc, reason`,
  );
  const planned = await database.row('select count(*) as n from sampled_media');
  const reasons = rows.map((row) => ({
    reason: textOf(row['reason']),
    count: numberOf(row['count']),
  }));
  return {
    planned: numberOf(planned['n']),
    unreachable: reasons.reduce((sum, each) => sum + each.count, 0),
    reasons: reasons.slice(0, MOST_REASONS),
  };
}
