import { DailiesError } from '../dailies-error.ts';
import { type Database, maybe, numberOf } from '../engine/database.ts';
import { MEDIA_ERROR_CODES } from '../probes/evidence-tables.ts';
import type { Finding, Localisation, RuleOutcome } from '../run/document.ts';
import { finiteInterval } from '../sampling/binomial.ts';
import type { LedgerAnswer } from './answers.ts';
import { type CompiledRule, looksAtBoth, usedBy } from './compile-rule.ts';
import {
  countAnswers,
  countByShard,
  countShards,
  type Examined,
  examineBoth,
  examineEvidence,
  examineFused,
  examineGroup,
  type ShardCount,
} from './evaluate.ts';
import { pickClips, readDatasetFindings, readFindings } from './findings.ts';
import { estimateRate } from './estimate-rate.ts';
import type { Dimension } from './ledger.ts';
import { type Failed, type Located, localise } from './localise.ts';
import { tierOfRule } from './rule-tier.ts';
import { suppressFindings, suppressHits, weightOf } from './suppress.ts';
import type { Suppression } from './suppressions.ts';

/** Why a rule was not run at all, or could not be. */
export type Exclusion = {
  readonly compiled: CompiledRule;
  readonly outcome: 'not-applicable' | 'incomplete' | 'errored';
  readonly reason: string;
};

type JudgePlan = {
  readonly compiled: readonly CompiledRule[];
  readonly excluded: readonly Exclusion[];
  readonly answers: ReadonlyMap<string, LedgerAnswer>;
  readonly dimensions: readonly Dimension[];
  readonly shardName: (shard: number) => string;
  /** Parts of the manifest that should be in the ledger but could not be read, in words. */
  readonly unread: readonly string[];
  readonly population: number;
  readonly sampleSize: number;
  /** Tiers that did not look at all drawn clips, and why that is less than was asked for; null: as planned. */
  readonly thinned?: ReadonlyMap<string, string | null>;
  /** Whether drawn clips stand for different numbers of rows. */
  readonly isWeighted?: boolean;
  /** Whether media that could not be reached are few enough to judge without them. */
  readonly forgivesUnreachable?: boolean;
  readonly maxFindings: number;
  /** Accepted findings; expired entries left out. */
  readonly suppressions?: readonly Suppression[];
  /** Whether to keep every failing clip, as the table `failing_clips`. */
  readonly keepFailing?: boolean;
};

/** What came of all rules. */
type Judgement = {
  readonly outcomes: readonly RuleOutcome[];
  readonly findings: readonly Finding[];
  /** Findings that each suppression took out, by its index; entries whose rules were not judged are missing. */
  readonly suppressed: ReadonlyMap<number, number>;
};

type Judged = {
  readonly examined: Examined;
  readonly shards: readonly ShardCount[];
  readonly suppressed: number;
};

/** The outcome of a rule that was not judged. */
export function excludedOutcome(exclusion: Exclusion): RuleOutcome {
  return outcomeOf(exclusion.compiled, exclusion.outcome, exclusion.reason);
}

