import type { Database, SqlParameters } from '../engine/database.ts';
import { numberOf } from '../engine/database.ts';
import type { Engine, EngineContext } from '../engine/engine.ts';
import { localEngine } from '../engine/local-engine.ts';
import { CANONICAL_COLUMNS, isCanonicalColumn } from '../dataset/canonical-columns.ts';
import { textHash } from '../dataset/text-hash.ts';
import { sampleOrderSql } from '../sampling/draw-sample.ts';
import { isAnswered, isFused, type LedgerAnswer, planAnswers } from './answers.ts';
import { type CompiledRule, usedBy } from './compile-rule.ts';
import { findRepeats, REPEAT_TABLES } from './repeats.ts';
import { comparesCaptions } from './sampled-clips.ts';

/** A column by which findings are localised: its name for people and the SQL over `clips` that gives its value as text. */
export type Dimension = { readonly name: string; readonly sql: string };

/**
 * The ledger: one narrow row per clip, written in the only full scan of the manifest.
 * Hashes stand for long text, masks for what each fused rule said; every later question is asked of it.
 */
type LedgerPlan = {
  readonly seed: string;
  /** All rules that are judged; the ledger answers for those of {@link isAnswered}. */
  readonly rules: readonly CompiledRule[];
  readonly dimensions: readonly Dimension[];
  /** Further columns to write in the same scan, for others than the rules. */
  readonly more?: readonly Dimension[];
  /** Only the fixed columns that the rules name are computed, the others are null: what nobody asks for need not be fetched. */
  readonly isNarrow?: boolean;
  /** Columns of `clips` that the dataset really has: what only others would tell is not stored. Default: all. */
  readonly clipColumns?: ReadonlySet<string>;
};

/** The table behind the view `ledger`: each thing once, and nothing that is null in every row. */
export const LEDGER_ROWS = 'ledger_rows';

/**
 * Whether a vector has length 1 within the rounding of half precision; null for an absent, empty or non-finite one,
 * and for one of zeros.
 */
function isUnit(column: string): string {
  // list_inner_product would be faster, but one null in any row makes it fail the whole scan.
  const square = `list_sum(list_transform(${column}, each -> each * each))`;
  return `if(${square} > 0 and isfinite(${square}), abs(sqrt(${square}) - 1) < 0.01, null)`;
}

/** Whether every component of a vector is a number; null for an absent one. A sum is finite only if every component is. */
function isFinite(column: string): string {
  return `if(${column} is null, null, isfinite(list_sum(${column})) and list_count(${column}) = len(${column}))`;
}

/** What every component of a vector is, if they are all the same; else null. */
function constantOf(column: string): string {
  return `if(len(${column}) > 1 and list_min(${column}) = list_max(${column}), ${column}[1], null)`;
}

