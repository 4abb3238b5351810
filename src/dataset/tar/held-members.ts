import { stat } from 'node:fs/promises';
import { extname } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { ShardFile } from '../shard-file.ts';
import type { Held, MediaHolder } from '../embedded/held-media.ts';
import { MOST_HELD_BYTES, ScratchMedia, shardFaultCode } from '../embedded/scratch-media.ts';
import { errorText } from '../rows.ts';
import { LOCAL_TARS } from './open-tar.ts';
import { memberText } from './sample-fields.ts';
import { walkMembers } from './walk-members.ts';
import { isWholeEnd, type TarMember } from './walk-tar.ts';

/** Larger members are no clips. */
const LONGEST_MEMBER_BYTES = 4 * 1024 ** 3;

/** Written at once. */
const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * Members of compressed tars, which have no place in their file: a second pass over the tars writes those that are asked for to
 * a scratch folder, for as long as the room is open.
 */
export class HeldMembers implements MediaHolder {
  readonly #scratch: ScratchMedia;
  readonly #tars: ReadonlyMap<string, ShardFile>;
  readonly #held = new Map<string, Held>();

  /** `tars` by the name that texts begin with. */
  constructor(
    connection: DuckDBConnection,
    tars: ReadonlyMap<string, ShardFile>,
    most_bytes = MOST_HELD_BYTES,
  ) {
    this.#scratch = new ScratchMedia(connection, 'tar', LONGEST_MEMBER_BYTES, most_bytes);
    this.#tars = tars;
  }

  async hold(texts: readonly (string | null)[], signal?: AbortSignal): Promise<void> {
    await this.#scratch.inTurn(async () => {
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
    });
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
    const fault = await this.#takeFrom(tar, left, signal).catch((error: unknown): Held => {
      signal?.throwIfAborted();
      const message = `${tar.name} cannot be read: ${errorText(error)}`;
      return { kind: 'fault', code: shardFaultCode(error), message };
    });
    for (const text of wanted) if (!this.#held.has(text)) this.#held.set(text, fault);
  }

  /** Keeps the members that are left to find, and says what is wrong with those that are not in the tar. */
  async #takeFrom(tar: ShardFile, left: Set<string>, signal?: AbortSignal): Promise<Held> {
    const { mtime } = await stat(tar.path);
    const access = { ...LOCAL_TARS, ...(signal === undefined ? {} : { signal }) };
    const end = await walkMembers(tar, access, {
      take: async (member) => {
        const text = memberText(tar, member);
        if (member.kind !== 'file' || !left.delete(text)) return false;
        const [ending = ''] = /^\.\w{1,12}$/.exec(extname(member.name)) ?? [];
        const { length_bytes: size_bytes } = member;
        const kept = this.#scratch.keep({ pieces: piecesOf(member), size_bytes, ending, mtime });
        this.#held.set(text, await kept);
        return left.size === 0;
      },
    });
    return end === null || isWholeEnd(end)
      ? { kind: 'fault', code: 'missing-file', message: `${tar.name} has no such member` }
      : { kind: 'fault', code: 'corrupt-header', message: `${tar.name}: ${end.message}` };
  }
}

async function* piecesOf(member: TarMember): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < member.length_bytes; at += PIECE_BYTES)
    yield await member.read(PIECE_BYTES, at);
}
