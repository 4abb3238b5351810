import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from './shard-file.ts';
import type { Cell } from './rows.ts';
import { numberOf, readRows, textOf, textsOf, shardErrorText } from './rows.ts';
import type { PageFault } from './page-faults.ts';
import { rowsOutside } from './page-faults.ts';
import { scratchFile } from './row-store.ts';
import { ScratchDatabase } from './scratch-database.ts';
import { escapeGlob, quoteIdentifier, quoteLiteral, quotePathList } from './sql-quote.ts';
import type { NamedType, RowSource, ShardReading } from './source.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID, readShard, unreadShard } from './source.ts';
import { faultOfLists } from './nested-levels.ts';
import { transcodeParquet } from './transcode-parquet.ts';
import { verifyParquetShards } from './verify-shards.ts';
import { widenSchemas } from './widen-types.ts';

/** Footers asked for in one query; where one of them is broken the batch is asked file by file. */
const FOOTERS_PER_QUERY = 64;

/** Datasets up to this size are decoded whole at open: damage shows early, and costs a fraction of a second to look for. */
const VERIFIED_BYTES = 8 * 1024 * 1024;

type Footer = Omit<
  ShardReading,
  'schema' | 'error' | 'badRows' | 'members' | 'cutOff' | 'isJoined'
> & {
  readonly physicalSchema: string;
  /** A codec or encoding that cannot be decoded, in words. */
  readonly unsupported: string | null;
  /** Written in a way that DuckDB cannot decode, and that can be written anew. */
  readonly isOutdated: boolean;
};

/** Parquet shards as one relation over `read_parquet`, an explicit file list for each schema among them. */
export async function openParquet(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
): Promise<RowSource> {
  // Geometry is of no interest here, and reading its metadata refuses files that are fine otherwise.
  await connection.run('set enable_geoparquet_conversion = false').catch(() => undefined);
  const scratch = await ScratchDatabase.like(connection);
  const { read, unread } = await lookAtShards(connection, scratch, files).finally(() =>
    scratch.close(),
  );
  for (const { file } of read.filter(hasVariant)) await file.twin?.fetch(null);
  const variants = await verifyParquetShards(
    connection,
    read.filter(hasVariant).map((shard) => shard.file),
  );
  for (const [index, error] of variants) {
    const at = read.findIndex((shard) => shard.file.index === index);
    unread.push(...read.splice(at, 1).map((shard) => unreadShard(shard.file, error)));
  }
  const isSmall = read.reduce((sum, shard) => sum + shard.file.bytes, 0) <= VERIFIED_BYTES;
  for (const shard of isSmall ? [...read] : []) {
    const fault = shard.file.twin === undefined ? await faultOfLists(connection, shard) : null;
    if (fault === null) continue;
    read.splice(read.indexOf(shard), 1);
    unread.push(unreadShard(shard.file, fault));
  }
  read.sort((a, b) => a.file.index - b.file.index);
  const columns = await widenSchemas(
    connection,
    read.map((shard) => shard.schema),
  );
  const shards = [...read, ...unread].toSorted((a, b) => a.file.index - b.file.index);
  return {
    from: relationOf(read, columns, []),
    columns,
    shards,
    files: read.map((shard) => shard.file.path),
    warnings: [...tellCopies(files, read), ...(await tellFarTimes(connection, read))],
    parquet: {
      isDoubtful: isSmall,
      head: (rows) => {
        const first = groupSelect(read.slice(0, 1), columns);
        return read.length === 0 ? '(select null)' : `(${first} where file_row_number < ${rows})`;
      },
      without: (faults) => relationOf(read, columns, faults),
    },
  };
}

/** Names the shards that are read through a copy: it costs a read and a write of the file. */
function tellCopies(files: readonly ShardFile[], read: readonly ShardReading[]): string[] {
  const paths = new Set(files.map((file) => file.path));
  const copied = read.filter((shard) => !paths.has(shard.file.path));
  const [first] = copied;
  return first === undefined
    ? []
    : [
        `${copied.length} shard(s) in LZ4 of Hadoop, in BYTE_STREAM_SPLIT of other types than floats or with maps without values were read through a copy, first ${first.file.name}: ZSTD or SNAPPY would be read at once`,
      ];
}

/** Time stamps of INT96 are days and nanoseconds of any size: beyond these years they wrap, and year 290000 reads as 226414 BC. */
const BELIEVABLE = `between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'`;

function isInt96(shard: ShardReading | undefined, column: NamedType): boolean {
  return column.type === 'TIMESTAMP' && shard?.int96?.includes(column.name) === true;
}

