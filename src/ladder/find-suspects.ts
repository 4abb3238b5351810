import { reaches, type Tier } from '../config/config.ts';
import { type Database, numberOf, textOf } from '../engine/database.ts';
import type { LedgerAnswer } from '../judge/answers.ts';
import { type CompiledRule, looksAtBoth } from '../judge/compile-rule.ts';
import { examineBoth, examineEvidence } from '../judge/evaluate.ts';
import { deepestTierOf, tierOfRule } from '../judge/rule-tier.ts';
import { tierOfTable } from '../probes/evidence-tiers.ts';

/** A rule that so large a share of the clips breaks tells no clip from another. */
const MOST_HIT_SHARE = 0.25;
/** A shard or source with so many suspicious clips, that many times as often as elsewhere, is suspicious as a whole. */
const LEAST_IN_GROUP = 3;
const LEAST_LIFT = 3;

/**
 * Drawn clips that evidence makes worth looking at in `tier`, with the reasons: what a rule that needs the tier suspects, what
 * a cheaper rule found, and a shard or source with many of either. Only evidence of tiers in `complete`, which looked at
 * all, counts: else clips that were looked at by chance would be suspicious more often, and the rest no draw at random.
 */
export async function findSuspects(
  database: Database,
  {
    rules,
    answers,
    complete,
  }: {
    readonly rules: readonly CompiledRule[];
    /** What rules over the manifest said, by id. */
    readonly answers: ReadonlyMap<string, LedgerAnswer>;
    readonly complete: ReadonlySet<Tier>;
  },
  tier: Tier,
): Promise<ReadonlyMap<string, readonly string[]>> {
  await database.run('create or replace temp table suspects (clip_id bigint, reason varchar)');
  for (const rule of rules) {
    if (rule.suspects === null) continue;
    const answer = answers.get(rule.rule.id);
    if (rule.suspects === 'hit' && typeof answer?.hit === 'string') {
      const found = `select clip_id from ledger join sample using (clip_id) where ${answer.hit}`;
      await addSuspects(database, rule.rule.id, found);
      continue;
    }
    if (!reaches(deepestTierOf(rule), tier)) continue;
    if (!tablesIn(rule.suspects).every((table) => complete.has(tierOfTable(table) ?? 'header')))
      continue;
    await addSuspects(
      database,
      rule.rule.id,
      `select distinct clips.clip_id from sampled_clips as clips
       join sampled_media as media using (clip_id) ${JOINS} where (${rule.suspects}\n)`,
    );
  }
  for (const rule of rules) {
    const isCheaper = rule.evidence.length > 0 && !reaches(tierOfRule(rule), tier);
    if (!isCheaper || !complete.has(deepestTierOf(rule))) continue;
    if (rule.rule.severity === 'note' || rule.rule.scope === 'dataset') continue;
    await addHits(database, rule, answers.get(rule.rule.id));
  }
  for (const group of ['shard_id', 'source_hash']) await addGroups(database, group);
  const rows = await database.rows(
    'select clip_id::varchar as clip, list(distinct reason order by reason) as reasons from suspects group by clip_id order by clip_id',
  );
  await database.run('drop table suspects');
  return new Map(
    rows.map((row) => [
      textOf(row['clip']),
      Array.isArray(row['reasons']) ? row['reasons'].map(String) : [],
    ]),
  );
}

const TABLES = ['files', 'containers', 'packets', 'images', 'frames'] as const;

function tablesIn(predicate: string): readonly string[] {
  return TABLES.filter((table) => new RegExp(String.raw`\b${table}\.`).test(predicate));
}

const JOINS = TABLES.map(
  (table) =>
    `left join ${table} on ${table}.clip_id = media.clip_id and ${table}.medium = media.medium`,
).join('\n');

/**
 * Adds the clips that a SELECT gives, unless they are so many of those in `about` that they are nothing special. A predicate
 * that fails over these clips selects none: its rule says so itself, when it is judged.
 */
async function addSuspects(
  database: Database,
  reason: string,
  sql: string,
  about = 'sample',
): Promise<void> {
  try {
    const row = await database.row(
      `select (select count(*) from ${about} as about) as clips, (select count(distinct clip_id) from (${sql})) as found`,
    );
    if (numberOf(row['found']) > MOST_HIT_SHARE * numberOf(row['clips'])) return;
    await database.run(`insert into suspects select distinct clip_id, $reason from (${sql})`, {
      reason,
    });
  } catch {
    // See above.
  }
}

/** Clips in which a rule found something already. */
async function addHits(
  database: Database,
  rule: CompiledRule,
  answer: LedgerAnswer | undefined,
): Promise<void> {
  const drawn = await examined(database, rule, answer);
  if (drawn === null) return;
  await addSuspects(
    database,
    rule.rule.id,
    `select clip_id from ${drawn} as drawn where hit`,
    drawn,
  );
}

async function examined(
  database: Database,
  rule: CompiledRule,
  answer: LedgerAnswer | undefined,
): Promise<string | null> {
  try {
    const { relation } =
      looksAtBoth(rule) && answer !== undefined
        ? await examineBoth(database, rule, answer)
        : await examineEvidence(database, rule);
    return `(select said.clip_id, said.hit from ${relation} as said join sample using (clip_id))`;
  } catch {
    return null;
  }
}

/** All drawn clips of the shards or sources in which suspicious ones crowd. */
async function addGroups(database: Database, group: string): Promise<void> {
  const reason = group === 'shard_id' ? 'its shard' : 'its source';
  await database.run(
    `insert into suspects
     with drawn as (
       select clip_id, ${group} as place, clip_id in (select clip_id from suspects where reason not in ('its shard', 'its source')) as is_suspect
       from ledger join sample using (clip_id) where ${group} is not null),
     places as (
       select place, count(*) as clips, count(*) filter (where is_suspect) as suspects from drawn group by place),
     crowded as (
       select place from places, (select sum(suspects) as all_suspects, sum(clips) as all_clips from places)
       where suspects >= ${LEAST_IN_GROUP} and all_clips > clips
         and suspects / clips >= ${LEAST_LIFT} * (all_suspects - suspects) / (all_clips - clips))
     select clip_id, $reason from drawn where place in (select place from crowded) and not is_suspect`,
    { reason },
  );
}
