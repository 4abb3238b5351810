import {
  ArrayFault,
  countNumbers,
  ITEM_BYTES,
  type ReadBytes,
  type StoredArray,
} from './array-header.ts';
import type { PickledTensor } from './torch-pickle.ts';

/** Of tensors with gaps between their numbers, one read brings so much, and so many reads make a block. */
const WINDOW_BYTES = 16 * 1024;
const MOST_READS = 64;

/** An axis that has different numbers along it: longer than one, and not one number repeated by `expand`. */
type Axis = { readonly side: number; readonly step: number };

/**
 * Where the numbers of a tensor lie in its storage. Numbers that `expand` repeats count once, and those between the numbers of a
 * slice are passed over. Throws ArrayFault `corrupt-header` for a place that is none.
 *
 * @param storageBytes what is there of the storage.
 * @param readStorage bytes of the storage, from its first.
 */
export function placeTensor(
  tensor: PickledTensor,
  storageBytes: number,
  readStorage: ReadBytes,
): Pick<StoredArray, 'isColumnMajor' | 'size_bytes' | 'present_bytes' | 'read'> {
  const { name, shape, stride, offset } = tensor;
  const item = ITEM_BYTES[tensor.type];
  const isEmpty = countNumbers(shape) === 0;
  if (!isPlace(offset))
    throw new ArrayFault('corrupt-header', `tensor ${name} begins at ${offset}`);
  if (stride.length !== shape.length || !stride.every(isPlace))
    throw new ArrayFault('corrupt-header', `tensor ${name} has strides of ${stride.join(', ')}`);
  const axes = shape
    .map((side, i) => ({ side, step: stride[i] ?? 0 }))
    .filter(({ side, step }) => side > 1 && step > 0);
  const count = isEmpty ? 0 : axes.reduce((product, { side }) => product * side, 1);
  const span = isEmpty ? 0 : axes.reduce((sum, { side, step }) => sum + (side - 1) * step, 1);
  const end_bytes = (offset + span) * item;
  if (!Number.isSafeInteger(end_bytes))
    throw new ArrayFault('corrupt-header', `tensor ${name} ends at byte ${end_bytes}`);
  const start = offset * item;
  const size_bytes = count * item;
  const missing_bytes = isEmpty ? 0 : Math.max(0, end_bytes - Math.max(start, storageBytes));
  const inOrder: ReadBytes = async (at, length) =>
    readStorage(start + at, Math.max(0, Math.min(length, size_bytes - at)));
  return {
    isColumnMajor:
      axes.length > 1 && axes.every(({ step }, i) => i === 0 || step > (axes[i - 1]?.step ?? 0)),
    size_bytes,
    present_bytes: Math.max(0, size_bytes - missing_bytes),
    read: span === count ? inOrder : gather(axes, start, item, count, readStorage),
  };
}

function isPlace(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Numbers of a tensor in the order of its axes, as far as few reads bring them. */
function gather(
  axes: readonly Axis[],
  start: number,
  item: number,
  count: number,
  readStorage: ReadBytes,
): ReadBytes {
  const placeOf = (index: number): number => {
    let [rest, place] = [index, 0];
    for (const { side, step } of axes.toReversed()) {
      place += (rest % side) * step;
      rest = Math.floor(rest / side);
    }
    return start + place * item;
  };
  return async (at, length) => {
    const first = Math.floor(at / item);
    const last = Math.min(count, Math.floor((at + length) / item));
    const numbers: Uint8Array[] = [];
    let held = { from: 0, bytes: new Uint8Array(0) };
    let reads = 0;
    for (let index = first; index < last; index++) {
      const place = placeOf(index);
      if (place < held.from || place + item > held.from + held.bytes.length) {
        if (++reads > MOST_READS) break;
        held = { from: place, bytes: Uint8Array.from(await readStorage(place, WINDOW_BYTES)) };
        if (held.bytes.length < item) break;
      }
      numbers.push(held.bytes.subarray(place - held.from, place - held.from + item));
    }
    return Buffer.concat(numbers);
  };
}
