import { ANNOTATED_PATH_COLUMNS, CAPTION_CLAIM_COLUMNS } from '../analyses/alignment/row-tables.ts';
import { CANONICAL_COLUMNS } from '../dataset/canonical-columns.ts';
import { DECLARED_ROW_COLUMNS } from '../dataset/declared-rows.ts';
import { DECLARED_COLUMN_COLUMNS } from '../dataset/declared-schemas.ts';
import {
  TAR_FAULT_COLUMNS,
  TAR_SAMPLE_COLUMNS,
  TAR_SHARD_COLUMNS,
} from '../dataset/tar/tar-tables.ts';
import { UNNAMED_FILE_COLUMNS } from '../dataset/unnamed-files.ts';
import { FOOTER_CHECK_COLUMNS } from '../dataset/footer-checks.ts';
import { PAGE_CHECKSUM_COLUMNS } from '../dataset/page-checksums.ts';
import { PAGE_FAULT_COLUMNS } from '../dataset/page-faults.ts';
import { SHARD_COLUMNS } from '../dataset/shards-table.ts';
import { createTableSql, hasTable, type TableColumns } from '../dataset/table-columns.ts';
import { Database } from '../engine/database.ts';
import { evidenceColumns } from '../engine/evidence-store.ts';
import { insertRows } from '../engine/insert-rows.ts';
import { isEvidenceTable } from '../probes/evidence-tables.ts';
import type { Finding, RuleOutcome } from '../run/document.ts';
import { compileRule } from './compile-rule.ts';
import { judge } from './judge.ts';
import { writeLedger } from './ledger.ts';
import { numberColumns } from './number-columns.ts';
import { completeClips, furnish } from './room.ts';
import type { Rule, RuleExample } from './rule.ts';
import { VERSION_TABLES } from './version-tables.ts';

type Row = Readonly<Record<string, unknown>>;

/** Runs one example of a rule through the same room, scan and judge as a dataset. */
export async function runExample(
  rule: Rule,
  example: RuleExample,
): Promise<{ readonly outcome: RuleOutcome; readonly findings: readonly Finding[] }> {
  const database = await Database.open();
  try {
    const clips = clipRows(example);
    await fillTable(database, 'example_clips', clips);
    await database.run('create view clips as select * from example_clips');
    await completeClips(database);
    await furnish(database);
    const tables = { ...untoldTables(rule, clips), ...example.tables };
    for (const [table, rows] of Object.entries(tables)) {
      if (table !== 'clips') await fillTable(database, table, wholeRows(table, rows, clips));
    }
    await database.lock([], []);
    const columns = await database.columns('select * from example_clips');
    const compiled = await compileRule(database, rule, 0, example.options, {
      today: '2026-01-01',
      numbers: numberColumns(columns),
    });
    const answers = await writeLedger(database, {
      seed: 'example',
      rules: [compiled],
      dimensions: [],
    });
    await database.run('create temp table sampled_clips as select * from clips');
    await database.run(
      `create temp table sampled_media as select clip_id, 'path' as medium, null::varchar as identity from clips`,
    );
    const { outcomes, findings } = await judge(database, {
      compiled: [compiled],
      excluded: [],
      answers,
      dimensions: [],
      shardName: String,
      unread: [],
      population: clips.length,
      sampleSize: clips.length,
      maxFindings: 1_000,
    });
    const [outcome] = outcomes;
    if (outcome === undefined) throw new Error(`${rule.id}: no outcome`);
    return { outcome, findings };
  } finally {
    database.close();
  }
}

/** The clips of an example, those that only its evidence names included, with identity columns filled in. */
function clipRows(example: RuleExample): readonly Row[] {
  const rows = [...(example.tables['clips'] ?? [])];
  const known = new Set(rows.map((row) => row['key']));
  for (const [table, evidence] of Object.entries(example.tables)) {
    if (!isEvidenceTable(table)) continue;
    for (const row of evidence) {
      if (known.has(row['key'])) continue;
      known.add(row['key']);
      rows.push({ key: row['key'] });
    }
  }
  const shards = [...new Set(rows.map((row) => shardOf(row)))];
  const next = new Map<string, number>();
  return rows.map((row) => {
    const shard = shardOf(row);
    const rowNumber = Number(row['row_number'] ?? next.get(shard) ?? 0);
    next.set(shard, rowNumber + 1);
    const shardId = shards.indexOf(shard);
    return {
      ...row,
      shard,
      shard_id: shardId,
      row_number: rowNumber,
      clip_id: shardId * 2 ** 40 + rowNumber,
    };
  });
}

