import { type Database, numberOf, type SqlRow } from '../engine/database.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { type CompiledRule, usedBy } from './compile-rule.ts';
import type { LedgerAnswer } from './answers.ts';
import { isEvidenceTable } from '../probes/evidence-tables.ts';

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
  /** The examined rows are those that the ledger marks as eligible. */
  readonly isAnswered: boolean;
};

/** Examined and affected clips of one shard. */
export type ShardCount = {
  readonly shard: number;
  readonly examined: number;
  readonly affected: number;
};

/** A fused rule: its answers already stand in the ledger. */
export function examineFused(compiled: CompiledRule, answer: LedgerAnswer): Examined {
  const relation = `(select *, coalesce(${answer.hit ?? 'false'}, false) as hit from ledger where ${answer.eligible})`;
  return {
    compiled,
    relation,
    about: eligibleRows(answer.eligible),
    hitTable: null,
    isAnswered: true,
  };
}

/** A SELECT over the whole manifest: one row per affected clip. */
export async function examineGroup(
  database: Database,
  compiled: CompiledRule,
  answer: LedgerAnswer,
): Promise<Examined> {
  const hitTable = await writeHits(database, compiled);
  return {
    compiled,
    relation: `(select ledger.*, clip_id in (select clip_id from ${hitTable}) as hit from ledger where ${answer.eligible})`,
    about: eligibleRows(answer.eligible),
    hitTable,
    isAnswered: true,
  };
}

/** What a rule's SELECT finds, as a table. */
async function writeHits(database: Database, compiled: CompiledRule): Promise<string> {
  const hitTable = `hits_of_${compiled.index}`;
  await database.run(
    `create or replace temp table ${hitTable} as select * from (\n${compiled.sql ?? ''}\n) as found`,
    usedBy(compiled.parameters, compiled.sql ?? ''),
  );
  return hitTable;
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
  return { compiled, relation, about: relation, hitTable, isAnswered: false };
}

function eligibleRows(eligible: string): string {
  return `(select * from ledger where ${eligible})`;
}

/** A SELECT over the whole manifest and the evidence of the sample; reports clips of either. */
export async function examineBoth(
  database: Database,
  compiled: CompiledRule,
  answer: LedgerAnswer,
): Promise<Examined> {
  const hitTable = await writeHits(database, compiled);
  const measuredTable = `examined_of_${compiled.index}`;
  const parts = compiled.evidence.map((table) => {
    const measured = compiled.needs.filter((need) => need.table === table);
    const tests = measured.map((need) => `${quoteIdentifier(need.column)} is not null`);
    return `select clip_id from ${table} where ${tests.join(' or ')}`;
  });
  await database.run(`create or replace temp table ${measuredTable} as ${parts.join(' union ')}`);
  const isMeasured = await hasRows(database, measuredTable);
  const about = isMeasured
    ? `${answer.eligible} or (${answer.required} and clip_id in (select clip_id from ${measuredTable}))`
    : answer.eligible;
  return {
    compiled,
    relation: `(select ledger.*, clip_id in (select clip_id from ${hitTable}) as hit from ledger where ${about})`,
    about: eligibleRows(about),
    hitTable,
    isAnswered: !isMeasured,
  };
}

async function hasRows(database: Database, table: string): Promise<boolean> {
  return numberOf((await database.row(`select count(*) as n from ${table}`))['n']) > 0;
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

/** Examined and affected clips by shard, by rule, as the ledger answers: one pass over it for all rules. */
export async function countAnswers(
  database: Database,
  answers: ReadonlyMap<string, LedgerAnswer>,
): Promise<ReadonlyMap<string, readonly ShardCount[]>> {
  const all = [...answers];
  const counts = new Map<string, ShardCount[]>(all.map(([id]) => [id, []]));
  if (all.length === 0) return counts;
  const ways = [...new Set(all.map(([, answer]) => answer.eligible))];
  const columns = [
    ...ways.map((eligible, i) => `count(*) filter (where ${eligible}) as examined_${i}`),
    ...all.flatMap(([, { hit, eligible }], i) =>
      hit === null ? [] : `count(*) filter (where ${eligible} and ${hit}) as affected_${i}`,
    ),
  ];
  const rows = await database.rows(
    `select shard_id, ${columns.join(', ')} from ledger group by shard_id order by shard_id`,
  );
  for (const row of rows) {
    all.forEach(([id, { hit, eligible }], i) => {
      counts.get(id)?.push({
        shard: numberOf(row['shard_id']),
        examined: numberOf(row[`examined_${ways.indexOf(eligible)}`]),
        affected: hit === null ? 0 : numberOf(row[`affected_${i}`]),
      });
    });
  }
  return counts;
}

/** Examined and affected clips by shard of one rule; `answered` is what {@link countAnswers} counted of it. */
export async function countShards(
  database: Database,
  examined: Examined,
  answered: readonly ShardCount[] | undefined,
): Promise<readonly ShardCount[]> {
  if (answered === undefined || !examined.isAnswered)
    return countByShard(database, examined.relation);
  if (examined.hitTable === null || !(await hasRows(database, examined.hitTable))) return answered;
  const rows = await database.rows(
    `select shard_id, count(*) as affected from ${examined.relation} as examined where hit group by shard_id`,
  );
  const affected = new Map(
    rows.map((row) => [numberOf(row['shard_id']), numberOf(row['affected'])]),
  );
  return answered.map((each) => ({ ...each, affected: affected.get(each.shard) ?? 0 }));
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
