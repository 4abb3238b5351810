/** Columns of the table `tar_samples`: what a WebDataset reader makes of the tars, one row a sample, in the order of the members. */
export const TAR_SAMPLE_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  sample: 'BIGINT',
  key: 'VARCHAR',
  extensions: 'VARCHAR[]',
  duplicates: 'VARCHAR[]',
} as const;

/** Columns of the table `tar_shards`: one row a tar; `parallel_to` names the tar that its samples are joined to. */
export const TAR_SHARD_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  members: 'BIGINT',
  samples: 'BIGINT',
  bytes: 'BIGINT',
  folder: 'VARCHAR',
  name: 'VARCHAR',
  parallel_to: 'VARCHAR',
} as const;

/** Columns of the table `tar_faults`: members that no sample gets, and damage, one row a tar and kind. */
export const TAR_FAULT_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  kind: 'VARCHAR',
  members: 'BIGINT',
  first: 'VARCHAR',
  detail: 'VARCHAR',
} as const;

/** Tables that only tars fill. */
export const TAR_TABLES = ['tar_samples', 'tar_shards', 'tar_faults'] as const;

/** What can be wrong with members, or with the tar where they end. */
export type TarFaultKind =
  /** Damage to the tar: what follows is not read. */
  | 'truncated'
  | 'no-end-mark'
  | 'bad-header'
  | 'members-behind-end'
  | 'decompression'
  /** The disk or the store gave no more of it. */
  | 'unreachable'
  /** Members that readers of WebDataset pass over. */
  | 'link'
  | 'sparse'
  | 'no-extension'
  /** Names that are no names inside a folder: `../`, absolute, too long. */
  | 'unsafe-name'
  | 'long-name'
  /** Text that cannot be read as what its name says. */
  | 'long-text'
  | 'not-utf8'
  | 'not-json'
  /** More extensions than a dataset has fields, more members than a sample has. */
  | 'many-fields'
  | 'many-members'
  /** An index beside the tar that does not fit it. */
  | 'stale-index';

/** One row of `tar_faults`. */
export type TarFault = {
  readonly kind: TarFaultKind;
  readonly members: number;
  /** Name of the first member, empty if the tar itself is meant. */
  readonly first: string;
  readonly detail: string;
};
