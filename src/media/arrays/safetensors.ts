import { isObject, memberOf } from '../json-members.ts';
import {
  ArrayFault,
  countNumbers,
  ITEM_BYTES,
  type NumberType,
  type ReadBytes,
  type StoredArray,
} from './array-header.ts';

/** https://github.com/huggingface/safetensors#format: eight bytes of length, a JSON header, then the numbers. */
const LONGEST_HEADER_BYTES = 16 * 1024 * 1024;
const MOST_TENSORS = 100_000;

const TYPES: Readonly<Record<string, NumberType>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  I8: 'int8',
  I16: 'int16',
  I32: 'int32',
  I64: 'int64',
  U8: 'uint8',
  U16: 'uint16',
  U32: 'uint32',
  U64: 'uint64',
  BOOL: 'bool',
};

/** Whether bytes begin as a safetensors file: a length, then an object. */
export function isSafetensors(head: Uint8Array, sizeBytes: number): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const length = Number(Buffer.from(head).readBigUInt64LE(0));
  return length > 1 && length <= sizeBytes - 8;
}

/** Reads the header of a safetensors file. Throws ArrayFault, among others for tensors that overlap or lie outside of the file. */
export async function openSafetensors(
  read: ReadBytes,
  sizeBytes: number,
): Promise<readonly StoredArray[]> {
  const front = Buffer.from(await read(0, 8));
  if (front.length < 8) throw new ArrayFault('truncated-header', 'the file ends inside its header');
  const length = Number(front.readBigUInt64LE(0));
  if (length > LONGEST_HEADER_BYTES)
    throw new ArrayFault('corrupt-header', `the header claims ${length} bytes`);
  if (8 + length > sizeBytes)
    throw new ArrayFault('truncated-header', 'the file ends inside its header');
  const header = parseObject(Buffer.from(await read(8, length)).toString('utf8'));
  const dataStart = 8 + length;
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  if (entries.length > MOST_TENSORS)
    throw new ArrayFault('corrupt-header', `${entries.length} tensors`);
  const tensors = entries.map(([name, value]) => readEntry(name, value));
  checkOverlaps(tensors);
  return tensors.map(({ from, ...tensor }) => ({
    ...tensor,
    isBigEndian: false,
    isColumnMajor: false,
    present_bytes: Math.max(0, Math.min(tensor.size_bytes, sizeBytes - dataStart - from)),
    read: (at, wanted) =>
      read(dataStart + from + at, Math.max(0, Math.min(wanted, tensor.size_bytes - at))),
  }));
}

type Entry = Pick<StoredArray, 'name' | 'shape' | 'type' | 'size_bytes'> & {
  readonly from: number;
};

function readEntry(name: string, value: unknown): Entry {
  const shown = JSON.stringify(name.slice(0, 60));
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = isObject(value)
    ? {
        dtype: memberOf(value, 'dtype'),
        shape: memberOf(value, 'shape'),
        data_offsets: memberOf(value, 'data_offsets'),
      }
    : { dtype: null, shape: null, data_offsets: null };
  const sides = numbersOf(shape);
  const [from, to, ...more] = numbersOf(offsets) ?? [];
  if (sides === null || from === undefined || to === undefined || more.length > 0)
    throw new ArrayFault('corrupt-header', `tensor ${shown} has no shape or offsets`);
  const type = typeof dtype === 'string' ? TYPES[dtype] : undefined;
  if (type === undefined)
    throw new ArrayFault(
      'unsupported-codec',
      `tensor ${shown} has the type ${JSON.stringify(dtype)?.slice(0, 40)}`,
    );
  const size_bytes = countNumbers(sides) * ITEM_BYTES[type];
  if (from < 0 || to - from !== size_bytes)
    throw new ArrayFault(
      'corrupt-header',
      `tensor ${shown} needs ${size_bytes} bytes, its offsets hold ${to - from}`,
    );
  return { name, shape: sides, type, size_bytes, from };
}

function checkOverlaps(tensors: readonly Entry[]): void {
  let end = 0;
  let last = '';
  for (const tensor of tensors.toSorted((a, b) => a.from - b.from || a.size_bytes - b.size_bytes)) {
    if (tensor.from < end)
      throw new ArrayFault(
        'corrupt-header',
        `tensors ${JSON.stringify(last.slice(0, 60))} and ${JSON.stringify(tensor.name.slice(0, 60))} overlap`,
      );
    end = tensor.from + tensor.size_bytes;
    last = tensor.name;
  }
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ArrayFault('corrupt-header', 'the header is no JSON');
  }
  if (!isObject(value)) throw new ArrayFault('corrupt-header', 'the header is no JSON object');
  return value;
}

function numbersOf(value: unknown): readonly number[] | null {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each))
    ? value.map(Number)
    : null;
}
