import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  FLOAT,
  LIST,
  VARCHAR,
  blobValue,
  listValue,
} from '@duckdb/node-api';
import type { DataType } from 'apache-arrow';
import { DataType as Arrow, Precision, TimeUnit } from 'apache-arrow';

/** How the values of an Arrow column get into DuckDB. */
export type ArrowColumn = {
  /** Type of the column that values are appended to. */
  readonly type: DuckDBType;
  /** Type that it has in `manifest`, as DuckDB prints it, and the expression that makes it of `id`. */
  readonly sqlType: string;
  readonly cast: (id: string) => string;
  readonly convert: (value: unknown) => DuckDBValue;
};

const asIs = (id: string): string => id;

/** Signed days or ticks since 1970 by unit of an Arrow timestamp, to microseconds. */
const MICROS_OF_UNIT: Readonly<Record<number, string>> = {
  [TimeUnit.SECOND]: '* 1000000',
  [TimeUnit.MILLISECOND]: '* 1000',
  [TimeUnit.MICROSECOND]: '',
  [TimeUnit.NANOSECOND]: '// 1000',
};

/** The DuckDB side of an Arrow type: numbers, text, bytes and lists of them as such, all else as JSON text. */
export function arrowColumn(type: DataType): ArrowColumn {
  if (Arrow.isDictionary(type)) return arrowColumn(type.dictionary);
  if (Arrow.isBool(type))
    return {
      type: BOOLEAN,
      sqlType: 'BOOLEAN',
      cast: asIs,
      convert: (value) => (typeof value === 'boolean' ? value : null),
    };
  if (Arrow.isInt(type)) {
    if (type.bitWidth === 64 && !type.isSigned)
      return {
        type: VARCHAR,
        sqlType: 'UBIGINT',
        cast: (id) => `${id}::ubigint`,
        convert: (value) =>
          typeof value === 'bigint' || typeof value === 'number' ? `${value}` : null,
      };
    return { type: BIGINT, sqlType: 'BIGINT', cast: asIs, convert: toBigInt };
  }
  if (Arrow.isFloat(type))
    return type.precision === Precision.DOUBLE
      ? { type: DOUBLE, sqlType: 'DOUBLE', cast: asIs, convert: toNumber }
      : { type: FLOAT, sqlType: 'FLOAT', cast: asIs, convert: toNumber };
  if (Arrow.isUtf8(type) || Arrow.isLargeUtf8(type) || Arrow.isUtf8View(type))
    return {
      type: VARCHAR,
      sqlType: 'VARCHAR',
      cast: asIs,
      convert: (value) => (typeof value === 'string' ? value : null),
    };
  if (
    Arrow.isBinary(type) ||
    Arrow.isLargeBinary(type) ||
    Arrow.isFixedSizeBinary(type) ||
    Arrow.isBinaryView(type)
  )
    return {
      type: BLOB,
      sqlType: 'BLOB',
      cast: asIs,
      convert: (value) => (value instanceof Uint8Array ? blobValue(value) : null),
    };
  if (Arrow.isList(type) || Arrow.isLargeList(type) || Arrow.isFixedSizeList(type)) {
    const child = type.children[0]?.type;
    const element = child === undefined ? null : arrowColumn(child);
    if (
      element !== null &&
      ['BIGINT', 'FLOAT', 'DOUBLE', 'VARCHAR', 'BOOLEAN'].includes(element.sqlType) &&
      element.cast('x') === 'x'
    )
      return {
        type: LIST(element.type),
        sqlType: `${element.sqlType}[]`,
        cast: asIs,
        convert: (value) => toList(value, element.convert),
      };
  }
  if (Arrow.isDecimal(type)) {
    const { precision, scale } = type;
    const fits = precision <= 38 && scale >= 0 && scale <= precision;
    const sqlType = fits ? `DECIMAL(${precision},${scale})` : 'VARCHAR';
    return {
      type: VARCHAR,
      sqlType,
      cast: (id) => (fits ? `${id}::${sqlType}` : id),
      convert: (value) => (ArrayBuffer.isView(value) ? decimalText(value, scale) : null),
    };
  }
  return timeColumn(type) ?? { type: VARCHAR, sqlType: 'VARCHAR', cast: asIs, convert: toJson };
}

function timeColumn(type: DataType): ArrowColumn | null {
  if (Arrow.isTimestamp(type)) {
    const micros = MICROS_OF_UNIT[type.unit] ?? '';
    // apache-arrow hands out timestamps as milliseconds, rounded; the column is read from the raw ticks instead.
    return {
      type: BIGINT,
      sqlType: 'TIMESTAMP',
      cast: (id) => `make_timestamp(${id} ${micros})`,
      convert: toBigInt,
    };
  }
  // Ticks, as the unit of the column says: a length of time has no date to be shown as.
  if (Arrow.isDuration(type))
    return { type: BIGINT, sqlType: 'BIGINT', cast: asIs, convert: toBigInt };
  if (Arrow.isDate(type))
    return {
      type: BIGINT,
      sqlType: 'DATE',
      cast: (id) => `make_timestamp(${id} * 1000)::date`,
      convert: (value) => (value instanceof Date ? BigInt(value.getTime()) : toBigInt(value)),
    };
  return null;
}

/** A decimal from its little-endian two's complement bytes. */
function decimalText(value: ArrayBufferView, scale: number): string {
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  let unscaled = 0n;
  for (const byte of bytes.toReversed()) unscaled = (unscaled << 8n) | BigInt(byte);
  unscaled = BigInt.asIntN(bytes.length * 8, unscaled);
  if (scale <= 0) return `${unscaled * 10n ** BigInt(-scale)}`;
  const digits = `${unscaled < 0n ? -unscaled : unscaled}`.padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function toBigInt(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isFinite(value) ? BigInt(Math.trunc(value)) : null;
}

function toNumber(value: unknown): number | null {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : null;
}

function toList(value: unknown, convert: (value: unknown) => DuckDBValue): DuckDBValue {
  return isIterable(value) ? listValue(Array.from(value, (each) => convert(each))) : null;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** Nested values as JSON: 64-bit integers as digits, bytes as hex, maps as objects. */
function toJson(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint')
      return inner >= -(2n ** 53n) && inner <= 2n ** 53n ? Number(inner) : String(inner);
    if (inner instanceof Uint8Array) return Buffer.from(inner).toString('hex');
    if (ArrayBuffer.isView(inner) && isIterable(inner))
      return Array.from(inner, (each) => (typeof each === 'bigint' ? String(each) : each));
    return inner;
  });
}
