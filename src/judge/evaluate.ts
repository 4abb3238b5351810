import { type Database, numberOf, type SqlRow } from '../engine/database.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { type CompiledRule, isEvidenceTable } from './compile-rule.ts';
import type { FusedAnswer } from './ledger.ts';

/**
 * What a rule said of the rows it is about, as a relation: one row per examined clip with
 * `clip_id, shard_id, row_number, sample_order, dimension_*, hit`.
 */
export type Examined = {
  readonly compiled: CompiledRule;
  /** A parenthesised SELECT; reads only the ledger and temporary tables. */
  readonly relation: string;
  /** The rows of `relation` without `hit`, as a SELECT that rules about the same rows share. */
  readonly about: string;
  /** Table of the reported rows with their value columns; null for fused rules, whose values are fetched later. */
  readonly hitTable: string | null;
};

/** Examined and affected clips of one shard. */
export type ShardCount = {
  readonly shard: number;
  readonly examined: number;
  readonly affected: number;
};

/** Ledger column that is null exactly where the canonical column is. */
const LEDGER_STAND_INS: Readonly<Record<string, string>> = {
  key: 'key_hash',
  path: 'path_hash',
  caption: 'caption_bytes',
  source_id: 'source_hash',
  content_hash: 'content_hash_hash',
  split: 'split',
  captioner: 'captioner',
  start_s: 'start_s',
  end_s: 'end_s',
  clip_embedding: 'clip_embedding_hash',
  text_embedding: 'text_embedding_hash',
};

/** A fused rule: its answers already stand in the ledger. */
export function examineFused(compiled: CompiledRule, answer: FusedAnswer): Examined {
  const relation = `(select *, coalesce(${answer.hit}, false) as hit from ledger where ${answer.eligible})`;
  return { compiled, relation, about: eligibleRows(answer.eligible), hitTable: null };
}

/** A SELECT over the whole manifest: one row per affected clip. */
export async function examineGroup(database: Database, compiled: CompiledRule): Promise<Examined> {
  const hitTable = `hits_of_${compiled.index}`;
  await database.run(
    `create or replace temp table ${hitTable} as select * from (\n${compiled.sql ?? ''}\n) as found`,
    usedBy(compiled.parameters, compiled.sql ?? ''),
  );
  const eligible = await ledgerEligible(database, compiled);
  const relation = `(select ledger.*, clip_id in (select clip_id from ${hitTable}) as hit from ledger where ${eligible})`;
  return { compiled, relation, about: eligibleRows(eligible), hitTable };
}

/** A rule on sampled media: a row predicate over joined evidence, or a SELECT. */
export async function examineEvidence(
  database: Database,
  compiled: CompiledRule,
): Promise<Examined> {
  const hitTable = `hits_of_${compiled.index}`;
  const examinedTable = `examined_of_${compiled.index}`;
  const join = evidenceJoin(compiled);
  const sampled = 'with clips as (select * from sampled_clips)';
  const parameters = compiled.parameters;
  if (compiled.where !== null) {
    const columns = valueColumns(compiled).map(
      (column) => `${column.sql} as ${quoteIdentifier(column.name)}`,
    );
    const media = `coalesce(${compiled.evidence.map((table) => `${table}.medium`).join(', ')})`;
    await database.run(
      `create or replace temp table ${examinedTable} as ${sampled}
       select clips.clip_id as clip_id, coalesce((${compiled.where}\n), false) as hit
       from clips ${join} where ${compiled.eligible}`,
      usedBy(parameters, `${compiled.where} ${compiled.eligible}`),
    );
    await database.run(
      `create or replace temp table ${hitTable} as ${sampled}
       select ${['clips.clip_id as clip_id', `${media} as medium`, ...columns].join(', ')}
       from clips ${join} where ${compiled.eligible} and (${compiled.where}\n)`,
      parameters,
    );
  } else {
    await database.run(
      `create or replace temp table ${hitTable} as ${sampled} select * from (\n${compiled.sql ?? ''}\n) as found`,
      usedBy(parameters, compiled.sql ?? ''),
    );
    const about =
      compiled.rule.eligible === null
        ? measuredClips(compiled)
        : `select clips.clip_id from clips ${join} where ${compiled.eligible}`;
    await database.run(
      `create or replace temp table ${examinedTable} as ${sampled}
       select clip_id, clip_id in (select clip_id from ${hitTable}) as hit from (${about}) as about`,
      usedBy(parameters, about),
    );
  }
  const relation = `(select ledger.*, said.hit as hit from ledger join (
    select clip_id, bool_or(hit) as hit from ${examinedTable} group by clip_id) as said using (clip_id))`;
  return { compiled, relation, about: relation, hitTable };
}

function eligibleRows(eligible: string): string {
  return `(select * from ledger where ${eligible})`;
}

/** A SELECT over the whole manifest and the evidence of the sample; reports clips of either. */
export async function examineBoth(database: Database, compiled: CompiledRule): Promise<Examined> {
  const hitTable = `hits_of_${compiled.index}`;
  const examinedTable = `examined_of_${compiled.index}`;
  await database.run(
    `create or replace temp table ${hitTable} as select * from (\n${compiled.sql ?? ''}\n) as found`,
    usedBy(compiled.parameters, compiled.sql ?? ''),
  );
  const parts = compiled.evidence.map((table) => {
    const measured = compiled.needs.filter((need) => need.table === table);
    const tests = measured.map((need) => `${quoteIdentifier(need.column)} is not null`);
    return `select clip_id from ${table} where ${tests.join(' or ')}`;
  });
  await database.run(
    `create or replace temp table ${examinedTable} as ${[declaredClips(compiled), ...parts].join(' union ')}`,
    usedBy(compiled.parameters, compiled.eligible),
  );
  const relation = `(select ledger.*, clip_id in (select clip_id from ${hitTable}) as hit
    from ledger where clip_id in (select clip_id from ${examinedTable}))`;
  return { compiled, relation, about: relation, hitTable };
}