/** Says where time stamps of INT96 cannot be believed and are taken as unknown; shards in object stores are not asked. */
async function tellFarTimes(
  connection: DuckDBConnection,
  read: readonly ShardReading[],
): Promise<string[]> {
  const told: string[] = [];
  for (const shard of read.filter(({ file }) => file.twin === undefined)) {
    for (const column of shard.schema.filter((each) => isInt96(shard, each))) {
      const [row] = await readRows(
        connection,
        `select count(*) filter (where not ${quoteIdentifier(column.name)} ${BELIEVABLE}) as n
         from read_parquet(${quotePathList([shard.file.path])}, hive_partitioning = false)`,
      ).catch(() => []);
      const far = row === undefined ? 0 : numberOf(row['n']);
      if (far > 0)
        told.push(
          `${shard.file.name}, column ${column.name}: ${far} time stamp(s) of INT96 lie outside of the years 1 to 9999 and are taken as unknown`,
        );
    }
  }
  return told;
}

/** The readable rows of all shards, but those of row groups with faults. */
function relationOf(
  read: readonly ShardReading[],
  columns: readonly NamedType[],
  faults: readonly PageFault[],
): string {
  const faulty = new Set(faults.map((fault) => fault.shardId));
  // A shard with faults is read by itself, so that the predicate on its rows skips the bad row groups.
  const groups = groupBy(read, (shard) =>
    faulty.has(shard.file.index)
      ? `#${shard.file.index}`
      : JSON.stringify([shard.schema, shard.int96]),
  );
  const selects = groups.map((group) => {
    const own = faults.filter((fault) => fault.shardId === group[0]?.file.index);
    const only = rowsOutside(own);
    return `${groupSelect(group, columns)}${only === null ? '' : ` where ${only}`}`;
  });
  return selects.length === 0 ? '(select null)' : `(${selects.join(' union all ')})`;
}

/** What DuckDB says of a map that has keys and no values. */
const MAP_OF_KEYS = 'MAP_KEY_VALUE requires two children';

type Looked = { readonly read: ShardReading[]; readonly unread: ShardReading[] };

/** A copy of a shard that DuckDB can decode, under the name of the shard; or why there is none. */
async function writeAnew(
  connection: DuckDBConnection,
  scratch: ScratchDatabase,
  file: ShardFile,
): Promise<ShardFile | string> {
  const path = await scratchFile(connection, 'parquet');
  try {
    await file.twin?.fetch(null);
    await transcodeParquet(file.path, path);
    const { twin: _, ...rest } = file;
    const copy = { ...rest, path };
    // A footer that was damaged in a place that nobody read shows here, not when the rows are asked for.
    await scratch.use((room) => describeFile(room, copy));
    return copy;
  } catch (error) {
    return `it can be read through a copy only, and that failed: ${shardErrorText(error)}`;
  }
}

async function lookAtShards(
  connection: DuckDBConnection,
  scratch: ScratchDatabase,
  files: readonly ShardFile[],
): Promise<Looked> {
  const unread: ShardReading[] = [];
  const footers: Footer[] = [];
  for (let at = 0; at < files.length; at += FOOTERS_PER_QUERY) {
    const batch = files.slice(at, at + FOOTERS_PER_QUERY);
    try {
      footers.push(...(await scratch.use((room) => readFooters(room, batch))));
    } catch (whole) {
      shardErrorText(whole);
      for (const file of batch) {
        try {
          footers.push(...(await scratch.use((room) => readFooters(room, [file]))));
        } catch (error) {
          const reason = shardErrorText(error);
          const copy = reason.includes(MAP_OF_KEYS)
            ? await writeAnew(connection, scratch, file)
            : reason;
          if (typeof copy === 'string') unread.push(unreadShard(file, copy));
          else footers.push(...(await scratch.use((room) => readFooters(room, [copy]))));
        }
      }
    }
  }
  const read: ShardReading[] = [];
  for (const group of groupBy(footers, (footer) => footer.physicalSchema)) {
    const [first] = group;
    if (first === undefined) continue;
    try {
      const schema = await scratch.use((room) => describeFile(room, first.file));
      for (const { physicalSchema: _, unsupported, isOutdated, ...footer } of group) {
        if (unsupported !== null) {
          unread.push(unreadShard(footer.file, unsupported));
          continue;
        }
        const file = isOutdated ? await writeAnew(connection, scratch, footer.file) : footer.file;
        if (typeof file === 'string') unread.push(unreadShard(footer.file, file));
        else read.push({ ...readShard(file, footer.rows, 0, schema), ...footer, file });
      }
    } catch (error) {
      for (const footer of group) unread.push(unreadShard(footer.file, shardErrorText(error)));
    }
  }
  return { read, unread };
}

/** A malformed VARIANT is fatal to the database that reads it, so such shards are always decoded beforehand. */
function hasVariant(shard: ShardReading): boolean {
  return shard.schema.some((column) => column.type.includes('VARIANT'));
}

/** No caption, path or embedding is so long; DuckDB would hold several such values at once. */
const LONGEST_VALUE_BYTES = 256 * 1024 * 1024;

