/** Tables of the message header by https://github.com/apache/arrow/blob/main/format/Message.fbs */
const MESSAGE_KINDS: Readonly<Record<number, ArrowMessageKind>> = {
  1: 'schema',
  2: 'dictionary',
  3: 'batch',
};

/** Types of Schema.fbs that apache-arrow 21 does not know. */
const UNKNOWN_TYPES: Readonly<Record<number, ApartKind>> = {
  22: 'RunEndEncoded',
  25: 'ListView',
  26: 'LargeListView',
};

export type ApartKind = 'RunEndEncoded' | 'ListView' | 'LargeListView';

/** A column of a type that apache-arrow does not know, and where the byte stands that says its type. */
export type ApartColumn = {
  readonly column: number;
  readonly kind: ApartKind;
  readonly typeAt: number;
};

export type ArrowMessageKind = 'schema' | 'dictionary' | 'batch';

/** Fields of a schema, nested ones counted. */
const MOST_FIELDS = 20_000;
const DEEPEST_FIELD = 64;

/** Bytes that the buffers of one batch may decompress to. */
const LONGEST_BATCH_BYTES = 4 * 1024 * 1024 * 1024;

/** Rows of a batch whose columns take no bytes (all of the null type). */
const MOST_EMPTY_ROWS = 10_000_000;

/** What a message says of itself. `readBody` gives bytes of its body. Throws where it claims what it cannot hold. */
export function checkArrowMetadata(
  metadata: Uint8Array,
  readBody: (offset: number, length: number) => Uint8Array,
): {
  readonly kind: ArrowMessageKind;
  readonly bodyBytes: number;
  readonly apart: readonly ApartColumn[];
} {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const message = new FlatTable(view, view.getUint32(0, true));
  const kind = MESSAGE_KINDS[message.uint8(1)];
  if (kind === undefined) throw new Error('a message is no schema, dictionary or batch');
  const header = message.table(2);
  const bodyBytes = message.int64(3);
  if (bodyBytes < 0) throw new Error(`a message claims a body of ${bodyBytes} bytes`);
  if (header === null) throw new Error('a message has no header');
  const apart = kind === 'schema' ? checkFields(header, 1, 0, { left: MOST_FIELDS }, 'allow') : [];
  if (kind === 'batch') checkBatch(header, bodyBytes, readBody);
  if (kind === 'dictionary') {
    const batch = header.table(1);
    if (batch === null) throw new Error('a dictionary has no data');
    checkBatch(batch, bodyBytes, readBody);
  }
  return { kind, bodyBytes, apart };
}

type ArrowBlock = { readonly kind: ArrowMessageKind; readonly start: number };

/** Where the footer of a file says its batches and dictionaries lie (table Footer of File.fbs, blocks of 24 bytes). */
export function checkArrowFooter(footer: Uint8Array): { readonly blocks: readonly ArrowBlock[] } {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  const table = new FlatTable(view, view.getUint32(0, true));
  const schema = table.table(1);
  if (schema === null) throw new Error('the footer has no schema');
  checkFields(schema, 1, 0, { left: MOST_FIELDS });
  const blocks = (
    [
      [2, 'dictionary'],
      [3, 'batch'],
    ] as const
  ).flatMap(([slot, kind]) =>
    Array.from({ length: table.vectorLength(slot, 24) }, (_, i) => ({
      kind,
      start: table.int64At(table.vectorAt(slot) + i * 24),
    })),
  );
  return { blocks };
}

function checkFields(
  parent: FlatTable,
  slot: number,
  depth: number,
  budget: { left: number },
  unknown: 'allow' | 'refuse' = 'refuse',
): readonly ApartColumn[] {
  const apart: ApartColumn[] = [];
  if (depth > DEEPEST_FIELD) throw new Error(`the schema nests deeper than ${DEEPEST_FIELD}`);
  const count = parent.vectorLength(slot, 4);
  for (let i = 0; i < count; i++) {
    if (budget.left-- <= 0) throw new Error(`the schema has more than ${MOST_FIELDS} fields`);
    const field = parent.vectorTable(slot, i);
    const kind = UNKNOWN_TYPES[field.uint8(2)];
    if (kind !== undefined && unknown === 'allow')
      apart.push({ column: i, kind, typeAt: field.position(2) });
    else if (kind !== undefined)
      throw new Error(
        `column ${JSON.stringify(field.text(0))} has the Arrow type ${kind} inside of another, which is not read: write it as a plain column or a List`,
      );
    checkFields(field, 5, depth + 1, budget);
  }
  return apart;
}

