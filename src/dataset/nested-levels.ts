import { open } from 'node:fs/promises';

import type { DuckDBConnection } from '@duckdb/node-api';

import { type ColumnType, parseColumnType } from './column-type.ts';
import { readPageHeader } from './page-header.ts';
import { numberOf, readRows, shardErrorText, textOf } from './rows.ts';
import type { ShardReading } from './source.ts';
import { quoteIdentifier, quoteLiteral, quotePathList } from './sql-quote.ts';
import { readThriftStruct, ThriftFault } from './thrift-compact.ts';

/**
 * Why the lists of a Parquet shard are not what its writer wrote; null if nothing speaks against them. Where repetition levels
 * are damaged, DuckDB gives other lists without a word: so the values that each column chunk states are counted in its page
 * headers and in what was read. Costs a read of the columns with lists.
 */
export async function faultOfLists(
  connection: DuckDBConnection,
  shard: ShardReading,
): Promise<string | null> {
  const nested = shard.schema.filter(({ type }) => type.includes('[]'));
  if (nested.length === 0) return null;
  const list = quotePathList([shard.file.path]);
  const chunks = await readRows(
    connection,
    `select row_group_id, path_in_schema, num_values, coalesce(nullif(dictionary_page_offset, 0), data_page_offset) as start,
       total_compressed_size as size
     from parquet_metadata(${list}) order by row_group_id, column_id`,
  );
  for (const { name, type } of nested) {
    const own = chunks.filter((chunk) => textOf(chunk['path_in_schema']).startsWith(`${name}, `));
    const leaves = leavesOf(parseColumnType(type), quoteIdentifier(name), 0);
    const paths = new Set(own.map((chunk) => textOf(chunk['path_in_schema'])));
    if (leaves === null || leaves.length !== paths.size) continue;
    const sums = leaves.map((leaf, i) => `sum(${leaf})::bigint as n${i}`);
    const [found] = await readRows(
      connection,
      `select ${sums.join(', ')} from read_parquet(${list}, hive_partitioning = false)`,
    ).catch((error: unknown) => {
      // A page that cannot be decoded at all is told by page_faults.
      shardErrorText(error);
      return [];
    });
    if (found === undefined) continue;
    for (const [i, path] of [...paths].entries()) {
      const stated = own
        .filter((chunk) => chunk['path_in_schema'] === path)
        .reduce((sum, chunk) => sum + numberOf(chunk['num_values']), 0);
      const read = numberOf(found[`n${i}`]);
      if (stated !== read)
        return `column ${name}: ${stated} values are stated and ${read} were read: the levels of its lists are damaged; write it again`;
    }
    const inPages = await countInPages(shard.file.path, own);
    const stated = own.reduce((sum, chunk) => sum + numberOf(chunk['num_values']), 0);
    if (inPages !== null && inPages !== stated)
      return `column ${name}: ${stated} values are stated and its pages hold ${inPages}: the levels of its lists are damaged; write it again`;
  }
  return null;
}

/** For each leaf of a type how many levels a value takes: an empty or absent list takes one; null for types not known. */
function leavesOf(type: ColumnType, value: string, depth: number): readonly string[] | null {
  if (type.kind === 'other' || type.kind === 'json') return null;
  if (type.kind === 'struct') {
    const fields = type.fields.map((field) =>
      leavesOf(field.type, `struct_extract(${value}, ${quoteLiteral(field.name)})`, depth),
    );
    const known = fields.filter((field) => field !== null);
    return known.length === fields.length ? known.flat() : null;
  }
  if (type.kind !== 'list') return ['1'];
  const inner = leavesOf(type.element, `each_${depth}`, depth + 1);
  return (
    inner?.map((leaf) =>
      leaf === '1'
        ? `greatest(coalesce(len(${value}), 0), 1)`
        : `greatest(coalesce(list_sum(list_transform(${value}, lambda each_${depth}: ${leaf})), 0), 1)`,
    ) ?? null
  );
}

/** Values that the headers of the data pages of some chunks state; null where the headers cannot be walked. */
async function countInPages(
  path: string,
  chunks: readonly Awaited<ReturnType<typeof readRows>>[number][],
): Promise<number | null> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return null;
  const read = async (start: number, size: number): Promise<Uint8Array> => {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size), 0, size, start);
    return buffer.subarray(0, bytesRead);
  };
  try {
    let values = 0;
    for (const chunk of chunks) {
      const end = numberOf(chunk['start']) + numberOf(chunk['size']);
      for (let at = numberOf(chunk['start']); at < end;) {
        const page = await readPageHeader(read, at, end, parseCounts);
        values += page.values;
        at += page.size;
      }
    }
    return values;
  } catch (error) {
    if (error instanceof ThriftFault) return null;
    throw error;
  } finally {
    await file.close();
  }
}

/** Numbers of PageHeader's fields in parquet.thrift, and of the count of values in the headers of both kinds of data pages. */
const COMPRESSED_PAGE_SIZE = 3;
const DATA_PAGE = 5;
const DATA_PAGE_V2 = 8;
const NUM_VALUES = 1;

/** Bytes of a page with its header, and the values that it states; 0 for a dictionary. */
function parseCounts(bytes: Uint8Array): { readonly size: number; readonly values: number } {
  const { value, length } = readThriftStruct(bytes);
  const size = value.integers.get(COMPRESSED_PAGE_SIZE);
  if (size === undefined || size < 0) throw new ThriftFault('a page header states no size');
  const data = value.structs.get(DATA_PAGE) ?? value.structs.get(DATA_PAGE_V2);
  return { size: length + size, values: data?.integers.get(NUM_VALUES) ?? 0 };
}
