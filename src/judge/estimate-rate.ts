import { type Database, numberOf } from '../engine/database.ts';
import { estimateTwoPhase, type TwoPhaseEstimate } from '../sampling/two-phase.ts';
import type { Tier } from '../config/config.ts';

/**
 * The rate of a rule over all rows, from the drawn clips that a tier looked at by chance and because they were suspicious.
 * What was looked at otherwise is found all the same, and does not count. `relation` has `clip_id` and `hit`.
 */
export async function estimateRate(
  database: Database,
  relation: string,
  tier: Tier,
): Promise<TwoPhaseEstimate> {
  const rows = await database.rows(
    `with drawn as (
       select sample.clip_id, sample.weight, coalesce(looked_at.is_suspicious, false) as is_suspicious,
         coalesce(looked_at.is_looked_at, true) as is_looked_at
       from sample left join looked_at on looked_at.clip_id = sample.clip_id and looked_at.tier = $tier
       -- Clips whose header was not read are no part of the first phase.
       where looked_at.clip_id is not null or not exists (select 1 from looked_at where tier = $tier)),
     scale as (select (select sum(weight) from sample) / sum(weight) as factor from drawn)
     select is_suspicious, max(factor) * max(weight) as heaviest,
       max(factor) * sum(weight) as drawn,
       max(factor) * coalesce(sum(weight) filter (where is_looked_at), 0) as measured,
       max(factor) * coalesce(sum(weight) filter (where is_looked_at and said.clip_id is not null), 0) as examined,
       max(factor) * coalesce(sum(weight) filter (where is_looked_at and said.hit), 0) as affected
     from drawn left join ${relation} as said using (clip_id) cross join scale
     group by is_suspicious order by is_suspicious`,
    { tier },
  );
  const parts = rows.map((row) => ({
    drawn: numberOf(row['drawn']),
    measured: numberOf(row['measured']),
    examined: numberOf(row['examined']),
    affected: numberOf(row['affected']),
  }));
  const heaviest = Math.max(1, ...rows.map((row) => numberOf(row['heaviest'])));
  return estimateTwoPhase(parts, heaviest);
}
