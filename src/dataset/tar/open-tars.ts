import type { DuckDBConnection } from '@duckdb/node-api';

import type { Progress } from '../../progress.ts';
import type { ShardFile } from '../shard-file.ts';
import { appendTo, openRowStore } from '../row-store.ts';
import { numberOf, readRows } from '../rows.ts';
import { quoteIdentifier } from '../sql-quote.ts';
import {
  type NamedType,
  type RowSource,
  type ShardReading,
  SOURCE_ROW_NUMBER,
  SOURCE_SHARD_ID,
  unreadShard,
} from '../source.ts';
import { type IndexedTar, indexTars, TAR_LINES } from './index-tars.ts';
import { openRows } from './open-rows.ts';
import type { TarAccess } from './open-tar.ts';
import { FIELD_PREFIX, longestContent } from './sample-fields.ts';
import { countExtensions, findParallelTars, type ParallelTars, rolesOf } from './tar-layout.ts';
import { TAR_SHARD_COLUMNS } from './tar-tables.ts';
import { createTableSql } from '../table-columns.ts';

/** Rows as JSON objects, one a sample, with the fields of parallel tars. */
const TAR_ROWS = 'tar_rows';

/**
 * Tars as shards: every sample is a row, as the WebDataset library groups members. A member is a column by its extension
 * (media by where they lie), the fields of a JSON member are columns of their own, and samples of parallel tars are joined by
 * key. Fills `tar_samples`, `tar_shards` and `tar_faults`.
 */
export async function openTars(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
  access: TarAccess,
  progress?: Progress,
): Promise<RowSource> {
  const prefix = await openRowStore(connection, files);
  const indexed = await indexTars(connection, prefix, files, access, progress);
  const lines = `${prefix}${TAR_LINES}`;
  const read = indexed.filter((tar) => tar.error === null);
  const parallel = await findParallelTars(read, async (pairs) =>
    countSharedKeys(connection, lines, pairs),
  );
  const joinedTo = new Map(
    [...parallel].flatMap(([main, sides]) => sides.map((side) => [side, main] as const)),
  );
  await writeTarShards(connection, indexed, joinedTo);
  await connection.run(
    `create or replace table ${prefix}${TAR_ROWS} as ${rowsOf(lines, parallel)}`,
  );
  const main = read.filter((tar) => !joinedTo.has(tar.file.index));
  const source = await openRows(
    connection,
    main.map((tar) => tar.file),
    `${prefix}${TAR_ROWS}`,
    prefix,
  );
  await connection.run(`drop table ${prefix}${TAR_ROWS}`);
  await connection.run(`alter table ${lines} drop column fields`);
  await connection.run(
    `create or replace view tar_samples as
     select l.shard_id, t.shard, l.sample, l."key", from_json(l.extensions, '["VARCHAR"]') as extensions,
       from_json(l.duplicates, '["VARCHAR"]') as duplicates
     from ${lines} l join tar_shards t using (shard_id)`,
  );
  return describe(source, indexed, joinedTo);
}

/** What the rows are, once it is known which columns there are. */
function describe(
  source: RowSource,
  indexed: readonly IndexedTar[],
  joinedTo: ReadonlyMap<number, number>,
): RowSource {
  const columns = nameColumns(source.columns);
  const nameOf = (extension: string): string | undefined =>
    columns.find(({ column }) => column.name === FIELD_PREFIX + extension)?.name;
  const { media, caption } = rolesOf(countExtensions(indexed));
  const paths = media.flatMap((each) => nameOf(each) ?? []);
  const captionName = caption === null ? undefined : nameOf(caption);
  const readings = new Map(source.shards.map((shard) => [shard.file.index, shard]));
  return {
    ...source,
    from: `(select ${columns
      .map(({ column, name }) => `${quoteIdentifier(column.name)} as ${quoteIdentifier(name)}`)
      .concat([SOURCE_SHARD_ID, SOURCE_ROW_NUMBER])
      .join(', ')} from ${source.from})`,
    columns: columns.map(({ column, name }) => ({ name, type: column.type })),
    shards: indexed.map((tar) => readingOf(tar, readings, joinedTo)),
    roles: {
      key: ['__key__'],
      ...(paths.length === 0 ? {} : { path: paths }),
      ...(captionName === undefined ? {} : { caption: [captionName] }),
    },
    places: columns.flatMap(({ column, name }) =>
      column.name.startsWith(FIELD_PREFIX) && longestContent(name) === null ? [name] : [],
    ),
    warnings: [tellIndex(indexed, joinedTo), ...source.warnings],
  };
}

/** Columns of members lose their dot; fields of JSON that have the name of one get another. */
function nameColumns(
  columns: readonly NamedType[],
): readonly { readonly column: NamedType; readonly name: string }[] {
  const ofMembers = new Set(
    columns.flatMap(({ name }) =>
      name.startsWith(FIELD_PREFIX) ? [name.slice(FIELD_PREFIX.length).toLowerCase()] : [],
    ),
  );
  const used = new Set(ofMembers);
  return columns.map((column) => {
    if (column.name.startsWith(FIELD_PREFIX))
      return { column, name: column.name.slice(FIELD_PREFIX.length) };
    let { name } = column;
    while (used.has(name.toLowerCase())) name = `json_${name}`;
    used.add(name.toLowerCase());
    return { column, name };
  });
}

