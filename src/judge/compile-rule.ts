import { type DuckDBValue, listValue } from '@duckdb/node-api';

import { closestWord } from '../config/did-you-mean.ts';
import { DailiesError } from '../dailies-error.ts';
import type { Database, SqlParameters } from '../engine/database.ts';
import { EVIDENCE_TABLES, isEvidenceTable } from '../probes/evidence-tables.ts';
import { optionProblem } from './load-rules.ts';
import { eachNumber, eachNumberList, NUMBERS, type NumberColumn } from './number-columns.ts';
import { REPEAT_TABLES } from './repeats.ts';
import type { OptionValue, Rule } from './rule.ts';
import { checkPredicate, checkSelect, renameParameters, type SqlCheck } from './rule-sql.ts';

/** A reference of `needs`, taken apart. */
export type Need = {
  readonly table: string;
  readonly column: string;
  readonly isOptional: boolean;
};

/** A rule made ready to run: checked SQL with parameter names of its own, and the values bound to them. */
export type CompiledRule = {
  readonly rule: Rule;
  readonly index: number;
  readonly needs: readonly Need[];
  /** Evidence tables it reads, in the order of EVIDENCE_TABLES. */
  readonly evidence: readonly string[];
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly parameters: SqlParameters;
  readonly where: string | null;
  readonly sql: string | null;
  /** Row predicate: which rows the rule is about. */
  readonly eligible: string;
  /** Row predicate over cheaper evidence: which clips to look at before others. */
  readonly suspects: string | null;
  readonly values: Readonly<Record<string, string>>;
};

/** Reads `clips.fps?`. */
export function readNeed(text: string): Need {
  const [table = '', column = ''] = text.replace(/\?$/, '').split('.');
  return { table, column, isOptional: text.endsWith('?') };
}

/**
 * A SELECT that looks into evidence where there is some and into the manifest all the same: every row counts as examined
 * that has what the rule asks for in either.
 */
export function looksAtBoth(compiled: CompiledRule): boolean {
  const onMedia = compiled.needs.filter((need) => isEvidenceTable(need.table));
  return compiled.sql !== null && onMedia.length > 0 && onMedia.every((need) => need.isOptional);
}

/** What the run offers to rules besides tables. */
type CompileContext = {
  /** Date (UTC, ISO) that a text option with the value `today` stands for. */
  readonly today: string;
  /** Columns that `numbers.value` stands for in turn. */
  readonly numbers: readonly NumberColumn[];
};

/**
 * Checks a rule's SQL in the locked room and binds its options.
 * Throws a `config` error naming the file for SQL that is refused, an unknown option or an undeclared table.
 */
export async function compileRule(
  database: Database,
  rule: Rule,
  index: number,
  overrides: Readonly<Record<string, OptionValue>> = {},
  context: CompileContext = { today: '2000-01-01', numbers: [] },
): Promise<CompiledRule> {
  const needs = rule.needs.map(readNeed);
  const isAboutNumbers = needs.some((need) => need.table === NUMBERS);
  const tables = new Set([
    'clips',
    'ledger',
    ...Object.keys(REPEAT_TABLES),
    ...needs.map((need) => need.table),
  ]);
  const options = bindOptions(rule, overrides, context.today);
  const rename = (name: string): string => `r${index}_${name}`;
  const used = new Set<string>();
  const checked = async (part: string, sql: string): Promise<string> => {
    const check =
      part === 'sql'
        ? await checkSelect(database, sql, tables)
        : await checkPredicate(database, sql, tables);
    requireAllowed(rule, part, check, tables);
    if (check.ok) for (const parameter of check.parameters) used.add(parameter);
    const renamed = renameParameters(sql, rename);
    return isAboutNumbers ? eachNumber(renamed, context.numbers) : renamed;
  };
  const where = rule.where === null ? null : await checked('where', rule.where);
  const sql = rule.sql === null ? null : await checked('sql', rule.sql);
  const eligible =
    rule.eligible === null
      ? defaultEligible(needs)
      : `(${await checked('eligible', rule.eligible)}\n)`;
  const suspects =
    rule.suspects === null ? null : await checkSuspects(database, rule, rule.suspects);
  const values: Record<string, string> = {};
  for (const [name, expression] of Object.entries(rule.values)) {
    values[name] = await checked(`values.${name}`, expression);
  }
  if (isAboutNumbers && rule.where !== null) {
    values['columns'] = eachNumberList(renameParameters(rule.where, rename), context.numbers);
  }
  const parameters: Record<string, DuckDBValue> = {};
  for (const name of used) {
    const value = options[name];
    if (value === undefined) {
      throw new DailiesError(
        'config',
        `rule ${rule.id} (${rule.file}): $${name} is not one of its options`,
      );
    }
    parameters[rename(name)] = toDuckDB(value);
  }
  const evidence = Object.keys(EVIDENCE_TABLES).filter((table) => tables.has(table));
  return {
    rule,
    index,
    needs,
    evidence,
    options,
    parameters,
    where,
    sql,
    eligible,
    suspects,
    values,
  };
}

