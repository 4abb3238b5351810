import { createTableSql } from '../dataset/table-columns.ts';
import type { Database } from '../engine/database.ts';
import { byRows, type ColumnProfile, TOP_VALUES, type TopValue } from './column-profile.ts';
import { countDistinct, mergeDistinct } from './distinct-sketch.ts';
import { measureColumns } from './measure-columns.ts';
import { mergeValues, quantileOf } from './value-sketch.ts';

export type { ColumnProfile, TopValue } from './column-profile.ts';

/** `profile.json` of a run folder: what a later diff needs to know of the old values. */
export type ProfileDocument = {
  readonly schemaVersion: 1;
  readonly rows: number;
  /** Column by column, in the order of the dataset; lists, structs and blobs are left out. */
  readonly columns: readonly ColumnProfile[];
};

/** Columns of the table `profile`: one row for each column of each shard, and with `shard_id` null of all shards together. */
const PROFILE_COLUMNS = {
  column_name: 'VARCHAR',
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  type: 'VARCHAR',
  kind: 'VARCHAR',
  rows: 'BIGINT',
  nulls: 'BIGINT',
  empties: 'BIGINT',
  nans: 'BIGINT',
  infinities: 'BIGINT',
  distinct: 'BIGINT',
  min: 'DOUBLE',
  max: 'DOUBLE',
  mean: 'DOUBLE',
  median: 'DOUBLE',
  top_value: 'VARCHAR',
  top_share: 'DOUBLE',
} as const;

/**
 * Profiles the scalar columns of `clips`, over the ledger where it knows them and in two scans of the others; writes the table
 * `profile` and gives the profile of all shards together.
 */
export async function profileTable(
  database: Database,
  columns: readonly { readonly name: string; readonly type: string }[],
): Promise<ProfileDocument> {
  const measured = await measureColumns(database, columns);
  await database.run(createTableSql('profile', PROFILE_COLUMNS));
  const appender = await database.connection.createAppender('profile');
  const number = (value: number | null): void => {
    if (value === null || !Number.isFinite(value)) appender.appendNull();
    else appender.appendDouble(value);
  };
  const append = (
    each: Pick<
      ColumnProfile,
      | 'name'
      | 'type'
      | 'kind'
      | 'rows'
      | 'nulls'
      | 'empties'
      | 'nans'
      | 'infinities'
      | 'min'
      | 'max'
      | 'sum'
    >,
    place: { readonly shardId: number; readonly shard: string } | null,
    more: {
      readonly distinct: number;
      readonly median: number | null;
      readonly top: TopValue | null;
    },
  ): void => {
    appender.appendVarchar(each.name);
    if (place === null) {
      appender.appendNull();
      appender.appendNull();
    } else {
      appender.appendInteger(place.shardId);
      appender.appendVarchar(place.shard);
    }
    appender.appendVarchar(each.type);
    appender.appendVarchar(each.kind);
    for (const count of [
      each.rows,
      each.nulls,
      each.empties,
      each.nans,
      each.infinities,
      more.distinct,
    ])
      appender.appendBigInt(BigInt(count));
    number(each.min);
    number(each.max);
    const finite = each.rows - each.nulls - each.nans - each.infinities;
    number(finite === 0 ? null : each.sum / finite);
    number(more.median);
    if (more.top === null) {
      appender.appendNull();
      appender.appendNull();
    } else {
      appender.appendVarchar(more.top.value);
      appender.appendDouble(more.top.rows / each.rows);
    }
    appender.endRow();
  };
  for (const each of measured) {
    append(each.profile, null, {
      distinct: distinctOf(each.profile),
      median: quantileOf(each.profile.values, 0.5),
      top: each.profile.top[0] ?? null,
    });
    for (const shard of each.shards) {
      append({ ...each.profile, ...shard }, shard, {
        distinct: shard.distinct,
        median: null,
        top: null,
      });
    }
  }
  appender.closeSync();
  const profiles = measured.map((each) => each.profile);
  return { schemaVersion: 1, rows: profiles[0]?.rows ?? 0, columns: profiles };
}

/** Estimate of a column's different values; exact where all are listed. */
export function distinctOf(profile: ColumnProfile): number {
  return profile.isTopComplete
    ? profile.top.length
    : Math.min(countDistinct(profile.distinct), profile.rows - profile.nulls);
}

/** The profile of two parts together; columns of one part only are kept as they are. */
export function mergeProfiles(
  a: readonly ColumnProfile[],
  b: readonly ColumnProfile[],
): readonly ColumnProfile[] {
  const merged = a.map((each) => {
    const other = b.find((candidate) => candidate.name === each.name);
    return other === undefined ? each : mergeColumn(each, other);
  });
  return [...merged, ...b.filter((each) => !a.some((known) => known.name === each.name))];
}

function mergeColumn(a: ColumnProfile, b: ColumnProfile): ColumnProfile {
  const counts = new Map(a.top.map((each) => [each.value, each.rows]));
  for (const each of b.top) counts.set(each.value, (counts.get(each.value) ?? 0) + each.rows);
  const top = [...counts].map(([value, rows]) => ({ value, rows })).toSorted(byRows);
  return {
    ...a,
    kind: a.kind === b.kind ? a.kind : 'text',
    rows: a.rows + b.rows,
    nulls: a.nulls + b.nulls,
    empties: a.empties + b.empties,
    nans: a.nans + b.nans,
    infinities: a.infinities + b.infinities,
    min: either(a.min, b.min, Math.min),
    max: either(a.max, b.max, Math.max),
    sum: a.sum + b.sum,
    distinct: mergeDistinct(a.distinct, b.distinct),
    values: mergeValues(a.values, b.values),
    words:
      a.words === null || b.words === null ? (a.words ?? b.words) : mergeValues(a.words, b.words),
    top: top.slice(0, TOP_VALUES),
    isTopComplete: a.isTopComplete && b.isTopComplete && top.length <= TOP_VALUES,
  };
}

function either(
  a: number | null,
  b: number | null,
  pick: (a: number, b: number) => number,
): number | null {
  return a === null || b === null ? (a ?? b) : pick(a, b);
}
