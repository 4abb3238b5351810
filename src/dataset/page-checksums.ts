import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import type { DuckDBConnection } from '@duckdb/node-api';

import { readPageHeader } from './page-header.ts';
import { readThriftStruct, ThriftFault } from './thrift-compact.ts';
import { createTableSql } from './table-columns.ts';

/** A column of a row group as the footer describes it: where its pages lie in the file. */
export type ColumnChunk = {
  readonly shardId: number;
  readonly shard: string;
  readonly path: string;
  readonly rowGroup: number;
  readonly columnName: string;
  /** Offset of the first page, the dictionary's if there is one. */
  readonly start: number;
  /** All pages with their headers, bytes. */
  readonly size_bytes: number;
};

/** What the pages of a chunk say of themselves. */
export type ChunkChecksums = {
  readonly chunk: ColumnChunk;
  /** Pages whose header was read: two at most, where they store no checksum. */
  readonly pages: number;
  readonly pagesWithCrc: number;
  readonly badPages: number;
  /** Offset in the file of the first page that does not have its checksum; null if there is none. */
  readonly firstBadOffset: number | null;
  /** Why the walk over the pages ended early; null if it did not. */
  readonly error: string | null;
};

/** Numbers of PageHeader's fields in parquet.thrift. */
const COMPRESSED_PAGE_SIZE = 3;
const CRC = 4;

/** A chunk whose first pages (dictionary and data) store no checksum stores none. */
const PROBED_PAGES = 2;
/** A page is read and summed in pieces of this size. */
const PIECE_BYTES = 1 << 20;

/**
 * Compares each page of a column chunk with the CRC-32 in its header (field 4 of PageHeader in parquet.thrift; over the
 * page as it is stored, header excluded). A chunk whose first two pages store none is not read further.
 */
async function checkChunk(
  file: FileHandle,
  chunk: ColumnChunk,
  signal?: AbortSignal,
): Promise<ChunkChecksums> {
  const end = chunk.start + chunk.size_bytes;
  const read = async (start: number, size: number): Promise<Uint8Array> =>
    readAt(file, start, size);
  let at = chunk.start;
  let [pages, pagesWithCrc, badPages] = [0, 0, 0];
  let firstBadOffset: number | null = null;
  try {
    while (at < end) {
      signal?.throwIfAborted();
      const header = await readPageHeader(read, at, end, parseHeader);
      if (header.size < 0 || at + header.length + header.size > end)
        throw new ThriftFault('a page reaches beyond its column chunk');
      pages += 1;
      if (pagesWithCrc === 0 && header.crc === null && pages === PROBED_PAGES) break;
      if (header.crc !== null) {
        pagesWithCrc += 1;
        const found = await sumPage(file, at + header.length, header.size);
        if (found !== header.crc) {
          badPages += 1;
          firstBadOffset ??= at;
        }
      }
      at += header.length + header.size;
    }
  } catch (error) {
    if (!(error instanceof ThriftFault)) throw error;
    return { chunk, pages, pagesWithCrc, badPages, firstBadOffset, error: error.message };
  }
  return { chunk, pages, pagesWithCrc, badPages, firstBadOffset, error: null };
}

type PageHeader = {
  readonly length: number;
  readonly size: number;
  /** As an unsigned number; null: the writer stored none. */
  readonly crc: number | null;
};

function parseHeader(bytes: Uint8Array): PageHeader {
  const { value, length } = readThriftStruct(bytes);
  const size = value.integers.get(COMPRESSED_PAGE_SIZE);
  if (size === undefined) throw new ThriftFault('a page header states no size');
  const crc = value.integers.get(CRC);
  return { length, size, crc: crc === undefined ? null : crc >>> 0 };
}

async function sumPage(file: FileHandle, start: number, size: number): Promise<number> {
  let sum = 0;
  for (let at = 0; at < size; at += PIECE_BYTES) {
    const bytes = await readAt(file, start + at, Math.min(PIECE_BYTES, size - at));
    sum = crc32(bytes, sum);
  }
  return sum;
}

async function readAt(file: FileHandle, at: number, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(size);
  const { bytesRead } = await file.read(bytes, 0, size, at);
  if (bytesRead < size) throw new ThriftFault('the file ends inside of a column chunk');
  return bytes;
}

/** Checks chunks file by file. A file that cannot be opened is left out: reading it says why. */
export async function checkChunks(
  chunks: readonly ColumnChunk[],
  signal?: AbortSignal,
): Promise<readonly ChunkChecksums[]> {
  const found: ChunkChecksums[] = [];
  for (const path of new Set(chunks.map((chunk) => chunk.path))) {
    const file = await open(path, 'r').catch(() => null);
    if (file === null) continue;
    try {
      for (const chunk of chunks) {
        if (chunk.path === path) found.push(await checkChunk(file, chunk, signal));
      }
    } finally {
      await file.close();
    }
  }
  return found;
}

/**
 * Columns of the table `page_checksums`: for each shard that was looked at a row with `row_group` null (all its chunks
 * together), and a row for each chunk that has a bad page or cannot be walked.
 */
export const PAGE_CHECKSUM_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  row_group: 'BIGINT',
  column_name: 'VARCHAR',
  chunks: 'BIGINT',
  chunks_with_crc: 'BIGINT',
  pages: 'BIGINT',
  pages_with_crc: 'BIGINT',
  bad_pages: 'BIGINT',
  first_bad_offset: 'BIGINT',
  error: 'VARCHAR',
} as const;

/** Creates and fills the table `page_checksums`. */
export async function createPageChecksumsTable(
  connection: DuckDBConnection,
  checked: readonly ChunkChecksums[],
): Promise<void> {
  await connection.run(createTableSql('page_checksums', PAGE_CHECKSUM_COLUMNS));
  const shards = new Map<number, ChunkChecksums[]>();
  for (const each of checked) {
    const list = shards.get(each.chunk.shardId);
    if (list === undefined) shards.set(each.chunk.shardId, [each]);
    else list.push(each);
  }
  const appender = await connection.createAppender('page_checksums');
  const append = (list: readonly ChunkChecksums[], isWhole: boolean): void => {
    const [first] = list;
    if (first === undefined) return;
    const total = (of: (each: ChunkChecksums) => number): bigint =>
      BigInt(list.reduce((sum, each) => sum + of(each), 0));
    appender.appendInteger(first.chunk.shardId);
    appender.appendVarchar(first.chunk.shard);
    if (isWhole) {
      appender.appendNull();
      appender.appendNull();
    } else {
      appender.appendBigInt(BigInt(first.chunk.rowGroup));
      appender.appendVarchar(first.chunk.columnName);
    }
    appender.appendBigInt(BigInt(list.length));
    appender.appendBigInt(total((each) => (each.pagesWithCrc > 0 ? 1 : 0)));
    appender.appendBigInt(total((each) => each.pages));
    appender.appendBigInt(total((each) => each.pagesWithCrc));
    appender.appendBigInt(total((each) => each.badPages));
    const bad = list.find((each) => each.firstBadOffset !== null)?.firstBadOffset ?? null;
    if (bad === null) appender.appendNull();
    else appender.appendBigInt(BigInt(bad));
    const error = list.find((each) => each.error !== null)?.error ?? null;
    if (error === null) appender.appendNull();
    else appender.appendVarchar(error);
    appender.endRow();
  };
  for (const list of shards.values()) {
    append(list, true);
    for (const each of list) {
      if (each.badPages > 0 || each.error !== null) append([each], false);
    }
  }
  appender.closeSync();
}