/** Every rule's outcome and its reported findings; the same evidence always gives the same result. */
export async function judge(database: Database, plan: JudgePlan): Promise<Judgement> {
  const outcomes = plan.excluded.map(excludedOutcome);
  const findings: Finding[] = [];
  const suppressed = new Map<number, number>();
  if (plan.keepFailing === true) {
    await database.run(
      'create or replace temp table failing_clips (rule_index integer, clip_id bigint, row_number bigint, is_suppressed boolean)',
    );
  }
  const answered = await countAnswers(database, plan.answers);
  const judged: Judged[] = [];
  for (const compiled of plan.compiled) {
    const entries = (plan.suppressions ?? []).filter((each) => each.rule === compiled.rule.id);
    try {
      if (compiled.rule.scope === 'dataset' || compiled.rule.scope === 'versions') {
        const result = await judgeDataset(database, compiled, plan, entries);
        for (const [index, count] of result.suppressed) suppressed.set(index, count);
        outcomes.push(result.outcome);
        findings.push(...result.findings);
        continue;
      }
      const said = await examine(database, compiled, plan);
      const { examined, total: taken, counts } = await suppressHits(database, said, entries);
      for (const [index, count] of counts) suppressed.set(index, count);
      const shards =
        taken > 0
          ? await countByShard(database, examined.relation)
          : await countShards(database, examined, answered.get(compiled.rule.id));
      judged.push({ examined, shards, suppressed: taken });
      if (plan.keepFailing === true) await keepFailing(database, said, taken > 0);
    } catch (cause) {
      // What a user wrote is a failure of the run, not of the rule.
      if (cause instanceof DailiesError) throw cause;
      const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
      outcomes.push(outcomeOf(compiled, 'errored', reason ?? 'unknown'));
    }
  }
  const withHits = judged.filter((each) => each.shards.some((shard) => shard.affected > 0));
  const named = await clipsOf(database, findings, plan.shardName);
  const places = await findPlaces(database, withHits, plan, named);
  for (const { examined, shards, suppressed: taken } of judged) {
    const at = withHits.findIndex((each) => each.examined === examined);
    const found = at < 0 ? [] : await readFindings(database, examined, plan.shardName);
    findings.push(...found);
    outcomes.push(
      await decide(
        database,
        examined,
        shards,
        { found: found.length, place: places[at], suppressed: taken },
        plan,
      ),
    );
  }
  return {
    outcomes: outcomes.toSorted((a, b) => compare(a.id, b.id)),
    findings: findings.toSorted(
      (a, b) =>
        compare(a.rule_id, b.rule_id) ||
        compare(a.key ?? '', b.key ?? '') ||
        compare(a.message, b.message),
    ),
    suppressed,
  };
}

async function examine(
  database: Database,
  compiled: CompiledRule,
  plan: JudgePlan,
): Promise<Examined> {
  const answer = plan.answers.get(compiled.rule.id);
  if (answer === undefined) return examineEvidence(database, compiled);
  if (answer.hit !== null) return examineFused(compiled, answer);
  if (looksAtBoth(compiled)) return examineBoth(database, compiled, answer);
  return examineGroup(database, compiled, answer);
}

async function decide(
  database: Database,
  examined: Examined,
  shards: readonly ShardCount[],
  hits: {
    readonly found: number;
    readonly place: Localisation | undefined;
    readonly suppressed: number;
  },
  plan: JudgePlan,
): Promise<RuleOutcome> {
  const { compiled } = examined;
  const looked = total(shards, 'examined');
  const affected = total(shards, 'affected');
  // A rule that looks into evidence too, of which there is none here, has seen every row.
  const isOnMedia = compiled.evidence.length > 0 && !examined.isAnswered;
  const isSampled = isOnMedia && plan.sampleSize < plan.population && looked <= plan.sampleSize;
  const unmeasured = await unmeasuredReason(database, compiled, plan);
  const unread = plan.unread.length > 0 ? plan.unread.join('; ') : null;
  const tier = isSampled || (isOnMedia && isThinned(compiled, plan)) ? tierOfRule(compiled) : null;
  const short = tier === null ? null : (plan.thinned?.get(tier) ?? null);
  const estimate =
    tier !== null && (plan.isWeighted === true || plan.thinned?.has(tier) === true)
      ? await estimateRate(database, examined.relation, tier)
      : null;
  const gap = unmeasured ?? unread ?? short;
  const kind =
    affected > 0
      ? 'failed'
      : gap !== null
        ? 'incomplete'
        : looked === 0
          ? 'not-applicable'
          : 'passed';
  const reason = kind === 'not-applicable' ? 'no row has what the rule looks at' : gap;
  const scaled =
    isSampled && looked > 0 ? Math.round((plan.population * looked) / plan.sampleSize) : looked;
  const population = Math.max(estimate?.rows ?? scaled, looked);
  const interval =
    looked === 0
      ? null
      : (estimate?.interval ?? finiteInterval(affected, looked, population, 0.95));
  return {
    ...outcomeOf(compiled, kind, reason),
    eligible: population,
    examined: looked,
    affected,
    rate: looked === 0 ? null : (estimate?.rate ?? affected / looked),
    interval:
      interval === null ? null : { low: interval.low, high: interval.high, confidence: 0.95 },
    isSampled: isSampled || estimate !== null,
    localisation: hits.place ?? null,
    storedFindings: hits.found,
    ...(hits.suppressed === 0 ? {} : { suppressed: hits.suppressed }),
  };
}

