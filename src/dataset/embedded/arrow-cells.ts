import { type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { BLOB, LIST, listValue, STRUCT, structValue, VARCHAR } from '@duckdb/node-api';
import { type DataType, DataType as Arrow, Vector } from 'apache-arrow';

import type { ArrowColumn } from '../arrow-columns.ts';
import { type ArrowReader, openArrowReader } from '../arrow-messages.ts';
import { uniqueNames } from '../column-names.ts';
import { type EmbeddedColumn, embeddedCandidates } from './embedded-columns.ts';
import type { Cell } from './parquet-cells.ts';

/**
 * How a column that holds media gets into DuckDB: with its names and without its bytes, which {@link readArrowCells} reads of
 * the rows that are asked for; null for any other column.
 */
export function bytelessColumn(name: string, type: DataType): ArrowColumn | null {
  const shape = shapeOf(type);
  if (shape === null) return null;
  const [candidate] = embeddedCandidates([{ name, type: shape.toString() }]);
  if (candidate?.isNamedSo !== true) return null;
  return {
    type: shape,
    sqlType: shape.toString(),
    cast: (id) => id,
    convert: (value) => withoutBytes(value, type),
  };
}

/** The DuckDB type of bytes, a struct of bytes and texts, or a list of either; null for all else. */
function shapeOf(type: DataType): DuckDBType | null {
  if (isBytes(type)) return BLOB;
  if (Arrow.isList(type)) {
    const child = type.children[0]?.type;
    const element = child === undefined ? null : shapeOf(child);
    return element === null ? null : LIST(element);
  }
  if (!Arrow.isStruct(type)) return null;
  const fields = type.children.map((field) => [field.name, fieldOf(field.type)] as const);
  if (!type.children.some((field) => isBytes(field.type))) return null;
  const known = fields.flatMap(([name, field]) => (field === null ? [] : [[name, field] as const]));
  return known.length < fields.length ? null : STRUCT(Object.fromEntries(known));
}

function fieldOf(type: DataType): DuckDBType | null {
  if (isBytes(type)) return BLOB;
  return isText(type) ? VARCHAR : null;
}

function isBytes(type: DataType): boolean {
  return Arrow.isBinary(type) || Arrow.isLargeBinary(type) || Arrow.isBinaryView(type);
}

function isText(type: DataType): boolean {
  return Arrow.isUtf8(type) || Arrow.isLargeUtf8(type) || Arrow.isUtf8View(type);
}

function withoutBytes(value: unknown, type: DataType): DuckDBValue {
  if (value === null || value === undefined || isBytes(type)) return null;
  if (Arrow.isStruct(type))
    return structValue(
      Object.fromEntries(
        type.children.map((field): [string, DuckDBValue] => {
          const own = isText(field.type) ? memberOf(value, field.name) : null;
          return [field.name, typeof own === 'string' ? own : null];
        }),
      ),
    );
  const child = type.children?.[0]?.type;
  const first = child === undefined ? undefined : firstOf(value);
  // Of a list the first element counts.
  return first === undefined || child === undefined
    ? null
    : listValue([withoutBytes(first, child)]);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return null;
  const found: unknown = Reflect.get(value, name);
  return found ?? null;
}

function firstOf(value: unknown): unknown {
  return value instanceof Vector && value.length > 0 ? value.get(0) : undefined;
}

/** Bytes of some rows of an Arrow file, in the order of rows. Throws what a damaged file makes its reader throw. */
export async function* readArrowCells(
  path: string,
  column: EmbeddedColumn,
  rows: readonly number[],
): AsyncGenerator<Cell, void, undefined> {
  const arrow = openArrowReader(path);
  try {
    yield* cellsOf(arrow, column, rows);
  } finally {
    arrow.close();
  }
}

async function* cellsOf(
  { reader }: ArrowReader,
  column: EmbeddedColumn,
  rows: readonly number[],
): AsyncGenerator<Cell, void, undefined> {
  if (reader === null) throw new Error('media beside list views or run ends are not read');
  await reader.open();
  const names = uniqueNames((reader.schema?.fields ?? []).map((field) => field.name));
  const at = names.indexOf(column.source);
  let firstRow = 0;
  let next = 0;
  for await (const batch of reader) {
    const vector = batch.getChildAt(at);
    for (; next < rows.length; next++) {
      const row = rows[next] ?? 0;
      if (row >= firstRow + batch.numRows) break;
      const value: unknown = vector?.get(row - firstRow);
      const element = column.isList ? firstOf(value) : value;
      const bytes = column.field === null ? element : memberOf(element, column.field);
      const name = column.pathField === null ? null : memberOf(element, column.pathField);
      yield {
        row,
        bytes: bytes instanceof Uint8Array ? bytes : null,
        name: typeof name === 'string' ? name : null,
      };
    }
    firstRow += batch.numRows;
    if (next >= rows.length) return;
  }
}
