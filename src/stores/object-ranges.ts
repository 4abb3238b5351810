import type { RangeReader } from '../media/ranges.ts';
import type { StoreAccess } from './access.ts';
import type { AskedRange, ObjectSource, RangeAnswer } from './object-source.ts';
import { type ObjectVersion, versionText } from './object-version.ts';
import { readBody } from './read-body.ts';
import { retrying } from './retrying.ts';
import { StoreFault } from './store-fault.ts';

/** An object that was opened: its ranges, all of one version. */
export type StoreObject = RangeReader & {
  /** As {@link versionText} has it; null: the store tells none. */
  readonly version: string | null;
  readonly modified_ms: number | null;
  /** Whether the server answers ranges; if not, what is read costs all bytes before it. */
  readonly answersRanges: boolean;
  /** The whole object in order, to a file or a parser, without holding it. */
  readonly drain: (onBytes: (bytes: Uint8Array, at: number) => Promise<void>) => Promise<void>;
};

export type OpenObjectOptions = {
  /** What comes with the first request: some bytes from the first one (default: 32 KB) or from `start` on, or the last ones. */
  readonly first?: { readonly bytes: number; readonly start?: number } | { readonly last: number };
  readonly signal?: AbortSignal;
};

/** As much as the first read of any medium. */
const HEAD_BYTES = 32_768;

type Piece = { readonly start: number; readonly bytes: Uint8Array };

/** Opens an object with one request, which brings its size, its version and its first or last bytes. */
export async function openRanges(
  source: ObjectSource,
  access: StoreAccess,
  options: OpenObjectOptions,
): Promise<StoreObject> {
  const first = options.first ?? { bytes: HEAD_BYTES };
  const start = 'last' in first ? 0 : (first.start ?? 0);
  const asked: AskedRange =
    'last' in first ? first : { start, end: start + Math.max(1, first.bytes) };
  const ranges = new ObjectRanges(source, access, options.signal);
  await ranges.open(asked, 'last' in first ? first.last : first.bytes);
  return ranges;
}

class ObjectRanges implements StoreObject {
  readonly #source: ObjectSource;
  readonly #access: StoreAccess;
  readonly #signal: AbortSignal | undefined;
  #bytesRead = 0;
  #requests = 0;
  #sizeBytes = 0;
  #version: ObjectVersion | null = null;
  #answersRanges = true;
  /** What the first request brought, or all of it where there are no ranges. */
  #kept: Piece = { start: 0, bytes: new Uint8Array(0) };

  constructor(source: ObjectSource, access: StoreAccess, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#access = access;
    this.#signal = signal;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get answersRanges(): boolean {
    return this.#answersRanges;
  }

  get version(): string | null {
    return this.#version === null ? null : versionText(this.#version, this.#sizeBytes);
  }

  get modified_ms(): number | null {
    return this.#version?.modified_ms ?? null;
  }

  readonly spent = (): { readonly bytesRead: number; readonly requests: number } => ({
    bytesRead: this.#bytesRead,
    requests: this.#requests,
  });

  readonly close = (): Promise<void> => Promise.resolve();

