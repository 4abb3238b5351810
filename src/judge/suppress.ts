import { type DuckDBValue, listValue } from '@duckdb/node-api';

import { DailiesError } from '../dailies-error.ts';
import { type Database, maybe, numberOf } from '../engine/database.ts';
import type { Finding } from '../run/document.ts';
import type { Examined } from './evaluate.ts';
import { checkPredicate } from './rule-sql.ts';
import type { Suppression } from './suppressions.ts';

/** A rule's hits after the accepted ones were taken out. */
type Suppressed = {
  /** The same rows; accepted ones are no hits. */
  readonly examined: Examined;
  /** Rows taken out. */
  readonly total: number;
  /** Rows that each entry took out, by its index; an entry whose clips were not looked at is missing. */
  readonly counts: ReadonlyMap<number, number>;
};

/**
 * Takes the hits that suppressions select out of what a rule said. The first entry that selects a row has it.
 *
 * @throws {DailiesError} config, for a predicate that is refused in the room or that DuckDB cannot run.
 */
export async function suppressHits(
  database: Database,
  examined: Examined,
  entries: readonly Suppression[],
): Promise<Suppressed> {
  const { compiled } = examined;
  if (entries.length === 0) return { examined, total: 0, counts: new Map() };
  const table = `suppressed_of_${compiled.index}`;
  const parameters: Record<string, DuckDBValue> = {};
  const cases: string[] = [];
  for (const entry of entries) {
    cases.push(`when ${await predicateOf(database, entry, parameters)} then ${entry.index}`);
  }
  // Of a sample, a row that is no hit still tells whether an entry's clips were looked at at all.
  const isSampled = compiled.evidence.length > 0;
  const about = `select clip_id, row_number, hit from ${examined.relation} as examined ${isSampled ? '' : 'where hit'}`;
  try {
    await database.run(`create or replace temp table about_of_${compiled.index} as ${about}`);
    await database.run(
      `create or replace temp table ${table} as
       select clip_id, about.hit as hit, case ${cases.join('\n')} end as entry
       from clips join about_of_${compiled.index} as about using (clip_id)
       where clips.row_number in (select row_number from about_of_${compiled.index})`,
      parameters,
    );
  } catch (cause) {
    if (entries.every((entry) => entry.where === null)) throw cause;
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new DailiesError('config', `a suppression of ${compiled.rule.id}: ${reason}`, { cause });
  }
  const rows = await database.rows(
    `select entry, count(*) filter (where hit) as n from ${table} where entry is not null group by entry`,
  );
  const counts = new Map(rows.map((row) => [numberOf(row['entry']), numberOf(row['n'])]));
  if (!isSampled) {
    for (const entry of entries) if (!counts.has(entry.index)) counts.set(entry.index, 0);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const relation = `(select * replace (hit and clip_id not in (select clip_id from ${table} where entry is not null) as hit) from ${examined.relation} as unsuppressed)`;
  return { examined: { ...examined, relation }, total, counts };
}

async function predicateOf(
  database: Database,
  entry: Suppression,
  parameters: Record<string, DuckDBValue>,
): Promise<string> {
  const bind = (name: string, value: DuckDBValue): string => {
    parameters[`s${entry.index}_${name}`] = value;
    return `$s${entry.index}_${name}`;
  };
  const tests: string[] = [];
  if (entry.keys !== null) {
    tests.push(`list_contains(${bind('keys', listValue([...entry.keys]))}::varchar[], key)`);
  }
  if (entry.shard !== null) {
    const parts = entry.shard.split('*').map((part) => part.replaceAll(/[\\%_]/g, String.raw`\$&`));
    tests.push(`shard like ${bind('shard', parts.join('%'))} escape '\\'`);
  }
  if (entry.source !== null) tests.push(`source_id::varchar = ${bind('source', entry.source)}`);
  if (entry.where !== null) {
    const check = await checkPredicate(database, entry.where, new Set(['clips']));
    const problem = check.ok
      ? check.parameters.length > 0
        ? 'a suppression has no options'
        : null
      : check.problem;
    if (problem !== null) {
      throw new DailiesError('config', `suppression ${entry.index + 1}, where: ${problem}`, {
        hint: 'a predicate may only read the columns of the manifest',
      });
    }
    tests.push(`(${entry.where}\n)`);
  }
  return tests.join(' and ') || 'true';
}

/** The findings of a dataset rule that no entry selects, and what each entry took out. */
export function suppressFindings(
  findings: readonly Finding[],
  entries: readonly Suppression[],
): {
  readonly kept: readonly Finding[];
  readonly suppressed: readonly Finding[];
  readonly counts: ReadonlyMap<number, number>;
} {
  const counts = new Map(entries.map((entry) => [entry.index, 0]));
  const suppressed: Finding[] = [];
  const kept = findings.filter((finding) => {
    const entry = entries.find((each) => selects(each, finding));
    if (entry === undefined) return true;
    counts.set(entry.index, (counts.get(entry.index) ?? 0) + 1);
    suppressed.push(finding);
    return false;
  });
  return { kept, suppressed, counts };
}

function selects(entry: Suppression, finding: Finding): boolean {
  // Sources and predicates are about clips; a finding about the dataset has neither.
  if (entry.source !== null || entry.where !== null) return false;
  const shard = entry.shard === null ? null : new RegExp(`^${globPattern(entry.shard)}$`, 's');
  return (
    (entry.keys === null || (finding.key !== null && entry.keys.includes(finding.key))) &&
    (shard === null || (finding.shard !== null && shard.test(finding.shard))) &&
    (entry.fingerprints === null || entry.fingerprints.includes(finding.fingerprint))
  );
}

function globPattern(glob: string): string {
  return glob
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*');
}

/** Rows that a finding of a dataset rule stands for. */
export function weightOf(finding: Finding): number {
  return maybe(numberIn(finding.values['affected_rows']), numberOf) ?? 1;
}

function numberIn(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
