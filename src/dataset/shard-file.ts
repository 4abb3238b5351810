import type { StoreAccess } from '../stores/access.ts';
import type { SparseTwin } from './remote/sparse-twin.ts';
import type { ShardCompression, ShardFormat } from './shard-format.ts';

/** One file that holds rows of the manifest. */
export type ShardFile = {
  /** Position in the order of names, 0-based: the shard's number in this run. */
  readonly index: number;
  /** Relative to the root of the dataset, with `/`. */
  readonly name: string;
  readonly path: string;
  /** Of a shard in a store: what to ask for, with the query that `path` lacks. */
  readonly url?: string;
  /** What `path` is, where it is a file of holes that is filled as columns are read. */
  readonly twin?: SparseTwin;
  readonly bytes: number;
  readonly format: ShardFormat;
  readonly compression: ShardCompression;
  /** Hive partitions that the path states (`bucket=720p/`), percent-decoded; null for the Hive default partition. */
  readonly partitions: Readonly<Record<string, string | null>>;
  /** Why the file cannot even be opened, null if it can. */
  readonly error: string | null;
  /** Whether its store did not give it, so that nobody knows whether it is good. */
  readonly isUnreachable?: boolean;
};

/** What the inputs of a run turned out to be. */
export type Discovery = {
  readonly format: ShardFormat;
  /** Absolute path or URL of the directory that names of shards are relative to. */
  readonly root: string;
  readonly shards: readonly ShardFile[];
  /** For `media`: the media files, relative to the root, sorted. Empty otherwise. */
  readonly media: readonly string[];
  /** Tars beside the manifest, which may hold the media that its rows name. */
  readonly tars?: readonly ShardFile[];
  /** What was passed over, in words. */
  readonly warnings: readonly string[];
  /** Of a folder of media in a store: sizes of the files beside them, by names relative to the root. */
  readonly besides?: ReadonlyMap<string, number>;
  /** Of a dataset in a store: how it is reached. */
  readonly access?: StoreAccess;
};
