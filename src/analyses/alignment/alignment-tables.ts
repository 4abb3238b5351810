import { createTableSql } from '../../dataset/table-columns.ts';
import type { Database } from '../../engine/database.ts';
import { insertRows } from '../../engine/insert-rows.ts';
import { CAPTION_CLAIM_COLUMNS } from './row-tables.ts';

/** What the analysis writes, for rules to read. */
export const ALIGNMENT_TABLES = {
  /** One row for each shard and kind of evidence; `shard` is null where the whole dataset had nothing to look at. */
  alignment: {
    shard_id: { type: 'INTEGER', doc: 'Shard, null for the dataset as a whole.' },
    shard: { type: 'VARCHAR', doc: 'Name of the shard.' },
    evidence: {
      type: 'VARCHAR',
      doc: 'What was compared: embeddings, model, caption-words, picture-words, colour-words, length, source-words, annotations or metadata.',
    },
    rows: { type: 'BIGINT', doc: 'Rows looked at.' },
    pairs: { type: 'BIGINT', doc: 'Rows of which both sides could be compared.' },
    d_prime: {
      type: 'DOUBLE',
      doc: 'Mean similarity of matched pairs, standard deviations of unrelated pairs.',
    },
    t2_k: {
      type: 'INTEGER',
      doc: 'Offset whose captions fit best against the own ones, rows further down.',
    },
    t2_p: {
      type: 'DOUBLE',
      doc: 'Its p-value, corrected for offsets and shards.',
    },
    verdict: {
      type: 'VARCHAR',
      doc: 'aligned, shifted, unaligned-block, unrelated or not-assessable.',
    },
    reason: { type: 'VARCHAR', doc: 'Why nothing could be said, or how the shard was told.' },
    mismatch_low: {
      type: 'DOUBLE',
      doc: 'Lower bound of the share of pairs at chance level, 0-1; null where matches are not told apart.',
    },
    mismatch_high: { type: 'DOUBLE', doc: 'Upper bound of the same.' },
    left_dimension: { type: 'INTEGER', doc: 'Length of the first vector of the picture side.' },
    right_dimension: { type: 'INTEGER', doc: 'Length of the first vector of the text side.' },
    left_mean_cosine: {
      type: 'DOUBLE',
      doc: 'Cosine of the mean vector of the picture side and that of all other shards.',
    },
    right_mean_cosine: { type: 'DOUBLE', doc: 'The same of the text side.' },
    left_turn_row: {
      type: 'BIGINT',
      doc: 'Row from which on vectors of the picture side point elsewhere than before, if anywhere.',
    },
    left_turn_cosine: { type: 'DOUBLE', doc: 'Cosine of the mean vectors before and after it.' },
    left_turn_within: {
      type: 'DOUBLE',
      doc: 'Smaller cosine between the halves of what lies before it, and of what lies after it.',
    },
    right_turn_row: { type: 'BIGINT', doc: 'The same of the text side.' },
    right_turn_cosine: { type: 'DOUBLE', doc: 'The same of the text side.' },
    right_turn_within: { type: 'DOUBLE', doc: 'The same of the text side.' },
    fan_out_rows: {
      type: 'BIGINT',
      doc: 'Rows left out because their caption stands on other rows, too.',
    },
    fan_out_fit: {
      type: 'DOUBLE',
      doc: 'How well those fit their clips, as a share of the fit of captions that stand once; near 0: joined to clips that are not theirs.',
    },
    left_missing: { type: 'BIGINT', doc: 'Rows without a vector of the picture side.' },
    right_missing: { type: 'BIGINT', doc: 'Rows without a vector of the text side.' },
    left_unusable: { type: 'BIGINT', doc: 'Zero or non-finite vectors of the picture side.' },
    right_unusable: { type: 'BIGINT', doc: 'Zero or non-finite vectors of the text side.' },
    left_other_length: { type: 'BIGINT', doc: 'Vectors of another length, picture side.' },
    right_other_length: { type: 'BIGINT', doc: 'Vectors of another length, text side.' },
  },
  /** Stretches of rows whose captions stand elsewhere. */
  alignment_segments: {
    shard_id: { type: 'INTEGER', doc: 'Shard.' },
    shard: { type: 'VARCHAR', doc: 'Name of the shard.' },
    evidence: { type: 'VARCHAR', doc: 'As in alignment.' },
    verdict: { type: 'VARCHAR', doc: 'shifted or unaligned.' },
    from_row: { type: 'BIGINT', doc: 'First row.' },
    to_row: { type: 'BIGINT', doc: 'Last row + 1.' },
    k: {
      type: 'INTEGER',
      doc: "Rows further down at which the clip's caption stands; negative: further up; null: nowhere within reach.",
    },
    gain: { type: 'DOUBLE', doc: 'Evidence for it, nats; null where the whole shard was tested.' },
    place: { type: 'VARCHAR', doc: 'Where, in words.' },
    mechanism: { type: 'VARCHAR', doc: 'What stands where, in words.' },
    certainty: {
      type: 'VARCHAR',
      doc: 'How sure it is, and within which rows the first one lies, in words.',
    },
    from_low: { type: 'BIGINT', doc: 'Earliest first row, 95 %.' },
    from_high: { type: 'BIGINT', doc: 'Latest first row, 95 %.' },
    affected_rows: { type: 'BIGINT', doc: 'Rows of the stretch.' },
    key: { type: 'VARCHAR', doc: 'Key of the first row.' },
    row_number: { type: 'BIGINT', doc: 'First row.' },
    caption_before: { type: 'VARCHAR', doc: 'Caption of the row before the first one.' },
    caption: { type: 'VARCHAR', doc: 'Caption of the first row.' },
    caption_after: { type: 'VARCHAR', doc: 'Caption of the row after the first one.' },
    key_before: { type: 'VARCHAR', doc: 'Key of the row before.' },
    key_after: { type: 'VARCHAR', doc: 'Key of the row after.' },
    cue: {
      type: 'VARCHAR',
      doc: 'A row whose colour words speak of another picture, in words; null where none does.',
    },
  },
} as const satisfies Readonly<
  Record<string, Readonly<Record<string, { readonly type: string; readonly doc: string }>>>
>;

type AlignmentTable = keyof typeof ALIGNMENT_TABLES;
type Value = string | number | null;

/** Creates the tables, and that of {@link CAPTION_CLAIM_COLUMNS}, empty. */
export async function createAlignmentTables(database: Database): Promise<void> {
  for (const [table, columns] of Object.entries(ALIGNMENT_TABLES)) {
    await database.run(createTableSql(table, columns, 'temp table'));
  }
  await database.run(createTableSql('caption_claims', CAPTION_CLAIM_COLUMNS, 'temp table'));
}

/** Adds one row; columns that are not given are null. */
export async function insertAlignment<T extends AlignmentTable>(
  database: Database,
  table: T,
  row: Readonly<Partial<Record<keyof (typeof ALIGNMENT_TABLES)[T], Value>>>,
): Promise<void> {
  await insertRows(database, table, ALIGNMENT_TABLES[table], [row]);
}
