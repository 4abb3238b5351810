import { ERROR_COLUMNS, type EvidenceColumns } from './evidence-column.ts';

/** What a file of latents or other features holds. */
export const LATENT_COLUMNS = {
  format: { type: 'VARCHAR', doc: 'npy, npz, safetensors or pt.' },
  array_name: {
    type: 'VARCHAR',
    doc: 'Of several arrays the one that was measured: called latents or the like, else the largest.',
  },
  array_count: { type: 'INTEGER', doc: 'Arrays in the file.' },
  shape: { type: 'BIGINT[]', doc: 'Its shape as stored.' },
  dtype: {
    type: 'VARCHAR',
    doc: 'Its number type: float16, bfloat16, float32, int8…; >float16 with the bytes in the other order.',
  },
  is_column_major: { type: 'BOOLEAN', doc: 'Stored columns first (Fortran order).' },
  missing_bytes: {
    type: 'BIGINT',
    doc: 'Bytes that shape and type ask for beyond those that the file has.',
  },
  sampled_count: {
    type: 'BIGINT',
    doc: 'Numbers that were read: 64 KB in four places of the array, or all of a smaller one.',
  },
  nan_count: { type: 'BIGINT', doc: 'Of these, NaN.' },
  inf_count: { type: 'BIGINT', doc: 'Of these, infinite.' },
  zero_count: { type: 'BIGINT', doc: 'Of these, zero.' },
  mean: { type: 'DOUBLE', doc: 'Mean of the finite ones.' },
  std: { type: 'DOUBLE', doc: 'Their standard deviation.' },
  min: { type: 'DOUBLE', doc: 'The smallest.' },
  max: { type: 'DOUBLE', doc: 'The largest.' },
  exponent_mode_share: {
    type: 'DOUBLE',
    doc: 'Share of the most usual binary exponent among finite numbers but zeros.',
  },
  exponent_low: { type: 'DOUBLE', doc: 'Their binary exponent, 1st percentile.' },
  exponent_high: { type: 'DOUBLE', doc: 'The same, 99th percentile.' },
  block_hash: {
    type: 'VARCHAR',
    doc: 'sha256 of shape, type and the bytes that were read, hex: equal arrays have equal ones.',
  },
  bytes_read: { type: 'BIGINT', doc: 'Bytes read.' },
  ...ERROR_COLUMNS,
} as const satisfies EvidenceColumns;