function checkBatch(
  batch: FlatTable,
  bodyBytes: number,
  readBody: (offset: number, length: number) => Uint8Array,
): void {
  const rows = batch.int64(0);
  const nodes = batch.vectorLength(1, 16);
  const buffers = batch.vectorLength(2, 16);
  batch.vectorLength(4, 8);
  const isCompressed = batch.table(3) !== null;
  let bytes = 0;
  for (let i = 0; i < buffers; i++) {
    const at = batch.vectorAt(2) + i * 16;
    const [offset, length] = [batch.int64At(at), batch.int64At(at + 8)];
    if (offset < 0 || length < 0 || offset + length > bodyBytes)
      throw new Error(
        `a buffer lies outside of its message: ${offset} + ${length} of ${bodyBytes} bytes`,
      );
    if (!isCompressed || length < 8) bytes += length;
    else {
      const prefix = readBody(offset, 8);
      const claimed = Number(
        new DataView(prefix.buffer, prefix.byteOffset, 8).getBigInt64(0, true),
      );
      bytes += claimed < 0 ? length : claimed;
    }
  }
  if (bytes > LONGEST_BATCH_BYTES) throw new Error(`a batch claims ${bytes} bytes`);
  const most = Math.max(MOST_EMPTY_ROWS, bytes * 8);
  for (let i = 0; i < nodes; i++) {
    const length = batch.int64At(batch.vectorAt(1) + i * 16);
    if (length < 0 || length > most)
      throw new Error(`a column claims ${length} rows in ${bytes} bytes`);
  }
  if (rows < 0 || rows > most) throw new Error(`a batch claims ${rows} rows in ${bytes} bytes`);
}

/** Rows of a batch, the lengths of its columns and theirs, depth first, and where its bytes say how many rows it has. */
export function readNodes(metadata: Uint8Array): {
  readonly rows: number;
  readonly lengths: readonly number[];
  readonly rowsAt: number | null;
} {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const batch = new FlatTable(view, view.getUint32(0, true)).table(2);
  if (batch === null) throw new Error('a message has no header');
  const rows = batch.int64(0);
  return {
    rows,
    rowsAt: rows === 0 ? null : batch.position(0),
    lengths: Array.from({ length: batch.vectorLength(1, 16) }, (_, i) =>
      batch.int64At(batch.vectorAt(1) + i * 16),
    ),
  };
}

/** A table of a flatbuffer (https://flatbuffers.dev/internals/), every access inside the buffer or a RangeError. */
class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#vtable = at - view.getInt32(at, true);
  }

  uint8(slot: number): number {
    const at = this.#field(slot);
    return at === null ? 0 : this.#view.getUint8(at);
  }

  /** Where a field that is there stands in the buffer. */
  position(slot: number): number {
    const at = this.#field(slot);
    if (at === null) throw new Error('a message lacks a field');
    return at;
  }

  int64(slot: number): number {
    const at = this.#field(slot);
    return at === null ? 0 : this.int64At(at);
  }

  int64At(at: number): number {
    return Number(this.#view.getBigInt64(at, true));
  }

  table(slot: number): FlatTable | null {
    const at = this.#field(slot);
    return at === null ? null : new FlatTable(this.#view, at + this.#view.getUint32(at, true));
  }

  /** A text field, empty if it is not there. */
  text(slot: number): string {
    const at = this.#field(slot);
    if (at === null) return '';
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    if (start + 4 + length > this.#view.byteLength)
      throw new Error(`a name of ${length} bytes leaves its message`);
    return Buffer.from(this.#view.buffer, this.#view.byteOffset + start + 4, length).toString(
      'utf8',
    );
  }

  /** Elements of a vector, 0 if there is none; throws if it does not fit the buffer. */
  vectorLength(slot: number, elementBytes: number): number {
    const at = this.#field(slot);
    if (at === null) return 0;
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    if (start + 4 + length * elementBytes > this.#view.byteLength)
      throw new Error(`a list of ${length} elements leaves its message`);
    return length;
  }

  /** Position of the first element of a vector that is there. */
  vectorAt(slot: number): number {
    const at = this.#field(slot) ?? 0;
    return at + this.#view.getUint32(at, true) + 4;
  }

  vectorTable(slot: number, i: number): FlatTable {
    const at = this.vectorAt(slot) + i * 4;
    return new FlatTable(this.#view, at + this.#view.getUint32(at, true));
  }

  #field(slot: number): number | null {
    if (4 + slot * 2 >= this.#view.getUint16(this.#vtable, true)) return null;
    const offset = this.#view.getUint16(this.#vtable + 4 + slot * 2, true);
    return offset === 0 ? null : this.#at + offset;
  }
}