/** Tables about the files of a dataset, empty where an example gives no rows. */
const DATASET_TABLES = {
  shards: SHARD_COLUMNS,
  page_faults: PAGE_FAULT_COLUMNS,
  page_checksums: PAGE_CHECKSUM_COLUMNS,
  footer_checks: FOOTER_CHECK_COLUMNS,
  declared_rows: DECLARED_ROW_COLUMNS,
  declared_columns: DECLARED_COLUMN_COLUMNS,
  unnamed_files: UNNAMED_FILE_COLUMNS,
  tar_samples: TAR_SAMPLE_COLUMNS,
  tar_shards: TAR_SHARD_COLUMNS,
  tar_faults: TAR_FAULT_COLUMNS,
  caption_claims: CAPTION_CLAIM_COLUMNS,
  annotated_paths: ANNOTATED_PATH_COLUMNS,
} as const satisfies Readonly<Record<string, TableColumns>>;

/** What the tables hold that an example says nothing of: nothing, but for the shards of its clips. */
function untoldTables(rule: Rule, clips: readonly Row[]): Readonly<Record<string, readonly Row[]>> {
  const names = [
    ...Object.keys(DATASET_TABLES),
    ...(rule.scope === 'versions' ? Object.keys(VERSION_TABLES) : []),
  ];
  return { ...Object.fromEntries(names.map((name) => [name, []])), shards: shardsOf(clips) };
}

/** The rows of an example with what it need not state: clips of evidence, and that shards were read. */
function wholeRows(table: string, rows: readonly Row[], clips: readonly Row[]): readonly Row[] {
  if (isEvidenceTable(table))
    return rows.map((row, index) => {
      const clip = clips.find((each) => each['key'] === row['key']) ?? clips[index];
      return { medium: 'path', ...row, clip_id: clip?.['clip_id'] ?? index };
    });
  if (table !== 'shards') return rows;
  const usual = { state: 'read', format: 'parquet', compression: 'none', bad_rows: 0 };
  return rows.map((row, index) => {
    const shard = typeof row['shard'] === 'string' ? row['shard'] : `part-${index}`;
    return { ...usual, shard_id: index, shard, ...row };
  });
}

/** The shards that the clips of an example lie in. */
function shardsOf(clips: readonly Row[]): readonly Row[] {
  const names = [...new Set(clips.map((clip) => String(clip['shard'])))];
  return names.map((shard, index) => ({
    shard,
    shard_id: index,
    rows: clips.filter((clip) => clip['shard'] === shard).length,
  }));
}

async function fillTable(database: Database, table: string, rows: readonly Row[]): Promise<void> {
  const columns = columnsOf(table) ?? columnsIn(rows);
  await database.run(createTableSql(table, columns));
  const values = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toJson(value)])),
  );
  await insertRows(database, table, columns, values);
}

/** Columns of the tables that are the same in every room. */
function columnsOf(table: string): TableColumns | null {
  if (isEvidenceTable(table)) return evidenceColumns(table);
  if (hasTable(VERSION_TABLES, table)) return VERSION_TABLES[table];
  return hasTable(DATASET_TABLES, table) ? DATASET_TABLES[table] : null;
}

/** Columns by what rows hold. */
function columnsIn(rows: readonly Row[]): TableColumns {
  const given = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const names = given.length === 0 ? ['key', 'clip_id', 'shard_id', 'shard', 'row_number'] : given;
  return Object.fromEntries(
    names.map((name) => [name, clipType(name) ?? inferType(rows.map((row) => row[name]))]),
  );
}

function toJson(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value instanceof Date ? value.toISOString().replace('T', ' ').replace('Z', '') : value;
}

function clipType(column: string): string | null {
  const own: Readonly<Record<string, string>> = {
    clip_id: 'BIGINT',
    shard_id: 'INTEGER',
    shard: 'VARCHAR',
    row_number: 'BIGINT',
  };
  const canonical = Object.entries(CANONICAL_COLUMNS).find(([name]) => name === column)?.[1].type;
  return own[column] ?? canonical ?? null;
}

function inferType(values: readonly unknown[]): string {
  const value = values.find((each) => each !== null && each !== undefined);
  if (typeof value === 'boolean') return 'BOOLEAN';
  if (typeof value === 'number')
    return values.every((each) => each === null || each === undefined || Number.isSafeInteger(each))
      ? 'BIGINT'
      : 'DOUBLE';
  if (Array.isArray(value)) return `${inferType(value)}[]`;
  return 'VARCHAR';
}

function shardOf(row: Readonly<Record<string, unknown>>): string {
  return typeof row['shard'] === 'string' ? row['shard'] : 'part-0';
}