/** SQL type and expression over `clips` of each fixed column. */
const LEDGER_COLUMNS = {
  clip_id: 'clip_id',
  shard_id: 'shard_id',
  row_number: 'row_number',
  sample_order: `"dailies:sample_order"`,
  key_hash: textHash('key'),
  path_hash: textHash('path'),
  caption_hash: `case when strlen(caption) = 0 then null else ${textHash('caption')} end`,
  source_hash: textHash('source_id'),
  content_hash_hash: textHash('content_hash'),
  start_s: 'start_s',
  end_s: 'end_s',
  clip_embedding_hash: `if(clip_embedding is null, null, hash(clip_embedding))`,
  text_embedding_hash: `if(text_embedding is null, null, hash(text_embedding))`,
  clip_embedding_is_unit: isUnit('clip_embedding'),
  text_embedding_is_unit: isUnit('text_embedding'),
  clip_embedding_is_finite: isFinite('clip_embedding'),
  text_embedding_is_finite: isFinite('text_embedding'),
  clip_embedding_constant: constantOf('clip_embedding'),
  text_embedding_constant: constantOf('text_embedding'),
  path_has_key: `contains('/' || path, '/' || key || '.') or ends_with(path, key)`,
  caption_bytes: 'strlen(caption)::integer',
  caption_chars: 'length(caption)::integer',
  /** The first 12 characters: short enough that DuckDB stores ASCII inline. */
  caption_opening: 'left(caption, 12)',
  /** Whether the text ends like a sentence, in the punctuation of any script; null without a caption. */
  caption_is_closed: `case when ends_with(caption, '.') then true else regexp_matches(substring(caption, -4), '[.!?…。．！？｡।॥؟۔።။᠃]["”’'')\\]»」』）]*\\s*$') end`,
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

/** Fixed columns that are null in all rows without a column of `clips`, and their type. */
const NULL_WITHOUT: Readonly<Record<string, { readonly column: string; readonly type: string }>> = {
  source_hash: { column: 'source_id', type: 'ubigint' },
  content_hash_hash: { column: 'content_hash', type: 'ubigint' },
  start_s: { column: 'start_s', type: 'double' },
  end_s: { column: 'end_s', type: 'double' },
  split: { column: 'split', type: 'varchar' },
  captioner: { column: 'captioner', type: 'varchar' },
  ...Object.fromEntries(
    ['clip_embedding', 'text_embedding'].flatMap((column) => [
      [`${column}_hash`, { column, type: 'ubigint' }],
      [`${column}_is_unit`, { column, type: 'boolean' }],
      [`${column}_is_finite`, { column, type: 'boolean' }],
      [`${column}_constant`, { column, type: 'float' }],
    ]),
  ),
};

/** The one scan: hashes, dimensions and the answers of rules, and what repeats in it. Returns where each rule's answers stand. */
export async function writeLedger(
  database: Database,
  plan: LedgerPlan,
  engine: Engine = localEngine(1),
  context: EngineContext = { signal: new AbortController().signal },
): Promise<ReadonlyMap<string, LedgerAnswer>> {
  const { statement, view, answers } = composeLedger(plan);
  const parameters: Record<string, SqlParameters[string]> = { seed: plan.seed };
  for (const compiled of plan.rules.filter(isAnswered))
    Object.assign(parameters, compiled.parameters);
  await database.run(statement, usedBy(parameters, statement));
  await database.run(view);
  await findRepeats(database, engine, context);
  return answers;
}

/**
 * After {@link writeLedger} failed: the rules whose own predicates fail over these clips, with the first line of the
 * error. Each is tried alone.
 */
export async function findBroken(
  database: Database,
  rules: readonly CompiledRule[],
): Promise<ReadonlyMap<CompiledRule, string>> {
  const broken = new Map<CompiledRule, string>();
  for (const compiled of rules.filter(isAnswered)) {
    const test = isFused(compiled)
      ? `(${compiled.where ?? 'false'}\n) and ${compiled.eligible}`
      : compiled.eligible;
    const sql = `select count(*) filter (where ${test}) from clips`;
    try {
      await database.rows(sql, usedBy(compiled.parameters, sql));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      broken.set(compiled, text.split('\n')[0] ?? text);
    }
  }
  return broken;
}

/** The statements of {@link writeLedger}, and where the answers stand in what they write. */
function composeLedger(plan: LedgerPlan): {
  readonly statement: string;
  readonly view: string;
  readonly answers: ReadonlyMap<string, LedgerAnswer>;
} {
  const { columns, answers } = planAnswers(plan.rules);
  const named = plan.isNarrow === true ? columnsNamed(plan.rules) : null;
  const fixed = Object.entries(LEDGER_COLUMNS).map(([name, sql]) => {
    const source = NULL_WITH_VALUE[name];
    const value =
      source === undefined ? sql : `case when ${source} is null then null else ${sql} end`;
    // The condition keeps the type and is gone before anything is read.
    return {
      name,
      sql: named === null || named.has(name) ? value : `if(false, ${value}, null)`,
    };
  });
  const dimensions = plan.dimensions.map((dimension, index) => ({
    name: `dimension_${index}`,
    sql: isText(dimension.sql) ? dimension.sql : `(${dimension.sql})::varchar`,
  }));
  const stored = new Map<string, string>();
  const shown: string[] = [];
  for (const { name, sql } of [...fixed, ...dimensions, ...columns, ...(plan.more ?? [])]) {
    const without = NULL_WITHOUT[name];
    if (without !== undefined && plan.clipColumns?.has(without.column) === false) {
      shown.push(`null::${without.type} as ${name}`);
      continue;
    }
    const plain = /^"[a-z_]+"$/.test(sql) ? sql.slice(1, -1) : sql;
    const same = stored.get(plain);
    if (same === undefined) stored.set(plain, name);
    shown.push(same === undefined ? name : `${same} as ${name}`);
  }
  const list = [...stored].map(([sql, name]) => `${sql} as ${name}`).join(',\n  ');
  const order = `${sampleOrderSql('$seed', 'key', 'clip_id')} as ${SAMPLE_ORDER}`;
  return {
    statement: `create or replace temp table ${LEDGER_ROWS} as\n${selectShared(list, [order])}`,
    view: `create or replace temp view ledger as select ${shown.join(', ')} from ${LEDGER_ROWS}`,
    answers,
  };
}

/** Whether SQL is the name of a column of `clips` that is text in every dataset. */
function isText(sql: string): boolean {
  return isCanonicalColumn(sql) && CANONICAL_COLUMNS[sql].type === 'VARCHAR';
}

/** Columns that every ledger has, and those that rules name in needs or in SQL, of themselves or by their repeats. */
function columnsNamed(rules: readonly CompiledRule[]): ReadonlySet<string> {
  const texts = rules.flatMap((each) => [
    ...each.needs.map((need) => `${need.table}.${need.column}`),
    each.where,
    each.sql,
    each.eligible,
    each.suspects,
    ...Object.values(each.values),
  ]);
  const words = new Set(texts.flatMap((text) => (text ?? '').match(/\w+/g) ?? []));
  for (const [table, column] of Object.entries(REPEAT_TABLES))
    if (words.has(table)) words.add(column);
  // What the comparison of captions reads is not in the rules.
  const all = rules.some(comparesCaptions) ? LEDGER_COLUMN_NAMES : [];
  return new Set(['clip_id', 'shard_id', 'row_number', 'sample_order', ...words, ...all]);
}

/** Expressions that many rules and columns have in common; DuckDB itself shares none that stand inside a CASE. */
const SHARED = [textHash('caption'), 'length(caption)', 'lower(caption)'];
const SAMPLE_ORDER = '"dailies:sample_order"';

function sharedName(at: number): string {
  return `dailies:shared_${at}`;
}

/** SELECT of a list of expressions over `clips` in which those that are often meant are computed once a row. */
export function selectShared(list: string, more: readonly string[] = []): string {
  const used = SHARED.flatMap((sql, i) =>
    list.includes(sql) ? [`${sql} as "${sharedName(i)}"`] : [],
  );
  return `select ${useShared(list)}\nfrom (select ${['*', ...more, ...used].join(', ')} from clips) as clips`;
}

/** Strings, quoted identifiers and comments, which stay as they are, or one of the shared expressions. */
const SHARED_OR_QUOTED = new RegExp(
  [
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//.source,
    ...SHARED.map((sql) => `(?<![\\w.])${sql.replaceAll(/[()|]/g, String.raw`\$&`)}`),
  ].join('|'),
  'g',
);

/** Puts the columns of the shared expressions in their place. */
function useShared(sql: string): string {
  return sql.replaceAll(SHARED_OR_QUOTED, (whole) =>
    SHARED.includes(whole) ? `"${sharedName(SHARED.indexOf(whole))}"` : whole,
  );
}

/** Rows of the ledger. */
export async function countLedger(database: Database): Promise<number> {
  return numberOf((await database.row('select count(*) as n from ledger'))['n']);
}