/** Whether the tier of a rule on media did not look at all drawn clips. */
function isThinned(compiled: CompiledRule, plan: JudgePlan): boolean {
  return compiled.evidence.length > 0 && plan.thinned?.has(tierOfRule(compiled)) === true;
}

/** Adds the hits of a rule, accepted ones marked, to `failing_clips(rule_index, clip_id, row_number, is_suppressed)`. */
async function keepFailing(
  database: Database,
  said: Examined,
  hasSuppressed: boolean,
): Promise<void> {
  const { index } = said.compiled;
  const isSuppressed = hasSuppressed
    ? `clip_id in (select clip_id from suppressed_of_${index} where entry is not null)`
    : 'false';
  await database.run(
    `insert into failing_clips
     select ${index}, clip_id, row_number, ${isSuppressed} from ${said.relation} as said where hit`,
  );
}

/** The clips that findings about the dataset name by shard and row. */
async function clipsOf(
  database: Database,
  findings: readonly Finding[],
  shardName: (shard: number) => string,
): Promise<readonly bigint[]> {
  const named = findings.filter((each) => each.shard !== null && each.row_number !== null);
  if (named.length === 0) return [];
  const rows = await database.rows('select distinct shard_id from ledger');
  const ids = new Map(
    rows.map((row) => [shardName(numberOf(row['shard_id'])), BigInt(numberOf(row['shard_id']))]),
  );
  return named.flatMap((each) => {
    const shard = ids.get(each.shard ?? '');
    return shard === undefined ? [] : [(shard << 40n) + BigInt(each.row_number ?? 0)];
  });
}

/** Where each rule's hits lie; marks the clips to report on the way. */
async function findPlaces(
  database: Database,
  failed: readonly Failed[],
  plan: JudgePlan,
  also: readonly bigint[],
): Promise<readonly Localisation[]> {
  if (failed.length === 0) {
    if (also.length > 0) await pickClips(database, [], 0, also);
    return [];
  }
  const located = await localise(database, failed, plan.dimensions, plan.shardName);
  await pickClips(
    database,
    failed.map((each) => each.examined),
    plan.maxFindings,
    [...also, ...located.flatMap((each) => each.firstClip ?? [])],
  );
  return nameFirstRows(database, located, plan.shardName);
}

/** Adds the keys of the first bad rows, which {@link pickClips} fetched. */
async function nameFirstRows(
  database: Database,
  located: readonly Located[],
  shardName: (shard: number) => string,
): Promise<readonly Localisation[]> {
  const ids = located.flatMap((each) => each.firstClip ?? []);
  const rows = await database.rows(
    `select clip_id, key from picked_clips where clip_id in (select unnest([${ids.join(', ')}]::bigint[]))`,
  );
  const keys = new Map(rows.map((row) => [row['clip_id'], row['key']]));
  return located.map(({ firstClip, ...place }) => {
    if (firstClip === null) return { ...place, first: null };
    const key = keys.get(firstClip);
    return {
      ...place,
      first: {
        shard: shardName(Number(firstClip >> 40n)),
        rowNumber: Number(firstClip & ((1n << 40n) - 1n)),
        key: typeof key === 'string' ? key : '',
      },
    };
  });
}