/** Tables that `suspects` may read without declaring them: rows of evidence that cheaper tiers wrote. */
const SUSPECT_TABLES = new Set(['clips', 'files', 'containers', 'packets', 'images', 'frames']);

async function checkSuspects(database: Database, rule: Rule, sql: string): Promise<string> {
  const check = await checkPredicate(database, sql, SUSPECT_TABLES);
  requireAllowed(rule, 'suspects', check, SUSPECT_TABLES);
  if (check.ok && check.parameters.length > 0) {
    throw new DailiesError('config', `rule ${rule.id} (${rule.file}), suspects: has no options`);
  }
  return sql;
}

function bindOptions(
  rule: Rule,
  overrides: Readonly<Record<string, OptionValue>>,
  today: string,
): Readonly<Record<string, OptionValue>> {
  const values: Record<string, OptionValue> = {};
  for (const [name, option] of Object.entries(rule.options)) values[name] = option.default;
  for (const [name, value] of Object.entries(overrides)) {
    const option = rule.options[name];
    if (option === undefined) {
      const known = Object.keys(rule.options);
      const near = closestWord(name, known);
      throw new DailiesError('config', `rule ${rule.id} has no option '${name}'`, {
        hint: near === null ? `it has: ${known.join(', ') || 'none'}` : `did you mean '${near}'?`,
      });
    }
    const problem = optionProblem(option, value);
    if (problem !== null)
      throw new DailiesError('config', `rule ${rule.id}: option ${name} ${problem}`);
    values[name] = value;
  }
  for (const [name, value] of Object.entries(values)) if (value === 'today') values[name] = today;
  return values;
}

function requireAllowed(
  rule: Rule,
  part: string,
  check: SqlCheck,
  tables: ReadonlySet<string>,
): void {
  if (!check.ok) {
    throw new DailiesError('config', `rule ${rule.id} (${rule.file}), ${part}: ${check.problem}`, {
      hint: 'a rule may only SELECT from the tables that its needs: lists',
    });
  }
  if (part === 'sql') return;
  for (const qualifier of check.qualifiers) {
    if (isEvidenceTable(qualifier) && !tables.has(qualifier)) {
      throw new DailiesError(
        'config',
        `rule ${rule.id} (${rule.file}), ${part}: reads ${qualifier}, which needs: does not declare`,
      );
    }
  }
}

function defaultEligible(needs: readonly Need[]): string {
  const columns = needs.filter(
    (need) => !need.isOptional && (need.table === 'clips' || isEvidenceTable(need.table)),
  );
  const tests = columns.map((need) => `${need.table}."${need.column}" is not null`);
  return tests.length === 0 ? 'true' : `(${[...new Set(tests)].toSorted().join(' and ')})`;
}

function toDuckDB(value: OptionValue): DuckDBValue {
  return typeof value === 'object' ? listValue([...value]) : value;
}

/** DuckDB refuses parameters that a statement does not use. */
export function usedBy<T>(parameters: Readonly<Record<string, T>>, sql: string): Record<string, T> {
  return Object.fromEntries(
    Object.entries(parameters).filter(([name]) => new RegExp(`\\$${name}\\b`).test(sql)),
  );
}
