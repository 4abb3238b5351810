import type { Data, RecordBatch, Vector } from 'apache-arrow';
import {
  Binary,
  DataType,
  Field,
  LargeBinary,
  Null,
  RecordBatchReader,
  Schema,
  Table,
  tableToIPC,
} from 'apache-arrow';

import type { ApartColumn, ApartKind } from './arrow-metadata.ts';
import { readNodes } from './arrow-metadata.ts';
import { checkOffsets, valuesOf } from './arrow-values.ts';

/** Rows of a batch, column by column: null where a row has no value. */
type ApartBatch = {
  readonly numRows: number;
  readonly columns: readonly ((row: number) => unknown)[];
};

/** Files with columns that apache-arrow cannot read: their fields as if they were plain, and batches of values. */
export type ApartReader = {
  readonly fields: readonly Field[];
  readonly batches: Iterable<ApartBatch>;
};

/** Numbers of Schema.fbs for types whose tables are as empty as those they stand in for. */
const STAND_INS = { RunEndEncoded: 13, ListView: 12, LargeListView: 12 } as const;

/**
 * Reads list views and run-end encoded columns: a batch holds the buffers of a list view as it would hold bytes with offsets (the
 * sizes in place of the bytes) and behind them a column of the values; those of a run-end encoded one as a column of nulls and behind
 * it two columns, run ends and values. Under such a schema apache-arrow loads them, and the values are put together here.
 *
 * https://arrow.apache.org/docs/format/Columnar.html#listview-layout, #run-end-encoded-layout
 *
 * @param messages whole messages, the schema first.
 * @throws {Error} where offsets, sizes or run ends leave their values, or messages are not as their schema says.
 */
export function openApart(
  messages: Iterable<Uint8Array>,
  apart: readonly ApartColumn[],
): ApartReader {
  const rest = messages[Symbol.iterator]();
  const first: Uint8Array | undefined = rest.next().value;
  if (first === undefined) throw new Error('no Arrow schema in the file');
  const kinds = new Map(apart.map(({ column, kind }) => [column, kind]));
  let fields: readonly Field[];
  try {
    fields = readFields(first, apart);
  } catch (cause) {
    rest.return?.();
    throw cause;
  }
  const flat = fields.map((field, i) => layOut(field, kinds.get(i)));
  return {
    fields: fields.map((field, i) => shownAs(field, kinds.get(i))),
    batches: readBatches(rest, flat, kinds),
  };
}

/** The fields, with list views as lists and run ends as structs of run ends and values. */
function readFields(message: Uint8Array, apart: readonly ApartColumn[]): readonly Field[] {
  const known = message.slice();
  for (const { kind, typeAt } of apart) known[metadataOf(known).start + typeAt] = STAND_INS[kind];
  const reader = RecordBatchReader.from(known);
  reader.open();
  return reader.schema.fields;
}

/** Where the metadata of a message begins: behind its length, and a mark since version 0.15 of the format. */
function metadataOf(message: Uint8Array): { readonly start: number; readonly end: number } {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const isMarked = view.getInt32(0, true) === -1;
  const start = isMarked ? 8 : 4;
  return { start, end: start + view.getInt32(isMarked ? 4 : 0, true) };
}

function layOut(field: Field, kind: ApartKind | undefined): readonly Field[] {
  if (kind === undefined) return [field];
  const children: readonly Field[] = field.type.children;
  if (kind === 'RunEndEncoded') return [new Field(field.name, new Null(), true), ...children];
  const bytes = kind === 'ListView' ? new Binary() : new LargeBinary();
  return [new Field(field.name, bytes, true), ...children];
}

/** The type that the values of a column have when they are put together. */
function shownAs(field: Field, kind: ApartKind | undefined): Field {
  const children: readonly Field[] = field.type.children;
  return kind === 'RunEndEncoded' ? new Field(field.name, children[1]?.type ?? new Null()) : field;
}

type Shape = { readonly rows: number; readonly lengths: readonly number[] };

function* readBatches(
  messages: Iterator<Uint8Array>,
  flat: readonly (readonly Field[])[],
  kinds: ReadonlyMap<number, ApartKind>,
): Generator<ApartBatch> {
  const shapes: Shape[] = [];
  for (const batch of RecordBatchReader.from(lengthen(messages, flat.flat(), shapes))) {
    const shape = shapes.shift();
    if (shape === undefined) return;
    yield { numRows: shape.rows, columns: columnsOf(batch, shape, flat, kinds) };
  }
}

/**
 * A schema of the fields, then the messages, in which batches say that they have as many rows as their longest column: apache-arrow
 * cuts columns to the rows of their batch. What they said is added to `shapes`; batches of no rows are left out.
 */
