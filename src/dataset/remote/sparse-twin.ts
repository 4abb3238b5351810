import { type FileHandle, open, rename, rm } from 'node:fs/promises';

import pMap from 'p-map';

import { type OpenObjectOptions, type StoreObject } from '../../stores/object-ranges.ts';
import { StoreFault } from '../../stores/store-fault.ts';
import { readThriftStruct, ThriftFault } from '../thrift-compact.ts';
import {
  type ChunkPlace,
  footerLength,
  type ParquetLayout,
  readLayout,
  TAIL_BYTES,
} from './parquet-layout.ts';

/** What comes with the first request: most footers, and small files whole. */
export const FIRST_REQUEST = { last: 65_536 } as const satisfies NonNullable<
  OpenObjectOptions['first']
>;

/** Chunks so close together are fetched in one request: what lies between costs less than a request. */
const GAP_BYTES = 64 * 1024;

/** Largest part that is fetched in one request. */
const PART_BYTES = 8 * 1024 * 1024;

/** Parts of a file that are fetched at once. */
const PARTS_AT_ONCE = 6;

/** What the first look at a chunk fetches. */
const PAGE_LOOK_BYTES = 32 * 1024;

/** Pages of a column's first rows that are larger are left until somebody reads the column. */
const HEAD_BYTES = 256 * 1024;

/**
 * A byte that begins no page: a type that Thrift's compact protocol does not have. It stands where pages begin that were not
 * fetched, so that reading them is an error and never a value.
 */
const NO_PAGE = new Uint8Array([0xff]);

const MAGIC = Buffer.from('PAR1', 'latin1');

type Range = { readonly start: number; readonly end: number };

/** Why a shard cannot be read any further. */
type TwinFault = {
  readonly message: string;
  /** Whether nobody knows if it is good: its store refused, or gave no answer. */
  readonly isUnreachable: boolean;
};

/** Whether an error says nothing about an object but that its store did not give it. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof StoreFault &&
    (error.code === 'unreachable' || error.code === 'permission-denied')
  );
}

/**
 * A local file with the size, the footer and the column chunks of a remote Parquet file that were asked for, at their places;
 * the rest are holes, which take no room on the disk.
 */
export class SparseTwin {
  readonly path: string;
  /** Bytes on disk. */
  heldBytes = 0;
  /** Why the rest of the object can't be had; null: nothing is known to be wrong. */
  fault: TwinFault | null = null;
  readonly #object: StoreObject;
  readonly #layout: ParquetLayout | null;
  readonly #fetched = new Set<ChunkPlace>();
  /** How far chunks are here that are not wholly here. */
  readonly #heads = new Map<ChunkPlace, number>();

  private constructor(path: string, object: StoreObject, layout: ParquetLayout | null) {
    this.path = path;
    this.#object = object;
    this.#layout = layout;
  }

  /**
   * Writes the twin with its footer; null for a file that only all of itself can stand for, because its footer cannot be taken
   * apart here. Of a file without a footer the ends are enough: DuckDB has the words for what is wrong with it.
   */
  static async create(path: string, object: StoreObject): Promise<SparseTwin | null> {
    const { sizeBytes } = object;
    const length = footerLength(await object.read(sizeBytes - TAIL_BYTES, TAIL_BYTES), sizeBytes);
    let layout: ParquetLayout | null = null;
    if (length !== null) {
      const footer = await object.read(sizeBytes - TAIL_BYTES - length, length);
      try {
        layout = readLayout(footer, sizeBytes);
      } catch (error) {
        if (error instanceof ThriftFault) return null;
        throw error;
      }
    }
    const twin = new SparseTwin(path, object, layout);
    await (layout === null ? twin.#copyEnds() : twin.#begin(layout));
    return twin;
  }

  async #begin({ tail, footerStart, chunks }: ParquetLayout): Promise<void> {
    const handle = await open(this.path, 'w');
    try {
      await handle.write(MAGIC, 0, MAGIC.length, 0);
      await handle.write(tail, 0, tail.length, footerStart);
      this.heldBytes = tail.length + MAGIC.length;
      for (const chunk of chunks) await forbid(handle, chunk.pages);
    } finally {
      await handle.close();
    }
  }

