import { Readable } from 'node:stream';

import { type Entry, fromRandomAccessReader, RandomAccessReader, type ZipFile } from 'yauzl';

import { ArrayFault, type ReadBytes } from './array-header.ts';

/** A file in a zip. */
export type ZipMember = {
  readonly name: string;
  /** As stated; a deflated member may turn out otherwise. */
  readonly size_bytes: number;
  /**
   * Reads by range: of stored members just the range; deflated ones are unpacked from their beginning, up to
   * {@link MOST_UNPACKED_BYTES}, so that ranges further in come out empty.
   */
  readonly read: ReadBytes;
};

/** A deflated member is unpacked so far and no further, whatever it claims: bombs cost no more than this. */
const MOST_UNPACKED_BYTES = 256 * 1024;

/** Archives of arrays have some; a million empty members are an attack on memory. */
const MOST_MEMBERS = 4096;

/** The end of a zip, where its directory lies, is read at once; what lies before it, headers of members, in small pieces. */
const TAIL_BYTES = 64 * 1024;
const PIECE_BYTES = 1024;

/** Deflated members are read in pieces of this size until enough is unpacked. */
const PACKED_BYTES = 16 * 1024;

/** Ranges of a medium for yauzl: its many small reads of the directory are answered from one piece. */
class PieceReader extends RandomAccessReader {
  readonly #read: ReadBytes;
  readonly #sizeBytes: number;
  #piece: { readonly start: number; readonly bytes: Uint8Array } | null = null;

  constructor(read: ReadBytes, sizeBytes: number) {
    super();
    this.#read = read;
    this.#sizeBytes = sizeBytes;
  }

  async #range(start: number, length: number): Promise<Uint8Array> {
    const held = this.#piece;
    if (held !== null && start >= held.start && start + length <= held.start + held.bytes.length)
      return held.bytes.subarray(start - held.start, start - held.start + length);
    const tail = Math.max(0, this.#sizeBytes - TAIL_BYTES);
    const from = start >= tail ? tail : start;
    const bytes = await this.#read(
      from,
      Math.max(length, start >= tail ? TAIL_BYTES : PIECE_BYTES),
    );
    this.#piece = { start: from, bytes };
    return bytes.subarray(start - from, start - from + length);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#range(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(bytes.length < length ? new Error('the zip ends early') : null);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const range = async function* (read: ReadBytes): AsyncGenerator<Uint8Array, void, undefined> {
      for (let at = start; at < end; at += PACKED_BYTES)
        yield await read(at, Math.min(PACKED_BYTES, end - at));
    };
    return Readable.from(range(this.#read));
  }
}

/**
 * The members of a zip, from its directory; nothing is unpacked yet. Throws ArrayFault `corrupt-header` for what is no zip, has
 * too many members or encrypts them.
 */
export async function listZip(read: ReadBytes, sizeBytes: number): Promise<readonly ZipMember[]> {
  const zip = await openZip(new PieceReader(read, sizeBytes), sizeBytes);
  if (zip.entryCount > MOST_MEMBERS)
    throw new ArrayFault('corrupt-header', `a zip of ${zip.entryCount} members`);
  const entries = await listEntries(zip);
  return entries.map((entry) => ({
    name: entry.fileName,
    size_bytes: entry.uncompressedSize,
    read: memberReader(zip, entry, read),
  }));
}

function openZip(reader: PieceReader, sizeBytes: number): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
    fromRandomAccessReader(reader, sizeBytes, options, (error, zip) => {
      if (error === null || error === undefined) resolve(zip);
      else reject(zipFault(error));
    });
  });
}

function listEntries(zip: ZipFile): Promise<readonly Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      if (entries.length > MOST_MEMBERS) reject(zipFault(new Error('too many members')));
      else zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', (error: Error) => reject(zipFault(error)));
    zip.readEntry();
  });
}

function memberReader(zip: ZipFile, entry: Entry, read: ReadBytes): ReadBytes {
  let dataStart: Promise<number> | null = null;
  let unpacked: Promise<Uint8Array> | null = null;
  return async (start, length) => {
    if (entry.isEncrypted()) throw new ArrayFault('corrupt-header', 'the zip is encrypted');
    if (entry.compressionMethod === 0) {
      dataStart ??= findStart(zip, entry);
      const wanted = Math.max(0, Math.min(length, entry.uncompressedSize - start));
      return read((await dataStart) + start, wanted);
    }
    unpacked ??= unpack(zip, entry);
    const bytes = await unpacked;
    return bytes.subarray(Math.min(start, bytes.length), Math.min(start + length, bytes.length));
  };
}

function findStart(zip: ZipFile, entry: Entry): Promise<number> {
  return new Promise((resolve, reject) => {
    zip.readLocalFileHeader(entry, { minimal: true }, (error, header) => {
      if (error === null || error === undefined) resolve(header.fileDataStart);
      else reject(zipFault(error));
    });
  });
}

/** The beginning of a deflated member. */
async function unpack(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, found) => {
      if (error === null || error === undefined) resolve(found);
      else reject(zipFault(error));
    });
  });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of stream) {
      if (!(part instanceof Uint8Array)) continue;
      parts.push(part);
      size += part.length;
      if (size >= MOST_UNPACKED_BYTES) break;
    }
  } catch (error) {
    if (size === 0) throw zipFault(error);
  } finally {
    stream.destroy();
  }
  return Buffer.concat(parts).subarray(0, MOST_UNPACKED_BYTES);
}

function zipFault(error: unknown): ArrayFault {
  const message = error instanceof Error ? error.message : String(error);
  return new ArrayFault('corrupt-header', `the zip cannot be read: ${message}`);
}
