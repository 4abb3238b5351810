import type { Dialect } from './dialect.ts';

/** A question over whole tables that needs a shuffle, written once for DuckDB and Spark SQL. */
export type Shuffle = {
  /** The temporary table that the answer goes to. */
  readonly name: string;
  /** What it reads, as queries over the room; their columns are of types that Parquet and both dialects share. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The query over the inputs, by their names. */
  readonly sql: (dialect: Dialect) => string;
};