/** Clips for which the manifest itself states any of what a rule asks for. */
function declaredClips(compiled: CompiledRule): string {
  if (compiled.rule.eligible !== null)
    return `select clip_id from clips where ${compiled.eligible}`;
  const columns = compiled.needs.filter((need) => need.table === 'clips');
  const standIns = columns.map((need) => LEDGER_STAND_INS[need.column]);
  const isInLedger = standIns.every((each) => each !== undefined);
  const names = isInLedger ? standIns : columns.map((need) => quoteIdentifier(need.column));
  const tests = names.map((name) => `${name} is not null`).join(' or ');
  return `select clip_id from ${isInLedger ? 'ledger' : 'clips'} where ${tests || 'false'}`;
}

/** Columns reported with a finding: what the rule needs, and what it computes for the message. */
export function valueColumns(
  compiled: CompiledRule,
): readonly { readonly name: string; readonly sql: string }[] {
  const needed = compiled.needs
    .filter((need) => need.table === 'clips' || isEvidenceTable(need.table))
    .map((need) => ({
      name: need.table === 'clips' ? need.column : `${need.table}.${need.column}`,
      sql: `${need.table}.${quoteIdentifier(need.column)}`,
    }));
  const computed = Object.entries(compiled.values).map(([name, sql]) => ({
    name,
    sql: `(${sql}\n)`,
  }));
  return [...needed, ...computed];
}

/** Examined and affected clips by shard, of all fused rules in one pass over the ledger. */
export async function countFused(
  database: Database,
  answers: ReadonlyMap<string, FusedAnswer>,
): Promise<ReadonlyMap<string, readonly ShardCount[]>> {
  const ids = [...answers.keys()];
  const counts = new Map<string, ShardCount[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return counts;
  const columns = [...answers.values()].flatMap((answer, index) => [
    `count(*) filter (where ${answer.eligible}) as examined_${index}`,
    `count(*) filter (where ${answer.eligible} and ${answer.hit}) as affected_${index}`,
  ]);
  const rows = await database.rows(
    `select shard_id, ${columns.join(', ')} from ledger group by shard_id order by shard_id`,
  );
  for (const row of rows) {
    ids.forEach((id, index) => {
      counts.get(id)?.push({
        shard: numberOf(row['shard_id']),
        examined: numberOf(row[`examined_${index}`]),
        affected: numberOf(row[`affected_${index}`]),
      });
    });
  }
  return counts;
}

/** Examined and affected clips by shard of one relation. */
export async function countByShard(
  database: Database,
  relation: string,
): Promise<readonly ShardCount[]> {
  const rows: readonly SqlRow[] = await database.rows(
    `select shard_id, count(*) as examined, count(*) filter (where hit) as affected
     from ${relation} as examined group by shard_id order by shard_id`,
  );
  return rows.map((row) => ({
    shard: numberOf(row['shard_id']),
    examined: numberOf(row['examined']),
    affected: numberOf(row['affected']),
  }));
}

async function ledgerEligible(database: Database, compiled: CompiledRule): Promise<string> {
  const columns = compiled.needs.filter((need) => need.table === 'clips' && !need.isOptional);
  const standIns = columns.map((need) => LEDGER_STAND_INS[need.column]);
  if (compiled.rule.eligible === null && standIns.every((each) => each !== undefined)) {
    return standIns.map((column) => `${column} is not null`).join(' and ') || 'true';
  }
  const table = `eligible_of_${compiled.index}`;
  await database.run(
    `create or replace temp table ${table} as select clip_id from clips where ${compiled.eligible}`,
    usedBy(compiled.parameters, compiled.eligible),
  );
  return `clip_id in (select clip_id from ${table})`;
}

/** Clips that any of the rule's evidence tables measured, with the manifest columns that the rule needs. */
function measuredClips(compiled: CompiledRule): string {
  const required = compiled.needs.filter((need) => !need.isOptional);
  const declared = required
    .filter((need) => need.table === 'clips')
    .map((need) => `clips.${quoteIdentifier(need.column)} is not null`);
  const parts = compiled.evidence.map((table) => {
    const measured = required
      .filter((need) => need.table === table)
      .map((need) => `${table}.${quoteIdentifier(need.column)} is not null`);
    const tests = [...declared, ...measured];
    return `select clips.clip_id from clips join ${table} using (clip_id) where ${tests.join(' and ') || 'true'}`;
  });
  return parts.join(' union ');
}

/** Joins the evidence tables: those that the rule requires, and beside them those that it only looks into. */
function evidenceJoin(compiled: CompiledRule): string {
  const isRequired = (table: string): boolean =>
    compiled.needs.some((need) => need.table === table && !need.isOptional);
  const ordered = [
    ...compiled.evidence.filter(isRequired),
    ...compiled.evidence.filter((table) => !isRequired(table)),
  ];
  const [first] = ordered;
  return ordered
    .map((table) =>
      table === first
        ? `join ${table} on ${table}.clip_id = clips.clip_id`
        : `${isRequired(table) ? 'join' : 'left join'} ${table} on ${table}.clip_id = clips.clip_id and ${table}.medium = ${first ?? ''}.medium`,
    )
    .join('\n');
}

/** DuckDB refuses parameters that a statement does not use. */
export function usedBy<T>(parameters: Readonly<Record<string, T>>, sql: string): Record<string, T> {
  return Object.fromEntries(
    Object.entries(parameters).filter(([name]) => new RegExp(`\\$${name}\\b`).test(sql)),
  );
}
