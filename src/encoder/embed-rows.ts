import { createHash } from 'node:crypto';

import { findMediaType } from '../media/find-media-type.ts';
import { makeFilmStrip } from '../media/film-strip.ts';
import { findMedium, type MediaHolder } from '../dataset/embedded/held-media.ts';
import { quoteIdentifier } from '../dataset/sql-quote.ts';
import { type Database, maybe, numberOf, textOf } from '../engine/database.ts';
import type { DecoderChoice } from '../media/decoders/frame-stream.ts';
import { stampMedium } from '../media/medium-stamp.ts';
import type { Medium } from '../media/medium.ts';
import { duration, type Progress } from '../progress.ts';
import type { StoreAccess } from '../stores/access.ts';
import type { Encoder } from './encoder.ts';
import type { StripPicture } from './protocol.ts';
import type { VectorCache } from './vector-cache.ts';

/** A row of the manifest, and what a model makes of it; null where the medium shows nothing, or there is no caption. */
type EmbeddedRow = {
  readonly row: number;
  readonly picture: Float32Array | null;
  readonly caption: Float32Array | null;
};

/** Rows `from` up to `to` of a shard. */
type RowStretch = { readonly shardId: number; readonly from: number; readonly to: number };

type EmbedPlan = {
  readonly encoder: Encoder;
  readonly cache: VectorCache;
  readonly mediaRoot: string;
  /** Media that lie in columns; null: all are files. */
  readonly held: MediaHolder | null;
  readonly access: StoreAccess;
  readonly mediaColumn: string | null;
  readonly decoder: DecoderChoice;
  /** Rows that may be looked at before any alarm. */
  readonly mostRows: number;
};

/** Frames of a clip: a mean of a few says what it shows, whatever its length. */
const FRAMES = 4;
/** The shorter side of a wide frame is then 224 px, which towers ask for. */
const FRAME_WIDTH_PX = 400;
/** Rows decoded and encoded together. */
const BATCH_ROWS = 8;

type Row = {
  readonly row: number;
  readonly caption: string | null;
  readonly media: Medium | null;
  readonly pictureId: string | null;
  readonly captionId: string | null;
};

/** Pictures and captions of stretches of rows as vectors, from the cache or from the model. */
export class RowEmbedder {
  readonly #database: Database;
  readonly #plan: EmbedPlan;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  readonly #embedded: (EmbeddedRow & { readonly shardId: number })[] = [];

  constructor(database: Database, plan: EmbedPlan, progress: Progress, signal: AbortSignal) {
    this.#database = database;
    this.#plan = plan;
    this.#progress = progress;
    this.#signal = signal;
  }

  get mostRows(): number {
    return this.#plan.mostRows;
  }

  /** All that was embedded so far, for the run folder. */
  get embedded(): readonly (EmbeddedRow & { readonly shardId: number })[] {
    return this.#embedded;
  }

