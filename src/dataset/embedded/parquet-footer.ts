import { ThriftFault } from '../thrift-compact.ts';
import { parseThrift, type ThriftValue } from '../thrift-tree.ts';

/** Bytes [start, start + length) of a file; fewer only at its end. */
export type ReadAt = (start: number, length: number) => Promise<Uint8Array>;

type Fields = ReadonlyMap<number, ThriftValue>;

/** A column without children, as the schema describes it. */
export type Leaf = {
  readonly path: readonly string[];
  /** Physical type by its number in parquet.thrift; 6 is BYTE_ARRAY. */
  readonly type: number;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
};

/** The pages of one leaf in one row group. */
export type LeafChunk = {
  readonly firstRow: number;
  readonly rows: number;
  readonly start: number;
  readonly size_bytes: number;
  readonly codec: number;
};

/** What of a Parquet footer is needed to find single cells. */
export type CellFooter = {
  readonly leaves: readonly Leaf[];
  /** By leaf, in the order of `leaves`, then by row group. */
  readonly chunks: readonly (readonly LeafChunk[])[];
};

/** A footer longer than this is not read. */
const LONGEST_FOOTER_BYTES = 256 * 1024 * 1024;

/** Reads where the cells of a Parquet file lie. Throws ThriftFault or RangeError for a damaged footer. */
export async function readCellFooter(read: ReadAt, sizeBytes: number): Promise<CellFooter> {
  const tail = Buffer.from(await read(Math.max(0, sizeBytes - 8), 8));
  if (tail.length < 8 || tail.toString('latin1', 4) !== 'PAR1')
    throw new ThriftFault('the file does not end as a Parquet file');
  const length = tail.readUInt32LE(0);
  if (length > LONGEST_FOOTER_BYTES || length > sizeBytes - 8)
    throw new ThriftFault(`the footer claims ${length} bytes`);
  const { fields } = parseThrift(await read(sizeBytes - 8 - length, length));
  const leaves = leavesOf(listOf(fields, 2));
  const chunks: LeafChunk[][] = leaves.map(() => []);
  let firstRow = 0;
  for (const group of listOf(fields, 4)) {
    const rows = integerAt(structOf(group), 3);
    for (const [i, column] of listOf(structOf(group), 1).entries()) {
      const meta = structOf(structOf(column).get(3));
      const starts = [integerAt(meta, 9), integerAt(meta, 11)].filter((at) => at > 0);
      chunks[i]?.push({
        firstRow,
        rows,
        start: Math.min(...starts),
        size_bytes: integerAt(meta, 7),
        codec: integerAt(meta, 4),
      });
    }
    firstRow += rows;
  }
  return { leaves, chunks };
}

function leavesOf(elements: readonly ThriftValue[]): readonly Leaf[] {
  const leaves: Leaf[] = [];
  let next = 1;
  const visit = (above: readonly string[], definition: number, repetition: number): void => {
    if (above.length > 64) throw new ThriftFault('the schema is nested too deep');
    const element = structOf(elements[next++]);
    const name = element.get(4);
    const path = [...above, name?.kind === 'bytes' ? Buffer.from(name.value).toString() : ''];
    const kind = integerAt(element, 3);
    const maxDefinition = definition + (kind === 0 ? 0 : 1);
    const maxRepetition = repetition + (kind === 2 ? 1 : 0);
    const children = integerAt(element, 5);
    if (children === 0)
      leaves.push({ path, type: integerAt(element, 1), maxDefinition, maxRepetition });
    for (let i = 0; i < children && next < elements.length; i++)
      visit(path, maxDefinition, maxRepetition);
  };
  while (next < elements.length) visit([], 0, 0);
  return leaves;
}

function listOf(fields: Fields, id: number): readonly ThriftValue[] {
  const value = fields.get(id);
  return value?.kind === 'list' ? value.items : [];
}

export function structOf(value: ThriftValue | undefined): Fields {
  return value?.kind === 'struct' ? value.fields : new Map();
}

/** An integer field, 0 if it is not there. */
export function integerAt(fields: Fields, id: number): number {
  const value = fields.get(id);
  return value?.kind === 'integer' ? Number(value.value) : 0;
}
