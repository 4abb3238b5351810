/** Bytes [start, start + length) of whatever holds an array; fewer only at its end. */
export type ReadBytes = (start: number, length: number) => Promise<Uint8Array>;

/** Number types of stored arrays, by one name each. */
export type NumberType =
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'float64'
  | 'float8_e4m3fn'
  | 'float8_e5m2'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'complex64'
  | 'complex128';

/** Bytes of one number of each type. */
export const ITEM_BYTES: Readonly<Record<NumberType, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
  complex64: 8,
  complex128: 16,
};

/** One array as its file describes it, and where its numbers lie. */
export type StoredArray = {
  /** Name in an archive or of a tensor; empty where a file holds one array. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: NumberType;
  readonly isBigEndian: boolean;
  /** Columns first (Fortran order). */
  readonly isColumnMajor: boolean;
  /** Bytes that the shape asks for, and those that are there. */
  readonly size_bytes: number;
  readonly present_bytes: number;
  /** Reads the numbers, from byte 0 of the first; bytes that are not there or not unpacked are left out. */
  readonly read: ReadBytes;
};

/** What a file of arrays holds. */
export type ArrayFile = {
  readonly format: 'npy' | 'npz' | 'safetensors' | 'pt';
  readonly arrays: readonly StoredArray[];
};

/** Why arrays cannot be read: the file's fault, but for `unsupported`. */
export class ArrayFault extends Error {
  override readonly name = 'ArrayFault';
  readonly code:
    | 'empty-file'
    | 'unknown-format'
    | 'corrupt-header'
    | 'truncated-header'
    | 'pickled-objects'
    | 'unsupported-codec';

  constructor(code: ArrayFault['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Numbers in an array of a shape. Throws ArrayFault for sides that are none, or more numbers than any file holds. */
export function countNumbers(shape: readonly number[]): number {
  if (shape.length > 32) throw new ArrayFault('corrupt-header', `${shape.length} axes`);
  let count = 1;
  for (const side of shape) {
    if (!Number.isSafeInteger(side) || side < 0)
      throw new ArrayFault('corrupt-header', `an axis of length ${side}`);
    count *= side;
  }
  if (!Number.isSafeInteger(count * 16))
    throw new ArrayFault('corrupt-header', `a shape of ${count} numbers`);
  return count;
}
