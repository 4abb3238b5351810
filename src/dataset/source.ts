import type { ShardFile } from './shard-file.ts';
import type { EmbeddedColumn } from './embedded/embedded-columns.ts';
import type { Cell } from './embedded/parquet-cells.ts';
import type { PageFault } from './page-faults.ts';
import { tellShardError } from './tell-shard-error.ts';

export type NamedType = { readonly name: string; readonly type: string };

/** What is known of a shard once it was opened. */
export type ShardReading = {
  readonly file: ShardFile;
  /** Why it could not be read, null if it was. */
  readonly error: string | null;
  readonly rows: number;
  /** Rows that the footer of a Parquet file states, null elsewhere: `rows` is the sum of its row groups. */
  readonly footerRows: number | null;
  /** Records that were no rows: malformed JSON, a wrong number of fields. Not part of `rows`. */
  readonly badRows: number;
  readonly schema: readonly NamedType[];
  readonly rowGroups: number | null;
  readonly rowGroupRowsMax: number | null;
  readonly rowGroupBytesMax: number | null;
  readonly codecs: readonly string[];
  readonly createdBy: string | null;
  readonly hasStatistics: boolean | null;
  /** Columns of a Parquet file in the deprecated physical type INT96, nested ones by their last name. */
  readonly int96?: readonly string[];
  /** Members of a tar, null elsewhere. */
  readonly members: number | null;
  /** Damage behind which nothing was read, in words; null if the shard was read to its end. */
  readonly cutOff: string | null;
  /** Its rows are fields of the rows of another shard. */
  readonly isJoined: boolean;
};

/** Names of the two columns that every source has beside the user's. */
export const SOURCE_SHARD_ID = '__dailies_shard_id';
export const SOURCE_ROW_NUMBER = '__dailies_row_number';

/** All readable rows of a dataset behind one SQL relation, user columns under their own names. */
export type RowSource = {
  /** A relation for a FROM clause with {@link SOURCE_SHARD_ID}, {@link SOURCE_ROW_NUMBER} and the columns. */
  readonly from: string;
  readonly columns: readonly NamedType[];
  readonly shards: readonly ShardReading[];
  /** Files that queries over `from` read. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
  /** Canonical columns that the format itself names, below what the user says. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** Columns whose texts say where in a tar a member lies. */
  readonly places?: readonly string[];
  /** Reads bytes that were left out of `from`; not set where it has them. */
  readonly cells?: (
    shard: ShardReading,
    column: EmbeddedColumn,
    rows: readonly number[],
  ) => AsyncGenerator<Cell, void, undefined>;
  /** Set where shards are Parquet: they can be read without their damaged row groups. */
  readonly parquet?: {
    /** Whether the shards are so small that looking for damage at once costs next to nothing. */
    readonly isDoubtful: boolean;
    /** The first rows of the first shard: what a store has given before anybody reads a column. */
    readonly head: (rows: number) => string;
    /** The relation `from` without the rows of row groups that have faults. */
    readonly without: (faults: readonly PageFault[]) => string;
  };
};

/** A shard that could not be read. */
export function unreadShard(file: ShardFile, error: string): ShardReading {
  return {
    file,
    error: tellShardError(error, file.bytes),
    rows: 0,
    footerRows: null,
    badRows: 0,
    schema: [],
    rowGroups: null,
    rowGroupRowsMax: null,
    rowGroupBytesMax: null,
    codecs: [],
    createdBy: null,
    hasStatistics: null,
    members: null,
    cutOff: null,
    isJoined: false,
  };
}

/** A shard of text or Arrow that was read. */
export function readShard(
  file: ShardFile,
  rows: number,
  badRows: number,
  schema: readonly NamedType[],
): ShardReading {
  return { ...unreadShard(file, ''), error: null, rows, badRows, schema };
}
