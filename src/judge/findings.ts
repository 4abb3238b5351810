import { createHash } from 'node:crypto';

import { formatValue } from '../format-value.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { type Database, type SqlRow, type SqlValue } from '../engine/database.ts';
import type { Finding } from '../run/document.ts';
import { type Examined, valueColumns } from './evaluate.ts';
import type { CompiledRule } from './compile-rule.ts';

/** Longest text kept of one value; the whole caption stays in the manifest. */
const MAX_VALUE_CHARACTERS = 600;
/** Longest list kept of one value. */
const MAX_LIST = 16;
const MAX_MESSAGE_CHARACTERS = 300;

/** Stands for a rule's number where a clip is fetched for its key alone. */
const NO_RULE = -1;

/**
 * Marks the clips to report of each rule: the `limit` first by sample order, so that neither row order nor shard layout matters.
 * Writes `picked_clips`: the reported clips and those named in `also` with all their columns, fetched in one go.
 */
export async function pickClips(
  database: Database,
  examined: readonly Examined[],
  limit: number,
  also: readonly bigint[] = [],
): Promise<void> {
  await database.run(
    'create or replace temp table picked (rule_index integer, clip_id bigint, row_number bigint)',
  );
  for (const each of examined) {
    await database.run(
      `insert into picked select ${each.compiled.index}, clip_id, row_number from ${each.relation} as examined
       where hit order by sample_order, clip_id limit ${limit}`,
    );
  }
  if (also.length > 0) {
    await database.run(
      `insert into picked select ${NO_RULE}, clip_id, clip_id & ${(1n << 40n) - 1n}
       from (select unnest([${also.join(', ')}]::bigint[]) as clip_id)`,
    );
  }
  // The row numbers prune row groups; the ids decide.
  await database.run(
    `create or replace temp table picked_clips as select * from clips
     where row_number in (select row_number from picked) and clip_id in (select clip_id from picked)`,
  );
}

/** The findings of a clip or group rule, in order of key. */
export async function readFindings(
  database: Database,
  examined: Examined,
  shardName: (shard: number) => string,
): Promise<readonly Finding[]> {
  const { compiled, hitTable } = examined;
  const picked = `(select clip_id from picked where rule_index = ${compiled.index})`;
  const identity =
    'clips.key as __key, clips.shard_id as __shard, clips.row_number as __row, clips.caption as __caption';
  const rows =
    hitTable === null
      ? await database.rows(
          `select ${[identity, ...valueColumns(compiled).map((c) => `${c.sql} as ${quoteIdentifier(c.name)}`)].join(', ')}
           from picked_clips as clips where clip_id in ${picked} order by __key, clips.clip_id`,
          parametersOf(compiled),
        )
      : await database.rows(
          `select ${identity}, hits.* from ${hitTable} as hits
           join picked_clips as clips on clips.clip_id = hits.clip_id
           where hits.clip_id in ${picked} order by __key, clips.clip_id`,
        );
  return rows.map((row) => toFinding(compiled, row, shardName));
}

/** The findings of a dataset rule: its rows as they are. */
export async function readDatasetFindings(
  database: Database,
  compiled: CompiledRule,
  hitTable: string,
  limit: number,
): Promise<readonly Finding[]> {
  const rows = await database.rows(`select * from ${hitTable} order by all limit ${limit}`);
  return rows.map((row) => {
    const values = readable(row);
    const { key, shard, row_number } = row;
    const identity = typeof key === 'string' ? key : JSON.stringify(values);
    return {
      rule_id: compiled.rule.id,
      severity: compiled.rule.severity,
      key: typeof key === 'string' ? key : null,
      shard: typeof shard === 'string' ? shard : null,
      row_number: typeof row_number === 'bigint' ? Number(row_number) : null,
      message: fillMessage(compiled, values),
      values,
      fingerprint: fingerprint(compiled.rule.id, identity),
    };
  });
}

function toFinding(
  compiled: CompiledRule,
  row: SqlRow,
  shardName: (shard: number) => string,
): Finding {
  const { __key, __shard, __row, __caption, ...rest } = row;
  const values = readable(
    Object.fromEntries(
      Object.entries(rest)
        .filter(([name]) => name !== 'clip_id')
        .map(([name, value]) => [name, shortened(value)]),
    ),
  );
  const key = typeof __key === 'string' ? __key : null;
  const medium =
    typeof row['medium'] === 'string' && row['medium'] !== 'path' ? `\0${row['medium']}` : '';
  return {
    rule_id: compiled.rule.id,
    severity: compiled.rule.severity,
    key,
    shard: shardName(Number(__shard)),
    row_number: Number(__row),
    message: fillMessage(
      compiled,
      typeof __caption === 'string' ? { caption: readableValue(__caption), ...values } : values,
    ),
    values,
    fingerprint: fingerprint(compiled.rule.id, `${key ?? ''}${medium}`),
  };
}

function parametersOf(compiled: CompiledRule): CompiledRule['parameters'] {
  const sql = Object.values(compiled.values).join(' ');
  return Object.fromEntries(
    Object.entries(compiled.parameters).filter(([name]) => new RegExp(`\\$${name}\\b`).test(sql)),
  );
}

/** Replaces `{{column}}` and `{{options.name}}`; a missing value is shown as a dash. */
function fillMessage(compiled: CompiledRule, values: Readonly<Record<string, unknown>>): string {
  const text = compiled.rule.message.replaceAll(
    /\{\{\s*([^}\s]+)\s*\}\}/g,
    (_whole, name: string) => {
      const value = name.startsWith('options.')
        ? compiled.options[name.slice('options.'.length)]
        : (values[name] ?? values[name.replace(/^clips\./, '')]);
      return formatValue(value);
    },
  );
  return text.length > MAX_MESSAGE_CHARACTERS
    ? `${text.slice(0, MAX_MESSAGE_CHARACTERS - 1)}…`
    : text;
}

function readable(row: SqlRow): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, readableValue(value)]),
  );
}

/** Values of every frame are evidence, and stay there: a finding says how many there are. Short lists are kept. */
function shortened(value: SqlValue): SqlValue {
  return Array.isArray(value) && value.length > MAX_LIST ? `${value.length} values` : value;
}

function readableValue(value: SqlValue): unknown {
  if (typeof value === 'bigint') {
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value.toString();
  }
  if (typeof value === 'string') {
    return value.length > MAX_VALUE_CHARACTERS ? `${value.slice(0, MAX_VALUE_CHARACTERS)}…` : value;
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.slice(0, 32).map(readableValue);
  return value;
}

function fingerprint(rule: string, identity: string): string {
  return createHash('sha256').update(`${rule}\0${identity}`).digest('hex').slice(0, 16);
}
