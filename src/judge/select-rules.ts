import type { Config } from '../config/config.ts';
import { closestWord, didYouMean } from '../config/did-you-mean.ts';
import { DailiesError } from '../dailies-error.ts';
import type { Database } from '../engine/database.ts';
import { type CompiledRule, compileRule } from './compile-rule.ts';
import { type Offer, whyNotApplicable } from './applicability.ts';
import type { Exclusion } from './judge.ts';
import type { Dimension } from './ledger.ts';
import type { Rule } from './rule.ts';

/**
 * The rules that a configuration asks for, with its severities. Patterns are ids, families or globs over ids.
 * Throws a `config` error for a pattern, severity or option that meets no rule.
 */
export function selectRules(rules: readonly Rule[], wanted: Config['rules']): readonly Rule[] {
  const names = [...rules.map((rule) => rule.id), ...new Set(rules.map((rule) => rule.family))];
  for (const pattern of [
    ...wanted.select,
    ...wanted.ignore,
    ...Object.keys(wanted.severity),
    ...Object.keys(wanted.budgets),
  ]) {
    if (rules.some((rule) => meets(rule, pattern))) continue;
    const near = closestWord(pattern, names);
    throw new DailiesError('config', `no rule meets '${pattern}'`, {
      hint: near === null ? `list them with 'dailies rules'` : `did you mean '${near}'?`,
    });
  }
  for (const id of Object.keys(wanted.options)) {
    if (rules.some((rule) => rule.id === id)) continue;
    throw new DailiesError('config', `no rule is called '${id}', whose options are set`, {
      hint: `options belong to one rule${didYouMean(
        id,
        rules.map((rule) => rule.id),
      )}`,
    });
  }
  const severities = settingsByRule(rules, wanted.severity);
  return rules
    .filter(
      (rule) => wanted.select.length === 0 || wanted.select.some((pattern) => meets(rule, pattern)),
    )
    .filter((rule) => !wanted.ignore.some((pattern) => meets(rule, pattern)))
    .filter((rule) => severities[rule.id] !== 'off')
    .map((rule) => {
      const severity = severities[rule.id];
      return severity === undefined || severity === 'off' ? rule : { ...rule, severity };
    });
}

/** Settings by id, family or glob as settings by id: the id goes before the family, the family before a glob. */
export function settingsByRule<T>(
  rules: readonly Pick<Rule, 'id' | 'family'>[],
  settings: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const globs = Object.keys(settings).filter((pattern) => pattern.includes('*'));
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const pattern = [rule.id, rule.family, ...globs.filter((glob) => meets(rule, glob))].find(
        (each) => Object.hasOwn(settings, each),
      );
      const setting = pattern === undefined ? undefined : settings[pattern];
      return setting === undefined ? [] : [[rule.id, setting]];
    }),
  );
}

function meets(rule: Pick<Rule, 'id' | 'family'>, pattern: string): boolean {
  if (!pattern.includes('*')) return rule.id === pattern || rule.family === pattern;
  const parts = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`).test(rule.id);
}

/** Compiles every rule in the room, and says why those that cannot be judged cannot. */
export async function compileAll(
  database: Database,
  rules: readonly Rule[],
  options: Config['rules']['options'],
  offer: Offer,
): Promise<{
  readonly compiled: readonly CompiledRule[];
  readonly excluded: readonly Exclusion[];
}> {
  const compiled: CompiledRule[] = [];
  const excluded: Exclusion[] = [];
  for (const [index, rule] of rules.entries()) {
    const each = await compileRule(database, rule, index, options[rule.id], offer);
    const why = whyNotApplicable(each, offer);
    if (why === null) compiled.push(each);
    else excluded.push({ compiled: each, ...why });
  }
  return { compiled, excluded };
}

/** Throws a `config` error for a column that a setting names and the dataset lacks. */
export function requireColumns(
  setting: string,
  wanted: readonly string[],
  clipColumns: ReadonlySet<string>,
): void {
  for (const column of wanted) {
    if (clipColumns.has(column)) continue;
    const near = closestWord(column, [...clipColumns]);
    throw new DailiesError('config', `${setting}: the dataset has no column '${column}'`, {
      hint: near === null ? `it has: ${[...clipColumns].join(', ')}` : `did you mean '${near}'?`,
    });
  }
}

/** Columns by which findings are localised, besides shard and row: those the dataset has, and those the configuration names. */
export function dimensionsOf(
  clipColumns: ReadonlySet<string>,
  localise: readonly string[],
): readonly Dimension[] {
  const dimensions: Dimension[] = [
    { name: 'split', sql: 'split' },
    { name: 'captioner', sql: 'captioner' },
    { name: 'source_id', sql: 'source_id' },
    { name: 'created_at', sql: `strftime(created_at, '%Y-%m')` },
  ].filter((each) => clipColumns.has(each.name));
  requireColumns('localise', localise, clipColumns);
  for (const column of localise) {
    if (dimensions.some((each) => each.name === column)) continue;
    dimensions.push({ name: column, sql: `"${column.replaceAll('"', '""')}"::varchar` });
  }
  return dimensions;
}
