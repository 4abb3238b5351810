import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { mediumFaultOf } from '../../media/medium-fault.ts';
import type { MediaErrorCode } from '../../probes/evidence-tables.ts';
import { scratchFile } from '../row-store.ts';

/** A medium that was written to a file of its own, or why it was not. */
export type Kept =
  | {
      readonly kind: 'file';
      readonly path: string;
      /** sha256 of the bytes and the ending, hex: equal media are looked at once, wherever they lie. */
      readonly identity: string;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'fault'; readonly code: MediaErrorCode; readonly message: string };

/** A medium on its way out of where it lies. */
type LeavingMedium = {
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** What all pieces together have to have. */
  readonly size_bytes: number;
  /** `.mp4`, or nothing. */
  readonly ending: string;
  /** Equal shards give equal evidence: the time is theirs. */
  readonly mtime: Date;
};

/** Bytes that are taken out of shards in one run, at most. */
export const MOST_HELD_BYTES = 16 * 1024 ** 3;

/** The code of what the reader of a shard threw: what no disk and no store has a word for is the shard's own damage. */
export function shardFaultCode(error: unknown): MediaErrorCode {
  const { code } = mediumFaultOf(error);
  return code === 'internal' ? 'corrupt-header' : code;
}

/**
 * A scratch folder of media, beside what the room spills and taken away with it. Files are named by their content, and written
 * one at a time: {@link inTurn} keeps apart those who ask at once.
 */
export class ScratchMedia {
  readonly #connection: DuckDBConnection;
  readonly #container: 'column' | 'tar';
  readonly #longest_bytes: number;
  readonly #most_bytes: number;
  readonly #written = new Set<string>();
  #folder: string | null = null;
  #bytes = 0;
  #queue: Promise<unknown> = Promise.resolve();

  /** Media above `longest_bytes`, and those beyond `most_bytes` of all together, are refused. */
  constructor(
    connection: DuckDBConnection,
    container: 'column' | 'tar',
    longest_bytes: number,
    most_bytes: number,
  ) {
    this.#connection = connection;
    this.#container = container;
    this.#longest_bytes = longest_bytes;
    this.#most_bytes = most_bytes;
  }

  /** Does a task when all tasks before it are done, whatever became of them. */
  async inTurn<T>(task: () => Promise<T>): Promise<T> {
    const own = this.#queue.then(task);
    this.#queue = own.catch(() => undefined);
    return own;
  }

  /** Writes a medium to its file; throws what its pieces throw. Only for tasks {@link inTurn}. */
  async keep({ pieces, size_bytes, ending, mtime }: LeavingMedium): Promise<Kept> {
    if (size_bytes > this.#longest_bytes || this.#bytes + size_bytes > this.#most_bytes) {
      const message = `not taken out of its ${this.#container}: ${size_bytes.toLocaleString('en')} bytes beyond the ${(this.#most_bytes / 1e9).toFixed(1)} GB that a run takes out; draw fewer clips`;
      return { kind: 'fault', code: 'unreachable', message };
    }
    this.#folder ??= await this.#makeFolder();
    const part = join(this.#folder, 'part');
    try {
      const { hash, given_bytes } = await writePieces(part, pieces);
      if (given_bytes !== size_bytes) {
        const message = `cut off inside of its ${this.#container}: ${given_bytes.toLocaleString('en')} of ${size_bytes.toLocaleString('en')} bytes are there`;
        return { kind: 'fault', code: 'corrupt-header', message };
      }
      const identity = hash.update(`\0${ending}`).digest('hex');
      const path = join(this.#folder, `${identity.slice(0, 32)}${ending}`);
      // Somebody may be reading what is there already.
      if (!this.#written.has(path)) {
        await rename(part, path);
        await utimes(path, mtime, mtime);
        this.#written.add(path);
        this.#bytes += size_bytes;
      }
      return { kind: 'file', path, identity, sizeBytes: size_bytes };
    } finally {
      await rm(part, { force: true });
    }
  }

  async #makeFolder(): Promise<string> {
    const folder = await scratchFile(this.#connection, 'media');
    await mkdir(folder, { mode: 0o700 });
    return folder;
  }
}

async function writePieces(
  path: string,
  pieces: LeavingMedium['pieces'],
): Promise<{ readonly hash: ReturnType<typeof createHash>; readonly given_bytes: number }> {
  const hash = createHash('sha256');
  let given_bytes = 0;
  const file = await open(path, 'w', 0o600);
  try {
    for await (const piece of pieces) {
      hash.update(piece);
      await file.write(piece);
      given_bytes += piece.length;
    }
  } finally {
    await file.close();
  }
  return { hash, given_bytes };
}
