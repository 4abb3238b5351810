import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { type CompiledRule, looksAtBoth } from './compile-rule.ts';

/**
 * Where the ledger says what a rule is about, and what it says: SQL over the ledger's columns. `hit` is null for a rule
 * that asks tables instead of single rows.
 */
export type LedgerAnswer = {
  readonly hit: string | null;
  readonly eligible: string;
  /** Whether a row has the columns of the manifest that the rule cannot do without. */
  readonly required: string;
};

/** Columns to write into the ledger, as SQL over `clips`, and the answers that stand in them, by rule. */
type AnswerPlan = {
  readonly columns: readonly { readonly name: string; readonly sql: string }[];
  readonly answers: ReadonlyMap<string, LedgerAnswer>;
};

/** Bits of a mask; the sign bit stays free. */
const BITS = 62;

/** A row predicate over the manifest alone: answered by the scan that writes the ledger. */
export function isFused(compiled: CompiledRule): boolean {
  return compiled.where !== null && compiled.evidence.length === 0;
}

/** Whether the ledger marks the rows that a rule is about: fused rules, and SELECTs over the whole manifest. */
export function isAnswered(compiled: CompiledRule): boolean {
  const { scope } = compiled.rule;
  if (scope === 'dataset' || scope === 'versions') return false;
  return isFused(compiled) || (compiled.sql !== null && isOverManifest(compiled));
}

function isOverManifest(compiled: CompiledRule): boolean {
  return compiled.evidence.length === 0 || looksAtBoth(compiled);
}

/** Plans masks with a bit for each predicate, each way to be eligible and each column that must have a value. */
export function planAnswers(rules: readonly CompiledRule[]): AnswerPlan {
  const own = rules.filter(isAnswered);
  const hits = own.filter(isFused).map((each) => each.where ?? 'false');
  const stated = [...new Set(own.flatMap((each) => statedPredicate(each) ?? []))];
  const columns = [...new Set(own.flatMap(requiredColumns))].slice(0, BITS);
  const answers = new Map<string, LedgerAnswer>();
  let fused = 0;
  for (const each of own) {
    const predicate = statedPredicate(each);
    const required = hasValues(requiredColumns(each), columns);
    // Where evidence decides, the manifest alone shows nothing unless the rule says of which rows it does.
    const unstated = looksAtBoth(each) ? 'false' : required;
    answers.set(each.rule.id, {
      hit: isFused(each) ? bitOf('hits', fused++) : null,
      eligible: predicate === null ? unstated : bitOf('eligible', stated.indexOf(predicate)),
      required,
    });
  }
  const present = columns.map((name, bit) => `((${name} is not null)::bigint << ${bit})`);
  return {
    columns: [
      ...masksOf('hits', hits),
      ...masksOf('eligible', stated),
      ...(present.length === 0 ? [] : [{ name: 'present', sql: present.join(' | ') }]),
    ],
    answers,
  };
}

/** What a rule itself says it is about; null where its needs say it. */
function statedPredicate(compiled: CompiledRule): string | null {
  return compiled.rule.eligible === null ? null : compiled.eligible;
}

/** Columns that must have a value. */
function requiredColumns(compiled: CompiledRule): readonly string[] {
  if (compiled.rule.eligible !== null && !looksAtBoth(compiled)) return [];
  const names = compiled.needs
    .filter((need) => need.table === 'clips' && !need.isOptional)
    .map((need) => `clips.${quoteIdentifier(need.column)}`);
  return [...new Set(names)].toSorted();
}

function hasValues(names: readonly string[], columns: readonly string[]): string {
  const bits = names.map((name) => columns.indexOf(name));
  const mask = bits.reduce((sum, bit) => sum | (1n << BigInt(Math.max(0, bit))), 0n);
  if (bits.includes(-1)) throw new RangeError(`rules need more than ${BITS} columns`);
  return mask === 0n ? 'true' : `(present & ${mask}) = ${mask}`;
}

function masksOf(name: string, predicates: readonly string[]): AnswerPlan['columns'] {
  const masks: { name: string; sql: string }[] = [];
  for (let start = 0; start < predicates.length; start += BITS) {
    const bits = predicates
      .slice(start, start + BITS)
      .map((sql, bit) => `if((${sql}\n), ${1n << BigInt(bit)}::bigint, 0::bigint)`);
    masks.push({ name: `${name}_${start / BITS}`, sql: bits.join('\n | ') });
  }
  return masks;
}

function bitOf(name: string, at: number): string {
  return `(${name}_${Math.floor(at / BITS)} & ${1n << BigInt(at % BITS)}) <> 0`;
}