/** What DuckDB 1.5 cannot decode, or not in bounded memory, in words; null if it can. */
function unsupportedFeature(codecs: readonly string[], bytesAValue: number): string | null {
  if (bytesAValue > LONGEST_VALUE_BYTES)
    return `its values are ${(bytesAValue / 1e6).toFixed(0)} MB long on average: that is no manifest`;
  return codecs.includes('LZO')
    ? 'the LZO codec is not supported: write it as ZSTD or SNAPPY'
    : null;
}

async function readFooters(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
): Promise<Footer[]> {
  const list = quotePathList(files.map((file) => file.path));
  const fileRows = await readRows(
    connection,
    `select file_name, num_rows, num_row_groups, created_by from parquet_file_metadata(${list})`,
  );
  const schemaRows = await readRows(
    connection,
    `select file_name, list(name) filter (where type = 'INT96') as int96, md5(string_agg(concat_ws('|', name, type, type_length, repetition_type, num_children, converted_type, scale, precision, logical_type), chr(10)))::varchar as schema
     from parquet_schema(${list}) group by file_name`,
  );
  const groupRows = await readRows(
    connection,
    `select file_name, list_sort(list(distinct compression)) as codecs, sum(row_group_num_rows) filter (where column_id = 0) as rows, max(row_group_num_rows) as most_rows, max(row_group_bytes) as most_bytes,
       max(total_uncompressed_size / greatest(num_values, 1)) as most_bytes_a_value,
       bool_and(stats_null_count is not null or stats_min_value is not null) as has_statistics,
       bool_or(encodings like '%BYTE_STREAM_SPLIT%' and type not in ('FLOAT', 'DOUBLE')) as has_split_integers
     from parquet_metadata(${list}) group by file_name`,
  );
  const [meta, schemas, groups] = [byFile(fileRows), byFile(schemaRows), byFile(groupRows)];
  return files.map((file) => {
    const own = meta.get(file.path);
    const group = groups.get(file.path);
    if (own === undefined) throw new Error(`no footer came back for ${file.name}`);
    return {
      file,
      rows: group === undefined ? numberOf(own['num_rows']) : numberOf(group['rows']),
      footerRows: numberOf(own['num_rows']),
      rowGroups: numberOf(own['num_row_groups']),
      rowGroupRowsMax: group === undefined ? null : numberOf(group['most_rows']),
      rowGroupBytesMax: group === undefined ? null : numberOf(group['most_bytes']),
      codecs: textsOf(group?.['codecs']),
      createdBy: own['created_by'] === null ? null : textOf(own['created_by']),
      hasStatistics: group === undefined ? null : group['has_statistics'] === true,
      unsupported: unsupportedFeature(
        textsOf(group?.['codecs']),
        group === undefined ? 0 : numberOf(group['most_bytes_a_value']),
      ),
      isOutdated:
        textsOf(group?.['codecs']).includes('LZ4') || group?.['has_split_integers'] === true,
      int96: textsOf(schemas.get(file.path)?.['int96']),
      physicalSchema: textOf(schemas.get(file.path)?.['schema']),
    };
  });
}

async function describeFile(connection: DuckDBConnection, file: ShardFile): Promise<NamedType[]> {
  const rows = await readRows(
    connection,
    `describe select * from read_parquet(${quoteLiteral(escapeGlob(file.path))}, hive_partitioning = false)`,
  );
  return rows.map((row) => ({
    name: textOf(row['column_name']),
    type: textOf(row['column_type']),
  }));
}

/** All files of one schema, cast to the common columns, numbered by shard and row. */
function groupSelect(group: readonly ShardReading[], columns: readonly NamedType[]): string {
  const own = new Map(group[0]?.schema.map((column) => [column.name.toLowerCase(), column]));
  const selected = columns.map((column) => {
    const mine = own.get(column.name.toLowerCase());
    if (mine === undefined) return `null::${column.type} as ${quoteIdentifier(column.name)}`;
    const id = quoteIdentifier(mine.name);
    const value = isInt96(group[0], mine) ? `case when ${id} ${BELIEVABLE} then ${id} end` : id;
    return `${mine.type === column.type ? value : `(${value})::${column.type}`} as ${quoteIdentifier(column.name)}`;
  });
  return [
    `select ${[...selected, `${shardIdExpression(group)} as ${SOURCE_SHARD_ID}`, `file_row_number::bigint as ${SOURCE_ROW_NUMBER}`].join(', ')}`,
    `from read_parquet(${quotePathList(group.map((shard) => shard.file.path))}, hive_partitioning = false)`,
  ].join(' ');
}

/** Shard number from the position in the file list: by addition where the numbers run on, else by a constant list. */
function shardIdExpression(group: readonly ShardReading[]): string {
  const ids = group.map((shard) => shard.file.index);
  const [first = 0] = ids;
  if (ids.every((id, i) => id === first + i)) return `(file_index + ${first})::integer`;
  return `([${ids.join(', ')}]::integer[])[file_index::bigint + 1]`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function byFile(
  rows: readonly Readonly<Record<string, Cell>>[],
): Map<string, Readonly<Record<string, Cell>>> {
  return new Map(rows.map((row) => [textOf(row['file_name']), row]));
}
