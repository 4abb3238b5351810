import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { PACKAGE_ROOT } from '../../package-root.ts';

/** What common English words mean, as vectors of bytes; made by `bench/alignment/make-word-table.ts`. */
type WordTable = {
  readonly axes: number;
  /** The place of a word in `values`, undefined for words that the table has not. */
  readonly placeOf: (word: string) => number | undefined;
  /** `words x axes`. */
  readonly values: Int8Array;
};

let table: WordTable | null = null;

/** Reads the table that ships with dailies, once: 16,000 words of GloVe (public domain), 48 numbers each. */
export function readWordTable(): WordTable {
  if (table !== null) return table;
  const whole = gunzipSync(readFileSync(join(PACKAGE_ROOT, 'data', 'word-vectors.bin')));
  const words = whole.readUInt32LE(0);
  const axes = whole.readUInt32LE(4);
  const end = 8 + words * axes;
  const places = new Map(
    whole
      .toString('ascii', end)
      .split('\n')
      .map((word, place) => [word, place]),
  );
  table = {
    axes,
    values: new Int8Array(whole.buffer, whole.byteOffset + 8, words * axes),
    placeOf: (word) =>
      places.get(word) ?? places.get(word.replace(/(?:e?s|ing|ed)$/, '')) ?? undefined,
  };
  return table;
}
