/** DuckDB type of a canonical column; null keeps the type of the user's column. */
export const CANONICAL_COLUMNS = {
  key: { type: 'VARCHAR', doc: 'Identity of the clip across versions.' },
  path: { type: 'VARCHAR', doc: 'Path of the medium, relative to the media root.' },
  caption: { type: 'VARCHAR', doc: 'Text that describes the clip.' },
  split: { type: 'VARCHAR', doc: 'train, validation, test…' },
  source_id: { type: 'VARCHAR', doc: 'The long video or site that the clip was cut from.' },
  start_s: { type: 'DOUBLE', doc: 'Start of the clip in its source, seconds.' },
  end_s: { type: 'DOUBLE', doc: 'End of the clip in its source, seconds.' },
  width_px: { type: 'BIGINT', doc: 'Declared width.' },
  height_px: { type: 'BIGINT', doc: 'Declared height.' },
  fps: { type: 'DOUBLE', doc: 'Declared frames per second.' },
  duration_s: { type: 'DOUBLE', doc: 'Declared duration, seconds.' },
  frame_count: { type: 'BIGINT', doc: 'Declared number of frames.' },
  size_bytes: { type: 'BIGINT', doc: 'Declared size of the medium.' },
  content_hash: { type: 'VARCHAR', doc: 'Declared hash of the medium.' },
  caption_hash: { type: 'VARCHAR', doc: 'Declared hash of the caption.' },
  phash: { type: null, doc: 'Declared perceptual hash.' },
  clip_embedding: { type: 'FLOAT[]', doc: 'Embedding of the picture side.' },
  text_embedding: { type: 'FLOAT[]', doc: 'Embedding of the caption.' },
  actions: {
    type: 'FLOAT[]',
    doc: 'Size of the action at each step, of a stream of numbers or vectors.',
  },
  latent_path: { type: 'VARCHAR', doc: 'Path of the encoded latent.' },
  latent_shape: { type: 'BIGINT[]', doc: 'Declared shape of the latent.' },
  latent_dtype: { type: 'VARCHAR', doc: 'Declared number type of the latent.' },
  latent_std: { type: 'DOUBLE', doc: 'Declared standard deviation of the latent.' },
  captioner: { type: 'VARCHAR', doc: 'Model or process that wrote the caption.' },
  encoder: { type: 'VARCHAR', doc: 'Model that made the latent or embedding.' },
  created_at: { type: 'TIMESTAMP', doc: 'When the row was made.' },
  bytes: { type: 'BLOB', doc: 'The medium itself, inside the manifest.' },
  source_duration_s: { type: 'DOUBLE', doc: 'Duration of the source video, seconds.' },
  sample_rate_hz: { type: 'BIGINT', doc: 'Declared audio sample rate.' },
  bucket: { type: 'VARCHAR', doc: 'Resolution or aspect bucket.' },
  licence: { type: 'VARCHAR', doc: 'Declared licence.' },
} as const satisfies Readonly<
  Record<string, { readonly type: string | null; readonly doc: string }>
>;

export type CanonicalColumn = keyof typeof CANONICAL_COLUMNS;

/** Columns that dailies itself adds to every row of `manifest` and `clips`. */
export const RESERVED_COLUMNS = ['clip_id', 'shard_id', 'shard', 'row_number'] as const;

export function isCanonicalColumn(name: string): name is CanonicalColumn {
  return Object.hasOwn(CANONICAL_COLUMNS, name);
}