function readingOf(
  tar: IndexedTar,
  readings: ReadonlyMap<number, ShardReading>,
  joinedTo: ReadonlyMap<number, number>,
): ShardReading {
  const reading = readings.get(tar.file.index);
  const facts = { members: tar.members, cutOff: tar.cutOff };
  if (tar.error !== null) return { ...unreadShard(tar.file, tar.error), ...facts };
  if (joinedTo.has(tar.file.index))
    return { ...unreadShard(tar.file, ''), error: null, ...facts, isJoined: true };
  const schema = (reading?.schema ?? []).map(({ name, type }) => ({
    name: name.startsWith(FIELD_PREFIX) ? name.slice(FIELD_PREFIX.length) : name,
    type,
  }));
  const read = reading ?? { ...unreadShard(tar.file, ''), error: null };
  return { ...read, ...facts, schema, file: tar.file };
}

function tellIndex(indexed: readonly IndexedTar[], joinedTo: ReadonlyMap<number, number>): string {
  const members = indexed.reduce((sum, tar) => sum + tar.members, 0);
  const samples = indexed
    .filter((tar) => !joinedTo.has(tar.file.index))
    .reduce((sum, tar) => sum + tar.samples, 0);
  const joined =
    joinedTo.size === 0 ? '' : `, ${count(joinedTo.size)} of them joined to others by key`;
  const byIndex = indexed.filter((tar) => tar.isByIndex).length;
  const headers =
    byIndex === 0 ? '' : `; ${count(byIndex)} of them by the .idx beside, without their headers`;
  return `no manifest: the samples of ${count(indexed.length)} ${indexed.length === 1 ? 'tar' : 'tars'} are the rows (${count(members)} members, ${count(samples)} samples${joined}${headers})`;
}

function count(n: number): string {
  return n.toLocaleString('en');
}

async function countSharedKeys(
  connection: DuckDBConnection,
  lines: string,
  pairs: readonly (readonly [number, number])[],
): Promise<number> {
  if (pairs.length === 0) return 0;
  const [row] = await readRows(
    connection,
    `select count(*) as n from (values ${pairs.map(([a, b]) => `(${a}, ${b})`).join(', ')}) p(a, b)
     join ${lines} x on x.shard_id = p.a join ${lines} y on y.shard_id = p.b and y."key" = x."key"`,
  );
  return numberOf(row?.['n']);
}

async function writeTarShards(
  connection: DuckDBConnection,
  indexed: readonly IndexedTar[],
  joinedTo: ReadonlyMap<number, number>,
): Promise<void> {
  await connection.run(createTableSql('tar_shards', TAR_SHARD_COLUMNS));
  const nameOf = new Map(indexed.map((tar) => [tar.file.index, tar.file.name]));
  const rows = await appendTo(connection, '', 'tar_shards');
  for (const { file, members, samples } of indexed) {
    const main = joinedTo.get(file.index);
    const slash = file.name.lastIndexOf('/');
    rows.appendInteger(file.index);
    rows.appendVarchar(file.name);
    rows.appendBigInt(BigInt(members));
    rows.appendBigInt(BigInt(samples));
    rows.appendBigInt(BigInt(file.bytes));
    rows.appendVarchar(file.name.slice(0, Math.max(0, slash)));
    rows.appendVarchar(file.name.slice(slash + 1));
    if (main === undefined) rows.appendNull();
    else rows.appendVarchar(nameOf.get(main) ?? '');
    rows.endRow();
  }
  rows.closeSync();
}

/** Samples of the main tars with the fields of the first sample of the same key in each of their parallel tars. */
function rowsOf(lines: string, parallel: ParallelTars): string {
  const own = `'{"__key__":' || to_json(m."key")::varchar`;
  const sides = [...parallel].flatMap(([main, each]) => each.map((side) => `(${side}, ${main})`));
  if (sides.length === 0)
    return `select shard_id, sample, ${own} || if(fields = '', '', ',' || fields) || '}' as line from ${lines} m`;
  return `with sides(side, main) as (values ${sides.join(', ')}),
    more as (
      select main, "key", string_agg(fields, ',' order by side) as fields
      from (select s.main, s.side, l."key", first(l.fields order by l.sample) as fields
            from ${lines} l join sides s on s.side = l.shard_id group by all)
      where fields <> ''
      group by main, "key"
    )
    select m.shard_id, m.sample,
      ${own} || if(m.fields = '', '', ',' || m.fields) || if(more.fields is null, '', ',' || more.fields) || '}' as line
    from ${lines} m left join more on more.main = m.shard_id and more."key" = m."key"
    where m.shard_id not in (select side from sides)`;
}
