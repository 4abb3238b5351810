import { ThriftFault } from '../thrift-compact.ts';
import { parseThrift, type ThriftValue, writeThrift } from '../thrift-tree.ts';

type Fields = ReadonlyMap<number, ThriftValue>;

/** One column of one row group: its bytes, [start, end). */
export type ChunkPlace = {
  /** Position of the row group. */
  readonly rowGroup: number;
  /** The steps to the leaf, with dots: `caption`, `image.bytes`, `embedding.list.element`. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Where pages begin: that of the dictionary and the first of data. */
  readonly pages: readonly number[];
};

/** Where everything lies in a Parquet file. */
export type ParquetLayout = {
  readonly sizeBytes: number;
  /** First byte of the footer; after it come its length and the magic number. */
  readonly footerStart: number;
  /** Footer, length and magic number to write into a twin: without Bloom filters, which are not fetched. */
  readonly tail: Uint8Array;
  readonly chunks: readonly ChunkPlace[];
  /** Rows of the first row group. */
  readonly firstGroupRows: number;
};

/** Length of the footer and `PAR1`. */
export const TAIL_BYTES = 8;

/** A footer larger than this is none. */
const LONGEST_FOOTER_BYTES = 1024 * 1024 * 1024;

/** Length of the footer that the last 8 bytes state; null if they are no end of a Parquet file. */
export function footerLength(last: Uint8Array, sizeBytes: number): number | null {
  if (last.length !== TAIL_BYTES || sizeBytes < 12) return null;
  const view = Buffer.from(last);
  if (view.toString('latin1', 4) !== 'PAR1') return null;
  const length = view.readUInt32LE(0);
  return length > 0 && length <= Math.min(sizeBytes - 12, LONGEST_FOOTER_BYTES) ? length : null;
}

/**
 * Reads where the column chunks lie (parquet.thrift: FileMetaData, RowGroup, ColumnChunk). Throws {@link ThriftFault} for a
 * footer that cannot be read, or whose chunks lie outside of the file.
 */
export function readLayout(footer: Uint8Array, sizeBytes: number): ParquetLayout {
  const { fields } = parseThrift(footer);
  const footerStart = sizeBytes - TAIL_BYTES - footer.length;
  const chunks: ChunkPlace[] = [];
  for (const [rowGroup, group] of listOf(fields, 4).entries()) {
    for (const chunk of listOf(structOf(group), 1)) {
      const meta = structOf(structOf(chunk).get(3));
      const path = listOf(meta, 3).map(textOf).join('.');
      const pages = [11, 9].map((id) => integerAt(meta, id)).filter((at) => at >= 4);
      const start = Math.min(...pages);
      const end = start + integerAt(meta, 7);
      if (!(start >= 4 && end >= start && end <= footerStart))
        throw new ThriftFault('a column chunk lies outside of the file');
      chunks.push({
        rowGroup,
        path,
        start,
        end,
        pages,
      });
    }
  }
  const plain = withoutBloomFilters(fields);
  const [first] = listOf(fields, 4);
  return {
    sizeBytes,
    footerStart,
    tail: plain === null ? closed(footer) : closed(writeThrift(plain)),
    chunks,
    firstGroupRows: first?.kind === 'struct' ? integerAt(first.fields, 3) : 0,
  };
}

function closed(footer: Uint8Array): Uint8Array {
  const end = Buffer.alloc(TAIL_BYTES, 'PAR1', 'latin1');
  end.writeUInt32LE(footer.length, 0);
  end.write('PAR1', 4, 'latin1');
  return Buffer.concat([footer, end]);
}

/** Fields 14 and 15 of ColumnMetaData; null if no chunk has them. */
function withoutBloomFilters(fields: Fields): Fields | null {
  let found = false;
  const groups = listOf(fields, 4).map((group) => {
    const own = structOf(group);
    const chunks = listOf(own, 1).map((chunk) => {
      const place = structOf(chunk);
      const meta = new Map(structOf(place.get(3)));
      for (const id of [14, 15]) found = meta.delete(id) || found;
      return structAs(new Map([...place, [3, structAs(meta)]]));
    });
    return structAs(new Map([...own, [1, listLike(own.get(1), chunks)]]));
  });
  return found ? new Map([...fields, [4, listLike(fields.get(4), groups)]]) : null;
}

function structAs(fields: Fields): ThriftValue {
  return { kind: 'struct', fields };
}

function listLike(like: ThriftValue | undefined, items: readonly ThriftValue[]): ThriftValue {
  if (like?.kind !== 'list') throw new ThriftFault('a list is missing');
  return { ...like, items };
}

function listOf(fields: Fields, id: number): readonly ThriftValue[] {
  const value = fields.get(id);
  return value?.kind === 'list' ? value.items : [];
}

function structOf(value: ThriftValue | undefined): Fields {
  if (value?.kind !== 'struct') throw new ThriftFault('a structure is missing');
  return value.fields;
}

function textOf(value: ThriftValue): string {
  if (value.kind !== 'bytes') throw new ThriftFault('a step of a path is no text');
  return Buffer.from(value.value).toString('utf8');
}

function integerAt(fields: Fields, id: number): number {
  const value = fields.get(id);
  return value?.kind === 'integer' ? Number(value.value) : 0;
}
