import { RowEmbedder } from '../encoder/embed-rows.ts';
import { Encoder } from '../encoder/encoder.ts';
import { VectorCache } from '../encoder/vector-cache.ts';
import type { Stage } from './stage.ts';

/** The model that the user named, and what it made of clips and captions. */
export class UserModel {
  readonly #encoder: Encoder;
  readonly #cache: VectorCache;
  #embedder: RowEmbedder | null = null;

  private constructor(encoder: Encoder, cache: VectorCache) {
    this.#encoder = encoder;
    this.#cache = cache;
  }

  /** Loads it, before any long work: it may be none. Null where no model is named. */
  static async open(
    { config, progress, cacheFolder }: Stage,
    cwd: string,
  ): Promise<UserModel | null> {
    const { model } = config.alignment;
    if (model === null) return null;
    const stage = progress.stage('load the model');
    const encoder = await Encoder.open(model, cwd, cacheFolder);
    const cache = await VectorCache.open(cacheFolder, encoder.identity);
    stage.done();
    return new UserModel(encoder, cache);
  }

  /** What makes vectors of rows, begun anew. */
  embedder({ config, database, manifest, progress, signal }: Stage): RowEmbedder {
    const { mediaRoot, mediaColumns, held, access } = manifest.dataset;
    const plan = {
      encoder: this.#encoder,
      cache: this.#cache,
      mediaRoot,
      held,
      access,
      mediaColumn: mediaColumns[0] ?? null,
      decoder: config.decoder,
      mostRows: config.alignment.modelRows,
    };
    this.#embedder = new RowEmbedder(database, plan, progress, signal);
    return this.#embedder;
  }

  /** All that was embedded so far; null: nothing was asked of it. */
  get embedded(): RowEmbedder['embedded'] | null {
    return this.#embedder?.embedded ?? null;
  }

  close(): Promise<void> {
    return this.#encoder.close();
  }
}
