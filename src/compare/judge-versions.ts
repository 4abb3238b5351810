import type { Config } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import { compileRule, type CompiledRule } from '../judge/compile-rule.ts';
import { type Exclusion, judge } from '../judge/judge.ts';
import { loadRules } from '../judge/load-rules.ts';
import { selectRules } from '../judge/select-rules.ts';
import { hasTable } from '../dataset/table-columns.ts';
import { VERSION_TABLES } from '../judge/version-tables.ts';
import { decideVerdict } from '../judge/verdict.ts';
import type { Finding, RuleOutcome, RunDocument } from '../run/document.ts';
import type { VersionOffer } from './fill-version-tables.ts';

type VersionJudgement = {
  readonly rules: readonly RuleOutcome[];
  readonly findings: readonly Finding[];
  readonly verdict: RunDocument['verdict'];
};

/** Findings kept of each rule; counts are exact all the same. */
const MAX_FINDINGS = 1_000;

/** Closes the room and runs every rule of scope `versions` on the filled tables. */
export async function judgeVersions(
  database: Database,
  offer: VersionOffer,
  config: Config,
  matched: number,
  unreadShards: readonly string[],
): Promise<VersionJudgement> {
  const rules = selectRules(await loadRules(config.rules.dirs), config.rules).filter(
    (rule) => rule.scope === 'versions',
  );
  // The judge asks which clips of one version its findings name: here there are two, and none is meant.
  await database.run(
    'create temp table ledger (clip_id bigint, shard_id integer, row_number bigint)',
  );
  await database.lock([], []);
  const compiled: CompiledRule[] = [];
  const excluded: Exclusion[] = [];
  for (const [index, rule] of rules.entries()) {
    const each = await compileRule(database, rule, index, config.rules.options[rule.id]);
    const reason = whyNot(each, offer);
    if (reason === null) compiled.push(each);
    else excluded.push({ compiled: each, outcome: 'not-applicable', reason });
  }
  const { outcomes, findings } = await judge(database, {
    compiled,
    excluded,
    answers: new Map(),
    dimensions: [],
    shardName: String,
    unread: unreadShards,
    population: matched,
    sampleSize: matched,
    maxFindings: MAX_FINDINGS,
  });
  const verdict = decideVerdict(outcomes, matched, config.gate);
  return { rules: outcomes, findings, verdict: { ...verdict, sentence: sentence(outcomes) } };
}

function sentence(outcomes: readonly RuleOutcome[]): string {
  const failed = outcomes.filter((rule) => rule.outcome === 'failed').map((rule) => rule.id);
  const judged = outcomes.filter((rule) => ['failed', 'passed'].includes(rule.outcome)).length;
  const open = outcomes.filter((rule) => ['incomplete', 'errored'].includes(rule.outcome)).length;
  const found =
    failed.length === 0
      ? `none of ${judged} version rules failed`
      : `${failed.length} of ${judged} version rules failed: ${failed.join(', ')}`;
  return `${found}${open > 0 ? `; ${open} could not be judged` : ''}`;
}

function whyNot(compiled: CompiledRule, offer: VersionOffer): string | null {
  for (const need of compiled.needs) {
    if (need.isOptional) continue;
    const columns = hasTable(VERSION_TABLES, need.table) ? offer.get(need.table) : undefined;
    if (columns === undefined) return NO_TABLE[need.table] ?? `there is no table ${need.table}`;
    if (!columns.has(need.column)) return NO_COLUMN[need.column] ?? `nothing fills ${need.column}`;
  }
  return null;
}

/** Why a table is empty, in the user's words. */
const NO_TABLE: Readonly<Record<string, string>> = {
  sources: 'the versions have no source column in common',
  captioners: 'the versions have no captioner column in common',
  drift: 'the versions have no number or category in common',
  media_pairs: 'no media were looked at in both versions',
  rule_rates: 'only run folders hold the rates of rules',
};

const NO_COLUMN: Readonly<Record<string, string>> = {
  returned: 'no list of removed keys was given (--removed)',
  content_changed: 'the versions have no content hash in common',
  clip_changed: 'the versions have no content hash, start, end or source in common',
  features_changed: 'the versions have no embedding or hash of features in common',
  cut_changed: 'the versions have no start, end or source in common',
  cut_moved_s: 'the versions have no start or end in common',
  caption_changed: 'the versions have no caption in common',
  caption_kind: 'the versions have no caption in common',
  caption_moved_from: 'the versions have no caption in common',
  split_before: 'the versions have no split in common',
  split_after: 'the versions have no split in common',
};
