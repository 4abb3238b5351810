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
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { Database } from '../engine/database.ts';
import { EVIDENCE_TABLES, type EvidenceColumns } from '../probes/evidence-tables.ts';
import type { Finding, RuleOutcome } from '../run/document.ts';
import { compileRule, isEvidenceTable } from './compile-rule.ts';
import { judge } from './judge.ts';
import { writeLedger } from './ledger.ts';
import { numberColumns } from './number-columns.ts';
import { completeClips, furnish } from './room.ts';
import type { Rule, RuleExample } from './rule.ts';
import {
  createVersionTable,
  isVersionTable,
  VERSION_TABLES,
  type VersionTable,
} from './version-tables.ts';

type Row = Readonly<Record<string, unknown>>;

/** Runs one example of a rule through the same room, scan and judge as a dataset. */
export async function runExample(
  rule: Rule,
  example: RuleExample,
): Promise<{ readonly outcome: RuleOutcome; readonly findings: readonly Finding[] }> {
  const database = await Database.open({
    file: ':memory:',
    memoryLimit: '500MB',
    tempDirectory: '',
    threads: 1,
  });
  try {
    const clips = clipRows(example);
    await createTable(database, 'example_clips', clips, (name) => clipType(name));
    await database.run('create view clips as select * from example_clips');
    await completeClips(database);
    await furnish(database);
    for (const [table, rows] of Object.entries(example.tables)) {
      if (table === 'clips') continue;
      const keyed = rows.map((row, index) => evidenceRow(row, index, clips));
      if (isEvidenceTable(table)) await fillEvidence(database, table, keyed);
      else if (isVersionTable(table)) await fillVersionTable(database, table, rows);
      else if (table === 'shards') await fillShards(database, rows);
      else if (hasName(DATASET_TABLES, table)) await fillKnown(database, table, rows);
      else await createTable(database, table, rows, () => null);
    }
    if (example.tables['shards'] === undefined) await fillShards(database, shardsOf(clips));
    for (const table of Object.keys(DATASET_TABLES)) {
      if (hasName(DATASET_TABLES, table) && example.tables[table] === undefined)
        await fillKnown(database, table, []);
    }
    if (rule.scope === 'versions') {
      for (const table of Object.keys(VERSION_TABLES)) {
        if (isVersionTable(table) && example.tables[table] === undefined)
          await database.run(createVersionTable(table));
      }
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

function evidenceRow(row: Row, index: number, clips: readonly Row[]): Row {
  const clip = clips.find((each) => each['key'] === row['key']) ?? clips[index];
  return { medium: 'path', ...row, clip_id: clip?.['clip_id'] ?? index };
}

async function fillEvidence(
  database: Database,
  table: string,
  rows: readonly Row[],
): Promise<void> {
  const columns: EvidenceColumns =
    Object.entries(EVIDENCE_TABLES).find(([name]) => name === table)?.[1] ?? {};
  await createTable(database, `example_${table}`, rows, (name) =>
    name === 'clip_id' ? 'BIGINT' : (columns[name]?.type ?? null),
  );
  const given = (await database.columns(`select * from example_${table}`))
    .map((column) => column.name)
    .filter((name) => name === 'clip_id' || name === 'medium' || Object.hasOwn(columns, name));
  const list = given.map(quoteIdentifier).join(', ');
  await database.run(`insert into ${table} (${list}) select ${list} from example_${table}`);
}

/** Tables about the files of a dataset, empty where an example gives no rows. */
const DATASET_TABLES = {
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
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

function hasName<T extends object>(object: T, name: string): name is Extract<keyof T, string> {
  return Object.hasOwn(object, name);
}

async function fillKnown(
  database: Database,
  table: keyof typeof DATASET_TABLES,
  rows: readonly Row[],
): Promise<void> {
  const known: Readonly<Record<string, string>> = DATASET_TABLES[table];
  const columns = Object.entries(known).map(([name, type]) => `"${name}" ${type}`);
  if (rows.length === 0) {
    await database.run(`create table ${table} (${columns.join(', ')})`);
    return;
  }
  const nothing = Object.fromEntries(Object.keys(known).map((name) => [name, null]));
  const whole = rows.map((row) => ({ ...nothing, ...row }));
  await createTable(database, table, whole, (name) => known[name] ?? null);
}

/** The table `shards`; what an example does not state is as in a shard that was read. */
async function fillShards(database: Database, rows: readonly Row[]): Promise<void> {
  const usual = { state: 'read', format: 'parquet', compression: 'none', bad_rows: 0 };
  const known: Readonly<Record<string, string>> = SHARD_COLUMNS;
  const whole = rows.map((row, index) => {
    const shard = typeof row['shard'] === 'string' ? row['shard'] : `part-${index}`;
    const nothing = Object.fromEntries(Object.keys(known).map((name) => [name, null]));
    return { ...nothing, ...usual, shard_id: index, shard, ...row };
  });
  const columns = Object.entries(known).map(([name, type]) => `"${name}" ${type}`);
  if (whole.length === 0) await database.run(`create table shards (${columns.join(', ')})`);
  else await createTable(database, 'shards', whole, (name) => known[name] ?? null);
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

async function fillVersionTable(
  database: Database,
  table: VersionTable,
  rows: readonly Row[],
): Promise<void> {
  const columns: Readonly<Record<string, { readonly type: string }>> = VERSION_TABLES[table];
  await database.run(createVersionTable(table));
  await createTable(database, `example_${table}`, rows, (name) => columns[name]?.type ?? null);
  await database.run(`insert into ${table} by name select * from example_${table}`);
}

async function createTable(
  database: Database,
  name: string,
  rows: readonly Row[],
  typeOf: (column: string) => string | null,
): Promise<void> {
  const given = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns =
    given.length === 0 ? ['key', 'clip_id', 'shard_id', 'shard', 'row_number'] : given;
  const list = columns.map((column) => {
    const type = typeOf(column) ?? inferType(rows.map((row) => row[column]));
    return `${quoteIdentifier(column)} ${type}`;
  });
  await database.run(`create table ${quoteIdentifier(name)} (${list.join(', ')})`);
  for (const row of rows) {
    const values = columns.map((column, index) => {
      const type = typeOf(column) ?? inferType(rows.map((each) => each[column]));
      return `from_json($v${index}::json, '"${type}"') as ${quoteIdentifier(column)}`;
    });
    const parameters = Object.fromEntries(
      columns.map((column, index) => [`v${index}`, JSON.stringify(toJson(row[column]))]),
    );
    await database.run(
      `insert into ${quoteIdentifier(name)} select ${values.join(', ')}`,
      parameters,
    );
  }
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