function* lengthen(
  messages: Iterator<Uint8Array>,
  fields: readonly Field[],
  shapes: Shape[],
): Generator<Uint8Array> {
  const schema = tableToIPC(new Table(new Schema([...fields])), 'stream');
  try {
    yield schema.subarray(0, metadataOf(schema).end);
    for (let next = messages.next(); next.done !== true; next = messages.next()) {
      const message = next.value.slice();
      const { start, end } = metadataOf(message);
      const metadata = message.subarray(start, end);
      if (metadata[kindAt(metadata)] === BATCH) {
        const { rows, rowsAt, lengths } = readNodes(metadata);
        if (rowsAt === null) continue;
        const own = topLengths(fields, lengths);
        const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
        view.setBigInt64(start + rowsAt, BigInt(Math.max(rows, ...own)), true);
        shapes.push({ rows, lengths: own });
      }
      yield message;
    }
  } finally {
    messages.return?.();
  }
}

/** Number of a batch among the headers of Message.fbs. */
const BATCH = 3;

/** Where the byte stands that says what a message holds: slot 1 of the table Message. */
function kindAt(metadata: Uint8Array): number {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const table = view.getUint32(0, true);
  return table + view.getUint16(table - view.getInt32(table, true) + 6, true);
}

/** Lengths of the columns of the first level among those of all, depth first. */
function topLengths(fields: readonly Field[], lengths: readonly number[]): readonly number[] {
  let at = 0;
  return fields.map((field) => {
    const length = lengths[at];
    if (length === undefined) throw new Error('a batch has fewer columns than its schema');
    at += countNodes(field.type);
    return length;
  });
}

function countNodes(type: DataType): number {
  if (DataType.isDictionary(type)) return 1;
  const children: readonly Field[] = type.children ?? [];
  return children.reduce((sum, child) => sum + countNodes(child.type), 1);
}

function columnsOf(
  batch: RecordBatch,
  { rows, lengths }: Shape,
  flat: readonly (readonly Field[])[],
  kinds: ReadonlyMap<number, ApartKind>,
): readonly ((row: number) => unknown)[] {
  let at = 0;
  return flat.map((own, column) => {
    const place = at;
    at += own.length;
    const kind = kinds.get(column);
    const vector = vectorAt(batch, place);
    if ((lengths[place] ?? 0) < rows)
      throw new RangeError(`column ${column} of a record batch is shorter than its ${rows} rows`);
    // The stand-in of a list view has offsets in any order; all others rise.
    for (let i = kind === undefined ? 0 : 1; i < own.length; i += 1)
      for (const data of vectorAt(batch, place + i).data)
        checkOffsets(data, column, lengths[place + i] ?? 0);
    if (kind === undefined) return valuesOf(vector);
    if (kind === 'RunEndEncoded')
      return readRuns(
        vectorAt(batch, place + 1),
        vectorAt(batch, place + 2),
        Math.min(lengths[place + 1] ?? 0, lengths[place + 2] ?? 0),
        rows,
      );
    return readViews(vector.data[0], vectorAt(batch, place + 1), lengths[place + 1] ?? 0, rows);
  });
}

function vectorAt(batch: RecordBatch, place: number): Vector {
  const vector = batch.getChildAt(place);
  if (vector === null) throw new Error(`a record batch lacks column ${place}`);
  return vector;
}

/** The value of the run that a row lies in, for rows in rising order or any other. */
function readRuns(
  ends: Vector,
  values: Vector,
  runs: number,
  rows: number,
): (row: number) => unknown {
  const until = Array.from({ length: runs }, (_, i) => Number(ends.get(i)));
  const isRising = until.every((end, i) => end > (until[i - 1] ?? 0));
  if (!isRising || (until.at(-1) ?? 0) < rows)
    throw new RangeError(`run ends do not rise to the ${rows} rows of their batch`);
  const valueAt = valuesOf(values);
  return (row) => {
    let [low, high] = [0, runs - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((until[middle] ?? 0) > row) high = middle;
      else low = middle + 1;
    }
    return valueAt(low);
  };
}

/** The values between an offset and an offset plus a size; null where the row is. */
function readViews(
  data: Data | undefined,
  values: Vector,
  length: number,
  rows: number,
): (row: number) => unknown {
  if (data === undefined) throw new Error('a list view has no data');
  const offsets: Int32Array | BigInt64Array = data.valueOffsets;
  const bytes: Uint8Array = data.values;
  const width = offsets.BYTES_PER_ELEMENT;
  const sizes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (rows > 0 && (offsets.length < rows || bytes.byteLength < rows * width))
    throw new RangeError(`a list view has fewer offsets or sizes than its ${rows} rows`);
  const valueAt = valuesOf(values);
  return (row) => {
    if (!data.getValid(row)) return null;
    const from = Number(offsets[row]);
    const size =
      width === 4 ? sizes.getInt32(row * 4, true) : Number(sizes.getBigInt64(row * 8, true));
    if (from < 0 || size < 0 || from + size > length)
      throw new RangeError(`a list view leaves its ${length} values: ${from} + ${size}`);
    return Array.from({ length: size }, (_, i) => valueAt(from + i));
  };
}
