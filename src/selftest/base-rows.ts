import { resolve } from 'node:path';

import type { Config } from '../config/config.ts';
import { CANONICAL_COLUMNS, RESERVED_COLUMNS } from '../dataset/canonical-columns.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { Database, maybe, numberOf, type SqlValue, textOf } from '../engine/database.ts';
import type { FaultRow } from '../faults/row-fault.ts';
import { writeLedger } from '../judge/ledger.ts';
import { openRoom } from '../judge/room.ts';
import type { RunDocument } from '../run/document.ts';
import { createSample } from '../sampling/draw-sample.ts';

/** A column of a copy, with its DuckDB type. */
export type CopyColumn = { readonly name: string; readonly type: string };

/** Rows of the dataset that faults are put into. */
export type BaseRows = {
  readonly columns: readonly CopyColumn[];
  readonly rows: readonly FaultRow[];
  /** Canonical columns that the dataset really has. */
  readonly own: ReadonlySet<string>;
};

/** Files that copies are cut into: enough to show what lies in one of them, large enough to judge each. */
const ROWS_PER_SHARD = 60;
const MOST_SHARDS = 6;

/** Types that survive a way through JSON. */
const PLAIN =
  /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|UINTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|VARCHAR|BOOLEAN|DATE|TIMESTAMP.*)(?:\[\d*\])?$/;

/** Opens the dataset in a room of its own, with a sample of `count` clips drawn as a scan draws it. */
export async function openBase(
  config: Config,
  cwd: string,
  runFolder: string,
  count: number,
): Promise<{ readonly database: Database; readonly drawn: number }> {
  const database = await Database.open({
    memoryLimit: config.memoryLimit ?? '2GB',
    tempDirectory: resolve(runFolder, 'spill'),
    threads: config.workers ?? 2,
  });
  try {
    await openRoom(database, {
      inputs: config.dataset,
      cwd,
      columns: config.columns,
      mediaRoot: config.mediaRoot,
      stores: config.stores,
      ownFolders: [resolve(runFolder)],
    });
    await writeLedger(database, { seed: config.seed, rules: [], dimensions: [] });
    const drawn = await createSample(database.connection, {
      from: 'ledger',
      sample: { kind: 'count', clips: count },
    });
    return { database, drawn: drawn.size };
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/** The sampled rows, each key once, in the order of the manifest; needs `base_clips`. */
export async function readBaseRows(database: Database, run: RunDocument): Promise<BaseRows> {
  const own = new Set(run.dataset.columns.map((column) => column.role ?? column.name));
  const reserved: ReadonlySet<string> = new Set(RESERVED_COLUMNS);
  const columns = (await database.columns('select * from base_clips')).filter(
    (column) => own.has(column.name) && !reserved.has(column.name) && PLAIN.test(column.type),
  );
  const names = columns.filter((column) => column.name !== 'key');
  const selected = names.map(({ name, type }) =>
    /^(?:DATE|TIMESTAMP|DECIMAL|HUGE|UHUGE)/.test(type)
      ? `${quoteIdentifier(name)}::${/^DECIMAL|HUGE/.test(type) ? 'double' : 'varchar'} as ${quoteIdentifier(name)}`
      : quoteIdentifier(name),
  );
  const found = await database.rows(
    `select ${["coalesce(key, path, 'row-' || clip_id) as key", ...selected].join(', ')}
     from base_clips
     qualify row_number() over (partition by coalesce(key, path, 'row-' || clip_id) order by clip_id) = 1
     order by shard_id, row_number`,
  );
  const shards = Math.min(MOST_SHARDS, Math.max(1, Math.floor(found.length / ROWS_PER_SHARD)));
  const rows = found.map((row, index): FaultRow => ({
    ...Object.fromEntries(names.map(({ name }) => [name, plain(row[name])])),
    key: textOf(row['key']),
    shard: Math.floor((index * shards) / found.length),
  }));
  return { columns: [{ name: 'key', type: 'VARCHAR' }, ...names], rows, own };
}

/** Columns that a look at a medium gives, where the manifest does not declare them. */
const MEASURED: Readonly<Record<string, { readonly table: string; readonly sql: string }>> = {
  duration_s: { table: 'containers', sql: 'duration_s' },
  fps: { table: 'containers', sql: 'fps' },
  frame_count: { table: 'containers', sql: 'frame_count' },
  width_px: { table: 'containers', sql: 'display_width_px' },
  height_px: { table: 'containers', sql: 'display_height_px' },
  sample_rate_hz: { table: 'containers', sql: 'sample_rate_hz' },
  size_bytes: { table: 'files', sql: 'size_bytes' },
};

/**
 * The rows whose media were looked at. What the manifest does not declare of them is taken from what was measured, so
 * that a declaration can be made wrong.
 */
export async function readMeasuredRows(database: Database, base: BaseRows): Promise<BaseRows> {
  const added = Object.entries(MEASURED).filter(([name]) => !base.own.has(name));
  const found = await database.rows(
    `select coalesce(clips.key, clips.path, 'row-' || clips.clip_id) as key,
       ${['true as seen', ...added.map(([name, { table, sql }]) => `any_value(base_${table}.${sql}) as ${name}`)].join(', ')}
     from base_clips as clips
     join base_files on base_files.clip_id = clips.clip_id
     left join base_containers on base_containers.clip_id = clips.clip_id
     group by 1`,
  );
  const measured = new Map(found.map((row) => [textOf(row['key']), row]));
  const known = added.filter(([name]) => found.some((row) => row[name] !== null));
  return {
    own: new Set([...base.own, ...known.map(([name]) => name)]),
    columns: [
      ...base.columns,
      ...known.map(([name]) => ({
        name,
        type:
          Object.entries(CANONICAL_COLUMNS).find(([each]) => each === name)?.[1].type ?? 'DOUBLE',
      })),
    ],
    rows: base.rows.flatMap((row) => {
      const seen = measured.get(row.key);
      if (seen === undefined) return [];
      const more = known.map(([name]) => [name, maybe(seen[name], numberOf)]);
      return [{ ...row, ...Object.fromEntries(more) }];
    }),
  };
}

function plain(value: SqlValue | undefined): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  return value ?? null;
}
