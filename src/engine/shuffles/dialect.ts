/**
 * Where DuckDB and Spark SQL differ. Hashes are signed BIGINTs in both: Spark reads an unsigned 64-bit column of Parquet
 * as DECIMAL(20, 0) (SPARK-34786).
 */
export type Dialect = {
  readonly name: 'duckdb' | 'spark';
  /** Bits that differ between two BIGINTs, 0-64. */
  readonly differingBits: (a: string, b: string) => string;
  /** `width` bits of a BIGINT from bit `shift` on, 0 the lowest; both may be columns. */
  readonly bitsFrom: (value: string, shift: string, width: string) => string;
};

export const DUCKDB: Dialect = {
  name: 'duckdb',
  differingBits: (a, b) => `bit_count(xor(${a}, ${b}))`,
  bitsFrom: (value, shift, width) => `((${value} >> ${shift}) & ((1::bigint << ${width}) - 1))`,
};

export const SPARK: Dialect = {
  name: 'spark',
  differingBits: (a, b) => `bit_count(${a} ^ ${b})`,
  bitsFrom: (value, shift, width) =>
    `(shiftright(${value}, ${shift}) & (shiftleft(1L, ${width}) - 1))`,
};
