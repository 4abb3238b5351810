import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { objectsIn } from '../media/decoders/plain-objects.ts';
import { placeOfObject } from '../media/medium-stamp.ts';
import type { Medium } from '../media/medium.ts';
import { toJsonLine } from './json-line.ts';

/** An object that was looked at: the version that its evidence is of, and the name of that evidence in the cache. */
type SeenObject = {
  readonly place: string;
  readonly version: string;
  readonly identity: string;
  readonly sizeBytes: number;
  /** Of all its bytes, where another medium had the same size. */
  readonly hash?: string;
};

/**
 * Which objects were looked at, in this run and in earlier ones. The version of an object is known with the first answer of its
 * store, so an object that is new here has a name of this run; nothing is asked for before it is looked at.
 */
export class ObjectLog {
  readonly #file: string;
  readonly #runId: string;
  readonly #earlier = new Map<string, SeenObject>();
  readonly #current = new Map<string, SeenObject>();

  private constructor(file: string, runId: string) {
    this.#file = file;
    this.#runId = runId;
  }

  static async open(cacheFolder: string, runId: string): Promise<ObjectLog> {
    const log = new ObjectLog(join(cacheFolder, 'objects.jsonl'), runId);
    const text = await readFile(log.#file, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const seen = seenOf(line);
      if (seen !== null) log.#earlier.set(seen.place, seen);
    }
    return log;
  }

  /** What an earlier run saw at a place; null: nothing. */
  earlier(medium: Medium): SeenObject | null {
    return this.#earlier.get(placeOfObject(medium)) ?? null;
  }

  /** The name under which this run keeps evidence of an object that is new or has changed. */
  newIdentity(medium: Medium): string {
    const text = `${this.#runId}\0${placeOfObject(medium)}`;
    return createHash('sha256').update(text).digest('hex').slice(0, 32);
  }

  /** Takes an object that is still what an earlier run saw for seen. */
  recall(seen: SeenObject): void {
    this.#current.set(seen.identity, seen);
  }

  /** The version that this run has seen of an object; null: none yet. */
  versionOf(identity: string): string | null {
    return this.#current.get(identity)?.version ?? null;
  }

  /** The hash that a run has made of an object of this version; null: none. */
  hashOf(identity: string): string | null {
    return this.#current.get(identity)?.hash ?? null;
  }

  /** Keeps the hash of an object that this run has seen. */
  async noteHash(identity: string, hash: string | null): Promise<void> {
    const seen = this.#current.get(identity);
    if (seen === undefined || hash === null || seen.hash === hash) return;
    this.#current.set(identity, { ...seen, hash });
    await appendFile(this.#file, `${toJsonLine({ ...seen, hash })}\n`);
  }

  /** Notes what a look at an object has told of it; without a version it will be looked at again the next time. */
  async note(
    identity: string,
    medium: Medium,
    file: Readonly<Record<string, unknown>> | undefined,
  ): Promise<void> {
    const version = file?.['version'];
    const sizeBytes = Number(file?.['size_bytes']);
    if (typeof version !== 'string' || this.#current.has(identity)) return;
    const seen = { place: placeOfObject(medium), version, identity, sizeBytes };
    this.#current.set(identity, seen);
    await mkdir(dirname(this.#file), { recursive: true });
    await appendFile(this.#file, `${toJsonLine(seen)}\n`);
  }
}

function seenOf(line: string): SeenObject | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const content = objectsIn([value])[0];
  const place = content?.['place'];
  const version = content?.['version'];
  const identity = content?.['identity'];
  const sizeBytes = content?.['sizeBytes'];
  const hash = content?.['hash'];
  return typeof place === 'string' &&
    typeof version === 'string' &&
    typeof identity === 'string' &&
    typeof sizeBytes === 'number'
    ? { place, version, identity, sizeBytes, ...(typeof hash === 'string' ? { hash } : {}) }
    : null;
}
