import { readFile, writeFile } from 'node:fs/promises';

/** Pseudo-random numbers in [0, 1), the same for the same seed: mulberry32 (T. Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keep the first part of a file, 0 <= `share` <= 1 of its bytes, as an interrupted copy does. */
export async function truncateFile(input: string, output: string, share: number): Promise<void> {
  const bytes = await readFile(input);
  await writeFile(output, bytes.subarray(0, Math.floor(bytes.length * share)));
}

/** Flip `count` bits at seeded places in the byte range [`from`, `to`) given as shares of the file. */
export async function flipBits(
  input: string,
  output: string,
  damage: {
    readonly seed: number;
    readonly count: number;
    readonly from?: number;
    readonly to?: number;
  },
): Promise<void> {
  const bytes = await readFile(input);
  const random = seededRandom(damage.seed);
  const start = Math.floor(bytes.length * (damage.from ?? 0));
  const length = Math.floor(bytes.length * (damage.to ?? 1)) - start;
  const count = length > 0 ? damage.count : 0;
  for (let flip = 0; flip < count; flip += 1) {
    const at = start + Math.floor(random() * length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
  }
  await writeFile(output, bytes);
}