  async open(asked: AskedRange, wanted: number): Promise<void> {
    this.#kept = await this.#retrying(async () => {
      const answer = await this.#get(asked, null);
      const { start, sizeBytes } = answer;
      const limit = answer.isRange ? (answer.length ?? wanted) : this.#wantedOfWhole(asked, answer);
      const bytes = await this.#collect(answer, 0, limit);
      const most = answer.isRange ? wanted : limit;
      const size = sizeBytes ?? (start === 0 && bytes.length < most ? bytes.length : null);
      if (size === null)
        throw new StoreFault('unreachable', `${this.#source.shown}: the server tells no size`);
      this.#answersRanges = answer.isRange;
      this.#sizeBytes = size;
      const { etag, hasEncryptedEtag, modified_ms } = answer;
      this.#version = { etag, hasEncryptedEtag, modified_ms };
      return { start, bytes };
    });
  }

  /** Where the whole comes though a part was asked: as much as leads to that part, all if the end is wanted. */
  #wantedOfWhole(asked: AskedRange, answer: RangeAnswer): number {
    if ('end' in asked && answer.sizeBytes !== null) return Math.min(asked.end, answer.sizeBytes);
    if (answer.sizeBytes !== null && answer.sizeBytes > this.#access.unrangedBytes) return 0;
    return this.#access.unrangedBytes;
  }

  readonly read = async (start: number, length: number): Promise<Uint8Array> => {
    const from = Math.max(0, start);
    const end = Math.min(start + length, this.#sizeBytes);
    if (end <= from) return new Uint8Array(0);
    const { start: keptStart, bytes: kept } = this.#kept;
    const keptEnd = keptStart + kept.length;
    if (from >= keptStart && end <= keptEnd)
      return kept.subarray(from - keptStart, end - keptStart);
    if (!this.#answersRanges) return this.#readWhole(from, end);
    if (from >= keptStart && from < keptEnd) {
      const rest = await this.#fetch(keptEnd, end);
      return Buffer.concat([kept.subarray(from - keptStart), rest]);
    }
    return this.#fetch(from, end);
  };

  /** One range, over as many connections as it takes: what came before a cut is not asked for again. */
  async #fetch(start: number, end: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(end - start);
    let filled = 0;
    await this.#retrying(async () => {
      const answer = await this.#get({ start: start + filled, end }, this.#version);
      if (!answer.isRange) {
        answer.body.destroy();
        throw new StoreFault('unreachable', `${this.#source.shown}: ranges are answered no longer`);
      }
      await readBody(
        answer.body,
        this.#source.shown,
        this.#access,
        null,
        (bytes) => {
          const taken = bytes.subarray(0, buffer.length - filled);
          buffer.set(taken, filled);
          filled += taken.length;
          this.#bytesRead += bytes.length;
          return filled < buffer.length;
        },
        this.#signal,
      );
      if (filled < buffer.length)
        throw new StoreFault(
          'unreachable',
          `${this.#source.shown}: cut off ${buffer.length - filled} bytes early`,
          { isPassing: true },
        );
    });
    return buffer;
  }

  /** Without ranges a part is read by reading all, once, if that is not too much. */
  async #readWhole(from: number, end: number): Promise<Uint8Array> {
    if (this.#sizeBytes > this.#access.unrangedBytes)
      throw new StoreFault(
        'unreachable',
        `${this.#source.shown}: the server answers no ranges, and ${this.#sizeBytes} bytes are too many to fetch for a part`,
      );
    if (this.#kept.bytes.length < this.#sizeBytes) {
      const bytes = await this.#retrying(async () => {
        const answer = await this.#get(null, this.#version);
        return this.#collect(answer, 0, this.#sizeBytes);
      });
      this.#kept = { start: 0, bytes };
    }
    return this.#kept.bytes.subarray(from, end);
  }

  readonly drain = async (
    onBytes: (bytes: Uint8Array, at: number) => Promise<void>,
  ): Promise<void> => {
    let at = 0;
    if (this.#kept.start === 0 && this.#kept.bytes.length === this.#sizeBytes) {
      await onBytes(this.#kept.bytes, 0);
      return;
    }
    await this.#retrying(async () => {
      const isResumed = at > 0 && this.#answersRanges;
      const answer = await this.#get(
        isResumed ? { start: at, end: this.#sizeBytes } : null,
        this.#version,
      );
      let position = answer.start;
      await readBody(
        answer.body,
        this.#source.shown,
        this.#access,
        this.#sizeBytes - answer.start,
        async (bytes) => {
          this.#bytesRead += bytes.length;
          // Without ranges a second attempt brings again what is there already.
          const fresh = bytes.subarray(Math.max(0, at - position));
          position += bytes.length;
          if (fresh.length > 0) {
            await onBytes(fresh, at);
            at += fresh.length;
          }
          return true;
        },
        this.#signal,
      );
    });
  };

  #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    return retrying(attempt, this.#access, this.#signal);
  }

  async #get(
    range: AskedRange | null,
    version: Parameters<ObjectSource['get']>[1],
  ): Promise<RangeAnswer> {
    this.#requests += 1;
    const answer = await this.#source.get(range, version, this.#signal);
    const wrong = this.#whatIsWrong(answer, range, version);
    if (wrong === null) return answer;
    answer.body.destroy();
    throw wrong;
  }

  /** Servers that know no conditions, and proxies that answer other ranges than asked for, are caught here. */
  #whatIsWrong(
    answer: RangeAnswer,
    range: AskedRange | null,
    version: Parameters<ObjectSource['get']>[1],
  ): StoreFault | null {
    const { shown } = this.#source;
    if (answer.isRange && range !== null && 'start' in range) {
      const end = answer.start + (answer.length ?? 0);
      if (answer.sizeBytes !== 0 && (answer.start !== range.start || end > range.end))
        return new StoreFault(
          'unreachable',
          `${shown}: bytes ${range.start} to ${range.end} were asked for, ${answer.start} to ${end} came`,
        );
    }
    if (version === null) return null;
    const isOther =
      version.etag !== null && answer.etag !== null
        ? answer.etag !== version.etag
        : version.modified_ms !== null &&
          answer.modified_ms !== null &&
          answer.modified_ms !== version.modified_ms;
    if (isOther || (answer.sizeBytes !== null && answer.sizeBytes !== this.#sizeBytes))
      return new StoreFault('changed-while-read', `${shown} was replaced while it was read`);
    return null;
  }

  /** At most `limit` bytes of an answer, after `skipped` ones; the connection is cut after them. */
  async #collect(answer: RangeAnswer, skipped: number, limit: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = -skipped;
    const expected = answer.length === null ? null : Math.min(limit, answer.length);
    await readBody(
      answer.body,
      this.#source.shown,
      this.#access,
      expected,
      (bytes) => {
        this.#bytesRead += bytes.length;
        parts.push(bytes);
        length += bytes.length;
        return length < limit;
      },
      this.#signal,
    );
    return Buffer.concat(parts).subarray(skipped, skipped + limit);
  }
}
