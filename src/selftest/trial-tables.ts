import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { type Database, maybe, numberOf, textOf } from '../engine/database.ts';
import { EVIDENCE_TABLES } from '../probes/evidence-tables.ts';

type Row = Readonly<Record<string, unknown>>;

/** Makes `base_clips` and `base_<evidence>`: the rows that faults are put into, out of the room and a run folder. */
export async function makeBase(database: Database, evidenceFolder: string): Promise<void> {
  await database.run(
    `create temp table base_clips as select * from clips
     where row_number in (select ledger.row_number from ledger join sample using (clip_id))
       and clip_id in (select clip_id from sample)`,
  );
  for (const table of Object.keys(EVIDENCE_TABLES)) {
    const file = quoteLiteral(`${evidenceFolder}/${table}.parquet`);
    const found = await database.rows(`select 1 from glob(${file})`).catch(() => []);
    await database.run(
      found.length === 0
        ? `create temp table base_${table} as select * from ${table} limit 0`
        : `create temp table base_${table} as select * exclude (key) from read_parquet(${file})
           where clip_id in (select clip_id from base_clips)`,
    );
  }
  await database.run('create temp table trial_clips as select * from base_clips');
  await database.run('create or replace temp view clips as select * from trial_clips');
}

/** Puts the tables of a trial back to what the dataset says. */
export async function resetTrial(database: Database, tables: readonly string[]): Promise<void> {
  await database.run('drop view if exists temp.clips');
  await database.run('create or replace temp table trial_clips as select * from base_clips');
  await database.run('create or replace temp view clips as select * from trial_clips');
  for (const table of tables) {
    await database.run(`delete from ${table}`);
    await database.run(`insert into ${table} by name select * from base_${table}`);
  }
}

/** Finishes the tables that judging reads, once faults are in. */
export async function sealTrial(database: Database): Promise<void> {
  for (const table of ['sampled_clips', 'sampled_media', 'picked', 'picked_clips']) {
    await database.run(`drop table if exists ${table}`);
  }
  await database.run(`create temp table sampled_clips as select * from trial_clips`);
  await database.run(
    `create temp table sampled_media as select distinct clip_id, medium, null::varchar as identity from files`,
  );
}

/** Gives the clips in `ids` the values of `row` in one table of the trial; false if the table lacks one of the columns. */
export async function overlay(
  database: Database,
  table: string,
  row: Row,
  ids: readonly bigint[],
): Promise<boolean> {
  const target = table === 'clips' ? 'trial_clips' : table;
  const types = new Map(
    (await database.columns(`select * from ${target}`)).map((each) => [each.name, each.type]),
  );
  const names = Object.keys(row);
  if (names.some((name) => !types.has(name))) return false;
  if (names.length === 0 || ids.length === 0) return true;
  const parameters = Object.fromEntries(
    names.map((name, index) => [`v${index}`, JSON.stringify(row[name] ?? null)]),
  );
  const sets = names.map(
    (name, index) =>
      `${quoteIdentifier(name)} = from_json($v${index}::json, '${JSON.stringify(types.get(name) ?? 'VARCHAR').replaceAll("'", "''")}')`,
  );
  await database.run(
    `update ${target} set ${sets.join(', ')} where clip_id in (${ids.join(', ')})`,
    parameters,
  );
  return true;
}

/** Clips that the rule failed, suppressed or not, in the order of the manifest. */
export async function failingClips(
  database: Database,
  ruleIndex: number,
): Promise<ReadonlySet<bigint>> {
  const rows = await database.rows(
    `select distinct clip_id from failing_clips where rule_index = ${ruleIndex}`,
  );
  return new Set(rows.map((row) => BigInt(numberOf(row['clip_id']))));
}

/** A clip that a fault can be put into, and the evidence tables that have a row of it. */
export type Target = {
  readonly id: bigint;
  readonly caption: string | null;
  readonly duration_s: number | null;
  readonly tables: ReadonlySet<string>;
};

/** Clips of the base that have a row in each of the `required` evidence tables, in an order that the seed decides. */
export async function targetsOf(
  database: Database,
  required: readonly string[],
  evidence: readonly string[],
  seed: string,
): Promise<readonly Target[]> {
  const tests = required.map((table) => `clip_id in (select clip_id from base_${table})`);
  const marks = evidence.map(
    (table) => `if(clip_id in (select clip_id from base_${table}), '${table}', null)`,
  );
  const rows = await database.rows(
    `select clip_id, caption::varchar as caption, try_cast(duration_s as double) as duration_s,
       list_filter([${marks.join(', ')}]::varchar[], lambda each: each is not null) as measured
     from base_clips where ${tests.join(' and ') || 'true'}
     order by md5($seed || '/' || clip_id), clip_id`,
    { seed },
  );
  return rows.map((row) => ({
    id: BigInt(numberOf(row['clip_id'])),
    caption: maybe(row['caption'], textOf),
    duration_s: maybe(row['duration_s'], numberOf),
    tables: new Set(Array.isArray(row['measured']) ? row['measured'].map(String) : []),
  }));
}
