import { createHash } from 'node:crypto';

import { ArrayFault, type StoredArray } from '../media/arrays/array-header.ts';
import { measureArray, readBlock } from '../media/arrays/array-statistics.ts';
import { openArrays } from '../media/arrays/open-arrays.ts';
import { mediumFaultOf } from '../media/medium-fault.ts';
import type { RangeReader } from '../media/ranges.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';

/** Names that the array of the clip goes by where a file holds several. */
const USUAL_NAMES = /(^|[._])(latents?|features?|video|image|arr_0|x|z)$/i;

/**
 * The `latents` row of a file of arrays: header and a block of at most 64 KB of one of its arrays. Never throws for what the
 * file holds; nothing in it is executed.
 */
export async function probeLatents(reader: RangeReader): Promise<EvidenceRow<'latents'>> {
  try {
    const read = (start: number, length: number): Promise<Uint8Array> => reader.read(start, length);
    const file = await openArrays(read, reader.sizeBytes);
    const array = chooseArray(file.arrays);
    if (array === null) throw new ArrayFault('corrupt-header', 'no array of numbers in it');
    const block = await readBlock(array);
    const found = measureArray(block, array.type, array.isBigEndian);
    const dtype = `${array.isBigEndian ? '>' : ''}${array.type}`;
    return {
      format: file.format,
      array_name: array.name === '' ? null : array.name.slice(0, 200),
      array_count: file.arrays.length,
      shape: array.shape,
      dtype,
      is_column_major: array.isColumnMajor,
      missing_bytes: array.size_bytes - array.present_bytes,
      sampled_count: found?.sampled ?? 0,
      nan_count: found?.nans ?? null,
      inf_count: found?.infinities ?? null,
      zero_count: found?.zeros ?? null,
      mean: found?.mean ?? null,
      std: found?.std ?? null,
      min: found?.min ?? null,
      max: found?.max ?? null,
      exponent_mode_share: found?.exponentModeShare ?? null,
      exponent_low: found?.exponentLow ?? null,
      exponent_high: found?.exponentHigh ?? null,
      block_hash: createHash('sha256')
        .update(`${dtype} ${array.shape.join('x')}\0`)
        .update(block)
        .digest('hex'),
      bytes_read: reader.spent().bytesRead,
      error_code: null,
      error_message: null,
    };
  } catch (error) {
    const { code, message } = error instanceof ArrayFault ? error : mediumFaultOf(error);
    return { ...errorRow('latents', code, message), bytes_read: reader.spent().bytesRead };
  }
}

/** The array that stands for the clip: the largest of those with a usual name, else of all. */
function chooseArray(arrays: readonly StoredArray[]): StoredArray | null {
  const usual = arrays.filter((array) => USUAL_NAMES.test(array.name));
  const [first] = (usual.length > 0 ? usual : arrays).toSorted(
    (a, b) => b.size_bytes - a.size_bytes || (a.name < b.name ? -1 : 1),
  );
  return first ?? null;
}
