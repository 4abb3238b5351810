import type { Database, SqlParameters } from '../engine/database.ts';
import { numberOf } from '../engine/database.ts';
import type { CompiledRule } from './compile-rule.ts';

/** A column by which findings are localised: its name for people and the SQL over `clips` that gives its value as text. */
export type Dimension = { readonly name: string; readonly sql: string };

/** Rules per 64-bit mask; the sign bit stays free. */
const RULES_PER_MASK = 62;

/**
 * The ledger: one narrow row per clip, written in the only full scan of the manifest.
 * Hashes stand for long text, masks for what each fused rule said; every later question is asked of it.
 */
export type LedgerPlan = {
  readonly seed: string;
  readonly fused: readonly CompiledRule[];
  readonly dimensions: readonly Dimension[];
  /** Further columns to write in the same scan, for others than the rules. */
  readonly more?: readonly Dimension[];
};

/** Where a fused rule's answers stand in the ledger, as SQL expressions over its columns. */
export type FusedAnswer = { readonly hit: string; readonly eligible: string };

/**
 * Whether a vector has length 1 within the rounding of half precision; null for an absent, empty or non-finite one,
 * and for one of zeros.
 */
function isUnit(column: string): string {
  // list_inner_product would be faster, but one null in any row makes it fail the whole scan.
  const square = `list_sum(list_transform(${column}, each -> each * each))`;
  return `if(${square} > 0 and isfinite(${square}), abs(sqrt(${square}) - 1) < 0.01, null)`;
}

/** SQL type and expression over `clips` of each fixed column. */
const LEDGER_COLUMNS = {
  clip_id: 'clip_id',
  shard_id: 'shard_id',
  row_number: 'row_number',
  sample_order: `md5_number_lower($seed || '/' || coalesce(key, ''))`,
  key_hash: 'hash(key)',
  path_hash: 'hash(path)',
  caption_hash: `case when strlen(caption) = 0 then null else hash(caption) end`,
  source_hash: 'hash(source_id)',
  content_hash_hash: 'hash(content_hash)',
  start_s: 'start_s',
  end_s: 'end_s',
  clip_embedding_hash: `if(clip_embedding is null, null, hash(clip_embedding))`,
  text_embedding_hash: `if(text_embedding is null, null, hash(text_embedding))`,
  clip_embedding_is_unit: isUnit('clip_embedding'),
  text_embedding_is_unit: isUnit('text_embedding'),
  path_has_key: `contains('/' || path, '/' || key || '.') or ends_with(path, key)`,
  caption_bytes: 'strlen(caption)::integer',
  caption_chars: 'length(caption)::integer',
  /** The first 12 characters: short enough that DuckDB stores ASCII inline. */
  caption_opening: 'left(caption, 12)',
  /** Whether the text ends like a sentence, in the punctuation of any script; null without a caption. */
  caption_is_closed: `regexp_matches(substring(caption, -4), '[.!?…。．！？｡।॥؟۔።။᠃]["”’'')\\]»」』）]*\\s*$')`,
  split: 'split',
  captioner: 'captioner',
} as const satisfies Readonly<Record<string, string>>;

/** Columns of `ledger` that a rule may read. */
export const LEDGER_COLUMN_NAMES: readonly string[] = Object.keys(LEDGER_COLUMNS);

const NULL_WITH_VALUE: Readonly<Record<string, string>> = {
  key_hash: 'key',
  path_hash: 'path',
  source_hash: 'source_id',
  content_hash_hash: 'content_hash',
};

/** The one scan: hashes, dimensions and the answers of all fused rules. Returns where each rule's answers stand. */
export async function writeLedger(
  database: Database,
  plan: LedgerPlan,
): Promise<ReadonlyMap<string, FusedAnswer>> {
  const { statement, answers } = composeLedger(plan);
  const parameters: Record<string, SqlParameters[string]> = { seed: plan.seed };
  for (const compiled of plan.fused) Object.assign(parameters, compiled.parameters);
  await database.run(statement, parameters);
  return answers;
}

/**
 * After {@link writeLedger} failed: the rules whose own predicate fails over these clips, with the first line of the
 * error. Each is tried alone.
 */
export async function findBroken(
  database: Database,
  fused: readonly CompiledRule[],
): Promise<ReadonlyMap<CompiledRule, string>> {
  const broken = new Map<CompiledRule, string>();
  for (const compiled of fused) {
    const sql = `select count(*) filter (where (${compiled.where ?? 'false'}\n) and ${compiled.eligible}) from clips`;
    try {
      await database.rows(sql, compiled.parameters);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      broken.set(compiled, text.split('\n')[0] ?? text);
    }
  }
  return broken;
}

/** The statement of {@link writeLedger}, and the masks it writes. */
export function composeLedger(plan: LedgerPlan): {
  readonly statement: string;
  readonly answers: ReadonlyMap<string, FusedAnswer>;
} {
  const answers = new Map<string, FusedAnswer>();
  const masks: string[] = [];
  for (let start = 0; start < plan.fused.length; start += RULES_PER_MASK) {
    const group = plan.fused.slice(start, start + RULES_PER_MASK);
    const mask = `hits_${start / RULES_PER_MASK}`;
    const bits = group.map(
      (compiled, bit) =>
        `if((${compiled.where ?? 'false'}\n), ${(1n << BigInt(bit)).toString()}::bigint, 0::bigint)`,
    );
    masks.push(`${bits.join('\n | ')} as ${mask}`);
    group.forEach((compiled, bit) => {
      answers.set(compiled.rule.id, { hit: bitTest(mask, bit), eligible: 'true' });
    });
  }
  const eligibilities = [...new Set(plan.fused.map((each) => each.eligible))].filter(
    (sql) => sql !== 'true',
  );
  for (let start = 0; start < eligibilities.length; start += RULES_PER_MASK) {
    const group = eligibilities.slice(start, start + RULES_PER_MASK);
    const mask = `eligible_${start / RULES_PER_MASK}`;
    masks.push(
      `${group.map((sql, bit) => `if(${sql}, ${(1n << BigInt(bit)).toString()}::bigint, 0::bigint)`).join('\n | ')} as ${mask}`,
    );
    for (const compiled of plan.fused) {
      const bit = group.indexOf(compiled.eligible);
      const answer = answers.get(compiled.rule.id);
      if (bit >= 0 && answer !== undefined) {
        answers.set(compiled.rule.id, { ...answer, eligible: bitTest(mask, bit) });
      }
    }
  }
  const fixed = Object.entries(LEDGER_COLUMNS).map(([name, sql]) => {
    const source = NULL_WITH_VALUE[name];
    return `${source === undefined ? sql : `case when ${source} is null then null else ${sql} end`} as ${name}`;
  });
  const dimensions = plan.dimensions.map(
    (dimension, index) => `(${dimension.sql})::varchar as dimension_${index}`,
  );
  const more = (plan.more ?? []).map((each) => `${each.sql} as ${each.name}`);
  const statement = `create or replace temp table ledger as\nselect ${[...fixed, ...dimensions, ...masks, ...more].join(',\n  ')}\nfrom clips`;
  return { statement, answers };
}

function bitTest(mask: string, bit: number): string {
  return `(${mask} & ${(1n << BigInt(bit)).toString()}) <> 0`;
}

/** Rows of the ledger. */
export async function countLedger(database: Database): Promise<number> {
  return numberOf((await database.row('select count(*) as n from ledger'))['n']);
}
