import type { Data, Vector } from 'apache-arrow';
import { DataType } from 'apache-arrow';

/** The value of a column in a row. */
export function valuesOf(vector: Vector): (row: number) => unknown {
  // Timestamps come out of `get` as rounded milliseconds: the raw ticks are exact.
  const data = DataType.isTimestamp(vector.type) ? vector.data[0] : undefined;
  return data === undefined
    ? (row) => vector.get(row)
    : (row) => (data.getValid(row) ? data.values[row] : null);
}

/** Offsets into text and lists have to rise and to stay inside of their values: else rows would be silently wrong. */
export function checkOffsets(data: Data, column: number, length = data.length): void {
  const offsets: Int32Array | BigInt64Array | undefined = data.valueOffsets;
  const hasOffsets = !DataType.isDictionary(data.type) && !DataType.isUnion(data.type);
  if (hasOffsets && offsets !== undefined && offsets.length > 0 && length > 0) {
    const [child] = data.children;
    const end = child === undefined ? data.values.length : child.length;
    if (offsets.length <= length)
      throw new RangeError(`column ${column} has ${offsets.length} offsets for ${length} rows`);
    let last = 0;
    for (let i = 0; i <= length; i++) {
      const offset = Number(offsets[i] ?? 0);
      if (offset < last || offset > end)
        throw new RangeError(
          `an offset of column ${column} is out of order: ${offset} after ${last}, of ${end}`,
        );
      last = offset;
    }
  }
  for (const child of data.children) checkOffsets(child, column);
}
