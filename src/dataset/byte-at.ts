/** A byte of data that a decoder walks over. Throws RangeError with the given words where the data have ended. */
export function byteAt(bytes: Uint8Array, at: number, words: string): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError(words);
  return byte;
}