  async #copyEnds(): Promise<void> {
    const { sizeBytes } = this.#object;
    const last = Math.max(0, sizeBytes - FIRST_REQUEST.last);
    const handle = await open(this.path, 'w');
    try {
      for (const [start, end] of [
        [0, Math.min(TAIL_BYTES, last)],
        [last, sizeBytes],
      ] as const) {
        const bytes = await this.#object.read(start, end - start);
        await handle.write(bytes, 0, bytes.length, start);
        this.heldBytes += bytes.length;
      }
    } finally {
      await handle.close();
    }
  }

  get sizeBytes(): number {
    return this.#object.sizeBytes;
  }

  /** The leaves of the file's columns, each once: `caption`, `image.bytes`. */
  get leaves(): ReadonlySet<string> {
    return new Set((this.#layout?.chunks ?? []).map((chunk) => chunk.path));
  }

  /** Bytes of the object itself, past the file of holes: for those who know which pages they want. */
  readonly read: StoreObject['read'] = (start, length) => this.#object.read(start, length);

  /** Whether every byte that a query can ask for is here. */
  get isComplete(): boolean {
    return this.#layout === null || this.#fetched.size === this.#layout.chunks.length;
  }

  /** Whether all of a column is here. */
  has(column: string): boolean {
    return this.#missing(new Set([column])).length === 0;
  }

  /** Bytes that are still to be fetched for these columns; null: all. */
  missingBytes(columns: ReadonlySet<string> | null): number {
    return this.#missing(columns).reduce((sum, chunk) => sum + chunk.end - chunk.start, 0);
  }

  /** Bytes of these columns in the file, here or not. */
  bytesOf(columns: ReadonlySet<string> | null): number {
    return this.#chunks(columns).reduce((sum, chunk) => sum + chunk.end - chunk.start, 0);
  }

  /** Bytes and requests that the object has cost so far. */
  spent(): ReturnType<StoreObject['spent']> {
    return this.#object.spent();
  }

  /** Fetches what is missing of these columns; null: all. Throws StoreFault, and keeps it as {@link fault}. */
  async fetch(columns: ReadonlySet<string> | null): Promise<void> {
    const missing = this.#missing(columns);
    if (missing.length === 0) return;
    const ranges = mergeRanges(missing.map((chunk) => this.#restOf(chunk)));
    const handle = await open(this.path, 'r+');
    try {
      await pMap(
        partsOf(ranges),
        async ({ start, end }) => {
          const bytes = await this.#object.read(start, end - start);
          await handle.write(bytes, 0, bytes.length, start);
        },
        { concurrency: PARTS_AT_ONCE },
      );
      for (const chunk of this.#within(ranges)) {
        if (this.#fetched.has(chunk)) continue;
        this.#fetched.add(chunk);
        this.heldBytes += chunk.end - chunk.start;
      }
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      await handle.close();
    }
  }

  /**
   * Fetches the pages of the first row group that hold its first rows, of columns whose pages are small: gives how many rows
   * can be read of which columns.
   */
  async fetchHead(
    names: readonly string[],
    rows: number,
  ): Promise<{ readonly rows: number; readonly columns: ReadonlySet<string> }> {
    const wanted = new Set(names);
    const count = Math.min(rows, this.#layout?.firstGroupRows ?? rows);
    const first = this.#missing(wanted).filter((chunk) => chunk.rowGroup === 0);
    const left = new Set<string>();
    const handle = await open(this.path, 'r+');
    try {
      await pMap(
        first,
        async (chunk) => {
          const bytes = await this.#headOf(chunk, count);
          if (bytes === null) {
            left.add(chunk.path);
            return;
          }
          const after = chunk.start + bytes.length;
          if (after < chunk.end) await forbid(handle, [after]);
          await handle.write(bytes, 0, bytes.length, chunk.start);
          this.#heads.set(chunk, after);
        },
        { concurrency: PARTS_AT_ONCE },
      );
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      await handle.close();
    }
    return { rows: count, columns: new Set(names.filter((name) => !left.has(name))) };
  }

  /** The bytes of a chunk up to the page that holds the row; null if these are many, or its pages cannot be walked. */
  async #headOf(chunk: ChunkPlace, rows: number): Promise<Uint8Array | null> {
    const length = chunk.end - chunk.start;
    let bytes = new Uint8Array(0);
    const more = async (end: number): Promise<void> => {
      if (end <= bytes.length) return;
      const rest = await this.#object.read(chunk.start + bytes.length, end - bytes.length);
      bytes = Buffer.concat([bytes, rest]);
    };
    let at = 0;
    for (let seen = 0; seen < rows && at < length;) {
      await more(Math.min(length, Math.max(PAGE_LOOK_BYTES, at + PAGE_HEADER_BYTES)));
      const page = pageAt(bytes.subarray(at));
      if (page === null) return null;
      at += page.bytes;
      seen += page.values;
      if (at > Math.min(length, HEAD_BYTES)) return null;
    }
    await more(at);
    return bytes.subarray(0, at);
  }

  /** Gives up all columns but these; what is kept is copied. */
  async keepOnly(columns: ReadonlySet<string>): Promise<void> {
    if (this.#layout === null) return;
    const kept = this.#chunks(columns).filter((chunk) => this.#fetched.has(chunk));
    if (kept.length === this.#fetched.size) return;
    const { path } = this;
    const old = await open(path, 'r');
    const next = `${path}.next`;
    const handle = await open(next, 'w');
    try {
      const { tail, footerStart, chunks } = this.#layout;
      await handle.write(MAGIC, 0, MAGIC.length, 0);
      await handle.write(tail, 0, tail.length, footerStart);
      for (const chunk of chunks) await forbid(handle, chunk.pages);
      const ranges = mergeRanges(kept);
      for (const { start, end } of partsOf(ranges)) {
        const buffer = Buffer.alloc(end - start);
        await old.read(buffer, 0, buffer.length, start);
        await handle.write(buffer, 0, buffer.length, start);
      }
      await rename(next, path);
      // Small gaps were copied along, and what lay in them is still there.
      this.#heads.clear();
      const here = this.#within(ranges).filter((chunk) => this.#fetched.has(chunk));
      this.#fetched.clear();
      for (const chunk of here) this.#fetched.add(chunk);
      this.heldBytes =
        tail.length + 4 + here.reduce((sum, chunk) => sum + chunk.end - chunk.start, 0);
    } finally {
      await old.close();
      await handle.close();
      await rm(next, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#object.close();
  }

  #fail(error: unknown): void {
    this.fault = {
      message: error instanceof Error ? error.message : String(error),
      isUnreachable: isUnreachable(error),
    };
  }

  /** Chunks that lie in these ranges: what is fetched along in a gap is there too. */
  #within(ranges: readonly Range[]): readonly ChunkPlace[] {
    return (this.#layout?.chunks ?? []).filter((chunk) => {
      const { start, end } = this.#restOf(chunk);
      return ranges.some((range) => start >= range.start && end <= range.end);
    });
  }

  /** What of a chunk its head has not brought. */
  #restOf(chunk: ChunkPlace): Range {
    return { start: this.#heads.get(chunk) ?? chunk.start, end: chunk.end };
  }

  #chunks(columns: ReadonlySet<string> | null): readonly ChunkPlace[] {
    const all = this.#layout?.chunks ?? [];
    if (columns === null) return all;
    const wanted = new Set([...this.leaves].filter((leaf) => isUnder(leaf, columns)));
    return all.filter((chunk) => wanted.has(chunk.path));
  }

  #missing(columns: ReadonlySet<string> | null): readonly ChunkPlace[] {
    return this.#chunks(columns).filter((chunk) => !this.#fetched.has(chunk));
  }
}

/** Whether a leaf is one of these columns, or a part of one. */
function isUnder(leaf: string, columns: ReadonlySet<string>): boolean {
  for (let at = leaf.length; at >= 0; at = leaf.lastIndexOf('.', at - 1)) {
    if (columns.has(leaf.slice(0, at))) return true;
    if (at === 0) break;
  }
  return false;
}

/** Headers are some 20 bytes, and more with statistics of text, which writers cut short. */
const PAGE_HEADER_BYTES = 4096;

/** Length of a page with its header and the values in it (parquet.thrift: PageHeader); null for bytes that are none. */
function pageAt(bytes: Uint8Array): { readonly bytes: number; readonly values: number } | null {
  try {
    const { value, length } = readThriftStruct(bytes);
    const size = value.integers.get(3);
    const data = value.structs.get(5) ?? value.structs.get(8);
    if (size === undefined || size < 0) return null;
    return { bytes: length + size, values: data?.integers.get(1) ?? 0 };
  } catch {
    return null;
  }
}

async function forbid(handle: FileHandle, pages: readonly number[]): Promise<void> {
  for (const at of pages) await handle.write(NO_PAGE, 0, NO_PAGE.length, at);
}

/** Ranges in order, those with small gaps made one. */
function mergeRanges(ranges: readonly Range[]): readonly Range[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && start - last.end < GAP_BYTES) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

function partsOf(ranges: readonly Range[]): readonly Range[] {
  return ranges.flatMap(({ start, end }) =>
    Array.from({ length: Math.ceil((end - start) / PART_BYTES) }, (_, i) => ({
      start: start + i * PART_BYTES,
      end: Math.min(end, start + (i + 1) * PART_BYTES),
    })),
  );
}