/** Clips that are named where some could not be measured. */
const NAMED_KEYS = 3;

/** Sampled media that the tool failed to measure, in words; null if there are none. */
async function unmeasuredReason(
  database: Database,
  compiled: CompiledRule,
  { forgivesUnreachable = false }: Pick<JudgePlan, 'forgivesUnreachable'>,
): Promise<string | null> {
  if (compiled.evidence.length === 0) return null;
  // A medium that could not be reached was not looked at by any probe; files of latents are no media.
  const isAboutLatents = compiled.evidence.every((table) => table === 'latents');
  const own = `medium ${isAboutLatents ? 'not in' : 'in'} (select medium from sampled_media)`;
  for (const table of new Set([...compiled.evidence, 'files'])) {
    const toolCodes = Object.entries(MEDIA_ERROR_CODES)
      .filter(([code, kind]) => kind === 'tool' && !(forgivesUnreachable && code === 'unreachable'))
      .map(([code]) => `'${code}'`);
    const row = await database.row(
      `with missed as (
         select clip_id, error_code from ${table} where error_code in (${toolCodes.join(', ')}) ${table === 'files' ? `and ${own}` : ''})
       select count(*) as n, mode(error_code) as code, (select count(*) from sampled_media) as planned,
         (select list(key order by key)[:${NAMED_KEYS}] from sampled_clips
          where clip_id in (select clip_id from missed order by clip_id limit ${NAMED_KEYS})) as keys
       from missed`,
    );
    const missed = numberOf(row['n']);
    if (missed > 0) {
      const keys = Array.isArray(row['keys']) ? row['keys'].filter((key) => key !== null) : [];
      const names =
        keys.length === 0 ? '' : ` (${keys.join(', ')}${missed > keys.length ? ', …' : ''})`;
      return `${missed} of ${numberOf(row['planned'])} media could not be measured for ${table}: ${maybe(row['code'], String) ?? ''}${names}`;
    }
  }
  return null;
}

async function judgeDataset(
  database: Database,
  compiled: CompiledRule,
  plan: JudgePlan,
  entries: readonly Suppression[],
): Promise<{
  readonly outcome: RuleOutcome;
  readonly findings: readonly Finding[];
  readonly suppressed: ReadonlyMap<number, number>;
}> {
  const { rule } = compiled;
  if (rule.eligible !== null && !(await holds(database, compiled))) {
    const reason = 'the dataset has nothing that the rule looks at';
    const outcome = outcomeOf(compiled, 'not-applicable', reason);
    return { outcome, findings: [], suppressed: new Map() };
  }
  const hitTable = `hits_of_${compiled.index}`;
  await database.run(
    `create or replace temp table ${hitTable} as select * from (\n${compiled.sql ?? ''}\n) as found`,
    usedBy(compiled.parameters, compiled.sql ?? ''),
  );
  const columns = await database.columns(`select * from ${hitTable}`);
  const unassessed = columns.some((column) => column.name === 'unassessed')
    ? await takeUnassessed(database, hitTable)
    : null;
  const weight = columns.some((column) => column.name === 'affected_rows')
    ? 'sum(affected_rows)'
    : 'count(*)';
  const looked = columns.some((column) => column.name === 'examined_rows')
    ? 'max(examined_rows)'
    : 'null';
  const row = await database.row(
    `select count(*) as n, coalesce(${weight}, 0)::bigint as affected, ${looked}::bigint as examined from ${hitTable}`,
  );
  const looksAtMedia = compiled.evidence.length > 0;
  const examined =
    maybe(row['examined'], numberOf) ??
    unassessed?.examined ??
    (looksAtMedia ? await countMeasured(database, compiled) : plan.population);
  const all = await readDatasetFindings(database, compiled, hitTable, plan.maxFindings);
  const { kept: findings, suppressed, counts } = suppressFindings(all, entries);
  const taken = suppressed.reduce((sum, each) => sum + weightOf(each), 0);
  const affected = Math.max(0, numberOf(row['affected']) - taken);
  const isLeft = numberOf(row['n']) > suppressed.length;
  const short = looksAtMedia ? plan.thinned?.get(tierOfRule(compiled)) : undefined;
  const gap =
    (await unmeasuredReason(database, compiled, plan)) ??
    (plan.unread.length > 0 ? plan.unread.join('; ') : (short ?? null));
  const isIdle =
    plan.population === 0 || ((looksAtMedia || unassessed?.reason != null) && examined === 0);
  const kind = isLeft
    ? 'failed'
    : gap === null
      ? isIdle
        ? 'not-applicable'
        : 'passed'
      : 'incomplete';
  const reason = !isLeft && gap !== null ? gap : (unassessed?.reason ?? null);
  return {
    outcome: {
      ...outcomeOf(compiled, kind, reason),
      eligible: examined,
      examined,
      affected,
      rate: examined === 0 ? null : Math.min(1, affected / examined),
      storedFindings: findings.length,
      ...(suppressed.length === 0 ? {} : { suppressed: suppressed.length }),
    },
    findings,
    suppressed: counts,
  };
}

