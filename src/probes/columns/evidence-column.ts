/** DuckDB column types that evidence may have: all survive JSON lines, Parquet and Spark. */
export type EvidenceType =
  | 'BOOLEAN'
  | 'INTEGER'
  | 'BIGINT'
  | 'DOUBLE'
  | 'VARCHAR'
  | 'INTEGER[]'
  | 'BIGINT[]'
  | 'DOUBLE[]'
  | 'FLOAT[]'
  | 'VARCHAR[]';

export type EvidenceColumn = {
  readonly type: EvidenceType;
  readonly doc: string;
  /** The cheapest tier that measures it, where that is not the one that writes rows of its table. */
  readonly tier?: 'keyframes' | 'frames' | 'full';
  /** Whether the `ffmpeg` program does not measure it: it hands small pictures over, and no sound. */
  readonly isLibraryOnly?: true;
};
export type EvidenceColumns = Readonly<Record<string, EvidenceColumn>>;

/** Why a medium could not be measured: the medium's own fault, or the tool's. */
export const ERROR_COLUMNS = {
  error_code: {
    type: 'VARCHAR',
    doc: 'Why nothing could be measured (see MediaErrorCode), null if it could.',
  },
  error_message: {
    type: 'VARCHAR',
    doc: 'The reader or decoder in its own words, one line, at most 500 characters.',
  },
} as const satisfies EvidenceColumns;
