import { deflateSync, inflateSync } from 'node:zlib';

/** Bits of a hash that choose a register: 16,384 registers, standard error 1.04/√16384 = 0.8 %. */
export const DISTINCT_BITS = 14;
const REGISTERS = 2 ** DISTINCT_BITS;

/**
 * HyperLogLog over 64-bit hashes (Flajolet et al. 2007), its registers deflated, in Base64. Merging takes the higher of each
 * pair of registers, so the sketch of two parts is exactly the sketch of the whole.
 */
export type DistinctSketch = string;

/** SQL for the register of a hash and the rank it sets there, as one number: register · 64 + rank. `bits` ≤ 14. */
export function distinctCode(hash: string, bits: number = DISTINCT_BITS): string {
  const rest = 64 - bits;
  // The rank is the number of trailing zeros of the rest, plus one; a bit above the rest ends the count.
  const tail = `((${hash} & ${2n ** BigInt(rest) - 1n}::ubigint) | ${2n ** BigInt(rest)}::ubigint)`;
  return `((${hash} >> ${rest})::integer * 64 + bit_count(xor(${tail}, ${tail} - 1::ubigint))::integer)`;
}

/** The sketch of codes as {@link distinctCode} makes them. */
export function sketchOfCodes(codes: Iterable<number>): DistinctSketch {
  const registers = new Uint8Array(REGISTERS);
  for (const code of codes) {
    const [at, rank] = [code >> 6, code & 63];
    if (rank > (registers[at] ?? 0)) registers[at] = rank;
  }
  return pack(registers);
}

export function mergeDistinct(a: DistinctSketch, b: DistinctSketch): DistinctSketch {
  const other = unpack(b);
  return pack(unpack(a).map((rank, at) => Math.max(rank, other[at] ?? 0)));
}

/** Estimate of the number of different values: standard error 0.8 %, next to exact up to a few thousand. */
export function countDistinct(sketch: DistinctSketch): number {
  const registers = unpack(sketch);
  let [empty, sum] = [0, 0];
  for (const rank of registers) {
    if (rank === 0) empty += 1;
    sum += 2 ** -rank;
  }
  return estimateDistinct(REGISTERS, empty, sum);
}

/** From the number of registers, of empty ones, and the sum of 2^-rank over all. */
export function estimateDistinct(registers: number, empty: number, sum: number): number {
  const alpha = 0.7213 / (1 + 1.079 / registers);
  const raw = (alpha * registers * registers) / sum;
  // Linear counting where registers are empty and the estimate is small (section 4 of the paper).
  if (raw <= 2.5 * registers && empty > 0)
    return Math.round(registers * Math.log(registers / empty));
  return Math.round(raw);
}

function pack(registers: Uint8Array): DistinctSketch {
  return deflateSync(registers, { level: 6 }).toString('base64');
}

function unpack(sketch: DistinctSketch): Uint8Array {
  const registers = inflateSync(Buffer.from(sketch, 'base64'), { maxOutputLength: REGISTERS });
  if (registers.length !== REGISTERS) throw new RangeError('not a sketch of distinct values');
  return new Uint8Array(registers);
}
