import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { extname, join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from '../discover-shards.ts';
import { type Held, type MediaHolder, MOST_HELD_BYTES } from '../embedded/held-media.ts';
import { scratchFile } from '../row-store.ts';
import { errorText } from '../rows.ts';
import { openTar } from './open-tar.ts';
import { memberText } from './sample-fields.ts';
import { type TarMember, walkTar } from './walk-tar.ts';

/** Larger members are no clips. */
const LONGEST_MEMBER_BYTES = 4 * 1024 ** 3;

/** Written at once. */
const PART_BYTES = 8 * 1024 * 1024;

/**
 * Members of compressed tars, which have no place in their file: a second pass over the tars writes those that are asked for to
 * a scratch folder, for as long as the room is open.
 */
export class HeldMembers implements MediaHolder {
  readonly #connection: DuckDBConnection;
  readonly #tars: ReadonlyMap<string, ShardFile>;
  readonly #held = new Map<string, Held>();
  readonly #most_bytes: number;
  #folder: string | null = null;
  #bytes = 0;

  /** `tars` by the name that texts begin with. */
  constructor(
    connection: DuckDBConnection,
    tars: ReadonlyMap<string, ShardFile>,
    most_bytes = MOST_HELD_BYTES,
  ) {
    this.#connection = connection;
    this.#tars = tars;
    this.#most_bytes = most_bytes;
  }

  async hold(texts: readonly (string | null)[], signal?: AbortSignal): Promise<void> {
    const wanted = new Map<string, Set<string>>();
    for (const text of texts) {
      const name = text === null || this.#held.has(text) ? null : this.#tarOf(text);
      if (text === null || name === null) continue;
      wanted.set(name, (wanted.get(name) ?? new Set()).add(text));
    }
    for (const [name, own] of wanted) {
      const tar = this.#tars.get(name);
      if (tar !== undefined) await this.#holdFrom({ ...tar, name }, own, signal);
    }
  }

  find(text: string | null): Held | null {
    return text === null ? null : (this.#held.get(text) ?? null);
  }

  /** The tar that a text begins with: the longest name that ends at a slash. */
  #tarOf(text: string): string | null {
    for (let at = text.lastIndexOf('/'); at > 0; at = text.lastIndexOf('/', at - 1))
      if (this.#tars.has(text.slice(0, at))) return text.slice(0, at);
    return null;
  }

  async #holdFrom(tar: ShardFile, wanted: Set<string>, signal?: AbortSignal): Promise<void> {
    const left = new Set(wanted);
    let message = `${tar.name} has no such member`;
    try {
      const { mtime } = await stat(tar.path).catch(() => ({ mtime: new Date(0) }));
      const { bytes, close } = await openTar(tar);
      try {
        for await (const member of walkTar(bytes)) {
          signal?.throwIfAborted();
          const text = memberText(tar, member);
          if (member.kind !== 'file' || !left.delete(text)) continue;
          this.#held.set(text, await this.#keep(member, mtime));
          if (left.size === 0) break;
        }
      } finally {
        await close();
      }
    } catch (error) {
      signal?.throwIfAborted();
      message = `${tar.name} cannot be read: ${errorText(error)}`;
    }
    for (const text of wanted)
      if (!this.#held.has(text))
        this.#held.set(text, { kind: 'fault', code: 'missing-file', message });
  }

  async #keep(member: TarMember, mtime: Date): Promise<Held> {
    const size = member.length_bytes;
    if (size > LONGEST_MEMBER_BYTES || this.#bytes + size > this.#most_bytes) {
      const message = `not taken out of its tar: ${size.toLocaleString('en')} bytes beyond the ${(this.#most_bytes / 1e9).toFixed(1)} GB that a run takes out; draw fewer clips`;
      return { kind: 'fault', code: 'unreachable', message };
    }
    this.#bytes += size;
    this.#folder ??= await this.#makeFolder();
    const [ending = ''] = /^\.\w{1,12}$/.exec(extname(member.name)) ?? [];
    const part = join(this.#folder, 'part');
    const file = await open(part, 'w', 0o600);
    const hash = createHash('sha256');
    try {
      for (let at = 0; at < size; at += PART_BYTES) {
        const bytes = await member.read(PART_BYTES, at);
        hash.update(bytes);
        await file.write(bytes);
      }
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    const identity = hash.update(`\0${ending}`).digest('hex');
    const path = join(this.#folder, `${identity.slice(0, 32)}${ending}`);
    await rename(part, path);
    // Equal tars give equal evidence: the time is theirs.
    await utimes(path, mtime, mtime);
    return { kind: 'file', path, identity, sizeBytes: size };
  }

  async #makeFolder(): Promise<string> {
    const folder = await scratchFile(this.#connection, 'members');
    await mkdir(folder, { mode: 0o700 });
    return folder;
  }
}