  /** Says what the stretches will cost, from a trial on their first rows, which is not lost. */
  async announce(stretches: readonly RowStretch[], shards: number): Promise<void> {
    const [first] = stretches;
    if (first === undefined) return;
    const total = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
    const warm = { ...first, to: Math.min(first.to, first.from + BATCH_ROWS) };
    const trial = { ...first, from: warm.to, to: Math.min(first.to, warm.to + BATCH_ROWS) };
    // The first rows start the processes; the next ones say what a row costs.
    await this.#encode(await this.#read(warm));
    const start = performance.now();
    await this.#encode(await this.#read(trial));
    const each_s = (performance.now() - start) / 1000 / Math.max(1, trial.to - trial.from);
    const left = Math.max(0, total - 2 * BATCH_ROWS);
    this.#progress.note(
      `note: --align-model looks at ${total.toLocaleString('en-US')} clips in ${stretches.length} windows of ${new Set(stretches.map((each) => each.shardId)).size} of ${shards} shard(s): about ${duration(each_s * left)}`,
    );
  }

  /** Vectors of the rows of each stretch, in order. */
  async embed(stretches: readonly RowStretch[]): Promise<readonly (readonly EmbeddedRow[])[]> {
    const rows: (readonly Row[])[] = [];
    for (const stretch of stretches) rows.push(await this.#read(stretch));
    const all = rows.flat();
    const stage = this.#progress.stage('run the model on clips and captions', all.length);
    for (let start = 0; start < all.length; start += BATCH_ROWS) {
      this.#signal.throwIfAborted();
      const batch = all.slice(start, start + BATCH_ROWS);
      await this.#encode(batch);
      stage.advance(batch.length);
    }
    stage.done();
    const { cache } = this.#plan;
    const found = rows.map((list) =>
      list.map(({ row, pictureId, captionId }) => ({
        row,
        picture: pictureId === null ? null : cache.get(pictureId),
        caption: captionId === null ? null : cache.get(captionId),
      })),
    );
    for (const [index, list] of found.entries()) {
      const shardId = stretches[index]?.shardId ?? 0;
      for (const each of list) this.#embedded.push({ ...each, shardId });
    }
    return found;
  }

  async #read({ shardId, from, to }: RowStretch): Promise<readonly Row[]> {
    const { mediaColumn, mediaRoot, held, access } = this.#plan;
    const media = mediaColumn === null ? 'null' : quoteIdentifier(mediaColumn);
    const rows = await this.#database.rows(
      `select row_number, caption::varchar as caption, ${media}::varchar as media from clips
       where shard_id = ${shardId} and row_number >= ${from} and row_number < ${to}
       order by row_number`,
    );
    await held?.hold(rows.map((row) => maybe(row['media'], textOf)));
    return Promise.all(
      rows.map(async (row): Promise<Row> => {
        const caption = maybe(row['caption'], textOf);
        const located = findMedium(mediaRoot, held, maybe(row['media'], textOf));
        const stamp = located.ok ? await stampMedium(located.medium, access) : null;
        const isThere = located.ok && stamp?.ok === true && stamp.sizeBytes > 0;
        return {
          row: numberOf(row['row_number']),
          caption: caption === null || caption.trim() === '' ? null : caption,
          media: isThere ? located.medium : null,
          pictureId: isThere ? hash(`picture\0${stamp.identity}`) : null,
          captionId: caption === null || caption.trim() === '' ? null : hash(`caption\0${caption}`),
        };
      }),
    );
  }

  async #encode(rows: readonly Row[]): Promise<void> {
    const { encoder, cache } = this.#plan;
    const captions = distinct(rows, (row) => row.captionId).filter(
      (row) => !cache.has(row.captionId ?? ''),
    );
    if (captions.length > 0) {
      const vectors = await encoder.captions(captions.map((row) => row.caption ?? ''));
      await cache.add(captions.map((row, index) => [row.captionId ?? '', vectors[index] ?? null]));
    }
    const pictures = distinct(rows, (row) => row.pictureId).filter(
      (row) => !cache.has(row.pictureId ?? ''),
    );
    if (pictures.length === 0) return;
    const strips = await Promise.all(pictures.map(async (row) => this.#strip(row.media)));
    const shown = strips.flatMap((strip) => strip ?? []);
    const vectors = shown.length === 0 ? [] : await encoder.pictures(shown);
    let next = 0;
    await cache.add(
      pictures.map((row, index) => {
        if (strips[index] === null) return [row.pictureId ?? '', null];
        next += 1;
        return [row.pictureId ?? '', vectors[next - 1] ?? null];
      }),
    );
  }

  async #strip(medium: Medium | null): Promise<StripPicture | null> {
    if (medium === null) return null;
    const { access } = this.#plan;
    const type = await findMediaType(medium, access);
    const strip = await makeFilmStrip(medium, access, {
      kind: type?.kind ?? 'video',
      decoder: this.#plan.decoder,
      count: FRAMES,
      maxWidth_px: FRAME_WIDTH_PX,
    });
    return strip === null
      ? null
      : {
          webp: Buffer.from(strip.webpBase64, 'base64'),
          frameWidth_px: strip.frameWidth_px,
          frames: Math.max(1, strip.times_s.length),
        };
  }
}

/** Rows with an identity, one of each. */
function distinct(rows: readonly Row[], identity: (row: Row) => string | null): readonly Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const id = identity(row);
    if (id === null || seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
