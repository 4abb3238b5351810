/**
 * Where DuckDB and Spark SQL differ. Hashes are signed BIGINTs in both: Spark reads an unsigned 64-bit column of Parquet
 * as DECIMAL(20, 0) (SPARK-34786).
 */
export type Dialect = {
  readonly name: 'duckdb' | 'spark';
  /** Bits that two BIGINTs do not share. */
  readonly xor: (a: string, b: string) => string;
  /** `width` bits of a BIGINT from bit `shift` on, 0 the lowest; both may be columns. */
  readonly bitsFrom: (value: string, shift: string, width: string) => string;
};

export const DUCKDB: Dialect = {
  name: 'duckdb',
  xor: (a, b) => `xor(${a}, ${b})`,
  bitsFrom: (value, shift, width) => `((${value} >> ${shift}) & ((1::bigint << ${width}) - 1))`,
};

export const SPARK: Dialect = {
  name: 'spark',
  xor: (a, b) => `(${a} ^ ${b})`,
  bitsFrom: (value, shift, width) =>
    `(shiftright(${value}, ${shift}) & (shiftleft(1L, ${width}) - 1))`,
};

/** How many bits of two BIGINTs differ, 0-64. */
export function differingBits(dialect: Dialect, a: string, b: string): string {
  return `bit_count(${dialect.xor(a, b)})`;
}

/** DuckDB's hashes, which are UBIGINT, as the BIGINT that shuffles take; {@link unsigned} brings them back. */
export function signed(hash: string): string {
  return `(${hash}::hugeint - 9223372036854775808)::bigint`;
}

export function unsigned(hash: string): string {
  return `(${hash}::hugeint + 9223372036854775808)::ubigint`;
}
