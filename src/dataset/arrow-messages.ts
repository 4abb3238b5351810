import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

import { RecordBatchReader } from 'apache-arrow';

import { type ApartReader, openApart } from './arrow-apart.ts';
import type { ApartColumn, ArrowMessageKind } from './arrow-metadata.ts';
import { checkArrowFooter, checkArrowMetadata } from './arrow-metadata.ts';

/** https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format: the name in front of and behind an IPC file. */
const FILE_MAGIC = 'ARROW1';

/** Longest metadata of one message: a schema of ten thousand columns takes about one MiB. */
const LONGEST_METADATA_BYTES = 64 * 1024 * 1024;

/** Longest body of one message: longer ones do not fit one buffer of V8. */
const LONGEST_BODY_BYTES = 4 * 1024 * 1024 * 1024 - 1;

/** Longest file whose schema stands in the footer alone: it is read as a whole. */
const LONGEST_WHOLE_FILE_BYTES = 2 * 1024 * 1024 * 1024 - 1;

type Message = {
  readonly start: number;
  readonly end: number;
  readonly kind: ArrowMessageKind;
  readonly apart: readonly ApartColumn[];
};

/**
 * Batches as apache-arrow reads them, or, where columns are of types that it does not know, as they are read `apart`. Whoever
 * opened it closes it: leaving a loop over the batches does not.
 */
export type ArrowReader = { readonly hasEnd: boolean; readonly close: () => void } & (
  | { readonly reader: RecordBatchReader; readonly apart: null }
  | { readonly reader: null; readonly apart: ApartReader }
);

/**
 * A reader over an IPC file or stream whose messages were all checked to lie inside the file and to claim no more than
 * it holds: apache-arrow itself trusts what it reads, and loops or allocates without end on damage. Throws for damage.
 */
export function openArrowReader(path: string): ArrowReader {
  const handle = openSync(path, 'r');
  try {
    const size = fstatSync(handle).size;
    const isFile = size >= 8 && textAt(handle, 0) === FILE_MAGIC;
    if (isFile && textAt(handle, size - 6) !== FILE_MAGIC)
      throw new Error('the file is cut off: it does not end as an Arrow file');
    const { messages, hasEnd } = scanMessages(handle, isFile ? 8 : 0, size);
    const [first] = messages;
    const bodies = readMessages(path, messages);
    const facts = { hasEnd, close: () => void bodies.return() };
    if (first !== undefined && first.apart.length > 0)
      return { reader: null, apart: openApart(bodies, first.apart), ...facts };
    if (!isFile || first?.kind === 'schema')
      return { reader: RecordBatchReader.from(bodies), apart: null, ...facts };
    const kinds = new Map(messages.map((message) => [message.start, message.kind]));
    const footerBytes = new DataView(readAt(handle, size - 10, 4).buffer).getInt32(0, true);
    if (footerBytes <= 0 || footerBytes > size - 18)
      throw new Error(`the footer claims ${footerBytes} of ${size} bytes`);
    const { blocks } = checkArrowFooter(readAt(handle, size - 10 - footerBytes, footerBytes));
    if (!blocks.every((block) => kinds.get(block.start) === block.kind))
      throw new Error('the footer names a batch where none begins');
    if (size > LONGEST_WHOLE_FILE_BYTES)
      throw new Error('a file of 2 GiB or more without a schema message cannot be read');
    return {
      reader: RecordBatchReader.from(new Uint8Array(readFileSync(path))),
      apart: null,
      ...facts,
    };
  } finally {
    closeSync(handle);
  }
}

/** Walks over the headers of all messages without reading their bodies. */
function scanMessages(
  handle: number,
  from: number,
  size: number,
): { readonly messages: Message[]; readonly hasEnd: boolean } {
  const messages: Message[] = [];
  for (let at = from; ;) {
    if (at >= size) return { messages, hasEnd: false };
    const prefix = new DataView(readAt(handle, at, Math.min(8, size - at)).buffer);
    const isMarked = prefix.byteLength >= 4 && prefix.getInt32(0, true) === -1;
    if (prefix.byteLength < (isMarked ? 8 : 4))
      throw new Error('the data is cut off in front of a message');
    const metadataBytes = prefix.getInt32(isMarked ? 4 : 0, true);
    if (metadataBytes === 0) return { messages, hasEnd: true };
    const start = at + (isMarked ? 8 : 4);
    if (metadataBytes < 0 || metadataBytes > LONGEST_METADATA_BYTES)
      throw new Error(`a message claims ${metadataBytes} bytes of metadata`);
    const body = start + metadataBytes;
    if (body > size)
      throw new Error(`the data is cut off: metadata ends at ${body} of ${size} bytes`);
    const { kind, bodyBytes, apart } = checkArrowMetadata(
      readAt(handle, start, metadataBytes),
      (offset, length) => readAt(handle, body + offset, length),
    );
    if (bodyBytes > LONGEST_BODY_BYTES)
      throw new Error(`a message claims a body of ${bodyBytes} bytes`);
    const end = body + bodyBytes;
    if (end > size)
      throw new Error(`the data is cut off: a message ends at ${end} of ${size} bytes`);
    messages.push({ start: at, end, kind, apart });
    at = end;
  }
}

function* readMessages(path: string, messages: readonly Message[]): Generator<Uint8Array, void> {
  const handle = openSync(path, 'r');
  try {
    for (const { start, end } of messages) yield readAt(handle, start, end - start);
  } finally {
    closeSync(handle);
  }
}

function textAt(handle: number, at: number): string {
  return Buffer.from(readAt(handle, at, 6)).toString('latin1');
}

function readAt(handle: number, at: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(handle, bytes, done, length - done, at + done);
    if (count === 0) throw new Error(`the file ends at ${at + done}`);
    done += count;
  }
  return bytes;
}
