/** What captions say outright of colour, shape or duration of their media: one row for each claim. */
export const CAPTION_CLAIM_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  row_number: 'BIGINT',
  key: 'VARCHAR',
  caption: 'VARCHAR',
  /** black-and-white, upright, wide or duration. */
  claim: 'VARCHAR',
  /** Duration that it states, s; null for the others. */
  claimed_s: 'DOUBLE',
  /** What is known of the medium. Standard deviation of chroma; of a grey picture it is under 2. */
  chroma_spread: 'DOUBLE',
  width_px: 'DOUBLE',
  height_px: 'DOUBLE',
  duration_s: 'DOUBLE',
} as const;

/** Rows whose file is, in the table that captions came from, that of another key. */
export const ANNOTATED_PATH_COLUMNS = {
  clip_id: 'BIGINT',
  path: 'VARCHAR',
  /** Path of the row's key in the annotations. */
  annotated: 'VARCHAR',
  /** Key that the annotations give the row's file to. */
  belongs_to: 'VARCHAR',
} as const;