/** Clips that any of the rule's evidence tables measured. */
async function countMeasured(database: Database, compiled: CompiledRule): Promise<number> {
  const measured = compiled.evidence.map(
    (table) => `select clip_id from ${table} where error_code is null`,
  );
  const row = await database.row(
    `select count(*) as n from (${measured.join(' union ')}) as measured`,
  );
  return numberOf(row['n']);
}

/** Whether the dataset has what a dataset rule looks at: `eligible` as one question about the whole. */
async function holds(database: Database, compiled: CompiledRule): Promise<boolean> {
  const row = await database.row(
    `select coalesce(${compiled.eligible}, false) as is_about`,
    usedBy(compiled.parameters, compiled.eligible),
  );
  return row['is_about'] === true;
}

/**
 * Rows with the column `unassessed` are no findings: they say, in words, what the rule could not look at. Takes them out of
 * `hitTable`; the rows that were examined all the same are the most that any of them names.
 */
async function takeUnassessed(
  database: Database,
  hitTable: string,
): Promise<{ readonly reason: string | null; readonly examined: number | null }> {
  const columns = await database.columns(`select * from ${hitTable}`);
  const examined = columns.some((column) => column.name === 'examined_rows')
    ? 'max(examined_rows)'
    : 'null';
  const row = await database.row(
    `select string_agg(distinct unassessed, '; ' order by unassessed) as reason, ${examined}::bigint as examined
     from ${hitTable} where unassessed is not null`,
  );
  await database.run(
    `create or replace temp table ${hitTable} as select * exclude (unassessed) from ${hitTable} where unassessed is null`,
  );
  return { reason: maybe(row['reason'], String), examined: maybe(row['examined'], numberOf) };
}

function outcomeOf(
  compiled: CompiledRule,
  outcome: RuleOutcome['outcome'],
  reason: string | null,
): RuleOutcome {
  const { rule } = compiled;
  return {
    id: rule.id,
    family: rule.family,
    title: rule.title,
    severity: rule.severity,
    scope: rule.scope,
    level: rule.level,
    outcome,
    reason,
    eligible: 0,
    examined: 0,
    affected: 0,
    rate: null,
    interval: null,
    isSampled: false,
    localisation: null,
    needs: rule.needs,
    options: compiled.options,
    sql: rule.where ?? rule.sql ?? '',
    why: rule.why,
    step: rule.step,
    fix: rule.fix,
    references: rule.references,
    storedFindings: 0,
  };
}

function total(shards: readonly ShardCount[], field: 'examined' | 'affected'): number {
  return shards.reduce((sum, each) => sum + each[field], 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
