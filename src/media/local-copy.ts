import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { type MediumFault, mediumFaultOf } from './medium-fault.ts';
import { filePathOf } from './medium-text.ts';
import type { OpenMedium } from './open-medium.ts';
import type { RangeReader } from './ranges.ts';

/** Largest medium that is fetched whole for a decoder. */
const MOST_BYTES = 4_000_000_000;
/** Asked for at once. */
const PART_BYTES = 16 * 1024 * 1024;
/** Bytes that are there already and are fetched again all the same, to save a request. */
const REFETCHED_BYTES = 32 * 1024;
/** Kept in memory of what was read before a copy is made; headers are smaller. */
const MOST_KEPT_BYTES = 32 * 1024 * 1024;

/** A half-open stretch of bytes. */
export type Stretch = { readonly start: number; readonly end: number };

/** The local file that a decoder may open in place of a medium, or why there is none. */
type LocalFile =
  | { readonly ok: true; readonly path: string }
  | ({ readonly ok: false } & (
      | MediumFault
      | { readonly code: 'out-of-memory'; readonly message: string }
    ));

/**
 * A medium as a local file, for decoders, which open nothing else: a file stands for itself, a range or an object is copied into
 * a folder of ours as far as it is needed. What was read through {@link reader}
 * is in the copy and not fetched again, but for a few KB between two gaps.
 */
export class LocalCopy {
  /** Reads the medium; what goes through it need not be fetched again. */
  readonly reader: RangeReader;
  readonly #opened: OpenMedium;
  readonly #folder: () => Promise<string>;
  #kept: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  #keptBytes = 0;
  #file: { readonly path: string; readonly handle: FileHandle } | null = null;
  #filled: readonly Stretch[] = [];

  /** `folder` gives the folder for the copy; it is asked for when there is something to copy. */
  constructor(opened: OpenMedium, folder: () => Promise<string>) {
    this.#opened = opened;
    this.#folder = folder;
    this.reader =
      filePathOf(opened.medium) === null ? this.#recording(opened.reader) : opened.reader;
  }

  /** Whether decoders open the medium where it lies, and nothing is copied. */
  get isInPlace(): boolean {
    return filePathOf(this.#opened.medium) !== null;
  }

  /** The whole medium as a file. */
  async whole(): Promise<LocalFile> {
    return this.parts([{ start: 0, end: this.reader.sizeBytes }]);
  }

  /** A file of the medium's size that holds these stretches and whatever was read before; elsewhere it may have holes. */
  async parts(stretches: readonly Stretch[]): Promise<LocalFile> {
    const own = filePathOf(this.#opened.medium);
    if (own !== null) return { ok: true, path: own };
    const bytes = stretches.reduce((sum, { start, end }) => sum + end - start, 0);
    if (bytes > MOST_BYTES) {
      const message = `${bytes} bytes are more than the ${MOST_BYTES} that are fetched for a decoder`;
      return { ok: false, code: 'out-of-memory', message };
    }
    try {
      const { path, handle } = await this.#begin();
      for (const stretch of stretches) {
        const gaps = joinStretches(gapsIn(stretch, this.#filled), REFETCHED_BYTES);
        for (const { start, end } of gaps) await this.#fetch(handle, start, end);
      }
      return { ok: true, path };
    } catch (error) {
      return { ok: false, ...mediumFaultOf(error) };
    }
  }

  /** Removes the copy and closes the medium. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    try {
      await file?.handle.close();
      if (file !== null) await rm(file.path, { force: true });
    } finally {
      await this.#opened.reader.close();
    }
  }

  #recording(reader: RangeReader): RangeReader {
    return {
      sizeBytes: reader.sizeBytes,
      spent: reader.spent,
      close: reader.close,
      read: async (start, length) => {
        const held = await this.#readHeld(start, length);
        if (held !== null) return held;
        const bytes = await reader.read(start, length);
        if (this.#keptBytes + bytes.length <= MOST_KEPT_BYTES) {
          this.#keptBytes += bytes.length;
          this.#kept.push({ start: Math.max(0, start), bytes });
        }
        return bytes;
      },
    };
  }

  /** Bytes that the copy has already; null if it lacks some. */
  async #readHeld(start: number, length: number): Promise<Uint8Array | null> {
    const end = Math.min(start + length, this.reader.sizeBytes);
    if (this.#file === null || start < 0 || end <= start) return null;
    if (gapsIn({ start, end }, this.#filled).length > 0) return null;
    const bytes = new Uint8Array(end - start);
    const { bytesRead } = await this.#file.handle.read(bytes, 0, bytes.length, start);
    return bytesRead === bytes.length ? bytes : null;
  }

  async #begin(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    if (this.#file === null) {
      const [ending = ''] = /^\.[a-z0-9]{1,8}$/i.exec(extname(this.#opened.medium.name)) ?? [];
      const path = join(await this.#folder(), `${randomBytes(8).toString('hex')}${ending}`);
      const handle = await open(path, 'wx+', 0o600);
      this.#file = { path, handle };
      await handle.truncate(this.reader.sizeBytes);
    }
    const { handle } = this.#file;
    for (const { start, bytes } of this.#kept) await this.#write(handle, start, bytes);
    this.#kept = [];
    return this.#file;
  }

  async #fetch(handle: FileHandle, from: number, end: number): Promise<void> {
    for (let start = from; start < end;) {
      const bytes = await this.#opened.reader.read(start, Math.min(PART_BYTES, end - start));
      if (bytes.length === 0) return;
      await this.#write(handle, start, bytes);
      start += bytes.length;
    }
  }

  async #write(handle: FileHandle, start: number, bytes: Uint8Array): Promise<void> {
    await handle.write(bytes, 0, bytes.length, start);
    this.#filled = joinStretches([...this.#filled, { start, end: start + bytes.length }], 0);
  }
}

/** Stretches in order, with those that touch, overlap or are at most `gap` bytes apart made one. */
export function joinStretches(stretches: readonly Stretch[], gap: number): readonly Stretch[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of stretches.toSorted((a, b) => a.start - b.start)) {
    if (end <= start) continue;
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end + gap) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** What of a stretch is not covered; `filled` is in order and apart. */
export function gapsIn(wanted: Stretch, filled: readonly Stretch[]): readonly Stretch[] {
  const gaps: Stretch[] = [];
  let at = wanted.start;
  for (const { start, end } of filled) {
    if (end <= at) continue;
    if (start >= wanted.end) break;
    if (start > at) gaps.push({ start: at, end: start });
    at = Math.max(at, end);
  }
  if (at < wanted.end) gaps.push({ start: at, end: wanted.end });
  return gaps;
}
