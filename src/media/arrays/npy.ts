import {
  ArrayFault,
  countNumbers,
  ITEM_BYTES,
  type NumberType,
  type ReadBytes,
  type StoredArray,
} from './array-header.ts';

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
const MAGIC = '\x93NUMPY';

/** Headers of structured types are long; this is far beyond any plain one. */
const LONGEST_HEADER_BYTES = 64 * 1024;

/** Kind and size of NumPy's type strings; `V2` is how bfloat16 is written by ml_dtypes. */
const TYPES: Readonly<Record<string, NumberType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
  c8: 'complex64',
  c16: 'complex128',
  V2: 'bfloat16',
};

/** Whether bytes begin as an .npy file. */
export function isNpy(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 6)).toString('latin1') === MAGIC;
}

/**
 * Reads the header of an .npy file of `sizeBytes`, or of a member of an archive. Throws ArrayFault: `pickled-objects` for
 * arrays of Python objects, whose bytes are a program and are not looked at.
 */
export async function openNpy(read: ReadBytes, sizeBytes: number, name = ''): Promise<StoredArray> {
  const front = Buffer.from(await read(0, 12));
  if (!isNpy(front)) throw new ArrayFault('unknown-format', 'no .npy file begins so');
  const version = front[6] ?? 0;
  if (version < 1 || version > 3)
    throw new ArrayFault('corrupt-header', `.npy of version ${version}`);
  const isShort = version === 1;
  if (front.length < 12)
    throw new ArrayFault('truncated-header', 'the file ends inside its header');
  const length = isShort ? front.readUInt16LE(8) : front.readUInt32LE(8);
  const start = isShort ? 10 : 12;
  if (length > LONGEST_HEADER_BYTES)
    throw new ArrayFault('corrupt-header', `the header claims ${length} bytes`);
  const text = Buffer.from(await read(start, length));
  if (text.length < length)
    throw new ArrayFault('truncated-header', 'the file ends inside its header');
  const header = parseHeader(text.toString(version === 3 ? 'utf8' : 'latin1'));
  const size_bytes = countNumbers(header.shape) * ITEM_BYTES[header.type];
  const from = start + length;
  return {
    name,
    ...header,
    size_bytes,
    present_bytes: Math.max(0, Math.min(size_bytes, sizeBytes - from)),
    read: (at, wanted) => read(from + at, Math.max(0, Math.min(wanted, size_bytes - at))),
  };
}

/** The Python dictionary of the header: `{'descr': '<f2', 'fortran_order': False, 'shape': (4, 60, 106), }`. */
function parseHeader(
  text: string,
): Pick<StoredArray, 'shape' | 'type' | 'isBigEndian' | 'isColumnMajor'> {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === null || order === undefined || shape === undefined)
    throw new ArrayFault('corrupt-header', 'the header states no type, order or shape');
  if (descr[2] !== undefined)
    throw new ArrayFault('unsupported-codec', 'an array of records, not of numbers');
  const found = /^([<>=|]?)([a-zA-Z])(\d*)/.exec(descr[1] ?? '');
  if (found?.[2] === 'O')
    throw new ArrayFault('pickled-objects', 'an array of pickled Python objects: it is not opened');
  const type = TYPES[`${found?.[2]}${found?.[3]}`];
  if (type === undefined)
    throw new ArrayFault(
      'unsupported-codec',
      `no numbers have the type ${JSON.stringify((descr[1] ?? '').slice(0, 40))}`,
    );
  return {
    shape: shape
      .split(',')
      .flatMap((side) => (side.trim() === '' ? [] : [Number.parseInt(side, 10)])),
    type,
    isBigEndian: found?.[1] === '>',
    isColumnMajor: order === 'True',
  };
}
