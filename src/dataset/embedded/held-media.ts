import { stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { detectMagic } from '../../media/magic.ts';
import { mediaTypeOf } from '../../media/media-type.ts';
import { fileMedium } from '../../media/medium-text.ts';
import { type MediaPath, resolveMediaPath } from '../media-path.ts';
import { errorText } from '../rows.ts';
import type { RowSource, ShardReading } from '../source.ts';
import { type CellText, type EmbeddedColumn, parseCellText } from './embedded-columns.ts';
import { type Footers, readEmbedded } from './read-embedded.ts';
import { type Kept, MOST_HELD_BYTES, ScratchMedia, shardFaultCode } from './scratch-media.ts';

/** What became of a medium inside of a shard. */
export type Held =
  | Kept
  /** The row holds no bytes but names a file. */
  | { readonly kind: 'elsewhere'; readonly path: string }
  /** The row holds neither bytes nor a name. */
  | { readonly kind: 'hole'; readonly message: string };

/** Media that are no files of their own, written to files of a scratch folder for as long as the room is open. */
export type MediaHolder = {
  /** Takes media out of where they lie; texts that stand for none of them, and those held already, are passed over. */
  readonly hold: (texts: readonly (string | null)[], signal?: AbortSignal) => Promise<void>;
  /** What became of the medium that a text stands for; null if the text stands for none, or was never asked for. */
  readonly find: (text: string | null) => Held | null;
};

/** Where a medium lies: in a file that was taken out of its shard, else as {@link resolveMediaPath} says. */
export function findMedium(root: string, held: MediaHolder | null, text: string | null): MediaPath {
  const found = held?.find(text) ?? null;
  if (found === null) return resolveMediaPath(root, text);
  if (found.kind === 'elsewhere') return resolveMediaPath(root, found.path);
  if (found.kind === 'file') return { ok: true, medium: fileMedium(found.path) };
  const error_code = found.kind === 'hole' ? 'missing-file' : found.code;
  return { ok: false, error_code, error_message: found.message };
}

/** Larger values are no clips. */
const LONGEST_VALUE_BYTES = 1024 ** 3;

/**
 * Media that lie in columns, written to files of a scratch folder for as long as the room is open, so that probes and decoders
 * work on them as on any file. Only the ones asked for are read.
 */
export class HeldMedia implements MediaHolder {
  readonly #connection: DuckDBConnection;
  readonly #scratch: ScratchMedia;
  readonly #source: RowSource;
  readonly #columns: readonly EmbeddedColumn[];
  readonly #shards: ReadonlyMap<string, ShardReading>;
  readonly #held = new Map<string, Held>();
  readonly #footers: Footers = new Map();

  constructor(
    connection: DuckDBConnection,
    source: RowSource,
    columns: readonly EmbeddedColumn[],
    most_bytes = MOST_HELD_BYTES,
  ) {
    this.#connection = connection;
    this.#source = source;
    this.#columns = columns;
    this.#shards = new Map(source.shards.map((shard) => [shard.file.name, shard]));
    this.#scratch = new ScratchMedia(connection, 'column', LONGEST_VALUE_BYTES, most_bytes);
  }

  /** Takes media out of their shards; texts that stand for none, and those held already, are passed over. */
  async hold(texts: readonly (string | null)[], signal?: AbortSignal): Promise<void> {
    await this.#scratch.inTurn(async () => this.#holdNow(texts, signal));
  }

  async #holdNow(texts: readonly (string | null)[], signal?: AbortSignal): Promise<void> {
    const groups = new Map<string, { cells: Map<number, string[]>; first: CellText }>();
    for (const text of new Set(texts)) {
      if (text === null || this.#held.has(text)) continue;
      const cell = parseCellText(text, this.#columns, (name) => this.#shards.has(name));
      if (cell === null) continue;
      const id = JSON.stringify([cell.shard, cell.column.source]);
      const group = groups.get(id) ?? { cells: new Map<number, string[]>(), first: cell };
      group.cells.set(cell.row, [...(group.cells.get(cell.row) ?? []), text]);
      groups.set(id, group);
    }
    for (const { cells, first } of groups.values()) await this.#holdGroup(first, cells, signal);
  }

  /** What became of the medium that a text stands for; null if the text stands for none, or was never asked for. */
  find(text: string | null): Held | null {
    return text === null ? null : (this.#held.get(text) ?? null);
  }

  async #holdGroup(
    { shard: name, column }: CellText,
    cells: ReadonlyMap<number, readonly string[]>,
    signal?: AbortSignal,
  ): Promise<void> {
    const shard = this.#shards.get(name);
    if (shard === undefined) return;
    const { mtime } = await stat(shard.file.path).catch(() => ({ mtime: new Date(0) }));
    try {
      for await (const { row, bytes, name: beside } of readEmbedded(
        this.#connection,
        this.#source,
        shard,
        column,
        [...cells.keys()],
        this.#footers,
      )) {
        signal?.throwIfAborted();
        for (const text of cells.get(row) ?? [])
          this.#held.set(text, await this.#keep(text, column, bytes, beside ?? null, mtime));
      }
    } catch (error) {
      signal?.throwIfAborted();
      const message = `${column.source} of ${name} cannot be read: ${errorText(error)}`;
      this.#fillUp(cells, { kind: 'fault', code: shardFaultCode(error), message });
    }
    const message = `${name} has no such row`;
    this.#fillUp(cells, { kind: 'fault', code: 'missing-file', message });
  }

  #fillUp(cells: ReadonlyMap<number, readonly string[]>, fault: Held): void {
    for (const text of [...cells.values()].flat())
      if (!this.#held.has(text)) this.#held.set(text, fault);
  }

  async #keep(
    text: string,
    column: EmbeddedColumn,
    bytes: Uint8Array | null,
    name: string | null,
    mtime: Date,
  ): Promise<Held> {
    const cell = parseCellText(text, [column], (shard) => this.#shards.has(shard));
    const inner = cell?.innerPath ?? name;
    if (bytes === null) {
      if (inner !== null) return { kind: 'elsewhere', path: await this.#besideShard(cell, inner) };
      const message = `the row has neither bytes nor a path in ${column.source}`;
      return { kind: 'hole', message };
    }
    const own = extname(inner ?? '') || column.ending;
    const ending = /^\.\w{1,12}$/.test(own)
      ? own
      : (mediaTypeOf(detectMagic(bytes.subarray(0, 1024)))?.ending ?? '');
    return this.#scratch.keep({ pieces: [bytes], size_bytes: bytes.length, ending, mtime });
  }

  /** A named file is looked for beside its shard, then under the media root. */
  async #besideShard(cell: CellText | null, inner: string): Promise<string> {
    const shard = this.#shards.get(cell?.shard ?? '');
    if (shard === undefined || isAbsolute(inner)) return inner;
    const beside = join(dirname(shard.file.path), inner);
    return (await stat(beside).catch(() => null)) === null ? inner : beside;
  }
}
